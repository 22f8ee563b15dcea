"""What the carrier is to do with calls: written with the state, carried out after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from helpline.domain.calls import OPEN_ORDERS, OrderKind, OrderState
from helpline.storage.models import CallLeg, CallOrder, Pace
from helpline.storage.models.base import LOCK

# A claim that is older than this belongs to a process that died. Longer than one call to the
# carrier lasts, and short: somebody may be waiting on the line.
CLAIM_LASTS = timedelta(seconds=12)
OPEN = [state.value for state in OPEN_ORDERS]


def write_order(
    session: Session, leg: CallLeg, kind: OrderKind, now: datetime, *, path: str = ""
) -> CallOrder:
    """Put one order on its way, behind earlier ones about this leg."""
    order = CallOrder(
        line_id=leg.line_id,
        leg_id=leg.id,
        kind=kind,
        path=path,
        state=OrderState.QUEUED,
        written_at=now,
        due_at=now,
    )
    session.add(order)
    session.flush()
    return order


def take_turn(session: Session, line_id: int, now: datetime, gap: timedelta) -> datetime:
    """When the next call may be placed: the account's calls a second, kept by one row."""
    row = insert(Pace).values(line_id=line_id, next_at=now)
    session.execute(row.on_conflict_do_nothing())
    pace = session.get_one(Pace, line_id, with_for_update=LOCK, populate_existing=True)
    turn = max(pace.next_at, now)
    pace.next_at = turn + gap
    session.flush()
    return turn


def claim_order(session: Session, now: datetime) -> tuple[CallOrder, OrderState] | None:
    """Claim the next due order, the first unfinished one of its leg, and what it was before.

    One that was not `queued` may have been carried out already.
    """
    earlier = aliased(CallOrder)
    order = session.scalars(
        select(CallOrder)
        .where(
            CallOrder.state.in_(OPEN),
            CallOrder.due_at <= now,
            ~exists().where(
                earlier.leg_id == CallOrder.leg_id,
                earlier.id < CallOrder.id,
                earlier.state.in_(OPEN),
            ),
        )
        .order_by(CallOrder.due_at, CallOrder.id)
        .limit(1)
        .with_for_update(**LOCK, skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if order is None:
        return None
    was = OrderState(order.state)
    order.state, order.claimed_at = OrderState.DOING, now
    order.attempts += 1
    order.due_at = now + CLAIM_LASTS
    return order, was


def lock_order(session: Session, order_id: int) -> CallOrder | None:
    """This order, locked and fresh; None when it has been erased meanwhile."""
    return session.get(CallOrder, order_id, with_for_update=LOCK, populate_existing=True)


def drop_orders(session: Session, leg_id: int, *kinds: OrderKind) -> Sequence[int]:
    """Orders of these kinds that nobody has begun are no longer wanted; returns their ids."""
    return session.scalars(
        update(CallOrder)
        .where(
            CallOrder.leg_id == leg_id,
            CallOrder.kind.in_([kind.value for kind in kinds]),
            CallOrder.state == OrderState.QUEUED,
        )
        .values(state=OrderState.WITHDRAWN)
        .returning(CallOrder.id)
        .execution_options(synchronize_session=False)
    ).all()
