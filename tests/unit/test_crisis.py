"""The detector: what is recognised, what is not, and that it only raises."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.cli.lexicon import figures, fixtures, half_of
from helpline.domain.crisis.judge import Heard
from helpline.domain.crisis.lexicon import BadLexicon, make_lexicon
from helpline.domain.crisis.normalise import tokens_of
from helpline.domain.crisis.opinion import train
from helpline.domain.crisis.result import RANK, Level, Sign
from helpline.domain.escalation import BadEscalation, chain_of, make_escalation, told_in_round
from helpline.wiring import CONFIG, load_crisis_lines, load_detector

DETECTOR = load_detector()
EN = DETECTOR.lexicons[0]


def level(*texts: str) -> str:
    return DETECTOR.judge_all(texts).level.value


def sends(*texts: str) -> bool:
    return DETECTOR.judge_all(texts).crisis_text


class TestPlainWords:
    @pytest.mark.parametrize(
        ("text", "plain"),
        [
            ("SU1C1DE", "suicide"),
            ("su*cide", "suicide"),
            ("k*ll", "kill"),
            ("s u i c i d e", "suicide"),
            ("s.u.i.c.i.d.e", "suicide"),
            ("k m s", "kms"),
            ("diiiiie", "die"),
            ("dying", "dying"),
            ("i\u2019m", "i am"),
            ("I'll", "i will"),
            ("dont", "do not"),
            ("\uff53\uff55\uff49\uff43\uff49\uff44\uff45", "suicide"),
            ("su\u0456cide", "suicide"),
            ("sui\u200bcide", "suicide"),
            ("suicde", "suicide"),
            ("iwanttodie", "i want to die"),
            ("killin", "killing"),
            ("sewerslide", "suicide"),
            ("\U0001f48a", "emojipill"),
            ("overdse", "overdose"),
            ("w4nt", "want"),
            ("w a n t", "want"),
            ("x y z", "x y z"),
            ("therapist", "therapist"),
            ("skill", "skill"),
            ("homeless", "homeless"),
            ("himself", "himself"),
            ("studied", "studied"),
        ],
    )
    def test_what_people_type_is_made_plain(self, text: str, plain: str) -> None:
        assert " ".join(word for word, _, _ in tokens_of(text, EN.speller)) == plain

    @given(st.text(max_size=200))
    def test_every_word_stands_somewhere_in_the_text(self, text: str) -> None:
        for word, start, end in tokens_of(text, EN.speller):
            assert word
            assert 0 <= start < end <= len(text)


# R16: explicit statements in the first person, 100 %.
@pytest.mark.parametrize(
    "text",
    [
        "I want to kill myself",
        "i wanna die",
        "im going to end my life",
        "I am suicidal",
        "i feel suicidal",
        "I've been thinking about suicide",
        "i want to end it all",
        "i dont want to live anymore",
        "I don't want to be alive",
        "i wish i was dead",
        "I wish I'd never been born",
        "thinking of killing myself",
        "i'm going to hang myself",
        "i keep having suicidal thoughts",
        "i cant stop thinking about killing myself",
        "why dont i just kill myself",
        "there is no reason to live",
        "i hope i dont wake up tomorrow",
        "everyone would be better off without me",
        "nobody would miss me if i died",
        "i wrote a suicide note",
        "this is goodbye. by the time you read this i will be gone",
        "I took all my pills",
        "i want to sleep and never wake up",
        "im so tired of living",
        "quiero morirme",
        "me quiero matar",
        "ya no quiero vivir",
        "estoy pensando en suicidarme",
        "voy a quitarme la vida",
        "ojalá no despertara mañana",
        "mi familia estaría mejor sin mí",
    ],
)
def test_explicit_statements_send_the_crisis_text(text: str) -> None:
    judgement = DETECTOR.judge_all([text])
    assert RANK[judgement.level] >= RANK[Level.HIGH]
    assert judgement.crisis_text
    assert judgement.subject == "self"


# R13: every slang item of PRACTICE.md 3.
@pytest.mark.parametrize(
    "text",
    [
        "i want to unalive myself",
        "thinking about sewerslide",
        "sewer slide thoughts again",
        "i want to self delete",
        "sue-decide seems like the only option. i want to sue decide",
        "kms",
        "i want to ctb",
        "i want to catch the bus tonight",
        "going to off myself",
        "i want eternal sleep",
        "i want to sleep forever",
        "gonna game-end myself",
        "might yeet myself off a bridge, going to yeet myself",
        "su1c1de is all i think about, i want su1c1de",
        "i want to commit s*icide",
        "toaster bath tonight, i want to die",
        "neck rope, i want to neck myself",
        "exit bag ready, i want to die",
    ],
)
def test_slang_is_understood(text: str) -> None:
    assert RANK[DETECTOR.judge_all([text]).level] >= RANK[Level.CONCERN]


# R16 and R17: idioms, literal mentions and ordinary chat never send it.
@pytest.mark.parametrize(
    "text",
    [
        "this traffic is killing me",
        "dying laughing",
        "i'm dead tired",
        "my phone is dead",
        "i could murder a curry",
        "killing time at the airport",
        "my feet are killing me",
        "this homework makes me want to kill myself lol",
        "that cake was to die for",
        "we watched suicide squad",
        "the kill process command hangs",
        "i have an exam on suicide prevention tomorrow",
        "my mom is going to kill me if im late",
        "i ran 10 kms today",
        "take two tablets with food",
        "see you tomorrow",
        "hi",
        "💊😭",
        "me muero de risa",
        "estoy muerta de cansancio",
        "mataría por unos tacos",
        "me muero por verte",
    ],
)
def test_idioms_and_ordinary_words_do_not(text: str) -> None:
    assert not sends(text)
    assert RANK[DETECTOR.judge_all([text]).level] <= RANK[Level.MENTION]


def test_the_same_words_beside_a_real_statement_do_not_hide_it() -> None:
    assert sends("I want to kill myself and this traffic is killing me")
    assert sends("i laughed so hard i died, but honestly i want to kill myself")


# R14.
@pytest.mark.parametrize(
    ("text", "wanted", "subject", "time"),
    [
        ("I don't want to live", "high", "self", "now"),
        ("I don't want to die", "mention", "self", "now"),
        ("i'm not suicidal", "mention", "self", "now"),
        ("my brother killed himself", "mention", "other", "now"),
        ("my brother killed himself five years ago", "mention", "other", "past"),
        ("my friend is going to kill herself", "high", "other", "now"),
        ("ten years ago i wanted to kill myself", "mention", "self", "past"),
        ("i tried to kill myself last night", "imminent", "self", "now"),
        ("i tried to kill myself ten years ago", "concern", "self", "past"),
        ("my brother tried to kill himself ten years ago", "mention", "other", "past"),
        ("see you tonight", "none", "unknown", "unknown"),
    ],
)
def test_negation_subject_and_time(text: str, wanted: str, subject: str, time: str) -> None:
    judgement = DETECTOR.judge_all([text])
    assert (judgement.level, judgement.subject, judgement.time) == (wanted, subject, time)


# R15.
@pytest.mark.parametrize(
    "text", ["ibuprofen", "800 mg", "the bridge", "tablets", "💊", "😭", "gun"]
)
def test_a_lone_method_word_changes_the_order_only(text: str) -> None:
    assert level(text) in ("none", "mention")
    assert not sends(text)


# R11.
def test_components_add_up_over_a_conversation() -> None:
    story = ["i want to die", "ok", "sorry", "i have the pills next to me", "yes", "tonight"]
    assert [level(*story[: count + 1]) for count in (0, 3, 5)] == ["high", "high", "imminent"]


def test_a_statement_split_over_texts_is_read_together() -> None:
    assert not sends("i want to")
    assert sends("i want to", "kill", "myself")


# R18.
@pytest.mark.parametrize(
    "text",
    [
        "ich weiß nicht mehr was ich machen soll und habe angst",
        "je ne peux pas dormir et je suis fatiguée",
        "我不知道该怎么办",
        "не знаю что мне делать",
    ],
)
def test_what_no_lexicon_covers_is_unassessed_never_none(text: str) -> None:
    assert level(text) == "unassessed"


def test_one_text_that_nobody_can_read_leaves_the_conversation_unassessed() -> None:
    foreign = "ich weiß nicht mehr was ich machen soll und habe angst"
    assert level(foreign, "ok") == "unassessed"
    assert level("ok", foreign) == "unassessed"
    assert level("ok", "fine, see you later") == "none"
    assert level(foreign, "i want to die") == "high"


# R16: both halves of the fixtures; the kept half is never looked at while patterns are written.
def test_the_gates_on_the_fixtures_hold() -> None:
    for (_, half, label), (total, sent, _) in figures(DETECTOR).items():
        share = sent / total
        if label == "ordinary":
            assert sent == 0, half
        elif label == "distress":
            assert sent <= 1, half
        elif label == "hard_negative":
            assert share <= (0.05 if half == "kept" else 0.07), half
        elif label == "suicidal":
            assert share >= (0.5 if half == "kept" else 0.75), half


def test_fixtures_are_enough_and_halves_are_fair() -> None:
    counts = Counter((row["language"], row["label"]) for row in fixtures())
    assert counts["en", "suicidal"] >= 300
    assert counts["es", "suicidal"] >= 200
    halves = Counter(half_of(row["text"]) for row in fixtures())
    assert 0.8 < halves["seen"] / halves["kept"] < 1.25


# R12.
WORDS = st.sampled_from(
    [
        *("i want to die", "tonight", "i have the pills", "not suicidal", "lol", "hi", "ok"),
        *("everyone would be better off without me", "i took all my pills", "no", "thanks"),
        *("just kidding", "i am fine now", "my friend is fine", "ich bin traurig und müde heute"),
    ]
)


@given(st.lists(WORDS, max_size=8))
def test_a_conversations_level_never_falls(texts: list[str]) -> None:
    heard, highest = Heard(), 0
    for text in texts:
        judgement, heard = DETECTOR.judge(text, heard)
        if judgement.level != Level.UNASSESSED:
            assert RANK[judgement.level] >= highest
            highest = max(highest, RANK[judgement.level])


@given(st.text(max_size=400))
def test_any_text_is_judged(text: str) -> None:
    judgement, heard = DETECTOR.judge(text)
    assert RANK[judgement.level] >= 0
    for sign in heard.signs:
        assert 0 <= sign.start < sign.end <= len(text)
        assert Sign.from_json(sign.as_json()) == sign


class TestLexiconFiles:
    @pytest.mark.parametrize("path", sorted((CONFIG / "lexicon").glob("??.toml")))
    def test_each_tells_source_licence_date_and_reviewer(self, path: object) -> None:
        about = tomllib.loads(path.read_text())["about"]  # type: ignore[attr-defined]
        for fact in ("language", "version", "source", "licence", "date", "reviewer"):
            assert about[fact]

    @pytest.mark.parametrize(
        "pattern", ["(open", "{no_such_slot} word", "bracket)", "wo*rd", "~3", "maybe?"]
    )
    def test_a_pattern_that_cannot_work_is_refused(self, pattern: str) -> None:
        raw = tomllib.loads((CONFIG / "lexicon" / "es.toml").read_text())
        raw["rule"].append({"id": "x", "component": "ideation", "patterns": pattern})
        with pytest.raises(BadLexicon):
            make_lexicon(raw)

    def test_every_pattern_can_match_something_it_is_found_by(self) -> None:
        for lexicon in DETECTOR.lexicons:
            for rule in lexicon.rules:
                for pattern in rule.patterns:
                    assert pattern.anchors
                    assert pattern.regex.groups == 0

    def test_training_gives_the_same_each_time(self) -> None:
        examples = [(frozenset({"a", "b"}), True), (frozenset({"b", "c"}), False)] * 3
        assert train(examples) == train(examples)


class TestCrisisLines:
    def test_many_countries_and_each_says_what_to_do(self) -> None:
        lines = load_crisis_lines().lines
        assert len(lines) >= 25
        for line in lines.values():
            assert line.call or line.text
            assert line.emergency
            assert line.source


class TestEscalation:
    RAW = tomllib.loads((CONFIG / "escalation.toml").read_text())

    @pytest.mark.parametrize(
        ("table", "key", "value"),
        [
            ("chain", "order", ["professional"]),
            ("chain", "order", ["nobody"]),
            ("chain", "call_after_rounds", 0),
            ("levels", "alert", "imminent"),
            ("levels", "crisis_text", "loud"),
            ("hand_over", "always", ["weather"]),
        ],
    )
    def test_a_policy_that_cannot_work_is_refused(
        self, table: str, key: str, value: object
    ) -> None:
        raw = {name: dict(facts) for name, facts in self.RAW.items()}
        raw[table][key] = value
        with pytest.raises(BadEscalation):
            make_escalation(raw)

    @given(
        st.lists(st.integers(1, 9)),
        st.lists(st.integers(1, 9)),
        st.lists(st.integers(1, 9)),
        st.integers(0, 12),
    )
    def test_everybody_is_reached_once_and_nobody_is_dropped(
        self, on_duty: list[int], leads: list[int], professionals: list[int], rounds: int
    ) -> None:
        order = make_escalation(self.RAW).order
        chain = chain_of(dict(zip(order, (on_duty, leads, professionals), strict=True)), order)
        assert len(chain) == len(set(chain))
        assert set(chain) == {*on_duty, *leads, *professionals}
        assert list(told_in_round(chain, rounds)) == chain[: rounds + 1]
        assert chain[:1] == (on_duty or leads or professionals)[:1]


def run_helpline(*command: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "helpline", *command],
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )


class TestCommands:
    def test_detect_answers_each_line_and_ends_with_one_if_any_is_malformed(self) -> None:
        given = (
            '{"id": 7, "text": "i want to die"}\n'
            "nonsense\n"
            '{"id": "x", "texts": ["i want to", "kill myself"]}\r\n'
            "\n"
            '{"id": null, "text": ""}\n'
            '{"text": "no id"}\n'
            '{"id": 1, "text": 5}\n'
            '{"id": 1, "text": "a", "texts": ["b"]}\n'
            '{"id": 2, "text": "quiero morirme ñ 😭"}\n'
            '{"id": NaN, "text": "hi"}\n'
            '{"id": 1e999, "text": "hi"}\n'
            '{"id": "\\ud83d", "text": "hi"}\n'
        ).encode() + b'{"id": 3, "text": "\xff"}\n'
        done = run_helpline("detect", given=given)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert done.returncode == 1
        assert [answer["id"] for answer in answers] == [
            *(7, None, "x", None, None, None, None, 2, None, None, "\ud83d", None),
        ]
        assert ["error" in answer for answer in answers] == [
            *(False, True, False, False, True, True, True, False, True, True, False, True),
        ]
        assert set(answers[0]) == {
            *("id", "level", "components", "subject", "time", "rules", "crisis_text", "lexicon"),
        }
        assert (answers[0]["level"], answers[0]["crisis_text"]) == ("high", True)
        assert answers[2]["crisis_text"] is True
        assert answers[3]["level"] == "none"

    def test_detect_ends_well_when_all_is_well(self) -> None:
        assert run_helpline("detect", given=b'{"id": 1, "text": "hi"}\n').returncode == 0

    def test_a_changed_lexicon_shows_what_it_changes(self, tmp_path: Path) -> None:
        text = (CONFIG / "lexicon" / "es.toml").read_text()
        (tmp_path / "es.toml").write_text(text.replace("quitarme la vida|", ""))
        done = run_helpline("lexicon", "check", str(tmp_path))
        assert done.returncode == 0
        assert b"In use" in done.stdout
        assert b"high -> " in done.stdout or b"imminent -> " in done.stdout
        (tmp_path / "es.toml").write_text(text + '\n[[rule]]\nid = "x"\n')
        assert run_helpline("lexicon", "check", str(tmp_path)).returncode == 1
