"""Ask the carrier to do something with a phone; nothing is dialled or ended before the commit."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from helpline.domain.calls import LegEnding, LegKind, LegState, OrderKind
from helpline.services.desk import Desk
from helpline.storage import calls, lines, orders
from helpline.storage.models import CallLeg, Conversation

# By then whoever calls has heard how to reach emergency help.
EMERGENCY_HEARD = timedelta(seconds=9)
ROOM = "room"


def call_out(
    desk: Desk, conversation: Conversation, kind: LegKind, to: str, **whose: Any
) -> CallLeg:
    """A phone to be called, from the public number; `whose` as `calls.make_leg` takes it."""
    leg = calls.make_leg(
        desk.session,
        conversation,
        kind,
        sender=lines.public_number(desk.session, conversation.line_id).e164,
        to=to,
        now=desk.now,
        **whose,
    )
    orders.write_order(desk.session, leg, OrderKind.DIAL, desk.now)
    return leg


def move(desk: Desk, leg: CallLeg, page: str, *, at: datetime | None = None) -> None:
    """Let a leg hear another page of ours (`web/webhooks/calls.py`) from now, or then, on."""
    orders.drop_orders(desk.session, leg.id, OrderKind.MOVE)
    orders.write_order(desk.session, leg, OrderKind.MOVE, desk.now, path=page, due_at=at)


def announce(desk: Desk, leg: CallLeg, page: str) -> None:
    """Let somebody who is in a room hear a page of ours there."""
    orders.write_order(desk.session, leg, OrderKind.ANNOUNCE, desk.now, path=page)


def bring_into_the_room(desk: Desk, leg: CallLeg) -> None:
    """A peer has come: a caller who still hears the greeting need not hear it to its end."""
    orders.drop_orders(desk.session, leg.id, OrderKind.MOVE)
    if leg.state == LegState.ANSWERED:
        move(desk, leg, ROOM, at=max(desk.now, leg.made_at + EMERGENCY_HEARD))


def let_go(desk: Desk, leg: CallLeg, *, told: str = "") -> None:
    """A phone is no longer wanted: not dialled, or ended; who listens to us is told why first."""
    if orders.drop_orders(desk.session, leg.id, OrderKind.DIAL):
        leg.state, leg.ending, leg.ended_at = LegState.ENDED, LegEnding.WITHDRAWN, desk.now
    elif told and leg.state in (LegState.ANSWERED, LegState.JOINED):
        move(desk, leg, told)
    else:
        orders.write_order(desk.session, leg, OrderKind.END, desk.now)


def let_go_of_call(desk: Desk, conversation: Conversation, caller_hears: str) -> None:
    """A peer is no longer in the call, nor whom they brought: the caller, if alone, hears why.

    `caller_hears` is a page, or empty where the caller is hearing it already.
    """
    call = calls.open_call(desk.session, conversation.id)
    if call is None:
        return
    is_handed_over = calls.is_in(desk.session, call.id, LegKind.PROFESSIONAL)
    for leg in calls.open_legs(desk.session, call.id):
        is_caller = leg.kind == LegKind.CALLER
        is_in = leg.state in (LegState.ANSWERED, LegState.JOINED)
        if leg.kind == LegKind.PROFESSIONAL and is_handed_over:
            continue
        if not is_caller:
            let_go(desk, leg, told="bye")
        elif is_in and caller_hears and not is_handed_over:
            move(desk, leg, caller_hears)
        elif not is_in:
            let_go(desk, leg)
