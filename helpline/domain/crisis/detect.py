"""Find the signs in one text: match the patterns, then read the words around each match."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from helpline.domain.crisis.lexicon import Contexts, Lexicon, Pattern, Rule
from helpline.domain.crisis.normalise import STOP, Token, tokens_of
from helpline.domain.crisis.result import Component, Sign, Subject, Time

# How far back a negation or a subject is looked for, in words.
NEGATION_REACH = 6
SUBJECT_REACH = 9
# What a match means is read from so many words around it at most, however long the sentence.
SENTENCE_REACH = 60
JEST_WEIGHT = 0.3
# Signs kept of one text: what repeats itself a thousand times is clear from the first.
MOST_SIGNS = 60
# A masked idiom: no pattern holds this word.
MASK = "_"
# Components that a jest or a story turns into a mention.
LIFE = frozenset(
    {Component.IDEATION, Component.INTENT, Component.PLAN, Component.ATTEMPT, Component.FAREWELL}
)
# A trifle is the cause of what follows, unless something new begins in between.
CAUSING = frozenset(
    {"make", "makes", "making", "made", "so", "got", "has", "gives"}
    | {"hace", "hacen", "hizo", "hacer", "da", "dan", "tanto"}
)
JOINING = frozenset(["and", "but", "also", "plus", "y", "pero"])
QUOTED = re.compile(r"[\"“«]([^\"“”«»]{3,200})[\"”»]")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text as the patterns see it: its tokens and, joined, where each begins."""

    tokens: Sequence[Token]
    words: Sequence[str]
    joined: str
    begins: Sequence[int]
    stops: Sequence[int]

    def place(self, position: int) -> int:
        """The token that stands at this position of `joined`."""
        return bisect_right(self.begins, position) - 1

    def sentence(self, first: int, last: int) -> tuple[int, int]:
        """The bounds of the sentence around these tokens, as a half-open range; never far away."""
        before, after = bisect_left(self.stops, first), bisect_left(self.stops, last)
        start = self.stops[before - 1] + 1 if before else 0
        end = self.stops[after] if after < len(self.stops) else len(self.words)
        return max(start, first - SENTENCE_REACH), min(end, last + SENTENCE_REACH)


def make_plain(tokens: Sequence[Token]) -> Plain:
    """Join tokens; each stands after a space, and a space ends the text."""
    begins, position = [], 0
    for word, _, _ in tokens:
        begins.append(position)
        position += len(word) + 1
    words = [token[0] for token in tokens]
    stops = [place for place, word in enumerate(words) if word == STOP]
    return Plain(tokens, words, f" {' '.join(words)} ", begins, stops)


def find_signs(text: str, lexicon: Lexicon) -> list[Sign]:
    """Every sign in one text, in order. Overlapping matches of one rule count once."""
    plain = make_plain(tokens_of(text, lexicon.speller))
    candidates = lexicon.candidates(token[0] for token in plain.tokens).values()
    idioms = [pattern for rule, pattern in candidates if rule is None]
    plain = _mask(plain, idioms)
    found: dict[tuple[str, int], Sign] = {}
    quotes = [match.span(1) for match in QUOTED.finditer(text)]
    for rule, pattern in candidates:
        if rule is None:
            continue
        for match in pattern.regex.finditer(plain.joined):
            sign = _read(plain, rule, match, lexicon.contexts, quotes)
            found.setdefault((rule.id, sign.start), sign)
    ordered = sorted(found.values(), key=lambda sign: (sign.start, sign.rule))
    return _undo(ordered[:MOST_SIGNS], lexicon)


def _undo(signs: list[Sign], lexicon: Lexicon) -> list[Sign]:
    """What lies within a wider match that is denied or played is so as well."""
    firm = {rule.id for rule in lexicon.rules if rule.is_firm}
    played = [(sign.start, sign.end) for sign in signs if sign.is_mention]
    return [
        replace(sign, is_mention=True)
        if sign.rule not in firm
        and any(low <= sign.start and sign.end <= high for low, high in played)
        else sign
        for sign in signs
    ]


def _mask(plain: Plain, idioms: Sequence[Pattern]) -> Plain:
    """Idioms taken out, so that no pattern sees the words in them."""
    tokens = list(plain.tokens)
    for pattern in idioms:
        for match in pattern.regex.finditer(plain.joined):
            first, last = plain.place(match.start()), plain.place(match.end() - 1)
            for place in range(first, last + 1):
                _, start, end = tokens[place]
                tokens[place] = (MASK, start, end)
    return make_plain(tokens) if idioms else plain


def _read(
    plain: Plain,
    rule: Rule,
    match: re.Match[str],
    contexts: Contexts,
    quotes: Sequence[tuple[int, int]],
) -> Sign:
    """One match with what the words around it make of it."""
    first, last = plain.place(match.start()), plain.place(match.end() - 1)
    start, end = plain.tokens[first][1], plain.tokens[last][2]
    low, high = plain.sentence(first, last)
    words = plain.words
    subject = rule.subject
    if subject == Subject.UNKNOWN:
        subject = _subject(words, max(low, first - SUBJECT_REACH), first, last, contexts)
    is_quoted = any(begin <= start < finish for begin, finish in quotes) and bool(
        contexts.reporting.intersection(words[max(0, first - SUBJECT_REACH) : first])
    )
    if is_quoted and contexts.others.intersection(words[max(0, first - SUBJECT_REACH) : first]):
        subject = Subject.OTHER
    time = rule.time
    sentence = " " + " ".join(words[low:high]) + " "
    if time == Time.UNKNOWN:
        time = _time(sentence, contexts)
    is_mention = is_quoted or (
        not rule.is_firm
        and (
            _is_negated(words, low, first, contexts)
            or (rule.component in LIFE and _is_play(words, (low, high), first, last, contexts))
        )
    )
    weight = rule.weight
    if rule.may_be_jest and contexts.laughter.intersection(words[low:high]):
        weight = min(weight, JEST_WEIGHT)
    return Sign(rule.component, rule.id, subject, time, weight, start, end, is_mention)


def _is_negated(words: Sequence[str], low: int, first: int, contexts: Contexts) -> bool:
    """Whether a negation reaches the match over words that let it through.

    `not really going to` lets it through, `can not stop thinking of` does not.
    """
    for place in range(first - 1, max(low, first - NEGATION_REACH) - 1, -1):
        if words[place] in contexts.negators:
            before = words[place - 1] if place > low else ""
            return before not in ("can", "could", "why") and not (before == "do" and place >= 2
                and words[place - 2] == "why")  # fmt: skip
        if words[place] not in contexts.transparent:
            return False
    return False


def _subject(words: Sequence[str], low: int, first: int, last: int, contexts: Contexts) -> Subject:
    """Whose: who is named in the match, else nearest before it; nobody named means oneself."""
    if contexts.selves.intersection(words[first : last + 1]):
        return Subject.SELF
    for place in range(first, low - 1, -1):
        if words[place] in contexts.selves:
            return Subject.SELF
        if words[place] in contexts.others:
            return Subject.OTHER
    return Subject.SELF


def _time(sentence: str, contexts: Contexts) -> Time:
    if any(pattern.regex.search(sentence) for pattern in contexts.past):
        still = any(pattern.regex.search(sentence) for pattern in contexts.present)
        return Time.NOW if still else Time.PAST
    return Time.NOW


def _is_play(
    words: Sequence[str], bounds: tuple[int, int], first: int, last: int, contexts: Contexts
) -> bool:
    """Whether it is said about a trifle, or of somebody in a story."""
    low, high = bounds
    before, after = words[low:first], words[last + 1 : high]
    for place, word in enumerate(before):
        between = before[place + 1 :]
        is_joined = JOINING.intersection(between)
        if word in contexts.trivial and CAUSING.intersection(between) and not is_joined:
            return True
    for place, word in enumerate(after):
        if word in contexts.trivial and not JOINING.intersection(after[:place]):
            return True
    said_of_oneself = bool(contexts.selves.intersection(words[max(low, first - 2) : first + 1]))
    sentence = " " + " ".join([*before, MASK, *after]) + " "
    return not said_of_oneself and any(each.regex.search(sentence) for each in contexts.fiction)
