"""Events from the carrier: kept at the door in one statement, read later in order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased, defer

from helpline.storage.models import Inbound

# After this many failures an event no longer holds up the later ones of its sender.
STUCK_AFTER_ATTEMPTS = 5
LONGEST_PAUSE = timedelta(seconds=60)


def keep(
    connection: Connection,
    *,
    kind: str,
    natural_key: str,
    sender_key: bytes,
    payload: dict[str, Any],
    now: datetime,
) -> bool:
    """Keep one event durably; False when it was kept before. One statement, one transaction."""
    row = insert(Inbound).values(
        kind=kind,
        natural_key=natural_key,
        sender_key=sender_key,
        payload=payload,
        came_at=now,
        due_at=now,
    )
    once = row.on_conflict_do_nothing(index_elements=[Inbound.natural_key])
    return connection.execute(once.returning(Inbound.id)).first() is not None


def lock_next(session: Session, now: datetime) -> Inbound | None:
    """The oldest unread event that is due and not behind an earlier one of the same sender.

    Its payload is opened only when it is used, so that one that cannot be opened harms no other.
    """
    earlier = aliased(Inbound)
    behind = exists().where(
        earlier.sender_key == Inbound.sender_key,
        earlier.id < Inbound.id,
        earlier.read_at.is_(None),
        earlier.attempts < STUCK_AFTER_ATTEMPTS,
    )
    return session.scalars(
        select(Inbound)
        .where(Inbound.read_at.is_(None), Inbound.due_at <= now, ~behind)
        .order_by(Inbound.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .options(defer(Inbound.payload))
    ).one_or_none()


def mark_read(event: Inbound, now: datetime) -> None:
    """The event has been read: what it said, and of whom, is wiped; its key stays."""
    event.read_at = now
    event.payload = None
    event.sender_key = b""


def postpone(session: Session, event_id: int, now: datetime) -> int:
    """Try again later; returns how often reading has failed."""
    attempts = session.scalars(
        update(Inbound)
        .where(Inbound.id == event_id)
        .values(attempts=Inbound.attempts + 1)
        .returning(Inbound.attempts)
    ).one()
    pause = min(timedelta(seconds=2 ** min(attempts - 1, 6)), LONGEST_PAUSE)
    session.execute(update(Inbound).where(Inbound.id == event_id).values(due_at=now + pause))
    return attempts


def oldest_unread(session: Session) -> datetime | None:
    """When the oldest unread event came."""
    return session.scalar(select(func.min(Inbound.came_at)).where(Inbound.read_at.is_(None)))
