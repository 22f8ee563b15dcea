"""Texts on which mutants of the detector differ from it: each line holds one way of judging fast.

They say what the detector does, not what it ought to: a wanted change may change them.
"""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from helpline.domain.crisis.judge import Heard
from helpline.domain.crisis.lexicon import BadLexicon, make_lexicon
from helpline.domain.crisis.normalise import tokens_of
from helpline.domain.crisis.opinion import Opinion, train
from helpline.domain.crisis.result import RANK, Level, Sign
from helpline.wiring import CONFIG, load_detector

DETECTOR = load_detector()
EN = DETECTOR.lexicons[0]
FAR = " ".join(
    [
        "then okay so there it was and the day went on like that for some time",
        "while everything else stayed quiet around here",
    ]
    * 3
)


def far(words: int) -> str:
    return " ".join(FAR.split()[:words])


@pytest.mark.parametrize(
    ("texts", "wanted", "sent", "subject", "time"),
    [
        (["i have a plan"], "high", True, "self", "now"),
        (["my cat sleeps upstairs"], "none", False, "unknown", "unknown"),
        (["im", "sorry mom. i cant keep going"], "concern", False, "self", "now"),
        (["…"], "none", False, "unknown", "unknown"),
        (["à"], "none", False, "unknown", "unknown"),
        (["я the"], "none", False, "unknown", "unknown"),
        (["zork blarg fnord glimp"], "unassessed", False, "unknown", "unknown"),
        (["the zork blarg fnord glimp trob quux"], "unassessed", False, "unknown", "unknown"),
        (["my friend wants to die"], "high", False, "other", "now"),
        (["my friend wants to die. i want to kill him"], "high", False, "self", "now"),
        (["i wrote a suicide note right now"], "imminent", True, "self", "now"),
        (["no point. he hits me"], "concern", False, "self", "now"),
        (["i want to disappear and i am worthless"], "high", True, "self", "now"),
        (["the pills are here and i cut myself"], "high", True, "self", "now"),
        (["my time has come. i am a burden on everyone"], "high", True, "self", "now"),
        (["my kid asked what happens when we die"], "concern", False, "other", "now"),
        (["my friend took all his pills"], "imminent", False, "other", "now"),
        (
            ["my friend took all his pills", "i hope i dont wake up"],
            "imminent",
            True,
            "self",
            "now",
        ),
        (["my friend said no point"], "concern", False, "other", "now"),
        (
            ["i have never tried to kill myself when i was younger"],
            "mention",
            False,
            "self",
            "past",
        ),
        (["i want to kill him tonight"], "high", False, "other", "now"),
        (["ten years ago i wanted to die", "i want to die"], "high", True, "self", "now"),
        (["not really really really really really want to die"], "mention", False, "self", "now"),
        (["he said well then okay so there it was want to die"], "high", False, "other", "now"),
        ([f"lol {far(58)} i want to die"], "concern", False, "self", "now"),
        ([f"lol {far(59)} i want to die"], "high", True, "self", "now"),
        ([f"i want to die {far(58)} lol"], "concern", False, "self", "now"),
        ([f"i want to die {far(59)} lol"], "high", True, "self", "now"),
        (["there is no reason to live lol"], "high", True, "self", "now"),
        (
            ["Esta tarde le di la gata a la vecina. Ya puedo irme tranquila."],
            "imminent",
            True,
            "self",
            "now",
        ),
        (["hello. that was years ago. i want to die"], "high", True, "self", "now"),
        (["hello. not want to die"], "mention", False, "self", "now"),
        (["i never tried to kill myself"], "mention", False, "self", "now"),
        (["she tried to kill herself and traffic"], "mention", False, "other", "now"),
        (["scared im gonna end up killing myself"], "high", True, "self", "now"),
        (['he said "i want to kill myself"'], "mention", False, "other", "now"),
        (['he said well then okay so there it "want to die"'], "mention", False, "other", "now"),
        (["i took all my pills years ago"], "imminent", True, "self", "now"),
        (["i want to die or not"], "high", True, "self", "now"),
        (["i do not really want to die"], "mention", False, "self", "now"),
        (["could not kill myself"], "high", True, "self", "now"),
        (["never want to die why"], "mention", False, "self", "now"),
        (["he hits me"], "concern", False, "self", "now"),
        (["my friend wants to die i think"], "high", False, "other", "now"),
        (["kms dad"], "high", True, "self", "now"),
        (["traffic makes me i am suicidal"], "mention", False, "self", "now"),
        (["i want to die this homework is so long"], "mention", False, "self", "now"),
        (["i want to kill myself this exam is so boring"], "mention", False, "self", "now"),
        (["in a movie i tried to kill myself"], "concern", False, "self", "now"),
        (["kill myself in the movie"], "mention", False, "self", "now"),
        (["in the book i am suicidal"], "high", True, "self", "now"),
        (["lol my friend wants to die"], "high", False, "other", "now"),
        (["if they cancel this show i'll die"], "high", False, "other", "now"),
        (["i d k. i want to die"], "high", True, "self", "now"),
        (["i am considerin suicide"], "high", True, "self", "now"),
        (["when i was 15 life is hard"], "mention", False, "self", "past"),
        (["This pain has outlived my wish to live."], "high", True, "self", "now"),
        (["My tomatoes have finally gone red"], "none", False, "unknown", "unknown"),
        (["iwannakill#myself"], "high", True, "self", "now"),
    ],
)
def test_meaning(texts: list[str], wanted: str, sent: bool, subject: str, time: str) -> None:
    judged = DETECTOR.judge_all(texts)
    assert (judged.level, judged.crisis_text, judged.subject, judged.time) == (
        wanted, sent, subject, time,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *((f"d{chr(code)}ead", "dead") for code in (
            0xAD, 0x180E, 0xFEFF, 0xFE0E, 0xFE0F, 0x200B, 0x200F, 0x202A, 0x202E, 0x2060, 0x2069,
            0x1F3FB, 0x1F3FF)),
        *((f"d{chr(code)}ead", "d ead") for code in (0x2010, 0x206A, 0x1F400)),
        ("wantdie", "wantdie"), ("ills", "ills"), ("toppin", "topping"), ("d**", "die"),
        ("k" + "*" * 17 + "ll", "kill"), ("iwanttodie" * 6, " ".join(["i want to die"] * 6)),
        ("k#ll", "k ll"), ("15", "15"), ("7ø", "to"), ("h3llo", "hello"), ("k1111ng", "king"),
        ("1l1l1l1l1", "1 l 1 l 1 l 1 l 1"), ("suicid|o", "suicide o"), ("kms1", "kms 1"),
        ("contemplatingsuicide", "contemplatingsuicide"), ("myselfmyself", "myself myself"),
        ("pillspills", "pillspills"), ("a k i l l", "a kill"), ("s " * 5, "s s s s s"),
        ("d\u0435ad", "dead"), ("\u0440\u043e\u0440", "\u0440\u043e\u0440"), ("brige", "bridge"),
        ("bridg*e", "bridge e"), ("die d i e die", "die die die"), ("d...i...e", "d . i . e"),
        ("k .. m s", "k . m s"), ("i.'.m", "i . m"),
        ("kill\U0001f62dmyself", "kill emojicry myself"),
    ],
)  # fmt: skip
def test_plain(text: str, plain: str) -> None:
    assert " ".join(word for word, _, _ in tokens_of(text, EN.speller)) == plain


def test_a_run_of_single_letters_is_read_forty_at_a_time() -> None:
    assert tokens_of("a " * 41, EN.speller) == [("a", 0, 79)] * 40 + [("a", 80, 81)]


@pytest.mark.parametrize(
    ("text", "places"),
    [("kms", [(0, 3)]), ("s u i c i d e", [(0, 13)]), ("i have a plan", [(0, 13)])],
)
def test_places(text: str, places: list[tuple[int, int]]) -> None:
    assert [(sign.start, sign.end) for sign in DETECTOR.judge(text)[1].signs] == places


def test_components_are_those_found_and_no_second_opinion_where_rules_are_sure() -> None:
    assert DETECTOR.judge("i want to die")[0].components == ("ideation", "mention")


@pytest.mark.parametrize("text", ["i want to die", "i do not want to die", "i have a plan"])
def test_signs_come_back_from_json(text: str) -> None:
    signs = DETECTOR.judge(text)[1].signs
    assert signs
    assert [Sign.from_json(sign.as_json()) for sign in signs] == list(signs)


def test_no_number_of_light_signs_makes_a_heavy_one_forgotten() -> None:
    texts = ["i tried to kill myself last night", *["pills"] * 250]
    judged = DETECTOR.judge_all(texts)
    assert (judged.level, judged.crisis_text) == (Level.IMMINENT, True)


def test_bounds() -> None:
    heard = Heard()
    for _ in range(4):
        heard = DETECTOR.judge("pills . " * 70, heard)[1]
    assert len(DETECTOR.judge("pills . " * 70)[1].signs) == 60
    assert (len(heard.signs), len(heard.tail)) == (200, 120)
    assert len(DETECTOR.judge("x" * 300)[1].tail) == 120
    assert DETECTOR.judge_all([]).level == "none"
    heard = DETECTOR.judge("i have a plan")[1]
    assert len(DETECTOR.judge("x", heard)[1].signs) == 2


def test_ranks() -> None:
    assert RANK[Level.NONE] < RANK[Level.MENTION] == RANK[Level.UNASSESSED] < RANK[Level.CONCERN]
    assert RANK[Level.CONCERN] < RANK[Level.HIGH] < RANK[Level.IMMINENT]


def made(pattern: str) -> Any:
    raw = copy.deepcopy(tomllib.loads((CONFIG / "lexicon" / "es.toml").read_text()))
    raw["rule"].append({"id": "x", "component": "ideation", "patterns": pattern})
    return make_lexicon(raw).rules[-1].patterns


def test_notation() -> None:
    assert made("# only") == ()
    (gap,) = made("morir ~ x")
    assert gap.regex.search(" morir a b c x ")
    assert not gap.regex.search(" morir a b c d x ")
    (choice,) = made("(morir|)")
    assert choice.anchors == {"morir"}
    with pytest.raises(BadLexicon):
        made("(morir|vivir?)")


def test_training_and_probability() -> None:
    examples = [(frozenset({"a", "b"}), True), (frozenset({"b", "c"}), False)] * 3
    examples += [(frozenset({"a", "d"}), True), (frozenset(), False)]
    examples += [(frozenset({"c", "e", "f"}), False)] * 2
    assert train(examples) == TRAINED
    opinion = Opinion(100, {"a": 500, "z": 10**6, "y": -(10**6)}, 0.5, 0.2)
    assert opinion.probability(frozenset({"a", "q"})) == pytest.approx(0.6114837514948677)
    assert 1e-14 < opinion.probability(frozenset({"y"})) < 1e-12
    assert opinion.probability(frozenset({"z"})) < 1


TRAINED = (-547, {"a": 5503, "b": 580, "c": -4985, "e": -2024, "f": -2024})
