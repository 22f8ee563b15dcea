"""The chain: whom an alert goes to and in which round; the operator's policy (R20, R25, R26)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from helpline.domain.conversation import Risk
from helpline.domain.crisis.result import Component

T = TypeVar("T")


class AlertState(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Rung(StrEnum):
    """A part of the chain."""

    LEAD_ON_DUTY = "lead_on_duty"
    LEAD = "lead"
    PROFESSIONAL = "professional"


class BadEscalation(ValueError):
    """`config/escalation.toml` cannot be used; the text says what should stand where."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """What the operator decided about bringing people in."""

    order: tuple[Rung, ...]
    call_after_rounds: int
    alert_from: Risk
    crisis_text_from: Risk
    crisis_text_rest: timedelta
    weak_lasts: timedelta
    always: frozenset[Component]
    consent_only: bool

    def is_call_due(self, round_number: int) -> bool:
        """Whether those told in this round, the first being 0, are called too."""
        return round_number >= self.call_after_rounds


def make_escalation(raw: Mapping[str, Any]) -> Escalation:
    """The policy from its file's values; raises `BadEscalation`."""
    try:
        escalation = Escalation(
            order=tuple(Rung(each) for each in raw["chain"]["order"]),
            call_after_rounds=int(raw["chain"]["call_after_rounds"]),
            alert_from=Risk[str(raw["levels"]["alert"]).upper()],
            crisis_text_from=Risk[str(raw["levels"]["crisis_text"]).upper()],
            crisis_text_rest=timedelta(hours=float(raw["levels"]["crisis_text_hours"])),
            weak_lasts=timedelta(hours=float(raw["heard"]["weak_hours"])),
            always=frozenset(Component(each) for each in raw["hand_over"]["always"]),
            consent_only=bool(raw["rescue"]["consent_only"]),
        )
    except (KeyError, ValueError, TypeError) as reason:
        raise BadEscalation(f"escalation.toml: {reason} is missing or not known") from None
    if Rung.LEAD not in escalation.order or escalation.call_after_rounds < 1:
        raise BadEscalation("escalation.toml: the chain needs leads, and at least one round")
    if escalation.alert_from > Risk.HIGH:
        raise BadEscalation("escalation.toml: an alert is due at high at the latest")
    return escalation


def chain_of(rungs: Mapping[Rung, Sequence[int]], order: Sequence[Rung]) -> list[int]:
    """Volunteers' ids in the order in which they are told: each once."""
    return list(dict.fromkeys(key for rung in order for key in rungs.get(rung, ())))


def told_in_round(chain: Sequence[T], round_number: int) -> Sequence[T]:
    """Who is told in a round, the first being 0: one more in each, everybody before again."""
    return chain[: round_number + 1]
