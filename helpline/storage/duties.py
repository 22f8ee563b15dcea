"""Who is on duty and free: the rows that matching reads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.domain.conversation import OPEN_STATES, OfferState, Risk, State
from helpline.storage import calls
from helpline.storage.models import (
    Contact,
    Conversation,
    Duty,
    Offer,
    Place,
    Volunteer,
    WrapUp,
)
from helpline.storage.models.base import LOCK


def anybody_on_duty(session: Session, line_id: int) -> bool:
    """Whether any peer is on duty, free or not."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    Duty.line_id == line_id,
                    Duty.on_duty,
                    Volunteer.id == Duty.volunteer_id,
                    Volunteer.roles.contains(["peer"]),
                )
            )
        )
    )


def anybody_unasked(session: Session, line_id: int, conversation_id: int) -> bool:
    """Whether anybody is free who was never offered this conversation."""
    asked = select(Offer.volunteer_id).where(Offer.conversation_id == conversation_id)
    return bool(
        session.scalar(
            select(
                exists().where(Duty.line_id == line_id, Duty.free, Duty.volunteer_id.not_in(asked))
            )
        )
    )


def count_free(session: Session, line_id: int, most: int) -> int:
    """How many are free, counted no further than `most`."""
    some = select(Duty.volunteer_id).where(Duty.line_id == line_id, Duty.free).limit(most)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def count_places(session: Session, volunteer_id: int) -> int:
    """How many places this volunteer's offers, conversations and wrap-ups take up."""
    return (
        session.scalar(
            select(func.count()).select_from(Place).where(Place.volunteer_id == volunteer_id)
        )
        or 0
    )


def is_bound(session: Session, volunteer: Volunteer, now: datetime) -> bool:
    """Whether something keeps this volunteer from a further offer.

    That is an offer that is pending, a call they are in, a wrap-up that is asked, a risky
    conversation (R6), or a conversation of their own.
    """
    offered = exists().where(Offer.volunteer_id == volunteer.id, Offer.state == OfferState.PENDING)
    wrapping = exists().where(
        WrapUp.volunteer_id == volunteer.id, WrapUp.ended_at.is_(None), WrapUp.due_at > now
    )
    risky = exists().where(
        Conversation.volunteer_id == volunteer.id,
        Conversation.state == State.ACTIVE,
        Conversation.risk >= Risk.HIGH,
    )
    own = exists().where(
        Contact.line_id == volunteer.line_id,
        Contact.phone_key == volunteer.phone_key,
        Conversation.contact_id == Contact.id,
        Conversation.state.in_(OPEN_STATES),
    )
    if calls.is_on_the_phone(session, volunteer.id):
        return True
    return bool(session.scalar(select(offered | wrapping | risky | own)))


def lock(session: Session, volunteer_id: int) -> Duty | None:
    """The duty row, locked."""
    return session.get(Duty, volunteer_id, with_for_update=LOCK, populate_existing=True)


def take(session: Session, volunteer_id: int) -> bool:
    """Write that a free volunteer is no longer free; False when they are not, or held elsewhere."""
    free = (
        select(Duty.volunteer_id)
        .where(Duty.volunteer_id == volunteer_id, Duty.free)
        .with_for_update(**LOCK, skip_locked=True)
        .scalar_subquery()
    )
    taken = update(Duty).where(Duty.volunteer_id == free).values(free=False)
    once = taken.returning(Duty.volunteer_id).execution_options(synchronize_session=False)
    return session.execute(once).first() is not None


def put(session: Session, volunteer: Volunteer, *, free: bool, now: datetime) -> None:
    """Write that a volunteer is on duty, free or not; idle since they last became free."""
    facts = {
        "line_id": volunteer.line_id,
        "on_duty": True,
        "free": free,
        "phone_key": volunteer.phone_key,
        "languages": volunteer.languages,
        "topics": volunteer.topics,
        "excluded_topics": volunteer.excluded_topics,
        "gender": volunteer.gender,
    }
    row = insert(Duty).values(volunteer_id=volunteer.id, idle_since=now, **facts)
    became_free = ~Duty.free & row.excluded.free
    idle_since = case((became_free, row.excluded.idle_since), else_=Duty.idle_since)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Duty.volunteer_id], set_={**facts, "idle_since": idle_since}
        )
    )


def remove(session: Session, volunteer_id: int) -> None:
    """Write that a volunteer is not on duty."""
    session.execute(delete(Duty).where(Duty.volunteer_id == volunteer_id))
