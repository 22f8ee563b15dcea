"""STOP and START: nothing of any kind is sent to somebody who has opted out (R28 to R31)."""

from __future__ import annotations

from helpline.domain.conversation import Event, OfferState, Risk, State
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.escalate import let_go_of_alerts
from helpline.services.hand_on import hand_on
from helpline.services.refresh_duty import refresh_duty, refresh_own_duty
from helpline.services.relay_text import peer_sender
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import calls, contacts, conversations, offers, outbox, steps, volunteers
from helpline.storage.models import Contact, Conversation, Volunteer


def opt_out_person(desk: Desk, contact: Contact) -> None:
    """The contact (locked) has opted out, by word or by the carrier's error 21610.

    What was on its way to them is withdrawn. A conversation nobody had taken is over; one that
    a peer holds goes on for the peer, who is told that nothing can be sent.
    """
    if contact.opted_out_at is None:
        contact.opted_out_at = desk.now
        desk.note(contact.line_id, Kind.OPTED_OUT)
    outbox.withdraw_texts(desk.session, contact.phone_key)
    if contact.crisis_text_at and not outbox.left_for(desk.session, contact.id, TextKind.CRISIS):
        contact.crisis_text_at = None
    for promised in conversations.lock_promised_calls(desk.session, contact.id):
        if not calls.callers_on_the_line(desk.session, promised.id):
            abandon(desk, promised, Event.OPTED_OUT)
    conversation = conversations.lock_open(desk.session, contact.id)
    if conversation is None:
        return
    if conversation.state == State.ACTIVE:
        _tell_peer(desk, conversation, "person_opted_out", contact.alias)
    else:
        abandon(desk, conversation, Event.OPTED_OUT)
    if conversation.risk >= Risk.HIGH:
        to_leads(
            desk,
            contact.line_id,
            "lead_opted_out_at_risk",
            kind=Kind.OPTED_OUT,
            conversation_id=conversation.id,
            alias=contact.alias,
        )


def opt_in(desk: Desk, contact: Contact) -> None:
    """START after an opt-out: they may be texted again; it opens nothing by itself."""
    contact.opted_out_at = None
    desk.note(contact.line_id, Kind.OPTED_IN)
    conversation = conversations.lock_open(desk.session, contact.id)
    if conversation is not None and conversation.state == State.ACTIVE:
        _tell_peer(desk, conversation, "person_opted_in", contact.alias)


def abandon(desk: Desk, conversation: Conversation, event: Event) -> None:
    """A conversation that nobody had taken, or whose caller left first (locked), is over."""
    for offer in offers.pending_for_conversation(desk.session, conversation.id):
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN, told="gone")
        if not offer.is_call:
            volunteer = desk.session.get_one(Volunteer, offer.volunteer_id)
            to_volunteer(desk, volunteer, desk.say("offer_withdrawn"))
    if conversation.volunteer_id is not None:
        conversations.release(desk.session, conversation)
    conversations.move(conversation, event)
    conversation.ended_at = conversation.closed_at = desk.now
    for kind in (StepKind.TELL_WAITING, StepKind.REASK, StepKind.RING, StepKind.OFFER_CHOICE):
        steps.drop_promise(desk.session, kind, conversation.id)
    desk.note(conversation.line_id, Kind.CONVERSATION_ABANDONED, conversation_id=conversation.id)
    refresh_own_duty(desk, conversation)


def opt_out_phone(desk: Desk, line_id: int, phone: PhoneNumber) -> None:
    """The carrier says that this phone has opted out (21610), whoever it belongs to."""
    volunteer = volunteers.lock_by_phone(desk.session, line_id, phone)
    if volunteer is not None:
        opt_out_volunteer(desk, volunteer)
        return
    contact = contacts.lock_by_phone(desk.session, line_id, phone)
    if contact is not None:
        opt_out_person(desk, contact)


def opt_out_volunteer(desk: Desk, volunteer: Volunteer) -> None:
    """A volunteer's STOP: off duty at once, nothing more to their phone, coordinators told.

    Nobody is left with a peer who can get no texts: what they hold is handed on. Where they were
    a person in need themselves (`#peer`), that ends as anybody's does.
    """
    if volunteer.opted_out_at is not None:
        return
    volunteer.opted_out_at = desk.now
    outbox.withdraw_texts(desk.session, volunteer.phone_key)
    offer = offers.pending_for_volunteer(desk.session, volunteer.id)
    if offer is not None:
        conversation = conversations.lock(desk.session, offer.conversation_id)
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN)
    held = conversations.held_by(desk.session, volunteer.id)
    for conversation in held:
        hand_on(desk, conversations.lock(desk.session, conversation.id), volunteer)
    let_go_of_alerts(desk, volunteer)
    contact = contacts.lock_by_phone(desk.session, volunteer.line_id, volunteer.phone)
    if contact is not None:
        opt_out_person(desk, contact)
    refresh_duty(desk, volunteer.id)
    to_leads(
        desk,
        volunteer.line_id,
        "lead_volunteer_opted_out",
        kind=Kind.VOLUNTEER_OPTED_OUT,
        volunteer_id=volunteer.id,
        name=volunteer.name,
        open=len(held),
    )


def opt_in_volunteer(desk: Desk, volunteer: Volunteer) -> None:
    """START of a volunteer (locked): on duty again as their shifts say, and in texts' reach."""
    volunteer.opted_out_at = None
    desk.note(volunteer.line_id, Kind.OPTED_IN, volunteer_id=volunteer.id)
    contact = contacts.lock_by_phone(desk.session, volunteer.line_id, volunteer.phone)
    if contact is not None and contact.opted_out_at is not None:
        opt_in(desk, contact)
    refresh_duty(desk, volunteer.id)
    to_volunteer(desk, volunteer, desk.say("volunteer_opted_in"))


def _tell_peer(desk: Desk, conversation: Conversation, key: str, alias: str) -> None:
    volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
    to_volunteer(
        desk,
        volunteer,
        desk.say(key, alias=alias),
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )
