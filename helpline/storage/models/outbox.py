"""What came in and what is still to be done: inbound, outgoing texts, steps; and who is alive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from helpline.domain.conversation import UNSENT_TEXT_STATES, TextState
from helpline.domain.phone import PhoneNumber
from helpline.storage.models.base import Base, Id, LineId, Moment, one_of
from helpline.storage.sealed import SealedJson, SealedPhone, SealedText

UNSENT = "state IN (" + ", ".join(f"'{state}'" for state in sorted(UNSENT_TEXT_STATES)) + ")"


class Inbound(Base):
    """One event from the carrier, as it came, until it is read.

    `natural_key` is what makes a repeat a repeat. Events of one sender are read in the order
    in which they came. The payload is wiped once it has been read.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        one_of("kind", ("text", "report", "call", "leg", "room", "voicemail")),
        Index("uq_inbound_natural_key", "natural_key", unique=True),
        Index("ix_inbound_unread", "id", postgresql_where=text("read_at IS NULL")),
        Index(
            "ix_inbound_unread_sender",
            "sender_key",
            "id",
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    natural_key: Mapped[str]
    sender_key: Mapped[bytes] = mapped_column(LargeBinary)
    payload: Mapped[Any] = mapped_column(SealedJson("inbound.payload"), nullable=True)
    came_at: Mapped[Moment]
    due_at: Mapped[Moment]
    read_at: Mapped[Moment | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class OutgoingText(Base):
    """One text on its way out. Texts to one phone leave in the order of their ids."""

    __tablename__ = "outgoing_text"
    __table_args__ = (
        one_of("state", TextState),
        Index("uq_outgoing_text_token", "token", unique=True),
        Index("uq_outgoing_text_sid", "sid", unique=True),
        Index("ix_outgoing_text_unsent", "to_key", "id", postgresql_where=text(UNSENT)),
        Index("ix_outgoing_text_due", "priority", "due_at", "id", postgresql_where=text(UNSENT)),
        Index("ix_outgoing_text_conversation", "conversation_id", "id"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    token: Mapped[str]
    kind: Mapped[str]
    to: Mapped[PhoneNumber] = mapped_column("to_phone", SealedPhone("outgoing_text.to"))
    to_key: Mapped[bytes] = mapped_column(LargeBinary)
    sender: Mapped[str]
    body: Mapped[str] = mapped_column(SealedText("outgoing_text.body"))
    media: Mapped[list[str]] = mapped_column(SealedJson("outgoing_text.media"))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    state: Mapped[str] = mapped_column(server_default=TextState.QUEUED.value)
    sid: Mapped[str | None]
    error_code: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    written_at: Mapped[Moment]
    due_at: Mapped[Moment]
    claimed_at: Mapped[Moment | None]
    sent_at: Mapped[Moment | None]


class Step(Base):
    """Something to be done at a time: an offer that expires, a wait text, a match to run.

    One row per kind and subject: promising it again moves its time, never doubles it.
    """

    __tablename__ = "step"
    __table_args__ = (
        Index("uq_step_kind", "kind", "subject_id", unique=True),
        Index("ix_step_due", "due_at", "id"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    subject_id: Mapped[int]
    due_at: Mapped[Moment]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class CarrierCopy(Base):
    """A text that the carrier still holds and that we have promised to have deleted there."""

    __tablename__ = "carrier_copy"

    id: Mapped[Id]
    sid: Mapped[str] = mapped_column(unique=True)
    due_at: Mapped[Moment] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class AuditEvent(Base):
    """The record: who did what, when. Facts hold ids and counts, never words or numbers."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_conversation", "conversation_id"),
        Index("ix_audit_event_kind", "line_id", "kind", "at"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    at: Mapped[Moment]
    kind: Mapped[str]
    conversation_id: Mapped[int | None]
    volunteer_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))


class Lease(Base):
    """Who of several processes does a job that only one may do, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    expires_at: Mapped[Moment]


class Heartbeat(Base):
    """A process that was alive at a moment."""

    __tablename__ = "heartbeat"

    holder: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    beaten_at: Mapped[Moment] = mapped_column(index=True)
