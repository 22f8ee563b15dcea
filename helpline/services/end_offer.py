"""End an offer that was not taken: passed, run out, or withdrawn."""

from __future__ import annotations

from helpline.domain.conversation import Event, OfferState, State
from helpline.domain.matching import REST_AFTER_EXPIRED, REST_AFTER_PASSED
from helpline.domain.record import Kind, StepKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import conversations, duties, offers, steps
from helpline.storage.models import Conversation, Offer, Volunteer

KINDS = {
    OfferState.PASSED: Kind.OFFER_PASSED,
    OfferState.EXPIRED: Kind.OFFER_EXPIRED,
    OfferState.WITHDRAWN: Kind.OFFER_WITHDRAWN,
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


def end_offer(desk: Desk, conversation: Conversation, offer_id: int, ending: OfferState) -> bool:
    """End a pending offer of this (locked) conversation; False when it had ended before."""
    offer = offers.lock(desk.session, offer_id)
    if offer.state != OfferState.PENDING:
        return False
    offer.state, offer.ended_at = ending, desk.now
    if conversation.state == State.OFFERED:
        conversations.move(conversation, Event.OFFER_ENDED)
    conversations.release(desk.session, conversation)
    desk.session.flush()
    steps.drop_promise(desk.session, StepKind.EXPIRE_OFFER, offer.id)
    desk.note(
        conversation.line_id,
        KINDS[ending],
        conversation_id=conversation.id,
        volunteer_id=offer.volunteer_id,
    )
    refresh_duty(desk, offer.volunteer_id)
    if conversation.state == State.WAITING:
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
        _look_again(desk, conversation, ending)
    return True


def _look_again(desk: Desk, conversation: Conversation, ending: OfferState) -> None:
    """When all who are free have been asked, tell the leads, and ask again after a rest."""
    rests = REST_AFTER_EXPIRED if ending == OfferState.EXPIRED else REST_AFTER_PASSED
    steps.promise(
        desk.session,
        StepKind.REASK,
        conversation.id,
        desk.now + desk.policy.offer * rests,
    )
    if ending == OfferState.EXPIRED and not duties.anybody_unasked(
        desk.session, conversation.line_id, conversation.id
    ):
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
