"""Alerts: who is told, who has answered, who is with a conversation because of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.domain.conversation import Risk, State
from helpline.domain.escalation import AlertState, Rung, chain_of
from helpline.storage.models import Alert, AlertNotice, Contact, Conversation, Duty, Volunteer
from helpline.storage.models.base import LOCK


def lock(session: Session, alert_id: int) -> Alert:
    """This alert, locked and fresh."""
    return session.get_one(Alert, alert_id, with_for_update=LOCK, populate_existing=True)


def open_for(session: Session, conversation_id: int) -> Alert | None:
    """The alert of this conversation that is not resolved, not locked."""
    return session.scalars(
        select(Alert).where(
            Alert.conversation_id == conversation_id, Alert.state != AlertState.RESOLVED
        )
    ).one_or_none()


def chain(session: Session, alert: Alert, order: Sequence[Rung]) -> list[Volunteer]:
    """Everybody who may be told, in order; never the person themself.

    The peer who is with them is told only where there is nobody else.
    """
    conversation = session.get_one(Conversation, alert.conversation_id)
    peer = conversation.volunteer_id if conversation.state == State.ACTIVE else None
    serving = (
        select(Volunteer, Duty.volunteer_id)
        .outerjoin(Duty, Duty.volunteer_id == Volunteer.id)
        .where(
            Volunteer.line_id == alert.line_id,
            Volunteer.retired_at.is_(None),
            Volunteer.opted_out_at.is_(None),
            or_(Volunteer.roles.contains(["lead"]), Volunteer.roles.contains(["professional"])),
        )
        .order_by(Volunteer.id)
    )
    own_key = conversation_phone_key(session, conversation)
    found = {
        volunteer.id: (volunteer, on_duty is not None)
        for volunteer, on_duty in session.execute(serving)
        if volunteer.phone_key != own_key
    }
    if len(found) > 1:
        found.pop(peer or 0, None)
    leads = [key for key, (each, _) in found.items() if "lead" in each.roles]
    professionals = [key for key, (each, _) in found.items() if "professional" in each.roles]
    rungs = {
        Rung.LEAD_ON_DUTY: [key for key in leads if found[key][1]],
        Rung.LEAD: leads,
        Rung.PROFESSIONAL: sorted(professionals, key=lambda key: not found[key][1]),
    }
    ids = chain_of(rungs, order)
    return [found[key][0] for key in ids]


def conversation_phone_key(session: Session, conversation: Conversation) -> bytes:
    """The keyed hash of the number of whose conversation it is."""
    return bytes(session.get_one(Contact, conversation.contact_id).phone_key)


def remember_notice(session: Session, alert_id: int, volunteer_id: int, now: datetime) -> None:
    """This volunteer has been told, and may acknowledge."""
    row = insert(AlertNotice).values(
        alert_id=alert_id, volunteer_id=volunteer_id, first_told_at=now
    )
    session.execute(row.on_conflict_do_nothing())


def told(session: Session, alert_id: int) -> set[int]:
    """The ids of the volunteers who have been told."""
    return set(
        session.scalars(select(AlertNotice.volunteer_id).where(AlertNotice.alert_id == alert_id))
    )


def waiting_for(session: Session, volunteer_id: int) -> Alert | None:
    """The oldest alert that this volunteer was told of and nobody has acknowledged."""
    return session.scalars(
        select(Alert)
        .join(AlertNotice, AlertNotice.alert_id == Alert.id)
        .where(AlertNotice.volunteer_id == volunteer_id, Alert.state == AlertState.RAISED)
        .order_by(Alert.level.desc(), Alert.id)
        .limit(1)
    ).one_or_none()


def answered_by_others(session: Session, volunteer_id: int, since: datetime) -> Alert | None:
    """The latest alert this volunteer was told of that somebody else has acknowledged since."""
    return session.scalars(
        select(Alert)
        .join(AlertNotice, AlertNotice.alert_id == Alert.id)
        .where(
            AlertNotice.volunteer_id == volunteer_id,
            Alert.acknowledged_by != volunteer_id,
            Alert.acknowledged_at > since,
        )
        .order_by(Alert.id.desc())
        .limit(1)
    ).one_or_none()


def held_by(session: Session, volunteer_id: int) -> list[Alert]:
    """The alerts that this volunteer has acknowledged and not resolved, the newest first."""
    return list(
        session.scalars(
            select(Alert)
            .where(Alert.acknowledged_by == volunteer_id, Alert.state == AlertState.ACKNOWLEDGED)
            .order_by(Alert.acknowledged_at.desc(), Alert.id.desc())
        )
    )


def is_watched(conversation: Conversation) -> bool:
    """Whether there can be an alert: never below some concern."""
    return conversation.risk >= Risk.CONCERN
