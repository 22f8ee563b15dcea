"""Ring peers for a caller: the best few at once, the next when one does not answer."""

from __future__ import annotations

from datetime import timedelta

from helpline.domain.calls import Channel, LegKind, LegState, rung_at_once
from helpline.domain.conversation import Event, OfferState, State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.opt_out import abandon
from helpline.services.phone_orders import call_out
from helpline.storage import calls, conversations, duties, offers, steps
from helpline.storage.models import Call, CallLeg, Conversation, Volunteer

# How much longer than it rings a phone may take to be reported as not answered.
GRACE = timedelta(seconds=3)
# How long a phone may wait for its turn to be dialled, where the account places few calls a second.
LONGEST_QUEUE = timedelta(seconds=60)
# How long somebody who has picked up may take to press a key: the prompt, twice.
TO_PRESS = timedelta(seconds=25)


def ring_more(desk: Desk, conversation_id: int) -> None:
    """Ring as many peers for a caller as may ring; with nobody left to ring, give the choice.

    Other callers' shares are left to them: where more wait than are free, one phone rings each.
    """
    conversation = conversations.lock(desk.session, conversation_id)
    call = calls.open_call(desk.session, conversation_id)
    if conversation.channel != Channel.VOICE:
        return
    if conversation.state not in (State.WAITING, State.OFFERED):
        return
    if call is None or not calls.open_legs(desk.session, call.id, LegKind.CALLER):
        caller_has_gone(desk, conversation)
        return
    if conversation.not_before is not None and conversation.not_before > desk.now:
        steps.promise(desk.session, StepKind.RING, conversation_id, conversation.not_before)
        return
    ringing = len(offers.pending_for_conversation(desk.session, conversation_id))
    at_once = _share(desk, conversation)
    while ringing < at_once and _ring_best(desk, conversation, call):
        ringing += 1
    if ringing == 0:
        _nobody_left(desk, conversation)


def _share(desk: Desk, conversation: Conversation) -> int:
    policy = desk.policy
    most = rung_at_once(policy.ring_strategy, policy.ring_at_once)
    free = duties.count_free(desk.session, conversation.line_id, most * most)
    waiting = conversations.count_waiting(desk.session, conversation.line_id)
    return max(1, min(most, -(-free // max(1, waiting))))


def _ring_best(desk: Desk, conversation: Conversation, call: Call) -> bool:
    volunteer_id = conversations.best_peer(desk.session, conversation, desk.now, desk.policy.rests)
    if volunteer_id is None or not duties.take(desk.session, volunteer_id):
        return False
    _ring(desk, conversation, call, desk.session.get_one(Volunteer, volunteer_id))
    return True


def _ring(desk: Desk, conversation: Conversation, call: Call, volunteer: Volunteer) -> None:
    session = desk.session
    ends_at = desk.now + desk.policy.ring + GRACE
    if conversation.state == State.WAITING:
        conversations.move(conversation, Event.OFFERED)
    offer = offers.make(session, conversation, volunteer, desk.now, ends_at, is_call=True)
    whose = {"call": call, "volunteer_id": volunteer.id, "offer_id": offer.id}
    leg = call_out(desk, conversation, LegKind.PEER, volunteer.phone.e164, **whose)
    steps.promise(session, StepKind.STOP_RINGING, leg.id, ends_at + LONGEST_QUEUE)
    desk.note(
        conversation.line_id,
        Kind.CALL_RUNG,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )


def caller_has_gone(desk: Desk, conversation: Conversation) -> None:
    """Whoever waited (locked) is not on the line any more; who was promised a call keeps it."""
    call = calls.newest_call(desk.session, conversation.id)
    if call is None or not call.was_promised:
        abandon(desk, conversation, Event.HUNG_UP)
        return
    for offer in offers.pending_for_conversation(desk.session, conversation.id):
        end_offer(desk, conversation, offer.id, OfferState.WITHDRAWN, told="gone")
    conversation.channel, conversation.not_before = Channel.CALL_BACK, None
    for kind in (StepKind.RING, StepKind.OFFER_CHOICE):
        steps.drop_promise(desk.session, kind, conversation.id)
    steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)


def begin_ringing(desk: Desk, leg: CallLeg) -> None:
    """A phone has been dialled: from now on it rings as long as is set."""
    if leg.offer_id is not None:
        ends_at = desk.now + desk.policy.ring + GRACE
        steps.move_promise(desk.session, StepKind.STOP_RINGING, leg.id, ends_at)


def _nobody_left(desk: Desk, conversation: Conversation) -> None:
    """Everybody free was rung as often as wanted, or nobody is on duty: the choice, now.

    While peers are on duty but busy the caller waits for one, as long as is set.
    """
    line_id = conversation.line_id
    if not duties.anybody_on_duty(desk.session, line_id):
        steps.promise(desk.session, StepKind.OFFER_CHOICE, conversation.id, desk.now)
        return
    session, rounds = desk.session, desk.policy.ring_rounds
    is_anybody_free = duties.count_free(session, line_id, 1) > 0
    if is_anybody_free and not offers.anybody_asked_less(session, line_id, conversation.id, rounds):
        steps.promise(session, StepKind.OFFER_CHOICE, conversation.id, desk.now)


def stop_ringing(desk: Desk, leg_id: int) -> None:
    """A phone has rung long enough, or whoever picked up pressed nothing: on to the next peer."""
    found = desk.session.get(CallLeg, leg_id)
    if found is None or found.offer_id is None:
        return
    conversation = conversations.lock(desk.session, found.conversation_id)
    leg = calls.lock_leg(desk.session, leg_id)
    answered_at = leg.answered_at
    if leg.state == LegState.ANSWERED and answered_at and desk.now < answered_at + TO_PRESS:
        steps.promise(desk.session, StepKind.STOP_RINGING, leg_id, answered_at + TO_PRESS)
        return
    end_offer(desk, conversation, found.offer_id, OfferState.EXPIRED)
