"""Everything that is held about one person, shown (R36)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.erase_person import NothingHeld
from helpline.storage import contacts, volunteers
from helpline.storage.models import (
    Alert,
    Assessment,
    CallLeg,
    Contact,
    Conversation,
    Message,
    Note,
    OutgoingText,
    Rescue,
    ShiftTemplate,
    Voicemail,
    Volunteer,
    WrapUp,
)

OF_CONVERSATION = (
    *(
        "channel",
        "state",
        "risk",
        "language",
        "topics",
        "opened_at",
        "first_accepted_at",
        "ended_at",
    ),
)
# What is kept with a conversation, by the name under which it is shown: table and columns.
KEPT: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "messages": (Message, ("author", "written_at", "words", "media")),
    "texts_sent": (OutgoingText, ("kind", "written_at", "body")),
    "assessments": (Assessment, ("made_at", "lexicon", "result")),
    "alerts": (
        Alert,
        (
            *("raised_at", "level", "seen", "why", "acknowledged_at", "resolved_at", "outcome"),
            "is_false_alarm",
        ),
    ),
    "emergency_calls": (Rescue, ("called_at", "has_consent", "reason", "confirmed_at", "outcome")),
    "calls": (CallLeg, ("kind", "state", "ending", "made_at", "joined_at", "ended_at")),
    "voicemails": (Voicemail, ("left_at", "seconds", "delete_at", "deleted_at")),
    "notes": (Note, ("written_at", "words")),
    "wrap_ups": (WrapUp, ("ended_at", "answer")),
}


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
        "phone": contact.phone.e164 if contact.phone is not None else None,
        "alias": contact.alias,
        "language": contact.language,
        "wants_language": contact.wants_language,
        "wants_gender": contact.wants_gender,
        "opted_out_at": _moment(contact.opted_out_at),
        "first_seen_at": _moment(contact.created_at),
        "conversations": [_conversation(desk, conversation) for conversation in found],
    }


def _conversation(desk: Desk, conversation: Conversation) -> dict[str, Any]:
    told = {name: _value(getattr(conversation, name)) for name in OF_CONVERSATION}
    return told | {name: _rows(desk, conversation, name) for name in KEPT}


def _rows(desk: Desk, conversation: Conversation, name: str) -> list[dict[str, Any]]:
    model, columns = KEPT[name]
    of_this = model.conversation_id == conversation.id
    rows: Iterable[Any] = desk.session.scalars(select(model).where(of_this).order_by(model.id))
    if model is OutgoingText:
        rows = (row for row in rows if row.contact_id is not None and row.kind != "to_peer")
    return [{column: _value(getattr(row, column)) for column in columns} for row in rows]


def _value(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
