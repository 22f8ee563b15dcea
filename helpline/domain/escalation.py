"""The chain: whom an alert goes to, and in which round (contract; R20)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")
# After this many rounds unacknowledged those who were told are called as well.
CALL_AFTER_ROUNDS = 2


class AlertState(StrEnum):
    """Where an alert stands."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


def chain_of(
    leads_on_duty: Sequence[int], leads: Sequence[int], professionals: Sequence[int]
) -> list[int]:
    """Volunteers' ids in the order in which they are told: each once."""
    return list(dict.fromkeys([*leads_on_duty, *leads, *professionals]))


def told_in_round(chain: Sequence[T], round_number: int) -> Sequence[T]:
    """Who is told in a round, the first being 0: one more in each, everybody before again."""
    return chain[: round_number + 1]


def is_call_due(round_number: int) -> bool:
    """Whether those told in this round are called too."""
    return round_number >= CALL_AFTER_ROUNDS
