"""All that is still to be done: steps with a due time, and texts on their way out."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CursorResult,
    LargeBinary,
    Row,
    bindparam,
    case,
    delete,
    exists,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.domain.calls import OPEN_ORDERS
from helpline.domain.conversation import UNSENT_TEXT_STATES, TextState
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import TextKind
from helpline.storage.engine import vault_of_session
from helpline.storage.models import CallOrder, CarrierCopy, Inbound, OutgoingText, Step
from helpline.storage.models.base import LOCK
from helpline.storage.sealed import sealed_type
from helpline.storage.vault import CannotOpen

# A claim that is older than this belongs to a process that died: nobody knows whether the
# carrier has the text. Longer than any one call to the carrier can last.
CLAIM_LASTS = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(seconds=60)


URGENT, LOWEST_PRIORITY = 0, 9
# Which of several due texts leave first: what somebody waits for goes before what we say.
PRIORITIES = {
    TextKind.OFFER: 1,
    TextKind.TO_PERSON: 1,
    TextKind.TO_PEER: 1,
    TextKind.NOTICE: 1,
    TextKind.ALERT: 0,
    TextKind.CRISIS: 0,
    TextKind.ANSWER: 2,
    TextKind.AUTOMATIC: 2,
}
TEXTS = OutgoingText.metadata.tables["outgoing_text"]
SEALED = (TEXTS.c.to_phone, TEXTS.c.body, TEXTS.c.media)
# Made once: a worker does little else. Only the first unsent text to a phone can be claimed,
# so texts to one phone leave in the order in which they were written.
_earlier = TEXTS.alias("earlier")
_due = (
    select(TEXTS.c.id, TEXTS.c.state)
    .where(
        TEXTS.c.state.in_([state.value for state in UNSENT_TEXT_STATES]),
        TEXTS.c.due_at <= bindparam("now"),
        TEXTS.c.priority <= bindparam("lowest"),
        ~exists().where(
            _earlier.c.to_key == TEXTS.c.to_key,
            _earlier.c.id < TEXTS.c.id,
            _earlier.c.state.in_([state.value for state in UNSENT_TEXT_STATES]),
        ),
    )
    .order_by(TEXTS.c.priority, TEXTS.c.due_at, TEXTS.c.id)
    .limit(bindparam("most"))
    .with_for_update(**LOCK, skip_locked=True, of=TEXTS)
    .cte("due")
)
CLAIM = (
    update(TEXTS)
    .where(TEXTS.c.id == _due.c.id)
    .values(
        state=TextState.SENDING.value,
        claimed_at=bindparam("now"),
        attempts=TEXTS.c.attempts + 1,
        due_at=bindparam("due_at"),
    )
    .returning(
        TEXTS.c.id,
        TEXTS.c.kind,
        TEXTS.c.attempts,
        _due.c.state.label("was"),
        TEXTS.c.token,
        TEXTS.c.to_key,
        TEXTS.c.sender,
        TEXTS.c.written_at,
        *(type_coerce(column, LargeBinary).label(column.name) for column in SEALED),
    )
)


def write_text(
    session: Session,
    *,
    line_id: int,
    kind: TextKind,
    to: PhoneNumber,
    sender: str,
    body: str,
    now: datetime,
    media: Sequence[str] = (),
    conversation_id: int | None = None,
    contact_id: int | None = None,
    volunteer_id: int | None = None,
    offer_id: int | None = None,
) -> OutgoingText:
    """Put one text on its way; it leaves after the commit, behind earlier ones to that phone."""
    to_key = vault_of_session(session).phone_key(to)
    if PRIORITIES[kind] == URGENT:
        _hurry(session, to_key)
    outgoing = OutgoingText(
        line_id=line_id,
        token=uuid.uuid4().hex,
        kind=kind,
        to=to,
        to_key=to_key,
        sender=sender,
        body=body,
        media=list(media),
        conversation_id=conversation_id,
        contact_id=contact_id,
        volunteer_id=volunteer_id,
        offer_id=offer_id,
        priority=PRIORITIES[kind],
        state=TextState.QUEUED,
        written_at=now,
        due_at=now,
    )
    session.add(outgoing)
    session.flush()
    return outgoing


def _hurry(session: Session, to_key: bytes) -> None:
    """What must arrive before an urgent text to this phone becomes as urgent itself."""
    unsent = OutgoingText.state.in_([state.value for state in UNSENT_TEXT_STATES])
    session.execute(
        update(OutgoingText)
        .where(OutgoingText.to_key == to_key, unsent, OutgoingText.priority > URGENT)
        .values(priority=URGENT)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True)
class ClaimedText:
    """A text that was claimed. `was` is the state it was in before."""

    id: int
    kind: str
    attempt: int
    was: str
    token: str
    to: PhoneNumber
    to_key: bytes
    sender: str
    body: str
    media: list[str]
    written_at: datetime


def claim_texts(
    session: Session, now: datetime, most: int, *, urgent_only: bool = False
) -> list[ClaimedText]:
    """Claim up to `most` texts, each the first unsent one to its phone.

    One that was not `queued` may be with the carrier already (an earlier try ended unclearly):
    it must be looked up before it is sent.
    """
    told = {
        "now": now,
        "due_at": now + CLAIM_LASTS,
        "most": most,
        "lowest": URGENT if urgent_only else LOWEST_PRIORITY,
    }
    while rows := session.execute(CLAIM, told).all():
        opened = [text for row in rows if (text := _open_text(session, row)) is not None]
        if opened:
            return opened
    return []


def _open_text(session: Session, row: Row[Any]) -> ClaimedText | None:
    """The text of a row; one whose key is lost is marked failed, so that it holds up no other."""
    try:
        to, body, media = (
            sealed_type(column).process_result_value(value, session.get_bind().dialect)
            for column, value in zip(SEALED, (row.to_phone, row.body, row.media), strict=True)
        )
    except CannotOpen:
        lost = update(OutgoingText).where(OutgoingText.id == row.id)
        session.execute(
            lost.values(state=TextState.FAILED).execution_options(synchronize_session=False)
        )
        return None
    return ClaimedText(
        id=row.id,
        kind=row.kind,
        attempt=row.attempts,
        was=row.was,
        token=row.token,
        to=to,
        to_key=bytes(row.to_key),
        sender=row.sender,
        body=body,
        media=media,
        written_at=row.written_at,
    )


def mark_sent(session: Session, text_id: int, sid: str, now: datetime) -> bool:
    """The carrier has this text under this id; False when it has been erased meanwhile.

    A report that came before the carrier's own answer is not undone.
    """
    unsent = OutgoingText.state.in_(UNSENT_TEXT_STATES)
    marked = (
        update(OutgoingText)
        .where(OutgoingText.id == text_id)
        .values(
            sid=func.coalesce(OutgoingText.sid, sid),
            state=case((unsent, TextState.SENT.value), else_=OutgoingText.state),
            sent_at=func.coalesce(OutgoingText.sent_at, now),
        )
        .returning(OutgoingText.id)
        .execution_options(synchronize_session=False)
    )
    return session.execute(marked).first() is not None


def lock_text(session: Session, text_id: int) -> OutgoingText | None:
    """This text, locked and fresh; None when it has been erased meanwhile."""
    return session.get(OutgoingText, text_id, with_for_update=LOCK, populate_existing=True)


def lock_text_by_token(session: Session, token: str) -> OutgoingText | None:
    """The text that a status report is about, locked."""
    return session.scalars(
        select(OutgoingText)
        .where(OutgoingText.token == token)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def known_sids(session: Session, to_key: bytes, since: datetime) -> list[str]:
    """The carrier's ids of texts to this phone that we know of."""
    found = session.scalars(
        select(OutgoingText.sid).where(
            OutgoingText.to_key == to_key,
            OutgoingText.written_at >= since - timedelta(days=1),
            OutgoingText.sid.is_not(None),
        )
    )
    return [sid for sid in found if sid]


def withdraw_texts(session: Session, to_key: bytes) -> int:
    """Nothing that still waits to be sent to this phone will be; returns how many."""
    result = session.execute(
        update(OutgoingText)
        .where(
            OutgoingText.to_key == to_key,
            OutgoingText.state.in_([TextState.QUEUED, TextState.UNSURE]),
        )
        .values(state=TextState.WITHDRAWN)
    )
    return result.rowcount if isinstance(result, CursorResult) else 0


def left_for(session: Session, contact_id: int, kind: TextKind) -> bool:
    """Whether the latest text of this kind to a contact left, or may have."""
    state = session.scalar(
        select(OutgoingText.state)
        .where(OutgoingText.contact_id == contact_id, OutgoingText.kind == kind)
        .order_by(OutgoingText.id.desc())
        .limit(1)
    )
    return state not in (None, TextState.WITHDRAWN, TextState.FAILED, TextState.UNDELIVERED)


def promise_deletion(session: Session, sids: Sequence[str], now: datetime) -> None:
    """Promise to have the carrier's copies of these texts deleted."""
    for sid in sids:
        session.execute(insert(CarrierCopy).values(sid=sid, due_at=now).on_conflict_do_nothing())


def claim_copies(session: Session, now: datetime, most: int) -> list[CarrierCopy]:
    """Claim carrier copies that are due to be deleted; each is tried again later until gone."""
    copies = session.scalars(
        select(CarrierCopy)
        .where(CarrierCopy.due_at <= now)
        .order_by(CarrierCopy.due_at)
        .limit(most)
        .with_for_update(**LOCK, skip_locked=True)
    ).all()
    for copy in copies:
        copy.attempts += 1
        copy.due_at = now + min(timedelta(seconds=2 ** min(copy.attempts, 12)), timedelta(hours=1))
    return list(copies)


def is_due(session: Session, now: datetime) -> bool:
    """Whether anything at all is due: what the clock asks each second."""
    return bool(
        session.scalar(
            select(
                exists().where(Step.due_at <= now)
                | exists().where(Inbound.read_at.is_(None), Inbound.due_at <= now)
                | exists().where(
                    OutgoingText.state.in_(UNSENT_TEXT_STATES), OutgoingText.due_at <= now
                )
                | exists().where(CarrierCopy.due_at <= now)
                | exists().where(CallOrder.state.in_(OPEN_ORDERS), CallOrder.due_at <= now)
            )
        )
    )


def drop_copies(session: Session, ids: Sequence[int]) -> None:
    """These copies are gone at the carrier."""
    session.execute(delete(CarrierCopy).where(CarrierCopy.id.in_(ids)))
