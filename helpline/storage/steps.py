"""What is promised for a time: one row per kind and subject, taken by one transaction."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.domain.record import StepKind
from helpline.storage.models import Step
from helpline.storage.models.base import LOCK

LONGEST_PAUSE = timedelta(minutes=1)
# What the urgent worker does besides, so that no length of the queue delays it.
URGENT_STEPS = (
    StepKind.REPEAT_ALERT,
    StepKind.ASK_ABOUT_RESCUE,
    StepKind.RING,
    StepKind.STOP_RINGING,
    StepKind.OFFER_CHOICE,
)
STEP_TABLE = Step.metadata.tables["step"]
_promised = insert(STEP_TABLE).values(
    kind=bindparam("kind"), subject_id=bindparam("subject_id"), due_at=bindparam("due_at")
)
PROMISE = _promised.on_conflict_do_update(
    index_elements=["kind", "subject_id"],
    set_={"due_at": _promised.excluded.due_at},
    where=STEP_TABLE.c.due_at > _promised.excluded.due_at,
)
MOVE_PROMISE = _promised.on_conflict_do_update(
    index_elements=["kind", "subject_id"], set_={"due_at": _promised.excluded.due_at}
)
DROP_PROMISE = delete(STEP_TABLE).where(
    STEP_TABLE.c.kind == bindparam("its_kind"), STEP_TABLE.c.subject_id == bindparam("its_subject")
)


def promise(session: Session, kind: StepKind, subject_id: int, due_at: datetime) -> None:
    """Promise a step; promised before, it moves to the earlier of the two times."""
    told = {"kind": kind.value, "subject_id": subject_id, "due_at": due_at}
    session.connection().execute(PROMISE, told)


def move_promise(session: Session, kind: StepKind, subject_id: int, due_at: datetime) -> None:
    """Promise a step at this time whatever was promised before."""
    told = {"kind": kind.value, "subject_id": subject_id, "due_at": due_at}
    session.connection().execute(MOVE_PROMISE, told)


def drop_promise(session: Session, kind: StepKind, subject_id: int) -> None:
    """The step is no longer wanted."""
    told = {"its_kind": kind.value, "its_subject": subject_id}
    session.connection().execute(DROP_PROMISE, told)


def take_due_step(
    session: Session, now: datetime, *, urgent_only: bool = False
) -> tuple[StepKind, int, int] | None:
    """The next due step (its kind, subject and id), taken off the list by this transaction."""
    wanted = [Step.due_at <= now]
    if urgent_only:
        wanted.append(Step.kind.in_(URGENT_STEPS))
    due = (
        select(Step.id)
        .where(*wanted)
        .order_by(Step.due_at, Step.id)
        .limit(1)
        .with_for_update(**LOCK, skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        delete(Step).where(Step.id == due).returning(Step.kind, Step.subject_id, Step.id)
    ).one_or_none()
    return (StepKind(row.kind), row.subject_id, row.id) if row else None


def postpone_step(session: Session, step_id: int, now: datetime) -> None:
    """The step failed and was rolled back: try it again later."""
    attempts = session.scalars(
        update(Step)
        .where(Step.id == step_id)
        .values(attempts=Step.attempts + 1)
        .returning(Step.attempts)
    ).one_or_none()
    if attempts is not None:
        pause = min(timedelta(seconds=2 ** min(attempts - 1, 6)), LONGEST_PAUSE)
        session.execute(update(Step).where(Step.id == step_id).values(due_at=now + pause))
