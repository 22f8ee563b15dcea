"""Offers and the places they take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.orm import Session

from helpline.domain.conversation import OfferState
from helpline.storage.models import Conversation, Duty, Offer, Place, Volunteer
from helpline.storage.models.base import LOCK

# The lowest slot within the cap that is free; none, and no row, when all are taken.
TAKE_PLACE = text(
    """
    INSERT INTO place (volunteer_id, slot, cap, conversation_id)
    SELECT :volunteer_id, s.slot, :cap, :conversation_id
    FROM generate_series(1, :cap) AS s (slot)
    WHERE NOT EXISTS (
        SELECT FROM place p WHERE p.volunteer_id = :volunteer_id AND p.slot = s.slot)
    ORDER BY s.slot LIMIT 1
    RETURNING slot
    """
)


class NoFreePlace(Exception):
    """Every place within the volunteer's cap is taken."""


def make(
    session: Session,
    conversation: Conversation,
    volunteer: Volunteer,
    now: datetime,
    expires_at: datetime,
    *,
    is_call: bool = False,
) -> Offer:
    """A pending offer and the place it takes; raises `NoFreePlace`."""
    taken = session.execute(
        TAKE_PLACE,
        {
            "volunteer_id": volunteer.id,
            "cap": volunteer.max_conversations,
            "conversation_id": conversation.id,
        },
    )
    if taken.first() is None:
        raise NoFreePlace
    offer = Offer(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
        is_call=is_call,
        state=OfferState.PENDING,
        offered_at=now,
        expires_at=expires_at,
    )
    session.add(offer)
    session.flush()
    return offer


def pending_for_volunteer(session: Session, volunteer_id: int) -> Offer | None:
    """The offer this volunteer has not answered yet."""
    return session.scalars(
        select(Offer).where(Offer.volunteer_id == volunteer_id, Offer.state == OfferState.PENDING)
    ).one_or_none()


def pending_for_conversation(session: Session, conversation_id: int) -> Sequence[Offer]:
    """The offers of this conversation that are not answered yet: one by text, several by call."""
    return session.scalars(
        select(Offer)
        .where(Offer.conversation_id == conversation_id, Offer.state == OfferState.PENDING)
        .order_by(Offer.id)
    ).all()


def free_place(session: Session, offer: Offer) -> None:
    """Give back the place that an offer took."""
    session.execute(
        delete(Place).where(
            Place.conversation_id == offer.conversation_id,
            Place.volunteer_id == offer.volunteer_id,
        )
    )


def anybody_asked_less(session: Session, line_id: int, conversation_id: int, times: int) -> bool:
    """Whether anybody free was offered this conversation fewer than so many times."""
    asked = (
        select(func.count())
        .where(Offer.conversation_id == conversation_id, Offer.volunteer_id == Duty.volunteer_id)
        .scalar_subquery()
    )
    return bool(
        session.scalar(select(exists().where(Duty.line_id == line_id, Duty.free, asked < times)))
    )


def latest_for_volunteer(session: Session, volunteer_id: int) -> Offer | None:
    """The last offer this volunteer was made."""
    return session.scalars(
        select(Offer).where(Offer.volunteer_id == volunteer_id).order_by(Offer.id.desc()).limit(1)
    ).one_or_none()


def accepted(session: Session, conversation_id: int, volunteer_id: int) -> Offer | None:
    """The offer by which this volunteer came to hold this conversation."""
    return session.scalars(
        select(Offer)
        .where(
            Offer.conversation_id == conversation_id,
            Offer.volunteer_id == volunteer_id,
            Offer.state == OfferState.ACCEPTED,
        )
        .order_by(Offer.id.desc())
        .limit(1)
    ).one_or_none()


def lock(session: Session, offer_id: int) -> Offer:
    """This offer, locked and fresh. The caller holds the conversation's lock."""
    return session.get_one(Offer, offer_id, with_for_update=LOCK, populate_existing=True)
