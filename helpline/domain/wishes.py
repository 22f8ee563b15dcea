"""What a person's own words ask for: a language, a peer of some gender, shared experience.

Only what is asked for in so many words is a hard wish (R42); the language somebody writes in and
the topics they touch are soft. The vocabulary is `config/topics.toml`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import regex


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Phrases by what they show, folded (see `fold`): topic, gender and language to phrases."""

    topics: Mapping[str, Sequence[str]]
    genders: Mapping[str, Sequence[str]]
    languages: Mapping[str, Sequence[str]]
    common_words: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one text showed; empty where it showed nothing."""

    wants_language: str | None = None
    wants_gender: str | None = None
    writes_in: str | None = None
    topics: tuple[str, ...] = field(default=())


def fold(text: str) -> str:
    """Lower case, no accents, words parted by single spaces, a space at either end."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    bare = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return " " + " ".join(regex.findall(r"[\p{L}\p{N}']+", bare)) + " "


def read_wishes(text: str, vocabulary: Vocabulary) -> Wishes:
    """Read one text of a person."""
    folded = fold(text)

    def first(table: Mapping[str, Sequence[str]]) -> str | None:
        return next((name for name, phrases in table.items() if _holds(folded, phrases)), None)

    return Wishes(
        wants_language=first(vocabulary.languages),
        wants_gender=first(vocabulary.genders),
        writes_in=_language_of(folded, vocabulary.common_words),
        topics=tuple(
            topic for topic, phrases in vocabulary.topics.items() if _holds(folded, phrases)
        ),
    )


def _holds(folded: str, phrases: Sequence[str]) -> bool:
    return any(f" {phrase} " in folded for phrase in phrases)


def _language_of(folded: str, common_words: Mapping[str, Sequence[str]]) -> str | None:
    """The language whose common words stand out by two or more; None when none does."""
    words = folded.split()
    counts = sorted(
        ((sum(word in common for word in words), name) for name, common in common_words.items()),
        reverse=True,
    )
    if len(counts) < 2 or counts[0][0] - counts[1][0] < 2:
        return counts[0][1] if counts and len(words) <= 2 and counts[0][0] > counts[1][0] else None
    return counts[0][1]
