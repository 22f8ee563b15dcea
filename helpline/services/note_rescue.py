"""Only leads call emergency services; the record keeps why, and what came of it (R25)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from helpline.domain.commands import NO, YES, Reading
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.services.answer_alert import mine
from helpline.services.desk import Desk
from helpline.services.write_text import to_volunteer
from helpline.storage import conversations, steps
from helpline.storage.models import Conversation, Number, Rescue, Volunteer
from helpline.storage.models.base import LOCK

# Whoever called is asked this often whether help reached the person, until they say so.
ASKED_EVERY = timedelta(minutes=15)


def called(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#called yes why`: they have called emergency services, with consent or without."""
    alert = mine(desk, volunteer)
    if alert is None:
        return
    consent, _, reason = reading.words.strip().partition(" ")
    answer = consent.lower().strip(".,:;")
    if answer not in YES | NO or not reason.strip():
        to_volunteer(desk, volunteer, desk.say("rescue_how"))
        return
    if answer in NO and desk.house.escalation.consent_only:
        to_volunteer(desk, volunteer, desk.say("rescue_needs_consent"))
        return
    rescue = Rescue(
        line_id=alert.line_id,
        conversation_id=alert.conversation_id,
        alert_id=alert.id,
        called_by=volunteer.id,
        called_at=desk.now,
        has_consent=answer in YES,
        reason=reason.strip(),
    )
    desk.session.add(rescue)
    desk.session.flush()
    steps.promise(desk.session, StepKind.ASK_ABOUT_RESCUE, rescue.id, desk.now + ASKED_EVERY)
    _note(desk, rescue, Kind.RESCUE_CALLED, consent=rescue.has_consent)
    to_volunteer(desk, volunteer, desk.say("rescue_kept", alias=_alias(desk, rescue)))


def confirmed(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#confirmed how it went`: the open task is closed with its outcome."""
    rescue = desk.session.scalars(
        select(Rescue)
        .where(Rescue.called_by == volunteer.id, Rescue.confirmed_at.is_(None))
        .order_by(Rescue.id)
        .limit(1)
        .with_for_update(**LOCK)
    ).one_or_none()
    if rescue is None:
        to_volunteer(desk, volunteer, desk.say("rescue_none"))
        return
    outcome = reading.words.strip()
    if not outcome:
        to_volunteer(desk, volunteer, desk.say("rescue_open", alias=_alias(desk, rescue)))
        return
    rescue.confirmed_at, rescue.outcome = desk.now, outcome
    steps.drop_promise(desk.session, StepKind.ASK_ABOUT_RESCUE, rescue.id)
    _note(desk, rescue, Kind.RESCUE_CONFIRMED)
    to_volunteer(desk, volunteer, desk.say("rescue_confirmed"))


def ask_about_rescue(desk: Desk, rescue_id: int) -> None:
    """Ask whoever called, again and again, whether help reached the person."""
    rescue = desk.session.get(Rescue, rescue_id)
    if rescue is None or rescue.confirmed_at is not None:
        return
    caller = desk.session.get_one(Volunteer, rescue.called_by)
    said = desk.say("rescue_open", alias=_alias(desk, rescue))
    to_volunteer(desk, caller, said, kind=TextKind.ALERT, conversation_id=rescue.conversation_id)
    _note(desk, rescue, Kind.RESCUE_ASKED_ABOUT)
    steps.promise(desk.session, StepKind.ASK_ABOUT_RESCUE, rescue.id, desk.now + ASKED_EVERY)


def _alias(desk: Desk, rescue: Rescue) -> str:
    conversation = desk.session.get_one(Conversation, rescue.conversation_id)
    return conversations.contact_of(desk.session, conversation).alias


def _note(desk: Desk, rescue: Rescue, kind: Kind, **facts: bool) -> None:
    desk.note(
        rescue.line_id,
        kind,
        conversation_id=rescue.conversation_id,
        volunteer_id=rescue.called_by,
        rescue=rescue.id,
        **facts,
    )
