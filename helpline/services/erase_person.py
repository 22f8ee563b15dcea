"""Everything that is held about one person, removed here and at the carrier (R36)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select

from helpline.domain.calls import LegState
from helpline.domain.conversation import OfferState, State
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_volunteer
from helpline.storage import (
    alerts,
    contacts,
    conversations,
    messages,
    offers,
    outbox,
    steps,
    volunteers,
)
from helpline.storage.models import (
    Alert,
    AlertNotice,
    Assessment,
    AuditEvent,
    Call,
    CallLeg,
    CallOrder,
    Contact,
    Conversation,
    Inbound,
    Message,
    Note,
    Offer,
    OutgoingText,
    Place,
    Rescue,
    Voicemail,
    Volunteer,
    WrapUp,
)

OF_CONVERSATIONS = (
    StepKind.TELL_WAITING,
    StepKind.CHECK_IDLE,
    StepKind.REASK,
    StepKind.RING,
    StepKind.OFFER_CHOICE,
)


class NothingHeld(Exception):
    """Nothing is held about this number."""


class OnThePhone(Exception):
    """They are in a call at this moment, whose ends we must still be able to let go."""


def erase_person(desk: Desk, line_id: int, phone: PhoneNumber) -> dict[str, int]:
    """Remove all about one person here, and promise the same at the carrier.

    A peer who is with them is told that it is over. Returns how many rows of what went. Raises
    `NothingHeld`, and `OnThePhone` during a call.
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
    legs = session.scalars(select(CallLeg).where(CallLeg.conversation_id.in_(ids))).all()
    if any(leg.state != LegState.ENDED for leg in legs):
        raise OnThePhone("this person is in a call just now; try again when it is over")
    for conversation_id in ids:
        _let_go(desk, conversations.lock(session, conversation_id))
    recordings = session.scalars(select(Voicemail.sid).where(Voicemail.conversation_id.in_(ids)))
    sids = [*_sids(desk, contact, ids), *(leg.sid for leg in legs if leg.sid), *recordings]
    outbox.promise_deletion(session, sids, desk.now)
    for conversation_id in ids:
        for kind in OF_CONVERSATIONS:
            steps.drop_promise(session, kind, conversation_id)
        alert = alerts.open_for(session, conversation_id)
        if alert is not None:
            steps.drop_promise(session, StepKind.REPEAT_ALERT, alert.id)
    gone = _delete_rows(desk, contact, ids)
    desk.note(line_id, Kind.PERSON_ERASED, conversations=len(ids))
    return gone


def _let_go(desk: Desk, conversation: Conversation) -> None:
    """Free whoever holds or was offered this (locked) conversation, and tell them."""
    holder = conversation.volunteer_id
    for offer in offers.pending_for_conversation(desk.session, conversation.id):
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
    sender_key = contact.phone_key
    alert_ids = select(Alert.id).where(Alert.conversation_id.in_(ids))
    leg_ids = select(CallLeg.id).where(CallLeg.conversation_id.in_(ids))
    wanted: list[tuple[str, Any]] = [
        ("voicemails", delete(Voicemail).where(Voicemail.conversation_id.in_(ids))),
        ("call_orders", delete(CallOrder).where(CallOrder.leg_id.in_(leg_ids))),
        ("call_legs", delete(CallLeg).where(CallLeg.conversation_id.in_(ids))),
        ("calls", delete(Call).where(Call.conversation_id.in_(ids))),
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
