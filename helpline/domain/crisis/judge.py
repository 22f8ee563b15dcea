"""From signs to a level: which components together mean what (R10, R11, R15, R26)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from helpline.domain.crisis.detect import find_signs
from helpline.domain.crisis.lexicon import Lexicon
from helpline.domain.crisis.normalise import tokens_of
from helpline.domain.crisis.opinion import Opinion, features_of
from helpline.domain.crisis.result import RANK, Component, Judgement, Level, Sign, Subject, Time

# What is about one's own death, and so calls for the crisis text.
OWN_LIFE = frozenset(
    {
        Component.IDEATION,
        Component.INTENT,
        Component.PLAN,
        Component.ATTEMPT,
        Component.FAREWELL,
        Component.BURDEN,
        Component.OPINION,
    }
)
DECIDED = frozenset({Component.INTENT, Component.PLAN, Component.FAREWELL})
# Components that alone call for a lead, whoever they are about (R26), unless the policy says more.
HAND_OVER = frozenset(
    {Component.ATTEMPT, Component.HARM_TO_OTHERS, Component.CHILD, Component.MEDICAL}
)
NO_RISK = frozenset({Component.METHOD, Component.MENTION})
# Weak signs add up to a strong one; two different ones at least.
ENOUGH = 1.0
# What the second opinion weighs where it is not sure.
ASKING_WEIGHT = 0.35
# What splits over texts is read together: so many characters of what came before.
TAIL_CHARACTERS = 120
# Signs remembered of one conversation: the heaviest, and of equal ones the latest.
MOST_HEARD = 200
# Language: fewer known words than this of so many, and no lexicon covers the text (R18).
FEWEST_WORDS_TO_TELL = 4
COVERED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard so far in one conversation: its signs and the end of the last text."""

    signs: tuple[Sign, ...] = ()
    tail: str = ""


class Detector:
    """Judges texts by the lexicons of several languages. It has no state and only raises."""

    def __init__(
        self,
        lexicons: Sequence[Lexicon],
        foreign: Iterable[Iterable[str]] = (),
        opinions: Mapping[str, Opinion] | None = None,
        always: Iterable[Component] = HAND_OVER,
    ) -> None:
        self._lexicons = tuple(lexicons)
        self._opinions = dict(opinions or {})
        self.lexicons = self._lexicons
        self._always = frozenset(always)
        self._foreign = tuple(frozenset(words) for words in foreign)
        self.version = "+".join(lexicon.version for lexicon in lexicons)

    def judge(self, text: str, heard: Heard | None = None) -> tuple[Judgement, Heard]:
        """One more text of a conversation; returns what it comes to, and what to remember.

        The judgement is of the conversation with this text in it: components add up (R11).
        """
        heard = heard or Heard()
        signs = tuple(self._signs(text))
        if heard.tail:
            signs += tuple(self._across(heard.tail, text, signs))
        everything = heard.signs + signs
        covered = bool(everything) or self._is_covered(text)
        everything = _remembered(everything)
        judgement = self._weigh(everything, covered=covered)
        return judgement, Heard(everything, (heard.tail + " " + text)[-TAIL_CHARACTERS:].lstrip())

    def judge_all(self, texts: Sequence[str]) -> Judgement:
        """A person's texts in one conversation, oldest first."""
        judgement, heard = self._weigh((), covered=True), Heard()
        unassessed = False
        for text in texts:
            judgement, heard = self.judge(text, heard)
            unassessed = unassessed or judgement.level == Level.UNASSESSED
        if unassessed and judgement.level == Level.NONE:
            return self._weigh(heard.signs, covered=False)
        return judgement

    def _signs(self, text: str) -> list[Sign]:
        """What the rules find; where they find nothing pressing, the second opinion as well."""
        signs = [sign for lexicon in self._lexicons for sign in find_signs(text, lexicon)]
        own = [sign for sign in signs if sign.subject == Subject.SELF and not sign.is_mention]
        is_denied = any(sign.is_mention or sign.time == Time.PAST for sign in signs)
        if (
            self._opinions
            and not is_denied
            and RANK[_own_level(own, self._always)] < RANK[Level.HIGH]
        ):
            signs.extend(self._opinion(text, signs))
        return signs

    def _opinion(self, text: str, signs: Sequence[Sign]) -> list[Sign]:
        lexicon = self._language_of(text)
        opinion = self._opinions.get(lexicon.language)
        if opinion is None:
            return []
        features = text_features(text, lexicon, signs)
        probability = opinion.probability(features)
        if len(text.split()) < FEWEST_WORDS_TO_TELL:
            return []
        if probability < opinion.asks_at:
            return []
        weight = ENOUGH if probability >= opinion.raises_at else ASKING_WEIGHT
        name = f"{lexicon.language}.opinion"
        return [
            Sign(Component.OPINION, name, Subject.SELF, Time.NOW, weight, 0, len(text)),
        ]

    def _language_of(self, text: str) -> Lexicon:
        """The lexicon that knows most of the everyday words of a text; the first of equals."""
        words = set(text.casefold().split())
        return max(self._lexicons, key=lambda lexicon: len(words & lexicon.common))

    def _across(self, tail: str, text: str, known: Sequence[Sign]) -> list[Sign]:
        """Signs that begin in the texts before and end in this one."""
        border = len(tail) + 1
        rules = {sign.rule for sign in known}
        return [
            sign
            for sign in self._signs(f"{tail} {text}")
            if sign.start < border < sign.end and sign.rule not in rules
        ]

    def _is_covered(self, text: str) -> bool:
        """Whether a lexicon's language is what this is written in (R18)."""
        words = [word for word in text.casefold().split() if any(map(str.isalpha, word))]
        if not words:
            return True
        latin = sum(word[0].isascii() or "À" <= word[0].upper() <= "ɏ" for word in words)
        if latin * 2 < len(words):
            return False
        if len(words) < FEWEST_WORDS_TO_TELL:
            return True
        plain = {word.strip(".,!?;:()\"'¿¡…") for word in words}
        known = max(len(plain & lexicon.common) for lexicon in self._lexicons)
        strange = max((len(plain & each) for each in self._foreign), default=0)
        return known >= strange and known >= min(2, COVERED_SHARE * len(plain))

    def _weigh(self, signs: tuple[Sign, ...], *, covered: bool) -> Judgement:
        counted = [sign for sign in signs if not sign.is_mention]
        own = [s for s in counted if s.subject == Subject.SELF and s.time != Time.PAST]
        others = [s for s in counted if s.subject == Subject.OTHER and s.time != Time.PAST]
        level = max(
            _own_level(own, self._always),
            _others_level(others, self._always),
            _rest(signs),
            key=lambda each: RANK[each],
        )
        if level == Level.NONE and not covered:
            level = Level.UNASSESSED
        is_own = RANK[_own_level(own, self._always)] >= RANK[Level.HIGH]
        about_life = any(sign.component in OWN_LIFE | {Component.MEANS} for sign in own)
        return Judgement(
            level=level,
            signs=signs,
            subject=_whose(signs, own),
            time=_when(signs, own + others),
            crisis_text=is_own and about_life,
            lexicon=self.version,
        )


def text_features(text: str, lexicon: Lexicon, signs: Sequence[Sign]) -> frozenset[str]:
    """What the second opinion looks at in one text."""
    words = [word for word, _, _ in tokens_of(text, lexicon.speller)]
    counted = {
        f"{sign.rule}{'' if _counts(sign) else '-'}"
        for sign in signs
        if sign.component != Component.OPINION
    }
    return features_of(words, counted)


def _counts(sign: Sign) -> bool:
    return not sign.is_mention and sign.subject == Subject.SELF and sign.time != Time.PAST


def _own_level(own: Sequence[Sign], always: frozenset[Component]) -> Level:
    """What is said of oneself, now."""
    strong = {sign.component for sign in own if sign.weight >= ENOUGH}
    present = {sign.component for sign in own}
    pressing = Component.TIME in present, Component.MEANS in present
    if Component.ATTEMPT in strong:
        return Level.IMMINENT
    if strong & DECIDED and any(pressing):
        return Level.IMMINENT
    if Component.IDEATION in strong and all(pressing):
        return Level.IMMINENT
    if strong & (OWN_LIFE | always | {Component.MEANS}) or _adds_up(own):
        return Level.HIGH
    if present - NO_RISK - {Component.TIME}:
        return Level.CONCERN
    return Level.NONE


def _adds_up(own: Sequence[Sign]) -> bool:
    """Whether weak signs of different rules come to a strong one; at least one of them of life."""
    weak = {sign.rule: sign for sign in own if sign.component not in NO_RISK}
    of_life = any(sign.component in OWN_LIFE | {Component.MEANS} for sign in weak.values())
    risky = [sign for sign in weak.values() if sign.component != Component.TIME]
    return of_life and len(risky) > 1 and sum(sign.weight for sign in risky) >= ENOUGH


def _others_level(others: Sequence[Sign], always: frozenset[Component]) -> Level:
    """Somebody else in danger now (R14), or in danger from the person (R26)."""
    strong = {sign.component for sign in others if sign.weight >= ENOUGH}
    if Component.ATTEMPT in strong:
        return Level.IMMINENT
    if strong & (OWN_LIFE | always):
        return Level.HIGH
    risky = {sign.component for sign in others} - NO_RISK - {Component.TIME}
    return Level.CONCERN if risky else Level.NONE


def _rest(signs: Sequence[Sign]) -> Level:
    """What is past, denied, played or only named still is not nothing (R14)."""
    past = [s for s in signs if s.time == Time.PAST and not s.is_mention]
    if any(s.component == Component.ATTEMPT and s.subject == Subject.SELF for s in past):
        return Level.CONCERN
    return (
        Level.MENTION if signs and any(s.component != Component.TIME for s in signs) else Level.NONE
    )


def _whose(signs: Sequence[Sign], own: Sequence[Sign]) -> Subject:
    about = [sign for sign in signs if sign.component != Component.TIME]
    if not about:
        return Subject.UNKNOWN
    if any(sign.component not in NO_RISK for sign in own):
        return Subject.SELF
    weighed = [sign for sign in about if sign.subject != Subject.UNKNOWN]
    return weighed[0].subject if weighed else Subject.UNKNOWN


def _when(signs: Sequence[Sign], now: Sequence[Sign]) -> Time:
    about = [sign for sign in signs if sign.component != Component.TIME]
    if not about:
        return Time.UNKNOWN
    if any(sign.component != Component.TIME for sign in now):
        return Time.NOW
    return Time.PAST if any(sign.time == Time.PAST for sign in about) else Time.NOW


def _remembered(signs: tuple[Sign, ...]) -> tuple[Sign, ...]:
    """What is kept of many signs: no number of light ones makes a heavy one forgotten (R12)."""
    if len(signs) <= MOST_HEARD:
        return signs
    by_weight = sorted(range(len(signs)), key=lambda place: (signs[place].weight, place))
    return tuple(signs[place] for place in sorted(by_weight[-MOST_HEARD:]))
