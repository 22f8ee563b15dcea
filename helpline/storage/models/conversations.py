"""Conversations and what belongs to one: messages, offers, places, notes, wrap-ups."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from helpline.domain.calls import Channel
from helpline.domain.conversation import HELD_STATES, OPEN_STATES, OfferState, State
from helpline.storage.models.base import Base, Id, LineId, Moment, one_of
from helpline.storage.models.people import EMPTY
from helpline.storage.sealed import SealedJson, SealedText


def _among(states: frozenset[State]) -> str:
    return "state IN (" + ", ".join(f"'{state}'" for state in sorted(states)) + ")"


class Conversation(Base):
    """One conversation. `queue_at` orders the queue (see `domain/matching.py`).

    Nobody is asked `not_before`: a person to be called back is still on the line.

    A person has one open conversation by text; calls are told apart by their legs, since several
    people may share a number.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        one_of("state", State),
        one_of("channel", Channel),
        CheckConstraint("risk BETWEEN 0 AND 4", name="risk_is_known"),
        CheckConstraint(
            f"({_among(HELD_STATES)}) = (volunteer_id IS NOT NULL)", name="held_by_somebody"
        ),
        Index(
            "uq_conversation_open",
            "contact_id",
            unique=True,
            postgresql_where=f"{_among(OPEN_STATES)} AND channel = '{Channel.TEXT}'",
        ),
        Index(
            "uq_conversation_relay",
            "volunteer_id",
            "relay_number_id",
            unique=True,
            postgresql_where=text("volunteer_id IS NOT NULL AND relay_number_id IS NOT NULL"),
        ),
        Index(
            "uq_conversation_label",
            "volunteer_id",
            "label",
            unique=True,
            postgresql_where=text("volunteer_id IS NOT NULL"),
        ),
        Index(
            "ix_conversation_queue",
            "line_id",
            "queue_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_conversation_contact", "contact_id", "id"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    number_id: Mapped[int] = mapped_column(ForeignKey("number.id"))
    channel: Mapped[str] = mapped_column(server_default=Channel.TEXT.value)
    state: Mapped[str]
    risk: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    earlier_risk: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    language: Mapped[str | None]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=EMPTY)
    opened_at: Mapped[Moment]
    waiting_since: Mapped[Moment]
    queue_at: Mapped[Moment]
    not_before: Mapped[Moment | None]
    last_text_at: Mapped[Moment]
    idle_warned_at: Mapped[Moment | None]
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    relay_number_id: Mapped[int | None] = mapped_column(ForeignKey("number.id"))
    label: Mapped[str | None]
    accepted_at: Mapped[Moment | None]
    first_accepted_at: Mapped[Moment | None]
    last_peer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    ended_at: Mapped[Moment | None]
    closed_at: Mapped[Moment | None]
    heard: Mapped[dict[str, Any] | None] = mapped_column(SealedJson("conversation.heard"))


class Message(Base):
    """What one side wrote to the other, word for word. Automatic texts are not messages."""

    __tablename__ = "message"
    __table_args__ = (
        one_of("author", ("person", "peer")),
        Index("ix_message_conversation", "conversation_id", "id"),
        Index("ix_message_contact", "contact_id", "id"),
        Index("uq_message_sid", "sid", unique=True),
        Index(
            "ix_message_unread",
            "conversation_id",
            "id",
            postgresql_where=text("relayed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    contact_id: Mapped[int] = mapped_column(ForeignKey("contact.id"))
    author: Mapped[str]
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    words: Mapped[str] = mapped_column(SealedText("message.words"))
    media: Mapped[list[str]] = mapped_column(SealedJson("message.media"))
    sid: Mapped[str]
    written_at: Mapped[Moment]
    relayed_at: Mapped[Moment | None]


class Offer(Base):
    """A conversation offered to a volunteer: by a text, or by a call to their phone.

    A text is offered to one at a time; a call may ring several phones.
    """

    __tablename__ = "offer"
    __table_args__ = (
        one_of("state", OfferState),
        Index(
            "uq_offer_conversation",
            "conversation_id",
            unique=True,
            postgresql_where=text("state = 'pending' AND NOT is_call"),
        ),
        Index(
            "uq_offer_volunteer",
            "volunteer_id",
            unique=True,
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_offer_history", "conversation_id", "volunteer_id", "ended_at"),
        Index("ix_offer_latest", "volunteer_id", "id"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    is_call: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str]
    offered_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class Place(Base):
    """A place that a volunteer's conversation or offer takes up: the cap as a constraint.

    Slots are numbered from 1; the slot is unique and within the cap, so whatever happens at
    once, nobody holds more than their cap.
    """

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("slot BETWEEN 1 AND cap", name="within_cap"),
        UniqueConstraint("conversation_id", "volunteer_id"),
    )

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    cap: Mapped[int] = mapped_column(SmallInteger)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))


class Note(Base):
    """A peer's private note on a conversation."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_conversation", "conversation_id"),)

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    words: Mapped[str] = mapped_column(SealedText("note.words"))
    written_at: Mapped[Moment]


class WrapUp(Base):
    """What the volunteer is asked after `#done`, and the answer."""

    __tablename__ = "wrap_up"
    __table_args__ = (
        Index(
            "ix_wrap_up_open",
            "volunteer_id",
            "id",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), unique=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    asked_at: Mapped[Moment]
    due_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]
    answer: Mapped[str | None] = mapped_column(SealedText("wrap_up.answer"))
    ending: Mapped[int | None] = mapped_column(SmallInteger)
    wellbeing: Mapped[int | None] = mapped_column(SmallInteger)


class HeldText(Base):
    """A volunteer's text that could be for either of two people: kept until they say which."""

    __tablename__ = "held_text"

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), primary_key=True)
    words: Mapped[str] = mapped_column(SealedText("held_text.words"))
    media: Mapped[list[str]] = mapped_column(SealedJson("held_text.media"))
    sid: Mapped[str]
    held_at: Mapped[Moment]
