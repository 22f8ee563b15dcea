"""End an offer that was not taken: passed, run out, or withdrawn."""

from __future__ import annotations

from helpline.domain.calls import LegState
from helpline.domain.conversation import Event, OfferState, State
from helpline.domain.record import Kind, StepKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.phone_orders import let_go
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import calls, conversations, duties, offers, steps
from helpline.storage.models import Conversation, Offer, Volunteer

KINDS = {
    OfferState.PASSED: Kind.OFFER_PASSED,
    OfferState.EXPIRED: Kind.OFFER_EXPIRED,
    OfferState.WITHDRAWN: Kind.OFFER_WITHDRAWN,
    OfferState.UNDELIVERED: Kind.OFFER_UNDELIVERED,
}


def expire_offer(desk: Desk, offer_id: int) -> None:
    """The offer's time is up: back to its place in the queue, and the next peer is asked (R5)."""
    offer = desk.session.get(Offer, offer_id)
    if offer is None or offer.state != OfferState.PENDING:
        return
    conversation = conversations.lock(desk.session, offer.conversation_id)
    if not end_offer(desk, conversation, offer_id, OfferState.EXPIRED):
        return
    volunteer = desk.session.get_one(Volunteer, offer.volunteer_id)
    to_volunteer(desk, volunteer, desk.say("offer_expired"), conversation_id=conversation.id)


def pass_offer(desk: Desk, volunteer: Volunteer, offer: Offer) -> None:
    """The volunteer said `2`: the next best peer is asked at once."""
    conversation = conversations.lock(desk.session, offer.conversation_id)
    if end_offer(desk, conversation, offer.id, OfferState.PASSED):
        to_volunteer(desk, volunteer, desk.say("offer_passed"), conversation_id=conversation.id)


def end_offer(
    desk: Desk,
    conversation: Conversation,
    offer_id: int,
    ending: OfferState,
    *,
    told: str | None = "",
) -> bool:
    """End a pending offer of this (locked) conversation; False when it had ended before.

    A phone that rings for it is let go, and hears the page `told` if somebody has picked up; with
    None it is left alone, since it is being told already.
    """
    offer = offers.lock(desk.session, offer_id)
    if offer.state != OfferState.PENDING:
        return False
    offer.state, offer.ended_at = ending, desk.now
    desk.session.flush()
    others = offers.pending_for_conversation(desk.session, conversation.id)
    if conversation.state == State.OFFERED and not others:
        conversations.move(conversation, Event.OFFER_ENDED)
    offers.free_place(desk.session, offer)
    desk.session.flush()
    steps.drop_promise(desk.session, StepKind.EXPIRE_OFFER, offer.id)
    if offer.is_call:
        _stop_ringing(desk, offer, told)
    desk.note(
        conversation.line_id,
        KINDS[ending],
        conversation_id=conversation.id,
        volunteer_id=offer.volunteer_id,
    )
    refresh_duty(desk, offer.volunteer_id)
    if offer.is_call and conversation.state in (State.WAITING, State.OFFERED):
        steps.promise(desk.session, StepKind.RING, conversation.id, desk.now)
    if conversation.state == State.WAITING:
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
        _look_again(desk, conversation, offer)
    return True


def _stop_ringing(desk: Desk, offer: Offer, told: str | None) -> None:
    leg = calls.leg_of_offer(desk.session, offer.id)
    if leg is None:
        return
    steps.drop_promise(desk.session, StepKind.STOP_RINGING, leg.id)
    if leg.state != LegState.ENDED and told is not None:
        let_go(desk, leg, told=told)


def _look_again(desk: Desk, conversation: Conversation, offer: Offer) -> None:
    """Ask again after a rest; when all who are free have been asked by text, tell the leads."""
    if offer.state == OfferState.WITHDRAWN:
        return
    rests = desk.policy.rests
    rest = rests.expired if offer.state == OfferState.EXPIRED else rests.passed
    if offer.is_call and offer.state == OfferState.EXPIRED:
        rest = rests.unanswered
    steps.promise(desk.session, StepKind.REASK, conversation.id, desk.now + rest)
    if offer.is_call or offer.state != OfferState.EXPIRED:
        return
    if not duties.anybody_unasked(desk.session, conversation.line_id, conversation.id):
        to_leads(
            desk,
            conversation.line_id,
            "lead_nobody_has_taken_it",
            kind=Kind.NOBODY_HAS_TAKEN_IT,
            conversation_id=conversation.id,
            alias=conversations.contact_of(desk.session, conversation).alias,
            minutes=minutes_between(conversation.waiting_since, desk.now),
        )


def ask_again(desk: Desk, conversation_id: int) -> None:
    """The rest after an offer is over: those who were asked before may be asked again."""
    conversation = desk.session.get(Conversation, conversation_id)
    if conversation is not None and conversation.state == State.WAITING:
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
