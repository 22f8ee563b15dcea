"""Calls that we make: the peer is called, presses 1, and then the person is called."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from helpline.domain.calls import Channel, LegKind
from helpline.domain.conversation import OfferState, State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.hand_on import hand_on
from helpline.services.phone_orders import call_out, let_go
from helpline.services.wrap_up import finish
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import calls, conversations, offers, steps
from helpline.storage.models import Call, CallLeg, Contact, Conversation, Volunteer

# Somebody who was promised a call back hangs up within this time, or after their message.
TO_HANG_UP = timedelta(seconds=20)


def promise_call_back(
    desk: Desk, conversation: Conversation, stays: timedelta = timedelta(0)
) -> bool:
    """A waiting caller (locked) wants to be called back: their place in the queue is kept.

    Nobody is asked while they are still on the line, at most as long as it `stays`. False where we
    have no number to call, or where a peer has them already.
    """
    contact = conversations.contact_of(desk.session, conversation)
    if conversation.state not in (State.WAITING, State.OFFERED) or not can_be_called(contact):
        return False
    for offer in offers.pending_for_conversation(desk.session, conversation.id):
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN, told="gone")
    conversation.channel = Channel.CALL_BACK
    conversation.not_before = desk.now + stays + TO_HANG_UP
    for kind in (StepKind.RING, StepKind.OFFER_CHOICE):
        steps.drop_promise(desk.session, kind, conversation.id)
    steps.promise(desk.session, StepKind.REASK, conversation.id, conversation.not_before)
    desk.note(conversation.line_id, Kind.CALL_BACK_PROMISED, conversation_id=conversation.id)
    return True


def can_be_called(contact: Contact) -> bool:
    """Whether we know a number and may use it (R28: nothing outbound after an opt-out)."""
    return contact.phone is not None and contact.opted_out_at is None


def begin_call_back(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> None:
    """A peer has taken it: their phone is called first, and a press of 1 calls the person."""
    contact = conversations.contact_of(desk.session, conversation)
    call = calls.make_call(desk.session, conversation, calls.new_room(), desk.now)
    whose = {"call": call, "volunteer_id": volunteer.id}
    call_out(desk, conversation, LegKind.PEER, volunteer.phone.e164, **whose)
    is_text = conversation.channel == Channel.TEXT
    key = "call_back_starts_text" if is_text else "call_back_starts"
    to_volunteer(desk, volunteer, desk.say(key, alias=contact.alias))
    desk.note(
        conversation.line_id,
        Kind.CALL_BACK_BEGUN,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )


def call_person(desk: Desk, conversation: Conversation, call: Call) -> bool:
    """Call the person of a call, unless they are on the line; False where they cannot be called."""
    if calls.open_legs(desk.session, call.id, LegKind.CALLER):
        return True
    contact = conversations.contact_of(desk.session, conversation)
    if contact.phone is None or not can_be_called(contact):
        return False
    call_out(desk, conversation, LegKind.CALLER, contact.phone.e164, call=call)
    return True


def call_by_command(
    desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str
) -> None:
    """`#call`: the peer of a conversation and its person are called, numbers hidden both ways."""
    contact = conversations.contact_of(desk.session, conversation)
    if not can_be_called(contact):
        to_volunteer(desk, volunteer, desk.say("call_no_number", alias=contact.alias))
    elif calls.open_call(desk.session, conversation.id) is not None:
        to_volunteer(desk, volunteer, desk.say("call_open_already", alias=contact.alias))
    elif calls.is_on_the_phone(desk.session, volunteer.id):
        to_volunteer(desk, volunteer, desk.say("call_other_open"))
    else:
        begin_call_back(desk, conversation, volunteer)


def caller_not_reached(
    desk: Desk, conversation: Conversation, call: Call, others: Sequence[CallLeg]
) -> None:
    """The person did not answer, or pressed nothing: the peer is told, and they are texted."""
    desk.note(conversation.line_id, Kind.CALL_BACK_NOT_REACHED, conversation_id=conversation.id)
    _tell_of_failure(desk, conversation, call)
    for other in others:
        let_go(desk, other, told="not-reached")


def _tell_of_failure(desk: Desk, conversation: Conversation, call: Call) -> None:
    contact = conversations.contact_of(desk.session, conversation)
    if conversation.volunteer_id is None:
        return
    if conversation.channel == Channel.TEXT:
        volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
        to_volunteer(desk, volunteer, desk.say("call_not_reached", alias=contact.alias))
    elif conversation.state == State.ACTIVE:
        if call.bridged_at is None:
            said = desk.say("person_not_reached", contact.language)
            to_person(desk, conversation, contact, said)
        finish(desk, conversation, reason="not_reached")


def peer_not_reached(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> None:
    """The peer took a call back and did not answer our call: somebody else is asked."""
    hand_on(desk, conversation, volunteer, said="call_not_answered")
