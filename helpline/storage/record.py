"""The record of who did what, when."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpline.domain.record import Kind
from helpline.storage.models import AuditEvent


def write(
    session: Session,
    line_id: int,
    kind: Kind,
    now: datetime,
    *,
    conversation_id: int | None = None,
    volunteer_id: int | None = None,
    **facts: int | str | bool | None,
) -> None:
    """Write one event. Facts are ids, counts and codes: never words, names or numbers."""
    session.add(
        AuditEvent(
            line_id=line_id,
            at=now,
            kind=kind,
            conversation_id=conversation_id,
            volunteer_id=volunteer_id,
            facts=facts,
        )
    )


def last_time(session: Session, line_id: int, kind: Kind) -> datetime | None:
    """When something of this kind was last written for the line."""
    return session.scalar(
        select(AuditEvent.at)
        .where(AuditEvent.line_id == line_id, AuditEvent.kind == kind)
        .order_by(AuditEvent.at.desc())
        .limit(1)
    )
