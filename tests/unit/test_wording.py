"""All that people read: complete, short enough, free of control words and unsafe wording."""

from __future__ import annotations

import re
import tomllib

import pytest

from helpline.domain.commands import STOP_WORDS
from helpline.domain.segments import count_segments
from helpline.domain.wording import NoSuchWording
from helpline.wiring import CONFIG, load_vocabulary, load_wording

WORDING = load_wording("en")
EN, ES = WORDING.texts["en"], WORDING.texts["es"]
FACTS = {
    "line": "Riverside Helpline",
    "emergency": EN["emergency_US"],
    "privacy": "https://help.example.org/privacy",
    "name": "Maximiliana",
    "alias": "Crimson Kingfisher",
    "minutes": 10,
    "wait": 125,
    "language": "Spanish",
    "topics": "relationships, depression, loneliness",
    "risk": "some concern",
    "seconds": 60,
    "label": "a",
    "choices": "#a Crimson Kingfisher, #b Amber Nuthatch",
    "command": "done",
    "until": "18:30",
    "open": "#a Crimson Kingfisher, #b Amber Nuthatch",
    "duty": "on a break until 18:30",
    "waiting": 12,
    "code": 30007,
    "count": 12,
    "reach": "call 116 123 or text SHOUT to 85258",
    "call": "0800 1110111",
    "text": "SHOUT to 85258",
    "seen": "Maximiliana asks for you, thoughts of ending life, a plan",
    "state": "waiting for a peer",
    "why": "she has stopped answering",
    "number": "+12025550100",
    "key": 3,
    "link": "https://help.example.org/v/voicemail/" + "x" * 60,
}
TABLES = tomllib.loads((CONFIG / "wording/en.toml").read_text())
# What is read on a page or heard on the phone need not fit into a text.
UNBOUNDED = {*TABLES["page"], *TABLES["caller"], *TABLES["phone"]}
MOST_SEGMENTS = 2
UNSAFE = re.compile(
    r"commit(ted|s)?\b|successful|failed attempt|overdose|hang(ing|ed)?\b|pills?\b|guns?\b"
    r"|jump(ed)?\b|bridge|promise|guarantee|you (are|will be) safe|we keep you safe|kill|suicid"
    r"|cometi|pastillas?|pistola|puente|promet|garanti|a salvo|matar",
    re.IGNORECASE,
)
MACHINE_AS_PERSON = re.compile(r"\bI('m| am| will| feel| understand)\b|\bmy name is\b|\bme llamo\b")


def texts() -> list[tuple[str, str]]:
    return [(language, key) for language, table in WORDING.texts.items() for key in table]


def shown(language: str, key: str) -> str:
    return WORDING.texts[language][key].format(**FACTS)


@pytest.mark.parametrize(("language", "key"), texts())
def test_every_text_is_short_safe_and_honest(language: str, key: str) -> None:
    text = shown(language, key)
    assert text.strip() == text
    assert not UNSAFE.search(text), key
    assert not MACHINE_AS_PERSON.search(text), key
    if key not in UNBOUNDED:
        assert count_segments(text) <= MOST_SEGMENTS, (key, count_segments(text))


@pytest.mark.parametrize(("language", "key"), texts())
def test_no_text_is_itself_a_word_that_carriers_act_on(language: str, key: str) -> None:
    words = WORDING.texts[language][key].strip().lower()
    assert words not in STOP_WORDS | {"start", "help", "info"}


@pytest.mark.parametrize("key", sorted(ES))
def test_spanish_wants_the_same_facts_as_english(key: str) -> None:
    assert WORDING.places(key, "es") == WORDING.places(key, "en")


def test_all_that_a_person_reads_is_there_in_every_language() -> None:
    for language in WORDING.texts:
        keys = [*TABLES["person"], *TABLES["caller"]]
        assert [key for key in keys if key not in WORDING.texts[language]] == [], language


@pytest.mark.parametrize("language", sorted(WORDING.texts))
def test_the_first_text_tells_what_it_must(language: str) -> None:
    emergency = WORDING.texts[language]["emergency_US"]
    text = WORDING.texts[language]["received"].format(**{**FACTS, "emergency": emergency})
    for part in ("STOP", "911", "988", "https://help.example.org/privacy", "Riverside"):
        assert part in text


def test_every_topic_and_language_has_a_word() -> None:
    for topic in load_vocabulary().topics:
        assert WORDING.has(f"topic_{topic}")


def test_what_is_missing_falls_back_to_english_and_else_says_so() -> None:
    assert WORDING.say("commands", "es") == EN["commands"]
    with pytest.raises(NoSuchWording):
        WORDING.say("nothing like this")


def test_an_offer_fits_one_segment() -> None:
    assert count_segments(EN["offer"].format(**{**FACTS, "topics": "alcohol", "wait": 5})) == 1
