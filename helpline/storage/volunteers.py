"""Volunteers, and who of them may be texted about something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from helpline.domain.phone import PhoneNumber
from helpline.storage.engine import vault_of_session
from helpline.storage.models import Duty, Shift, Volunteer
from helpline.storage.models.base import LOCK


def by_phone(session: Session, line_id: int, phone: PhoneNumber) -> Select[Volunteer]:
    """The serving volunteer with this number."""
    return select(Volunteer).where(
        Volunteer.line_id == line_id,
        Volunteer.phone_key == vault_of_session(session).phone_key(phone),
        Volunteer.retired_at.is_(None),
    )


def lock_by_phone(session: Session, line_id: int, phone: PhoneNumber) -> Volunteer | None:
    """The serving volunteer with this number, locked until the transaction ends."""
    return session.scalars(
        by_phone(session, line_id, phone)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def find_by_phone(session: Session, line_id: int, phone: PhoneNumber) -> Volunteer | None:
    """The serving volunteer with this number, not locked."""
    return session.scalars(by_phone(session, line_id, phone)).one_or_none()


def find_by_key(session: Session, line_id: int, phone_key: bytes) -> Volunteer | None:
    """The serving volunteer with this number, by its keyed hash, not locked."""
    return session.scalars(
        select(Volunteer).where(
            Volunteer.line_id == line_id,
            Volunteer.phone_key == phone_key,
            Volunteer.retired_at.is_(None),
        )
    ).one_or_none()


def serving(session: Session, line_id: int) -> list[Volunteer]:
    """Every volunteer who has not retired, oldest first."""
    return list(
        session.scalars(
            select(Volunteer)
            .where(Volunteer.line_id == line_id, Volunteer.retired_at.is_(None))
            .order_by(Volunteer.id)
        )
    )


def leads_to_tell(session: Session, line_id: int) -> list[Volunteer]:
    """The leads on duty; if there are none, every lead who can be texted."""
    leads = (
        select(Volunteer)
        .where(
            Volunteer.line_id == line_id,
            Volunteer.retired_at.is_(None),
            Volunteer.opted_out_at.is_(None),
            Volunteer.roles.contains(["lead"]),
        )
        .order_by(Volunteer.id)
    )
    on_duty = leads.join(Duty, Duty.volunteer_id == Volunteer.id).where(Duty.on_duty)
    return list(session.scalars(on_duty)) or list(session.scalars(leads))


def shift_around(session: Session, volunteer_id: int, now: datetime) -> Shift | None:
    """The shift that this volunteer is inside of, the longest if several overlap."""
    return session.scalars(
        select(Shift)
        .where(Shift.volunteer_id == volunteer_id, Shift.ends_at > now, Shift.starts_at <= now)
        .order_by(Shift.ends_at.desc())
        .limit(1)
    ).one_or_none()


def shifts_ahead(session: Session, volunteer_id: int, now: datetime, most: int) -> list[Shift]:
    """The shifts that start after now, soonest first."""
    return _shifts(session, volunteer_id, Shift.starts_at > now, most)


def shifts_from(session: Session, volunteer_id: int, now: datetime, most: int) -> list[Shift]:
    """The shift under way, if any, and those that follow."""
    return _shifts(session, volunteer_id, Shift.ends_at > now, most)


def _shifts(
    session: Session, volunteer_id: int, which: ColumnElement[bool], most: int
) -> list[Shift]:
    return list(
        session.scalars(
            select(Shift)
            .where(Shift.volunteer_id == volunteer_id, which)
            .order_by(Shift.starts_at)
            .limit(most)
        )
    )


def on_duty(session: Session, line_id: int, role: str) -> Sequence[Volunteer]:
    """Those on duty with a role, oldest first."""
    return session.scalars(
        select(Volunteer)
        .join(Duty, Duty.volunteer_id == Volunteer.id)
        .where(
            Volunteer.line_id == line_id,
            Volunteer.opted_out_at.is_(None),
            Volunteer.roles.contains([role]),
            Duty.on_duty,
        )
        .order_by(Volunteer.id)
    ).all()
