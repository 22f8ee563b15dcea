"""A call has come in: it takes its place in the queue while the caller hears the greeting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from helpline.domain.calls import Channel, LegKind, LegState
from helpline.domain.conversation import OfferState, State
from helpline.domain.phone import NotAPhoneNumber, PhoneNumber
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.hear_person import open_conversation
from helpline.services.phone_orders import move
from helpline.services.refresh_duty import refresh_own_duty
from helpline.storage import calls, contacts, conversations, lines, offers, steps, volunteers
from helpline.storage.engine import vault_of_session
from helpline.storage.models import CallLeg, Contact, Conversation, Number

# With nobody on duty the choice is given when the greeting has been heard.
GREETING = timedelta(seconds=15)
# By then a volunteer has been asked what they call for; else they are treated as anybody.
TO_ASK_VOLUNTEER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, repr=False)
class IncomingCall:
    """One call as the carrier told it; `sender` may be raw text (a withheld number)."""

    sid: str
    sender: str
    to: str

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> IncomingCall:
        """Back from what the door kept."""
        return cls(str(payload["sid"]), str(payload["sender"]), str(payload["to"]))


def receive_call(desk: Desk, call: IncomingCall) -> CallLeg:
    """The caller's leg, made with a conversation that waits; the same one for the same call.

    Somebody who was promised a call back and calls again keeps the place they have.
    """
    known = calls.find_leg_by_sid(desk.session, call.sid)
    if known is not None:
        return known
    number = lines.find_number(desk.session, call.to)
    if number is None:
        number = lines.public_number(desk.session, lines.only_line(desk.session).id)
    contact = _contact(desk, number, call)
    known = calls.find_leg_by_sid(desk.session, call.sid)
    if known is not None:
        return known
    conversation = _conversation(desk, number, contact)
    was_promised = conversation.opened_at < desk.now
    made = calls.make_call(
        desk.session,
        conversation,
        calls.room_for(vault_of_session(desk.session), call.sid),
        desk.now,
    )
    made.was_promised = was_promised
    leg = calls.make_leg(
        desk.session,
        conversation,
        LegKind.CALLER,
        sender=number.e164,
        call=made,
        sid=call.sid,
        state=LegState.ANSWERED,
        now=desk.now,
    )
    leg.answered_at = desk.now
    desk.note(
        contact.line_id,
        Kind.CALL_CAME,
        conversation_id=conversation.id,
        withheld=contact.phone is None,
    )
    refresh_own_duty(desk, conversation)
    _ask_volunteer(desk, conversation, contact, leg)
    steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
    steps.promise(
        desk.session, StepKind.OFFER_CHOICE, conversation.id, desk.now + desk.policy.call_wait
    )
    steps.promise(desk.session, StepKind.RING, conversation.id, desk.now + GREETING)
    return leg


def _ask_volunteer(desk: Desk, conversation: Conversation, contact: Contact, leg: CallLeg) -> None:
    """A volunteer who calls may only be calling back a call of ours that they missed.

    They are asked first; nobody is rung for them until they say so, or stay on the line.
    """
    volunteer = volunteers.find_by_key(desk.session, contact.line_id, contact.phone_key)
    if volunteer is not None:
        conversation.not_before = desk.now + TO_ASK_VOLUNTEER
        move(desk, leg, "volunteer")


def _contact(desk: Desk, number: Number, call: IncomingCall) -> Contact:
    """Who calls. A number of ours, or none at all, says nothing of whose phone it is."""
    try:
        phone = PhoneNumber(call.sender)
    except NotAPhoneNumber:
        phone = None
    if phone is None or lines.find_number(desk.session, phone.e164) is not None:
        return contacts.create_withheld(desk.session, number.line_id, call.sid, desk.now)
    return contacts.lock_or_create(desk.session, number.line_id, phone, desk.now)


def _conversation(desk: Desk, number: Number, contact: Contact) -> Conversation:
    waiting = conversations.lock_promised_calls(desk.session, contact.id)
    if not waiting:
        before = conversations.latest(desk.session, contact.id)
        return open_conversation(desk, number, contact, before, channel=Channel.VOICE)
    promised = waiting[0]
    for offer in offers.pending_for_conversation(desk.session, promised.id):
        end_offer(desk, promised, offer.id, OfferState.WITHDRAWN)
    promised.channel, promised.not_before = Channel.VOICE, None
    return promised


def go_on_waiting(desk: Desk, leg: CallLeg) -> None:
    """A caller who was given a choice waits on: they are rung for, and given it again later."""
    conversation = conversations.lock(desk.session, leg.conversation_id)
    if conversation.state not in (State.WAITING, State.OFFERED):
        return
    conversation.not_before = None
    again_at = desk.now + desk.policy.call_wait
    steps.move_promise(desk.session, StepKind.OFFER_CHOICE, conversation.id, again_at)
    steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
