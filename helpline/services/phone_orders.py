"""Ask the carrier to do something with a phone; nothing is dialled or ended before the commit."""

from __future__ import annotations

from datetime import datetime, timedelta

from helpline.domain.calls import LegEnding, LegKind, LegState, OrderKind
from helpline.services.desk import Desk
from helpline.storage import calls, orders
from helpline.storage.models import CallLeg, Conversation


def dial(desk: Desk, leg: CallLeg, *, at_once: bool = False) -> datetime:
    """Have a leg dialled; returns when. Calls are paced, what is urgent goes out at once."""
    gap = timedelta(seconds=1 / desk.policy.calls_per_second)
    turn = orders.take_turn(desk.session, leg.line_id, desk.now, gap)
    order = orders.write_order(desk.session, leg, OrderKind.DIAL, desk.now)
    order.due_at = desk.now if at_once else turn
    return order.due_at


def move(desk: Desk, leg: CallLeg, page: str) -> None:
    """Let a leg hear another page of ours (`web/webhooks/calls.py`) from now on."""
    orders.drop_orders(desk.session, leg.id, OrderKind.MOVE)
    orders.write_order(desk.session, leg, OrderKind.MOVE, desk.now, path=page)


def let_go(desk: Desk, leg: CallLeg, *, told: str = "") -> None:
    """A phone is no longer wanted: not dialled, or ended; who listens to us is told why first."""
    if orders.drop_orders(desk.session, leg.id, OrderKind.DIAL):
        leg.state, leg.ending, leg.ended_at = LegState.ENDED, LegEnding.WITHDRAWN, desk.now
    elif told and leg.state in (LegState.ANSWERED, LegState.JOINED):
        move(desk, leg, told)
    else:
        orders.write_order(desk.session, leg, OrderKind.END, desk.now)


def let_go_of_call(
    desk: Desk, conversation: Conversation, volunteer_id: int, caller_hears: str
) -> None:
    """A volunteer is no longer in the call: their phone ends; the caller, if alone, hears why.

    `caller_hears` is a page, or empty where the caller is hearing it already.
    """
    call = calls.open_call(desk.session, conversation.id)
    if call is None:
        return
    others = False
    for leg in calls.open_legs(desk.session, call.id):
        if leg.volunteer_id == volunteer_id:
            let_go(desk, leg, told="bye")
        elif leg.kind != LegKind.CALLER:
            others = others or leg.state == LegState.JOINED
    if others or not caller_hears:
        return
    for leg in calls.open_legs(desk.session, call.id, LegKind.CALLER):
        if leg.state in (LegState.ANSWERED, LegState.JOINED):
            move(desk, leg, caller_hears)
        else:
            let_go(desk, leg)
