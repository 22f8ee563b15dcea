"""Everything that is held about one person: shown, or removed here and at the carrier (R36)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select

from helpline.domain.conversation import OfferState, State
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_volunteer
from helpline.storage import alerts, contacts, conversations, messages, offers, outbox, volunteers
from helpline.storage.engine import vault_of_session
from helpline.storage.models import (
    Alert,
    AlertNotice,
    Assessment,
    AuditEvent,
    Contact,
    Conversation,
    Inbound,
    Message,
    Note,
    Offer,
    OutgoingText,
    Place,
    Rescue,
    ShiftTemplate,
    Volunteer,
    WrapUp,
)

OF_CONVERSATIONS = (StepKind.TELL_WAITING, StepKind.CHECK_IDLE, StepKind.REASK)


class NothingHeld(Exception):
    """Nothing is held about this number."""


def export_person(desk: Desk, line_id: int, phone: PhoneNumber) -> dict[str, Any]:
    """All about one person, as plain values for JSON; raises `NothingHeld`.

    Of a volunteer, what is held about them as one, under `volunteer`.
    """
    contact = contacts.lock_by_phone(desk.session, line_id, phone)
    volunteer = volunteers.find_by_phone(desk.session, line_id, phone)
    if contact is None and volunteer is None:
        raise NothingHeld("nothing is held about this number")
    desk.note(line_id, Kind.PERSON_EXPORTED)
    held = _person(desk, contact) if contact is not None else {"phone": phone.e164}
    return held | ({"volunteer": _volunteer(desk, volunteer)} if volunteer is not None else {})


def _volunteer(desk: Desk, volunteer: Volunteer) -> dict[str, Any]:
    mine = desk.session.scalars(
        select(ShiftTemplate).where(ShiftTemplate.volunteer_id == volunteer.id)
    )
    wrap_ups = desk.session.scalars(select(WrapUp).where(WrapUp.volunteer_id == volunteer.id))
    trained_until = volunteer.trained_until
    return {
        "name": volunteer.name,
        "roles": volunteer.roles,
        "languages": volunteer.languages,
        "topics": volunteer.topics,
        "excluded_topics": volunteer.excluded_topics,
        "gender": volunteer.gender,
        "timezone": volunteer.timezone,
        "trained_until": trained_until.isoformat() if trained_until else None,
        "max_conversations": volunteer.max_conversations,
        "since": _moment(volunteer.created_at),
        "opted_out_at": _moment(volunteer.opted_out_at),
        "shifts": [
            {
                "starts": f"{each.starts:%Y-%m-%d %H:%M}",
                "ends": f"{each.ends:%Y-%m-%d %H:%M}",
                "timezone": each.timezone,
                "repeats": each.repeats,
            }
            for each in mine
        ],
        "wrap_ups": [
            {"at": _moment(each.ended_at), "answer": each.answer, "wellbeing": each.wellbeing}
            for each in wrap_ups
        ],
    }


def _person(desk: Desk, contact: Contact) -> dict[str, Any]:
    found = desk.session.scalars(
        select(Conversation).where(Conversation.contact_id == contact.id).order_by(Conversation.id)
    )
    return {
        "phone": contact.phone.e164,
        "alias": contact.alias,
        "language": contact.language,
        "wants_language": contact.wants_language,
        "wants_gender": contact.wants_gender,
        "opted_out_at": _moment(contact.opted_out_at),
        "first_seen_at": _moment(contact.created_at),
        "conversations": [_conversation(desk, conversation) for conversation in found],
    }


def _conversation(desk: Desk, conversation: Conversation) -> dict[str, Any]:
    def rows(model: Any) -> Any:
        of_this = model.conversation_id == conversation.id
        return desk.session.scalars(select(model).where(of_this).order_by(model.id))

    return {
        "state": conversation.state,
        "risk": conversation.risk,
        "language": conversation.language,
        "topics": conversation.topics,
        "opened_at": _moment(conversation.opened_at),
        "accepted_at": _moment(conversation.first_accepted_at),
        "ended_at": _moment(conversation.ended_at),
        "messages": [
            {
                "author": each.author,
                "at": _moment(each.written_at),
                "words": each.words,
                "media": each.media,
            }
            for each in rows(Message)
        ],
        "texts_sent": [
            {"kind": each.kind, "at": _moment(each.written_at), "body": each.body}
            for each in rows(OutgoingText)
            if each.contact_id is not None and each.kind != "to_peer"
        ],
        "assessments": [
            {"at": _moment(each.made_at), "lexicon": each.lexicon, "result": each.result}
            for each in rows(Assessment)
        ],
        "alerts": [
            {
                "raised_at": _moment(each.raised_at),
                "level": each.level,
                "seen": each.seen,
                "why": each.why,
                "acknowledged_at": _moment(each.acknowledged_at),
                "resolved_at": _moment(each.resolved_at),
                "outcome": each.outcome,
                "is_false_alarm": each.is_false_alarm,
            }
            for each in rows(Alert)
        ],
        "emergency_calls": [
            {
                "at": _moment(each.called_at),
                "has_consent": each.has_consent,
                "reason": each.reason,
                "outcome": each.outcome,
            }
            for each in rows(Rescue)
        ],
        "notes": [{"at": _moment(each.written_at), "words": each.words} for each in rows(Note)],
        "wrap_ups": [
            {"at": _moment(each.ended_at), "answer": each.answer} for each in rows(WrapUp)
        ],
    }


def _moment(moment: Any) -> str | None:
    return moment.isoformat() if moment is not None else None


def erase_person(desk: Desk, line_id: int, phone: PhoneNumber) -> dict[str, int]:
    """Remove all about one person here, and promise the same at the carrier.

    A peer who is with them is told that it is over. Returns how many rows of what went. Raises
    `NothingHeld`.
    """
    session = desk.session
    contact = contacts.lock_by_phone(session, line_id, phone)
    if contact is None:
        if volunteers.find_by_phone(session, line_id, phone) is not None:
            raise NothingHeld(
                "this is a volunteer, and nothing is held about them as a person; to end their "
                "service: helpline volunteers retire"
            )
        raise NothingHeld("nothing is held about this number")
    ids = list(
        session.scalars(select(Conversation.id).where(Conversation.contact_id == contact.id))
    )
    for conversation_id in ids:
        _let_go(desk, conversations.lock(session, conversation_id))
    outbox.promise_deletion(session, _sids(desk, contact, ids), desk.now)
    for conversation_id in ids:
        for kind in OF_CONVERSATIONS:
            outbox.drop_promise(session, kind, conversation_id)
        alert = alerts.open_for(session, conversation_id)
        if alert is not None:
            outbox.drop_promise(session, StepKind.REPEAT_ALERT, alert.id)
    gone = _delete_rows(desk, contact, ids)
    desk.note(line_id, Kind.PERSON_ERASED, conversations=len(ids))
    return gone


def _let_go(desk: Desk, conversation: Conversation) -> None:
    """Free whoever holds or was offered this (locked) conversation, and tell them."""
    holder = conversation.volunteer_id
    offer = offers.pending_for_conversation(desk.session, conversation.id)
    if offer is not None:
        holder = offer.volunteer_id
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN)
    if conversation.state in (State.ACTIVE, State.WRAP_UP):
        conversations.release(desk.session, conversation)
        conversation.state = State.CLOSED
    desk.session.flush()
    if holder is not None:
        messages.take_held(desk.session, holder)
        desk.session.execute(delete(WrapUp).where(WrapUp.conversation_id == conversation.id))
        refresh_duty(desk, holder)
        volunteer = desk.session.get_one(Volunteer, holder)
        to_volunteer(desk, volunteer, desk.say("person_erased"))


def _sids(desk: Desk, contact: Contact, ids: list[int]) -> list[str]:
    """What the carrier calls the texts: theirs, their peers', and ours about them."""
    theirs = desk.session.scalars(select(Message.sid).where(Message.contact_id == contact.id))
    ours = desk.session.scalars(
        select(OutgoingText.sid).where(_about(contact, ids), OutgoingText.sid.is_not(None))
    )
    return [sid for sid in (*theirs, *ours) if sid]


def _about(contact: Contact, ids: list[int]) -> ColumnElement[bool]:
    return or_(
        OutgoingText.contact_id == contact.id,
        OutgoingText.conversation_id.in_(ids),
    )


def _delete_rows(desk: Desk, contact: Contact, ids: list[int]) -> dict[str, int]:
    session = desk.session
    sender_key = vault_of_session(session).phone_key(contact.phone)
    alert_ids = select(Alert.id).where(Alert.conversation_id.in_(ids))
    wanted: list[tuple[str, Any]] = [
        ("assessments", delete(Assessment).where(Assessment.conversation_id.in_(ids))),
        ("notices", delete(AlertNotice).where(AlertNotice.alert_id.in_(alert_ids))),
        ("rescues", delete(Rescue).where(Rescue.conversation_id.in_(ids))),
        ("alerts", delete(Alert).where(Alert.conversation_id.in_(ids))),
        ("texts", delete(OutgoingText).where(_about(contact, ids))),
        ("messages", delete(Message).where(Message.contact_id == contact.id)),
        ("unread", delete(Inbound).where(Inbound.sender_key == sender_key)),
        ("notes", delete(Note).where(Note.conversation_id.in_(ids))),
        ("wrap_ups", delete(WrapUp).where(WrapUp.conversation_id.in_(ids))),
        ("places", delete(Place).where(Place.conversation_id.in_(ids))),
        ("offers", delete(Offer).where(Offer.conversation_id.in_(ids))),
        ("events", delete(AuditEvent).where(AuditEvent.conversation_id.in_(ids))),
        ("conversations", delete(Conversation).where(Conversation.id.in_(ids))),
        ("contacts", delete(Contact).where(Contact.id == contact.id)),
    ]
    session.flush()
    gone = {}
    for name, statement in wanted:
        done = session.execute(statement.execution_options(synchronize_session=False))
        gone[name] = max(0, done.rowcount)  # type: ignore[attr-defined]
    session.expunge_all()
    return gone
