"""A language's lexicon, made ready to match: slots, rules, contexts (files in `config/lexicon/`).

A pattern is written in words. `{name}` is a slot (one of several phrasings), `(a|b c)` a choice,
`x?` may be missing, `~` skips up to three words of the same sentence and `~5` up to five, but no
negation; `.` is where a sentence ends. Patterns
match whole words of the plain text that `normalise` makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpline.domain.crisis.normalise import STOP, Speller
from helpline.domain.crisis.result import Component, Subject, Time

GAP = 3
# What `~` never skips: the end of a sentence, and words that turn the meaning round.
UNSKIPPED = r"(?:\.|not|never|nunca|jamas)"
# Words too common to look for a pattern by.
COMMON = frozenset(
    [
        "i",
        "a",
        "the",
        "to",
        "of",
        "and",
        "is",
        "am",
        "are",
        "be",
        "in",
        "it",
        "that",
        "my",
        "me",
        "you",
        "not",
        "no",
        "do",
        "have",
        "this",
        "for",
        "on",
        "with",
        "so",
        "if",
        "was",
        "just",
        "at",
        "all",
        "but",
        "or",
        "will",
        "would",
        "can",
        "what",
        "el",
        "la",
        "de",
        "que",
        "y",
        "no",
        "me",
        "te",
        "se",
        "lo",
        "un",
        "una",
        "en",
        "a",
        "mi",
        "es",
        "por",
        "para",
        "con",
        "los",
        "las",
        "yo",
        "si",
        "ya",
    ]
)
PART = re.compile(r"\{[a-z0-9_]+\}|~\d*|[()|?]|[^\s()|?~]+")


class BadLexicon(Exception):
    """A lexicon file that cannot be used; the text says which part and why."""


@dataclass(slots=True)
class Pattern:
    """One pattern: its regular expression, made when first needed, and the words it cannot lack."""

    source: str
    anchors: frozenset[str]
    expression: str
    _compiled: re.Pattern[str] | None = None

    @property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression, over ` word word . word `."""
        if self._compiled is None:
            self._compiled = re.compile(self.expression)
        return self._compiled


@dataclass(frozen=True, slots=True)
class Rule:
    """A family of phrasings for one component.

    `subject` and `time` are what a match says by itself; unknown ones are read from the words
    around it. A `firm` rule is not undone by a negation around it; one that may be said in
    `jest` weighs less beside laughter.
    """

    id: str
    component: Component
    patterns: tuple[Pattern, ...]
    weight: float = 1.0
    subject: Subject = Subject.UNKNOWN
    time: Time = Time.UNKNOWN
    is_firm: bool = False
    may_be_jest: bool = False


@dataclass(frozen=True, slots=True)
class Contexts:
    """Words around a match that change what it means."""

    negators: frozenset[str]
    transparent: frozenset[str]
    selves: frozenset[str]
    others: frozenset[str]
    past: tuple[Pattern, ...]
    present: tuple[Pattern, ...]
    fiction: tuple[Pattern, ...]
    trivial: frozenset[str]
    laughter: frozenset[str]
    reporting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language."""

    language: str
    version: str
    speller: Speller
    rules: tuple[Rule, ...]
    idioms: tuple[Pattern, ...]
    contexts: Contexts
    common: frozenset[str]
    _by_anchor: Mapping[str, Sequence[tuple[Rule | None, Pattern]]] = field(repr=False)

    def candidates(self, words: Iterable[str]) -> dict[int, tuple[Rule | None, Pattern]]:
        """The patterns that could match a text with these words, by identity; idioms bear None."""
        found = {}
        for word in set(words):
            for each in self._by_anchor.get(word, ()):
                found[id(each[1])] = each
        return found


def make_lexicon(raw: Mapping[str, Any]) -> Lexicon:
    """A lexicon from its file's values; raises `BadLexicon`."""
    about = raw["about"]
    slots = _read_slots(raw.get("slots", {}))
    rules = tuple(_rule(each, slots, about["language"]) for each in raw["rule"])
    if len({rule.id for rule in rules}) != len(rules):
        raise BadLexicon("a rule id stands twice")
    idioms = tuple(_patterns(raw["idioms"]["patterns"], slots))
    contexts = _contexts(raw["contexts"], slots)
    every = [pattern for rule in rules for pattern in rule.patterns]
    every += [*idioms, *contexts.past, *contexts.present, *contexts.fiction]
    common = frozenset(raw["common"]["words"].split())
    written = [pattern.source for pattern in every] + list(raw.get("slots", {}).values())
    vocabulary = {word for text in written for word in re.findall(r"[a-z]+", text)}
    vocabulary |= common | contexts.trivial | contexts.others | contexts.selves
    vocabulary |= set(raw["spelling"].get("leave", "").split())
    keys = set(raw["spelling"]["keys"].split())
    speller = Speller(
        vocabulary | keys,
        keys,
        {**raw["spelling"]["expand"], **raw["spelling"].get("misspelt", {})},
        raw["spelling"].get("emoji", {}),
    )
    return Lexicon(
        language=about["language"],
        version=f"{about['language']}-{about['version']}",
        speller=speller,
        rules=rules,
        idioms=idioms,
        contexts=contexts,
        common=common,
        _by_anchor=_index(rules, idioms),
    )


def _rule(raw: Mapping[str, Any], slots: Mapping[str, Phrase], language: str) -> Rule:
    try:
        return Rule(
            id=f"{language}.{raw['id']}",
            component=Component(raw["component"]),
            patterns=tuple(_patterns(raw["patterns"], slots)),
            weight=float(raw.get("weight", 1.0)),
            subject=Subject(raw.get("subject", "unknown")),
            time=Time(raw.get("time", "unknown")),
            is_firm=bool(raw.get("firm", False)),
            may_be_jest=bool(raw.get("jest", False)),
        )
    except (KeyError, ValueError) as reason:
        raise BadLexicon(f"rule {raw.get('id', '?')}: {reason}") from None


def _contexts(raw: Mapping[str, str], slots: Mapping[str, Phrase]) -> Contexts:
    return Contexts(
        negators=frozenset(raw["negators"].split()),
        transparent=frozenset(raw["transparent"].split()),
        selves=frozenset(raw["selves"].split()),
        others=frozenset(raw["others"].split()),
        past=tuple(_patterns(raw["past"], slots)),
        present=tuple(_patterns(raw["present"], slots)),
        fiction=tuple(_patterns(raw["fiction"], slots)),
        trivial=frozenset(raw["trivial"].split()),
        laughter=frozenset(raw["laughter"].split()),
        reporting=frozenset(raw["reporting"].split()),
    )


def _patterns(text: str, slots: Mapping[str, Phrase]) -> Iterator[Pattern]:
    for line in text.splitlines():
        source = line.partition("#")[0].strip()
        if source:
            phrase = _Reader(source, slots).read_all()
            if not phrase.anchors:
                raise BadLexicon(f"pattern {source!r} has no word that must be there")
            yield Pattern(source, phrase.anchors, phrase.expression)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A part of a pattern: its expression, and words of which any text it matches holds one."""

    expression: str
    anchors: frozenset[str]


class _Reader:
    """Reads the notation of patterns, by recursive descent."""

    def __init__(self, source: str, slots: Mapping[str, Phrase]) -> None:
        self._source, self._slots = source, slots
        self._parts = PART.findall(source)
        self._place = 0

    def read_all(self) -> Phrase:
        """The whole source."""
        phrase = self._choice()
        if self._place < len(self._parts):
            raise BadLexicon(f"pattern {self._source!r}: a bracket is open or too many")
        return phrase

    def _peek(self) -> str:
        return self._parts[self._place] if self._place < len(self._parts) else ""

    def _choice(self) -> Phrase:
        phrases = [self._sequence()]
        while self._peek() == "|":
            self._place += 1
            phrases.append(self._sequence())
        if len(phrases) == 1:
            return phrases[0]
        wanted = [phrase for phrase in phrases if phrase.expression]
        anchors = frozenset(word for phrase in wanted for word in phrase.anchors)
        if not all(phrase.anchors for phrase in wanted):
            anchors = frozenset()
        return Phrase(f"(?:{'|'.join(phrase.expression for phrase in wanted)})", anchors)

    def _sequence(self) -> Phrase:
        expression, anchors = "", frozenset[str]()
        while self._peek() not in ("", ")", "|"):
            phrase = self._item()
            if self._peek() == "?":
                self._place += 1
                phrase = Phrase(f"(?:{phrase.expression})?", frozenset())
            expression += phrase.expression
            anchors = _better(anchors, phrase.anchors)
        return Phrase(expression, anchors)

    def _item(self) -> Phrase:
        part = self._peek()
        self._place += 1
        if part == "(":
            phrase = self._choice()
            if self._peek() != ")":
                raise BadLexicon(f"pattern {self._source!r}: a bracket is not closed")
            self._place += 1
            return phrase
        if part[0] == "~":
            return Phrase(rf"(?: (?!{UNSKIPPED} )\S+){{0,{part[1:] or GAP}}}?", frozenset())
        if part[0] == "{":
            if part[1:-1] not in self._slots:
                raise BadLexicon(f"pattern {self._source!r}: no slot {part}")
            return self._slots[part[1:-1]]
        if part == STOP:
            return Phrase(r" \.(?= )", frozenset())
        if not part.isalnum():
            raise BadLexicon(f"pattern {self._source!r}: {part!r} is not a plain word")
        return Phrase(f" {re.escape(part)}(?= )", frozenset({part}))


def _read_slots(raw: Mapping[str, str]) -> dict[str, Phrase]:
    """Slots in the order of the file: a slot may use those before it."""
    slots: dict[str, Phrase] = {}
    for name, text in raw.items():
        lines = (line.strip().strip("|") for line in text.splitlines())
        slots[name] = _Reader("(" + "|".join(filter(None, lines)) + ")", slots).read_all()
    return slots


def _better(one: frozenset[str], two: frozenset[str]) -> frozenset[str]:
    """The set by which fewer texts would be looked at; an empty one is none."""
    sets = [words for words in (one, two) if words]
    return min(sets, key=lambda words: (len(words & COMMON), len(words)), default=one)


def _index(
    rules: Sequence[Rule], idioms: Sequence[Pattern]
) -> dict[str, list[tuple[Rule | None, Pattern]]]:
    index: dict[str, list[tuple[Rule | None, Pattern]]] = {}
    everything: list[tuple[Rule | None, Pattern]] = [(None, pattern) for pattern in idioms]
    everything += [(rule, pattern) for rule in rules for pattern in rule.patterns]
    for each in everything:
        for word in each[1].anchors:
            index.setdefault(word, []).append(each)
    return index
