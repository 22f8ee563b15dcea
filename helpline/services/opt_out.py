"""STOP and START: nothing of any kind is sent to somebody who has opted out (R28 to R31)."""

from __future__ import annotations

from helpline.domain.conversation import Event, OfferState, Risk, State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.refresh_duty import refresh_duty
from helpline.services.relay_text import peer_sender
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import conversations, offers, outbox
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
    """A conversation that nobody had taken (locked) is over."""
    offer = offers.pending_for_conversation(desk.session, conversation.id)
    if offer is not None:
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN)
        volunteer = desk.session.get_one(Volunteer, offer.volunteer_id)
        to_volunteer(desk, volunteer, desk.say("offer_withdrawn"))
    conversations.move(conversation, event)
    conversation.ended_at = conversation.closed_at = desk.now
    for kind in (StepKind.TELL_WAITING, StepKind.REASK):
        outbox.drop_promise(desk.session, kind, conversation.id)
    desk.note(conversation.line_id, Kind.CONVERSATION_ABANDONED, conversation_id=conversation.id)


def opt_out_volunteer(desk: Desk, volunteer: Volunteer) -> None:
    """A volunteer's STOP: off duty at once, nothing more to their phone, coordinators told."""
    if volunteer.opted_out_at is not None:
        return
    volunteer.opted_out_at = desk.now
    outbox.withdraw_texts(desk.session, volunteer.phone_key)
    offer = offers.pending_for_volunteer(desk.session, volunteer.id)
    if offer is not None:
        conversation = conversations.lock(desk.session, offer.conversation_id)
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN)
    refresh_duty(desk, volunteer.id)
    to_leads(
        desk,
        volunteer.line_id,
        "lead_volunteer_opted_out",
        kind=Kind.VOLUNTEER_OPTED_OUT,
        volunteer_id=volunteer.id,
        name=volunteer.name,
        open=len(conversations.held_by(desk.session, volunteer.id)),
    )


def _tell_peer(desk: Desk, conversation: Conversation, key: str, alias: str) -> None:
    volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
    to_volunteer(
        desk,
        volunteer,
        desk.say(key, alias=alias),
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )
