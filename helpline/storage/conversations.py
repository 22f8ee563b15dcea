"""Conversations: finding and locking them, and the head of the queue with its best peer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from helpline.domain.calls import Channel
from helpline.domain.conversation import OPEN_STATES, Event, Risk, State, after
from helpline.domain.matching import SOFT_WINDOW, Rests
from helpline.storage.models import Contact, Conversation, Place
from helpline.storage.models.base import LOCK

# The first waiting conversation that somebody free suits, and who suits it best. Hard: what the
# person asked for, topics the peer excludes, the peer's own number, a rest after an offer that
# went by. Soft, among those longest idle: never asked before, last peer, shared topics and
# language. One index gives the queue, one gives the free; neither grows with closed rows.
SUITS = """
    (p.wants_language IS NULL OR d.languages @> ARRAY[p.wants_language::text])
    AND (p.wants_gender IS NULL OR d.gender = p.wants_gender)
    AND NOT d.excluded_topics && c.topics
    AND d.phone_key <> p.phone_key
    AND d.volunteer_id <> ALL (past.resting)
"""
# `OFFSET 0` keeps the planner from sorting all who are free when it may read the index in order.
MATCH = f"""
    SELECT c.id, best.volunteer_id
    FROM conversation c
    JOIN contact p ON p.id = c.contact_id
    CROSS JOIN LATERAL (
        SELECT array_agg(o.volunteer_id) AS asked,
               coalesce(array_agg(o.volunteer_id) FILTER (
                   WHERE o.state <> 'withdrawn' AND o.ended_at > CASE
                       WHEN c.channel = 'voice' AND o.state = 'expired' THEN :unanswered_since
                       WHEN o.state = 'expired' THEN :expired_since
                       ELSE :passed_since END), '{{}}') AS resting
        FROM offer o WHERE o.conversation_id = c.id
    ) past
    CROSS JOIN LATERAL (
        SELECT d.volunteer_id FROM (
            (SELECT d.* FROM duty d
             WHERE d.volunteer_id = c.last_peer_id AND d.line_id = c.line_id AND d.free)
            UNION ALL
            (SELECT d.* FROM (
                 SELECT * FROM duty
                 WHERE duty.line_id = c.line_id AND duty.free
                 ORDER BY duty.line_id, duty.idle_since, duty.volunteer_id
                 OFFSET 0
             ) d
             WHERE {SUITS}
             LIMIT {SOFT_WINDOW})
        ) d
        WHERE {SUITS}
        ORDER BY coalesce(cardinality(array_positions(past.asked, d.volunteer_id)), 0),
                 (d.volunteer_id = c.last_peer_id) IS TRUE DESC,
                 (c.language IS NULL OR d.languages @> ARRAY[c.language::text]) DESC,
                 CASE WHEN greatest(c.risk, c.earlier_risk) >= {int(Risk.HIGH)} THEN 0
                 ELSE cardinality(ARRAY(
                     SELECT unnest(d.topics) INTERSECT SELECT unnest(c.topics))) END DESC,
                 d.idle_since, d.volunteer_id
        LIMIT 1
    ) best
"""
NEXT_MATCH = text(
    f"""
    {MATCH}
    WHERE c.line_id = :line_id AND c.state = 'waiting'
          AND (c.not_before IS NULL OR c.not_before <= :now)
    ORDER BY c.queue_at, c.id
    LIMIT 1
    FOR NO KEY UPDATE OF c SKIP LOCKED
    """
)
BEST_PEER = text(f"{MATCH} WHERE c.id = :conversation_id AND c.state IN ('waiting', 'offered')")


def lock_next_match(
    session: Session, line_id: int, now: datetime, rests: Rests
) -> tuple[Conversation, int] | None:
    """The first waiting conversation that can be offered, locked, and the volunteer to ask."""
    row = session.execute(
        NEXT_MATCH, {"line_id": line_id, "now": now, **rests.since(now)}
    ).one_or_none()
    if row is None:
        return None
    return session.get_one(Conversation, row.id, populate_existing=True), row.volunteer_id


def best_peer(
    session: Session, conversation: Conversation, now: datetime, rests: Rests
) -> int | None:
    """Whom to ask next about this one (locked) conversation."""
    told = {"conversation_id": conversation.id, **rests.since(now)}
    row = session.execute(BEST_PEER, told).one_or_none()
    return row.volunteer_id if row is not None else None


def lock(session: Session, conversation_id: int) -> Conversation:
    """This conversation, locked and fresh."""
    return session.get_one(
        Conversation, conversation_id, with_for_update=LOCK, populate_existing=True
    )


def lock_open(session: Session, contact_id: int) -> Conversation | None:
    """The contact's open conversation by text, locked. The caller holds the contact's lock."""
    return session.scalars(
        select(Conversation)
        .where(
            Conversation.contact_id == contact_id,
            Conversation.channel == Channel.TEXT,
            Conversation.state.in_(OPEN_STATES),
        )
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def find_open(session: Session, contact_id: int) -> Conversation | None:
    """The contact's open conversation by text, not locked."""
    return session.scalars(
        select(Conversation).where(
            Conversation.contact_id == contact_id,
            Conversation.channel == Channel.TEXT,
            Conversation.state.in_(OPEN_STATES),
        )
    ).one_or_none()


def lock_latest(session: Session, contact_id: int) -> Conversation | None:
    """The contact's most recent conversation by text, locked: the open one, if any is."""
    return session.scalars(
        select(Conversation)
        .where(Conversation.contact_id == contact_id, Conversation.channel == Channel.TEXT)
        .order_by(Conversation.id.desc())
        .limit(1)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def latest(session: Session, contact_id: int) -> Conversation | None:
    """The contact's most recent conversation of any channel, not locked."""
    return session.scalars(
        select(Conversation)
        .where(Conversation.contact_id == contact_id)
        .order_by(Conversation.id.desc())
        .limit(1)
    ).one_or_none()


def lock_promised_calls(session: Session, contact_id: int) -> Sequence[Conversation]:
    """All calls back that the contact was promised and that nobody has taken yet, locked."""
    return session.scalars(
        select(Conversation)
        .where(
            Conversation.contact_id == contact_id,
            Conversation.channel == Channel.CALL_BACK,
            Conversation.state.in_([State.WAITING, State.OFFERED]),
        )
        .order_by(Conversation.id)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).all()


def held_by(session: Session, volunteer_id: int) -> list[Conversation]:
    """The active conversations of a volunteer, by label."""
    return list(
        session.scalars(
            select(Conversation)
            .where(Conversation.volunteer_id == volunteer_id, Conversation.state == State.ACTIVE)
            .order_by(Conversation.label)
        )
    )


def used_labels(session: Session, volunteer_id: int) -> set[str]:
    """The labels that a volunteer's conversations bear, wrap-ups included."""
    found = session.scalars(
        select(Conversation.label).where(Conversation.volunteer_id == volunteer_id)
    )
    return {label for label in found if label}


def move(conversation: Conversation, event: Event) -> None:
    """Move by the table; raises `IllegalMove`."""
    conversation.state = after(State(conversation.state), event)


def release(session: Session, conversation: Conversation) -> None:
    """Give back the place, number and label that the conversation takes up.

    The caller moves the state before the next flush: a held state needs a holder.
    """
    session.execute(delete(Place).where(Place.conversation_id == conversation.id))
    conversation.volunteer_id = None
    conversation.relay_number_id = None
    conversation.label = None


def count_waiting(session: Session, line_id: int) -> int:
    """How many people wait, offered or not."""
    waiting = Conversation.state.in_([State.WAITING, State.OFFERED])
    counted = select(func.count()).where(Conversation.line_id == line_id, waiting)
    return session.scalar(counted) or 0


def contact_of(session: Session, conversation: Conversation) -> Contact:
    """Whose conversation it is (not locked)."""
    return session.get_one(Contact, conversation.contact_id)
