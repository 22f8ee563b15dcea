"""What the carrier is to do with calls: written with the state, carried out after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from helpline.domain.calls import OPEN_ORDERS, LegKind, LegState, OrderKind, OrderState
from helpline.storage.models import CallLeg, CallOrder, Pace
from helpline.storage.models.base import LOCK

# A claim that is older than this belongs to a process that died. Longer than one call to the
# carrier lasts, and short: somebody may be waiting on the line.
CLAIM_LASTS = timedelta(seconds=12)
OPEN = [state.value for state in OPEN_ORDERS]
# Whose phones wait for their turn; whom danger calls for is called at once.
PACED = (LegKind.PEER, LegKind.CALLER)
# What can still be taken back. A call that may have been placed cannot: it is found, and ended.
_NOT_BEGUN = or_(
    CallOrder.state == OrderState.QUEUED,
    and_(CallOrder.state == OrderState.UNSURE, CallOrder.kind != OrderKind.DIAL),
)


def write_order(
    session: Session,
    leg: CallLeg,
    kind: OrderKind,
    now: datetime,
    *,
    path: str = "",
    due_at: datetime | None = None,
) -> CallOrder:
    """Put one order on its way, behind earlier ones about this leg."""
    order = CallOrder(
        line_id=leg.line_id,
        leg_id=leg.id,
        kind=kind,
        path=path,
        state=OrderState.QUEUED,
        written_at=now,
        due_at=due_at or now,
    )
    session.add(order)
    session.flush()
    return order


def _turn(session: Session, line_id: int, now: datetime, gap: timedelta) -> datetime | None:
    """Take the next turn to place a call; when it comes, if it is not now."""
    row = insert(Pace).values(line_id=line_id, next_at=now)
    session.execute(row.on_conflict_do_nothing())
    pace = session.get_one(Pace, line_id, with_for_update=LOCK, populate_existing=True)
    if pace.next_at > now:
        return pace.next_at
    pace.next_at = now + gap
    session.flush()
    return None


def claim_order(
    session: Session, now: datetime, gap: timedelta
) -> tuple[CallOrder, OrderState] | None:
    """Claim the next due order, the first unfinished one of its leg, and what it was before.

    A question (`check`) holds up nothing. Calls are placed `gap` apart, since accounts have a
    limit; what is urgent is not held back. One that was not `queued` may have been carried out
    already.
    """
    earlier = aliased(CallOrder)
    while True:
        order = session.scalars(
            select(CallOrder)
            .where(
                CallOrder.state.in_(OPEN),
                CallOrder.due_at <= now,
                ~exists().where(
                    earlier.leg_id == CallOrder.leg_id,
                    earlier.id < CallOrder.id,
                    earlier.kind != OrderKind.CHECK,
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
        turn = _turn(session, order.line_id, now, gap) if order.kind == OrderKind.DIAL else None
        if turn is None or session.get_one(CallLeg, order.leg_id).kind not in PACED:
            break
        order.due_at = turn
        session.flush()
    was = OrderState(order.state)
    order.state, order.claimed_at = OrderState.DOING, now
    order.attempts += 1
    order.due_at = now + CLAIM_LASTS
    session.flush()
    return order, was


def is_unwanted(session: Session, order: CallOrder) -> bool:
    """Whether the leg of an order is to end, or has: nothing is placed for it any more."""
    later = exists().where(
        CallOrder.leg_id == order.leg_id,
        CallOrder.id > order.id,
        CallOrder.kind == OrderKind.END,
        CallOrder.state.in_(OPEN),
    )
    ended = exists().where(CallLeg.id == order.leg_id, CallLeg.state == LegState.ENDED)
    return bool(session.scalar(select(later | ended)))


def lock_order(session: Session, order_id: int) -> CallOrder | None:
    """This order, locked and fresh; None when it has been erased meanwhile."""
    return session.get(CallOrder, order_id, with_for_update=LOCK, populate_existing=True)


def drop_orders(session: Session, leg_id: int, *kinds: OrderKind) -> Sequence[int]:
    """Orders of these kinds are no longer wanted; returns the ids of those taken back."""
    return session.scalars(
        update(CallOrder)
        .where(
            CallOrder.leg_id == leg_id,
            CallOrder.kind.in_([kind.value for kind in kinds]),
            _NOT_BEGUN,
        )
        .values(state=OrderState.WITHDRAWN)
        .returning(CallOrder.id)
        .execution_options(synchronize_session=False)
    ).all()


def moved_since(session: Session, call_id: int, path: str, since: datetime) -> bool:
    """Whether a leg of this call has been moved to this page since then."""
    moved = exists().where(
        CallOrder.leg_id == CallLeg.id,
        CallLeg.call_id == call_id,
        CallOrder.path == path,
        CallOrder.claimed_at >= since,
    )
    return bool(session.scalar(select(moved)))


def drop_moves(session: Session, leg_id: int, path: str) -> None:
    """Moves of a leg to this page, which nobody has begun, are overtaken."""
    session.execute(
        update(CallOrder)
        .where(
            CallOrder.leg_id == leg_id,
            CallOrder.kind == OrderKind.MOVE,
            CallOrder.path == path,
            _NOT_BEGUN,
        )
        .values(state=OrderState.WITHDRAWN)
        .execution_options(synchronize_session=False)
    )
