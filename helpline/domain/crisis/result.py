"""What the detector says of one text, or of a conversation (R10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Component(StrEnum):
    """What was recognised. The order is that of the ladder, the most pressing first."""

    ATTEMPT = "attempt"
    INTENT = "intent"
    PLAN = "plan"
    MEANS = "means"
    TIME = "time"
    IDEATION = "ideation"
    FAREWELL = "farewell"
    BURDEN = "burden"
    HOPELESSNESS = "hopelessness"
    OPINION = "opinion"
    SELF_INJURY = "self_injury"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"
    CHILD = "child"
    MEDICAL = "medical"
    METHOD = "method"
    MENTION = "mention"


class Subject(StrEnum):
    """Whose life it is about."""

    SELF = "self"
    OTHER = "other"
    UNKNOWN = "unknown"


class Time(StrEnum):
    """Whether it is so now."""

    NOW = "now"
    PAST = "past"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """How soon a human must look. `unassessed` is looked at by a human, never taken for none."""

    NONE = "none"
    MENTION = "mention"
    CONCERN = "concern"
    HIGH = "high"
    IMMINENT = "imminent"
    UNASSESSED = "unassessed"


RANK = {
    Level.NONE: 0,
    Level.UNASSESSED: 1,
    Level.MENTION: 1,
    Level.CONCERN: 2,
    Level.HIGH: 3,
    Level.IMMINENT: 4,
}


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing recognised: which rule, where in the text (character offsets), about whom, when.

    `weight` is 1 for what stands on its own; weaker signs add up. A sign that was denied,
    or said in jest, in a story or of the past, counts as a mention only.
    """

    component: Component
    rule: str
    subject: Subject
    time: Time
    weight: float
    start: int
    end: int
    is_mention: bool = False

    def as_json(self) -> list[object]:
        """Plain values, for the sealed column."""
        return [
            self.component.value,
            self.rule,
            self.subject.value,
            self.time.value,
            self.weight,
            self.start,
            self.end,
            self.is_mention,
        ]

    @classmethod
    def from_json(cls, values: list[object]) -> Sign:
        """Back from `as_json`."""
        component, rule, subject, time, weight, start, end, is_mention = values
        return cls(
            Component(str(component)),
            str(rule),
            Subject(str(subject)),
            Time(str(time)),
            float(str(weight)),
            int(str(start)),
            int(str(end)),
            bool(is_mention),
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the detector says (R10). `crisis_text`: whether the person would be sent it (R15)."""

    level: Level
    signs: tuple[Sign, ...]
    subject: Subject
    time: Time
    crisis_text: bool
    lexicon: str

    @property
    def components(self) -> tuple[str, ...]:
        """The components that count, the most pressing first."""
        found = {sign.component for sign in self.signs}
        return tuple(component.value for component in Component if component in found)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that matched, each once, in the order of the text."""
        return tuple(dict.fromkeys(sign.rule for sign in self.signs))
