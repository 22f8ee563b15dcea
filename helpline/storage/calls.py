"""Calls and their legs: made, found, locked."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from helpline.domain.calls import LegKind, LegState
from helpline.storage.models import Call, CallLeg, Conversation, Voicemail
from helpline.storage.models.base import LOCK
from helpline.storage.vault import Vault

IS_OPEN = CallLeg.state != LegState.ENDED


def room_for(vault: Vault, sid: str) -> str:
    """The room of a call that came in: the same for the same call, and telling nothing of it."""
    return "h-" + vault.sender_key(f"room {sid}").hex()[:24]


def new_room() -> str:
    """A room for a call that we make."""
    return "h-" + uuid.uuid4().hex[:24]


def make_call(session: Session, conversation: Conversation, room: str, now: datetime) -> Call:
    """A call of a conversation, without legs yet."""
    call = Call(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        room=room,
        language=conversation.language,
        made_at=now,
    )
    session.add(call)
    session.flush()
    return call


def make_leg(
    session: Session,
    conversation: Conversation,
    kind: LegKind,
    *,
    sender: str,
    now: datetime,
    to: str | None = None,
    call: Call | None = None,
    volunteer_id: int | None = None,
    offer_id: int | None = None,
    alert_id: int | None = None,
    sid: str | None = None,
    state: LegState = LegState.QUEUED,
) -> CallLeg:
    """A leg; `to` is whom we dial, None for a call that came in."""
    leg = CallLeg(
        line_id=conversation.line_id,
        call_id=call.id if call is not None else None,
        conversation_id=conversation.id,
        kind=kind,
        volunteer_id=volunteer_id,
        offer_id=offer_id,
        alert_id=alert_id,
        token=uuid.uuid4().hex,
        to=to,
        sender=sender,
        sid=sid,
        state=state,
        made_at=now,
    )
    session.add(leg)
    session.flush()
    return leg


def open_call(session: Session, conversation_id: int) -> Call | None:
    """The newest call of a conversation that is not over."""
    return session.scalars(
        select(Call)
        .where(Call.conversation_id == conversation_id, Call.ended_at.is_(None))
        .order_by(Call.id.desc())
        .limit(1)
    ).one_or_none()


def newest_call(session: Session, conversation_id: int) -> Call | None:
    """The newest call of a conversation, over or not."""
    return session.scalars(
        select(Call)
        .where(Call.conversation_id == conversation_id)
        .order_by(Call.id.desc())
        .limit(1)
    ).one_or_none()


def callers_on_the_line(session: Session, conversation_id: int) -> Sequence[CallLeg]:
    """The legs of a conversation's person that are answered and not over, in any of its calls."""
    return session.scalars(
        select(CallLeg)
        .where(
            CallLeg.conversation_id == conversation_id,
            CallLeg.kind == LegKind.CALLER,
            CallLeg.state.in_([LegState.ANSWERED, LegState.JOINED]),
        )
        .order_by(CallLeg.id)
    ).all()


def call_of(session: Session, leg: CallLeg) -> Call | None:
    """The call that a leg is part of; None for one about an alert."""
    return session.get(Call, leg.call_id) if leg.call_id is not None else None


def find_leg(session: Session, token: str) -> CallLeg | None:
    """A leg by our own name for it, not locked."""
    return session.scalars(select(CallLeg).where(CallLeg.token == token)).one_or_none()


def find_leg_by_sid(session: Session, sid: str) -> CallLeg | None:
    """A leg by the carrier's name for it, not locked."""
    return session.scalars(select(CallLeg).where(CallLeg.sid == sid)).one_or_none()


def find_call_by_conference(session: Session, sid: str) -> Call | None:
    """The call whose room the carrier calls so."""
    return session.scalars(select(Call).where(Call.conference_sid == sid)).one_or_none()


def find_call_by_room(session: Session, room: str) -> Call | None:
    """The call that meets in this room."""
    return session.scalars(select(Call).where(Call.room == room)).one_or_none()


def lock_leg(session: Session, leg_id: int) -> CallLeg:
    """This leg, locked and fresh. The caller holds the conversation's lock."""
    return session.get_one(CallLeg, leg_id, with_for_update=LOCK, populate_existing=True)


def open_legs(session: Session, call_id: int, *kinds: LegKind) -> Sequence[CallLeg]:
    """The legs of a call that have not ended, the oldest first."""
    found = select(CallLeg).where(CallLeg.call_id == call_id, IS_OPEN).order_by(CallLeg.id)
    return session.scalars(found.where(CallLeg.kind.in_(kinds)) if kinds else found).all()


def latest_leg(session: Session, call_id: int, kind: LegKind) -> CallLeg | None:
    """The newest leg of a kind, ended or not."""
    return session.scalars(
        select(CallLeg)
        .where(CallLeg.call_id == call_id, CallLeg.kind == kind)
        .order_by(CallLeg.id.desc())
        .limit(1)
    ).one_or_none()


def numbers_tried(session: Session, call_id: int, kind: LegKind) -> set[str]:
    """What was dialled in this call for somebody of a kind."""
    legs = session.scalars(select(CallLeg).where(CallLeg.call_id == call_id, CallLeg.kind == kind))
    return {leg.to for leg in legs if leg.to}


def is_in(session: Session, call_id: int, *kinds: LegKind) -> bool:
    """Whether somebody of these kinds is in the room."""
    return any(leg.state == LegState.JOINED for leg in open_legs(session, call_id, *kinds))


def open_legs_of_alert(session: Session, alert_id: int) -> Sequence[CallLeg]:
    """The calls about an alert that have not ended."""
    return session.scalars(select(CallLeg).where(CallLeg.alert_id == alert_id, IS_OPEN)).all()


def leg_of_offer(session: Session, offer_id: int) -> CallLeg | None:
    """The leg by which an offer rings."""
    return session.scalars(select(CallLeg).where(CallLeg.offer_id == offer_id)).one_or_none()


def is_on_the_phone(session: Session, volunteer_id: int) -> bool:
    """Whether this volunteer is being rung or in a call, other than about an alert."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    CallLeg.volunteer_id == volunteer_id, IS_OPEN, CallLeg.kind != LegKind.ALERT
                )
            )
        )
    )


def legs_to_check(session: Session, since: datetime, most: int) -> Sequence[CallLeg]:
    """Open legs that the carrier knows and that nobody has asked about since then."""
    return session.scalars(
        select(CallLeg)
        .where(
            IS_OPEN,
            CallLeg.sid.is_not(None),
            CallLeg.made_at <= since,
            CallLeg.checked_at.is_(None) | (CallLeg.checked_at <= since),
        )
        .order_by(CallLeg.id)
        .limit(most)
        .with_for_update(**LOCK, skip_locked=True)
    ).all()


def calls_left_open(session: Session, before: datetime, most: int) -> Sequence[Call]:
    """Calls made before then that are open though none of their legs is."""
    legs = exists().where(CallLeg.call_id == Call.id, IS_OPEN)
    return session.scalars(
        select(Call).where(Call.ended_at.is_(None), Call.made_at <= before, ~legs).limit(most)
    ).all()


def find_voicemail(session: Session, voicemail_id: int) -> Voicemail | None:
    """A voicemail that is still there."""
    found = session.get(Voicemail, voicemail_id)
    return found if found is not None and found.deleted_at is None else None
