"""Counts for the metrics: how many, how long; never who."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from helpline.domain.conversation import UNSENT_TEXT_STATES, State
from helpline.storage.models import Conversation, Duty, Inbound, Offer, OutgoingText, Step


@dataclass(frozen=True, slots=True)
class Counts:
    """One reading. Spans are in seconds, 0 when there is nothing."""

    waiting: int
    oldest_waiting_seconds: float
    active: int
    on_duty: int
    free: int
    unread: int
    lag_seconds: float
    offers: dict[str, int]
    texts: dict[str, int]


def read_counts(session: Session, now: datetime) -> Counts:
    """Count everything once."""
    waiting = Conversation.state.in_([State.WAITING, State.OFFERED])
    oldest = session.scalar(select(func.min(Conversation.waiting_since)).where(waiting))
    due = [
        session.scalar(select(func.min(Step.due_at))),
        session.scalar(select(func.min(Inbound.due_at)).where(Inbound.read_at.is_(None))),
        session.scalar(
            select(func.min(OutgoingText.due_at)).where(OutgoingText.state.in_(UNSENT_TEXT_STATES))
        ),
    ]
    return Counts(
        waiting=_count(session, Conversation.id, waiting),
        oldest_waiting_seconds=_seconds(oldest, now),
        active=_count(session, Conversation.id, Conversation.state == State.ACTIVE),
        on_duty=_count(session, Duty.volunteer_id, Duty.on_duty),
        free=_count(session, Duty.volunteer_id, Duty.free),
        unread=_count(session, Inbound.id, Inbound.read_at.is_(None)),
        lag_seconds=max(_seconds(moment, now) for moment in due),
        offers=_by(session, Offer.state),
        texts=_by(session, OutgoingText.state),
    )


def _count(session: Session, column: object, condition: object) -> int:
    return session.scalar(select(func.count(column)).where(condition)) or 0  # type: ignore[arg-type]


def _by(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column))
    return {state: count for state, count in rows}  # noqa: C416 - rows are not quite tuples


def _seconds(moment: datetime | None, now: datetime) -> float:
    if moment is None:
        return 0.0
    return max(0.0, (now - moment.astimezone(UTC)).total_seconds())
