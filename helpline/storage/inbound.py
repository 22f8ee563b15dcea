"""Events from the carrier: kept at the door in one statement, read later in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    LargeBinary,
    bindparam,
    exists,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.storage.models import Inbound
from helpline.storage.models.base import LOCK
from helpline.storage.sealed import SealedJson

# After this many failures an event no longer holds up the later ones of its sender.
STUCK_AFTER_ATTEMPTS = 5
LONGEST_PAUSE = timedelta(seconds=60)

TABLE = Inbound.metadata.tables["inbound"]
# Made once: the door's cost is mostly that of making a statement.
KEEP = (
    insert(TABLE)
    .values(
        kind=bindparam("kind"),
        natural_key=bindparam("natural_key"),
        sender_key=bindparam("sender_key"),
        payload=bindparam("payload"),
        came_at=bindparam("now"),
        due_at=bindparam("now"),
    )
    .on_conflict_do_nothing(index_elements=["natural_key"])
    .returning(TABLE.c.id)
)

PAYLOAD = SealedJson("inbound.payload")
_earlier = TABLE.alias("earlier")
NEXT = (
    select(TABLE.c.id, TABLE.c.kind, type_coerce(TABLE.c.payload, LargeBinary).label("sealed"))
    .where(
        TABLE.c.read_at.is_(None),
        TABLE.c.due_at <= bindparam("now"),
        ~exists().where(
            _earlier.c.sender_key == TABLE.c.sender_key,
            _earlier.c.id < TABLE.c.id,
            _earlier.c.read_at.is_(None),
            _earlier.c.attempts < STUCK_AFTER_ATTEMPTS,
        ),
    )
    .order_by(TABLE.c.id)
    .limit(1)
    .with_for_update(**LOCK, skip_locked=True, of=TABLE)
)
READ = (
    update(TABLE)
    .where(TABLE.c.id == bindparam("its_id"))
    .values(read_at=bindparam("now"), payload=None, sender_key=b"")
)


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
    told = {
        "kind": kind,
        "natural_key": natural_key,
        "sender_key": sender_key,
        "payload": payload,
        "now": now,
    }
    return connection.execute(KEEP, told).first() is not None


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """An event that is locked and to be read; its payload is still sealed."""

    id: int
    kind: str
    sealed: bytes


def lock_next(session: Session, now: datetime) -> KeptEvent | None:
    """The oldest unread event that is due and not behind an earlier one of the same sender."""
    row = session.execute(NEXT, {"now": now}).one_or_none()
    return None if row is None else KeptEvent(row.id, row.kind, bytes(row.sealed))


def open_payload(session: Session, event: KeptEvent) -> dict[str, Any]:
    """What the event says; raises `CannotOpen`.

    It is opened apart from `lock_next`, so that one that cannot be opened harms no other.
    """
    payload: dict[str, Any] = PAYLOAD.process_result_value(event.sealed, session.get_bind().dialect)
    return payload


def mark_read(session: Session, event: KeptEvent, now: datetime) -> None:
    """The event has been read: what it said, and of whom, is wiped; its key stays."""
    session.execute(READ, {"its_id": event.id, "now": now})


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
