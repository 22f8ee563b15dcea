"""What came of an order to the carrier about a phone, and what follows from it."""

from __future__ import annotations

from datetime import timedelta

from helpline.domain.calls import LegEnding, LegKind, LegState, OrderKind, OrderState
from helpline.domain.conversation import State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.follow_call import close_left_open, record_leg
from helpline.services.phone_orders import let_go
from helpline.services.ring_peers import begin_ringing
from helpline.storage import calls, conversations, orders, steps
from helpline.storage.models import CallLeg, CallOrder, Conversation

# Tried again after a second, then two, then every five.
LONGEST_PAUSE = timedelta(seconds=5)
# After this long nobody waits for an order any more; the sweep puts right what is left.
GIVE_UP_AFTER = timedelta(minutes=2)
SWEEP_EVERY = timedelta(seconds=30)
MOST_CHECKED = 200
CALL_IS_OVER = 21220
# A call of which the carrier knows nothing is taken as over after this long, and not before:
# whoever talks must not lose each other because a question was answered badly.
FORGOTTEN_AFTER = timedelta(hours=4)


def record_dialled(desk: Desk, order_id: int, sid: str) -> None:
    """The carrier is calling. A phone that is not wanted any more is let go at once."""
    order, conversation, leg = _lock(desk, order_id)
    if order is None or leg is None or conversation is None:
        return
    order.state = OrderState.DONE
    leg.sid = leg.sid or sid
    desk.session.flush()
    if leg.state == LegState.ENDED or _is_unwanted(conversation, leg):
        let_go(desk, leg)
    elif leg.state == LegState.QUEUED:
        leg.state, leg.ringing_at = LegState.RINGING, desk.now
        begin_ringing(desk, leg)


def record_not_dialled(desk: Desk, order_id: int) -> None:
    """The phone was not wanted any more before it was dialled."""
    order, _, leg = _lock(desk, order_id)
    if order is None or leg is None:
        return
    order.state = OrderState.WITHDRAWN
    desk.session.flush()
    record_leg(desk, leg, LegState.ENDED, LegEnding.WITHDRAWN)


def _is_unwanted(conversation: Conversation, leg: CallLeg) -> bool:
    """Whether the caller went while this phone was being dialled."""
    over = conversation.state in (State.ABANDONED, State.CLOSED)
    return over and leg.alert_id is None


def record_done(desk: Desk, order_id: int) -> None:
    """The carrier has done it; a phone that was to end has ended, whoever else says so."""
    order, _, leg = _lock(desk, order_id)
    if order is None or leg is None:
        return
    order.state = OrderState.DONE
    if order.kind == OrderKind.END:
        desk.session.flush()
        record_leg(desk, leg, LegState.ENDED, LegEnding.CANCELED)


def record_checked(
    desk: Desk, order_id: int, state: LegState | None, ending: LegEnding | None
) -> None:
    """How the carrier says that a leg stands; None when it does not know, which ends no call."""
    order, _, leg = _lock(desk, order_id)
    if order is None or leg is None:
        return
    order.state = OrderState.DONE
    desk.session.flush()
    is_forgotten = state is None and desk.now - leg.made_at > FORGOTTEN_AFTER
    if state is None and not is_forgotten:
        return
    if state is None or state == LegState.ENDED:
        desk.note(
            leg.line_id,
            Kind.CALL_FOUND_OVER,
            conversation_id=leg.conversation_id,
            volunteer_id=leg.volunteer_id,
        )
        record_leg(desk, leg, LegState.ENDED, ending or LegEnding.COMPLETED)
    else:
        record_leg(desk, leg, state)


def record_refused(desk: Desk, order_id: int, code: int) -> None:
    """The carrier will not: a phone that cannot be dialled, or a call that is over already.

    A call that goes on and cannot be moved is ended: nobody is left in silence.
    """
    order, _, leg = _lock(desk, order_id)
    if order is None or leg is None:
        return
    order.state = OrderState.FAILED
    desk.session.flush()
    if order.kind == OrderKind.MOVE and code != CALL_IS_OVER:
        let_go(desk, leg)
    elif order.kind not in (OrderKind.CHECK, OrderKind.ANNOUNCE):
        record_leg(desk, leg, LegState.ENDED, LegEnding.REFUSED)


def record_not_done(desk: Desk, order_id: int, *, sure: bool) -> None:
    """Busy (`sure` that nothing was done) or unclear: again in a moment."""
    order, _, leg = _lock(desk, order_id)
    if order is None or leg is None or order.state != OrderState.DOING:
        return
    if order.kind == OrderKind.CHECK or desk.now - order.written_at > GIVE_UP_AFTER:
        order.state = OrderState.FAILED
        if order.kind == OrderKind.DIAL:
            desk.session.flush()
            record_leg(desk, leg, LegState.ENDED, LegEnding.FAILED)
        return
    order.state = OrderState.QUEUED if sure else OrderState.UNSURE
    order.due_at = desk.now + min(timedelta(seconds=2 ** min(order.attempts - 1, 4)), LONGEST_PAUSE)


def _lock(
    desk: Desk, order_id: int
) -> tuple[CallOrder | None, Conversation | None, CallLeg | None]:
    found = desk.session.get(CallOrder, order_id)
    leg = desk.session.get(CallLeg, found.leg_id) if found is not None else None
    if leg is None:
        return None, None, None
    conversation = conversations.lock(desk.session, leg.conversation_id)
    leg = calls.lock_leg(desk.session, leg.id)
    return orders.lock_order(desk.session, order_id), conversation, leg


def sweep_calls(desk: Desk, line_id: int) -> None:
    """Ask the carrier about every open leg, so that no lost report leaves anybody anywhere."""
    steps.promise(desk.session, StepKind.SWEEP_CALLS, line_id, desk.now + SWEEP_EVERY)
    for leg in calls.legs_to_check(desk.session, desk.now - SWEEP_EVERY / 2, MOST_CHECKED):
        leg.checked_at = desk.now
        orders.write_order(desk.session, leg, OrderKind.CHECK, desk.now)
        if leg.kind == LegKind.CALLER and leg.state != LegState.RINGING:
            choice_at = desk.now + desk.policy.call_wait
            steps.promise(desk.session, StepKind.OFFER_CHOICE, leg.conversation_id, choice_at)
    for call in calls.calls_left_open(desk.session, desk.now - SWEEP_EVERY, MOST_CHECKED):
        close_left_open(desk, call)
