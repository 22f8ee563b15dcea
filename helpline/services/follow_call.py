"""What becomes of calls: reports on legs and rooms, and what follows when somebody is gone.

Reports come twice, late, out of order or never. A leg only moves forwards, its end is taken once,
and everything that follows is worked out from the rows, not from the order of the reports.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from helpline.domain.calls import Channel, LegEnding, LegKind, LegState, OrderKind, is_news
from helpline.domain.conversation import Event, OfferState, State
from helpline.domain.record import Kind, StepKind
from helpline.services.bring_in import next_professional, professional_joined
from helpline.services.call_back import caller_not_reached, peer_not_reached
from helpline.services.desk import Desk
from helpline.services.end_offer import end_offer
from helpline.services.hand_on import hand_on
from helpline.services.opt_out import abandon
from helpline.services.phone_orders import ROOM, let_go, move
from helpline.services.refresh_duty import refresh_duty
from helpline.services.ring_peers import caller_has_gone
from helpline.services.wrap_up import finish
from helpline.services.write_text import to_volunteer
from helpline.storage import calls, conversations, orders, steps
from helpline.storage.models import Call, CallLeg, Conversation, Volunteer

# Who were in a call together this long have talked, even if no report on the room ever came.
SURELY_TALKED = timedelta(seconds=5)
# What is left of a call when the caller has gone is ended after this long.
LEFT_OVER = timedelta(seconds=30)


def lock_leg(desk: Desk, leg: CallLeg) -> tuple[Conversation, CallLeg]:
    """The conversation of a leg and the leg, locked in the one order that never deadlocks."""
    conversation = conversations.lock(desk.session, leg.conversation_id)
    return conversation, calls.lock_leg(desk.session, leg.id)


def record_leg(
    desk: Desk, found: CallLeg, state: LegState, ending: LegEnding | None = None
) -> None:
    """A report on a leg; only what moves it forwards changes anything."""
    conversation, leg = lock_leg(desk, found)
    if not is_news(LegState(leg.state), state):
        return
    leg.state = state
    if state == LegState.RINGING:
        leg.ringing_at = desk.now
    elif state == LegState.ANSWERED:
        leg.answered_at = desk.now
    elif state == LegState.JOINED:
        _joined(desk, conversation, leg)
    else:
        _ended(desk, conversation, leg, ending or LegEnding.COMPLETED)


def record_room(
    desk: Desk, room: str, *, event: str, sid: str, conference: str, is_gone: bool
) -> None:
    """A report on a room: the caller or a peer is in it, or the caller has hung up (`is_gone`).

    Of those whom we called, the reports on their own legs tell when they have gone.
    """
    call = calls.find_call_by_room(desk.session, room)
    if call is None:
        return
    conversations.lock(desk.session, call.conversation_id)
    call.conference_sid = conference or call.conference_sid
    leg = calls.find_leg_by_sid(desk.session, sid) if sid else None
    if leg is None or leg.call_id != call.id:
        return
    if leg.kind == LegKind.CALLER and is_gone:
        record_leg(desk, leg, LegState.ENDED, LegEnding.COMPLETED)
    if event != "participant-join":
        return
    if leg.kind == LegKind.CALLER:
        record_leg(desk, leg, LegState.JOINED)
    if leg.state != LegState.ENDED and leg.kind == LegKind.PEER:
        _bridge(desk, call)


def _bridge(desk: Desk, call: Call) -> None:
    if call.bridged_at is None and calls.is_in(desk.session, call.id, LegKind.CALLER):
        call.bridged_at = desk.now
        desk.note(call.line_id, Kind.CALL_BRIDGED, conversation_id=call.conversation_id)


def _joined(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    leg.joined_at = desk.now
    call = calls.call_of(desk.session, leg)
    if leg.kind == LegKind.CALLER:
        orders.drop_moves(desk.session, leg.id, ROOM)
    if leg.kind == LegKind.CALLER and call is not None:
        if calls.is_in(desk.session, call.id, LegKind.PEER):
            _bridge(desk, call)
    elif leg.kind == LegKind.PROFESSIONAL:
        professional_joined(desk, conversation, leg)


def _ended(desk: Desk, conversation: Conversation, leg: CallLeg, ending: LegEnding) -> None:
    leg.ending, leg.ended_at = ending, desk.now
    orders.drop_orders(desk.session, leg.id, *OrderKind)
    desk.session.flush()
    AFTER[LegKind(leg.kind)](desk, conversation, leg)
    desk.session.flush()
    call = calls.call_of(desk.session, leg)
    if call is not None and not calls.open_legs(desk.session, call.id):
        call.ended_at = call.ended_at or desk.now
    if leg.volunteer_id is not None:
        refresh_duty(desk, leg.volunteer_id)


def _caller_ended(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """The caller has gone: nothing rings for them any more, and nobody stays on the line."""
    call = calls.call_of(desk.session, leg)
    newest = calls.newest_call(desk.session, conversation.id)
    if call is None or newest is None or newest.id != call.id:
        return
    others = [
        each for each in calls.open_legs(desk.session, call.id) if each.kind != LegKind.CALLER
    ]
    if conversation.state in (State.WAITING, State.OFFERED):
        _stopped_waiting(desk, conversation)
        return
    if leg.joined_at is None and leg.to is not None:
        caller_not_reached(desk, conversation, call, others)
        return
    for other in others:
        if leg.joined_at is None or other.state != LegState.JOINED:
            let_go(desk, other, told="gone")
    if others:
        steps.promise(desk.session, StepKind.CLOSE_CALL, call.id, desk.now + LEFT_OVER)
    elif conversation.state == State.ACTIVE and conversation.channel != Channel.TEXT:
        _talk_is_over(desk, conversation, call, None)


def _stopped_waiting(desk: Desk, conversation: Conversation) -> None:
    if conversation.channel == Channel.VOICE:
        desk.note(conversation.line_id, Kind.CALLER_LEFT, conversation_id=conversation.id)
        caller_has_gone(desk, conversation)
    elif conversation.channel == Channel.CALL_BACK:
        conversation.not_before = None
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)


def _talk_is_over(desk: Desk, conversation: Conversation, call: Call, peer: CallLeg | None) -> None:
    """Both are gone. Who never spoke with the caller is freed, and not asked how it was."""
    if _have_talked(desk, call, peer):
        finish(desk, conversation, reason="call_ended")
        return
    desk.note(conversation.line_id, Kind.CALLER_LEFT, conversation_id=conversation.id)
    abandon(desk, conversation, Event.HUNG_UP)


def close_call(desk: Desk, call_id: int) -> None:
    """The caller has been gone for a while: whoever is still on the line is let go."""
    call = desk.session.get_one(Call, call_id)
    conversations.lock(desk.session, call.conversation_id)
    left = calls.open_legs(desk.session, call_id)
    if not any(leg.kind == LegKind.CALLER for leg in left):
        for leg in left:
            let_go(desk, leg, told="bye")


def close_left_open(desk: Desk, call: Call) -> None:
    """No leg of a call is open any more: whoever still holds its conversation is freed."""
    conversation = conversations.lock(desk.session, call.conversation_id)
    call.ended_at = desk.now
    if conversation.channel == Channel.TEXT:
        return
    if conversation.state == State.ACTIVE:
        finish(desk, conversation, reason="call_ended")
    elif conversation.channel == Channel.VOICE and conversation.state in (
        State.WAITING,
        State.OFFERED,
    ):
        caller_has_gone(desk, conversation)


def _peer_ended(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """A peer's phone has ended: never taken, or the talk is over, or they were cut off."""
    if leg.offer_id is not None and end_offer(desk, conversation, leg.offer_id, OfferState.EXPIRED):
        desk.note(
            conversation.line_id,
            Kind.CALL_NOT_TAKEN,
            conversation_id=conversation.id,
            volunteer_id=leg.volunteer_id,
            ending=leg.ending,
        )
        return
    call = calls.call_of(desk.session, leg)
    never_came = leg.offer_id is not None and leg.joined_at is None
    if call is None or leg.volunteer_id is None or never_came:
        return
    callers = calls.open_legs(desk.session, call.id, LegKind.CALLER)
    holds = conversation.state == State.ACTIVE and conversation.volunteer_id == leg.volunteer_id
    if conversation.channel == Channel.TEXT:
        _end_all(desk, call)
        return
    if not holds:
        return
    volunteer = desk.session.get_one(Volunteer, leg.volunteer_id)
    if leg.joined_at is None and not callers:
        peer_not_reached(desk, conversation, volunteer)
    elif not callers:
        _talk_is_over(desk, conversation, call, leg)
    elif calls.is_in(desk.session, call.id, LegKind.PROFESSIONAL):
        finish(desk, conversation, reason="handed_over")
    elif callers[0].state != LegState.JOINED and callers[0].to is not None:
        hand_on(desk, conversation, volunteer, said="call_gone_on")
    elif _have_talked(desk, call, leg):
        move(desk, callers[0], "alone")
    else:
        hand_on(desk, conversation, volunteer, said="call_gone_on")


def _have_talked(desk: Desk, call: Call, peer: CallLeg | None) -> bool:
    """A report said so; without any, they were both there for long enough."""
    caller = calls.latest_leg(desk.session, call.id, LegKind.CALLER)
    peer = peer or calls.latest_leg(desk.session, call.id, LegKind.PEER)
    if call.bridged_at is not None or caller is None or peer is None or peer.joined_at is None:
        return call.bridged_at is not None
    until = min(caller.ended_at or desk.now, peer.ended_at or desk.now)
    return until - peer.joined_at > SURELY_TALKED


def _end_all(desk: Desk, call: Call) -> None:
    """The call of a text conversation is over for its peer: a caller stays with a professional."""
    if calls.is_in(desk.session, call.id, LegKind.PROFESSIONAL):
        return
    for leg in calls.open_legs(desk.session, call.id):
        let_go(desk, leg, told="bye")


def _professional_ended(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """Not reached: the next is tried. Gone after talking: a caller left alone hears so."""
    call = calls.call_of(desk.session, leg)
    if call is None:
        return
    if leg.joined_at is None:
        next_professional(desk, conversation, call, leg)
        return
    if calls.is_in(desk.session, call.id, LegKind.PEER, LegKind.PROFESSIONAL):
        return
    for caller in calls.open_legs(desk.session, call.id, LegKind.CALLER):
        move(desk, caller, "bye")


def _lead_ended(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """A lead who was asked to listen in and did not: the peer learns it."""
    if leg.joined_at is None and conversation.volunteer_id is not None:
        peer = desk.session.get_one(Volunteer, conversation.volunteer_id)
        to_volunteer(desk, peer, desk.say("lead_not_reached"), conversation_id=conversation.id)


def _alert_call_ended(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """The alert is repeated until somebody takes it; a call that ends changes nothing."""


AFTER: dict[LegKind, Callable[[Desk, Conversation, CallLeg], None]] = {
    LegKind.CALLER: _caller_ended,
    LegKind.PEER: _peer_ended,
    LegKind.PROFESSIONAL: _professional_ended,
    LegKind.LEAD: _lead_ended,
    LegKind.ALERT: _alert_call_ended,
}
