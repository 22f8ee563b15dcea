"""Calls: the legs that make one up, how each moves, what is ordered of the carrier, who is rung.

Reports on a leg may come twice, late, out of order or never: a leg only moves forwards, and its
end is its end, so that any order leads to the same state (TWILIO.md 1.4, 1.5).
"""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """How a conversation is held: by text, by a call that came in, or by a call that we make."""

    TEXT = "text"
    VOICE = "voice"
    CALL_BACK = "call_back"


SPOKEN = frozenset({Channel.VOICE, Channel.CALL_BACK})


class LegKind(StrEnum):
    """Whose phone a leg is."""

    CALLER = "caller"
    PEER = "peer"
    PROFESSIONAL = "professional"
    LEAD = "lead"
    ALERT = "alert"


class LegState(StrEnum):
    """Where a leg stands. `JOINED` is in the room with the others, by a press of 1."""

    QUEUED = "queued"
    RINGING = "ringing"
    ANSWERED = "answered"
    JOINED = "joined"
    ENDED = "ended"


class LegEnding(StrEnum):
    """How a leg ended; the first five as the carrier says it."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class OrderKind(StrEnum):
    """What the carrier is asked to do. Orders of one leg are carried out one after another."""

    DIAL = "dial"
    END = "end"
    MOVE = "move"
    CHECK = "check"
    ANNOUNCE = "announce"


class OrderState(StrEnum):
    """Where an order stands; the first three are unfinished."""

    QUEUED = "queued"
    DOING = "doing"
    UNSURE = "unsure"
    DONE = "done"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Strategy(StrEnum):
    """Who is rung: one after another, the best few at once, or all who are free."""

    ONE = "one"
    SOME = "some"
    ALL = "all"


OPEN_ORDERS = frozenset({OrderState.QUEUED, OrderState.DOING, OrderState.UNSURE})
MOST_AT_ONCE = 50
_RANKS = {state: rank for rank, state in enumerate(LegState)}


def is_news(current: LegState, said: LegState) -> bool:
    """Whether a report moves a leg forwards; anything else changes nothing."""
    return _RANKS[said] > _RANKS[current]


def rung_at_once(strategy: Strategy, best: int) -> int:
    """How many phones may ring for one caller; `best` is the operator's figure for `SOME`."""
    return {Strategy.ONE: 1, Strategy.SOME: best, Strategy.ALL: MOST_AT_ONCE}[strategy]
