"""What the two sides wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpline.storage.models import Conversation, HeldText, Message
from helpline.storage.models.base import LOCK


def remember(
    session: Session,
    conversation: Conversation,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
    at: datetime,
    volunteer_id: int | None = None,
) -> Message:
    """Keep one message; of the person unless a volunteer is named."""
    message = Message(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        author="person" if volunteer_id is None else "peer",
        volunteer_id=volunteer_id,
        words=words,
        media=list(media),
        sid=sid,
        written_at=at,
    )
    session.add(message)
    session.flush()
    return message


def unread(session: Session, conversation_id: int) -> list[Message]:
    """What the person wrote that no peer has been given yet, in order."""
    return list(
        session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.relayed_at.is_(None))
            .order_by(Message.id)
        )
    )


def read_before(session: Session, conversation_id: int) -> list[Message]:
    """What was passed on earlier in this conversation, both ways, in order."""
    return list(
        session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.relayed_at.is_not(None))
            .order_by(Message.id)
        )
    )


def all_of(session: Session, conversation_id: int) -> list[Message]:
    """Every message of a conversation, both ways, in order."""
    return list(
        session.scalars(
            select(Message).where(Message.conversation_id == conversation_id).order_by(Message.id)
        )
    )


def hold(
    session: Session,
    volunteer_id: int,
    words: str,
    media: Sequence[str],
    sid: str,
    now: datetime,
    lasts: timedelta,
) -> None:
    """Hold a text until the volunteer says for whom it is, behind one that is held already.

    What was held longer ago than it `lasts` is dropped.
    """
    before, held_at = take_held(session, volunteer_id), now
    if before is not None and now - before.held_at <= lasts:
        words = "\n".join(each for each in (before.words, words) if each)
        media, held_at = [*before.media, *media], before.held_at
    session.add(
        HeldText(
            volunteer_id=volunteer_id, words=words, media=list(media), sid=sid, held_at=held_at
        )
    )
    session.flush()


def take_held(session: Session, volunteer_id: int) -> HeldText | None:
    """The held text, no longer held."""
    held = session.get(HeldText, volunteer_id, with_for_update=LOCK)
    if held is not None:
        session.delete(held)
        session.flush()
    return held
