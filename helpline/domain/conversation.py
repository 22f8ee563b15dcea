"""The states of a conversation, of an offer and of a text, and the moves between them.

One table decides every pair of state and event; a CHECK constraint repeats the legal states.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class State(StrEnum):
    """Where a conversation stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class Event(StrEnum):
    """What can happen to a conversation."""

    OFFERED = "offered"
    OFFER_ENDED = "offer_ended"
    ACCEPTED = "accepted"
    HANDED_ON = "handed_on"
    FINISHED = "finished"
    WRAPPED_UP = "wrapped_up"
    OPTED_OUT = "opted_out"
    HUNG_UP = "hung_up"
    ERASED = "erased"


class Risk(IntEnum):
    """How soon a human must look; people may lower it, code only raises it (R12)."""

    NONE = 0
    MENTION = 1
    CONCERN = 2
    HIGH = 3
    IMMINENT = 4


class OfferState(StrEnum):
    """How an offer ended, or that it has not."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    PASSED = "passed"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    UNDELIVERED = "undelivered"


class TextState(StrEnum):
    """Where an outgoing text stands; `FINAL_TEXT_STATES` never change again."""

    QUEUED = "queued"
    SENDING = "sending"
    UNSURE = "unsure"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class IllegalMove(Exception):
    """This event cannot happen to a conversation in this state."""


OPEN_STATES = frozenset({State.WAITING, State.OFFERED, State.ACTIVE})
HELD_STATES = frozenset({State.ACTIVE, State.WRAP_UP})
UNSENT_TEXT_STATES = frozenset({TextState.QUEUED, TextState.SENDING, TextState.UNSURE})
FINAL_TEXT_STATES = frozenset(
    {TextState.DELIVERED, TextState.UNDELIVERED, TextState.FAILED, TextState.WITHDRAWN}
)

MOVES: dict[tuple[State, Event], State] = {
    (State.WAITING, Event.OFFERED): State.OFFERED,
    (State.WAITING, Event.OPTED_OUT): State.ABANDONED,
    (State.WAITING, Event.HUNG_UP): State.ABANDONED,
    (State.WAITING, Event.ERASED): State.ABANDONED,
    (State.OFFERED, Event.OFFER_ENDED): State.WAITING,
    (State.OFFERED, Event.ACCEPTED): State.ACTIVE,
    (State.OFFERED, Event.OPTED_OUT): State.ABANDONED,
    (State.OFFERED, Event.HUNG_UP): State.ABANDONED,
    (State.OFFERED, Event.ERASED): State.ABANDONED,
    (State.ACTIVE, Event.HANDED_ON): State.WAITING,
    (State.ACTIVE, Event.FINISHED): State.WRAP_UP,
    (State.ACTIVE, Event.OPTED_OUT): State.ACTIVE,
    (State.ACTIVE, Event.HUNG_UP): State.ABANDONED,
    (State.ACTIVE, Event.ERASED): State.CLOSED,
    (State.WRAP_UP, Event.WRAPPED_UP): State.CLOSED,
    (State.WRAP_UP, Event.OPTED_OUT): State.WRAP_UP,
    (State.WRAP_UP, Event.ERASED): State.CLOSED,
}


def after(state: State, event: Event) -> State:
    """The state that follows; raises `IllegalMove` for a pair that is not in the table."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"{event} cannot happen to a conversation that is {state}") from None
