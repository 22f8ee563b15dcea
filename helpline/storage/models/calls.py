"""Calls, the legs that make them up, what is ordered of the carrier, and voicemail."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from helpline.domain.calls import (
    OPEN_ORDERS,
    LegEnding,
    LegKind,
    LegState,
    OrderKind,
    OrderState,
)
from helpline.storage.models.base import Base, Id, LineId, Moment, one_of
from helpline.storage.sealed import SealedText

OPEN_ORDER = "state IN (" + ", ".join(f"'{state}'" for state in sorted(OPEN_ORDERS)) + ")"


class Call(Base):
    """One call of a conversation: a room in which its legs meet. `room` tells nothing of them.

    `was_promised`: the person called while a call back was promised to them.
    """

    __tablename__ = "call"
    __table_args__ = (
        Index("uq_call_room", "room", unique=True),
        Index("ix_call_conversation", "conversation_id", "id"),
        Index("ix_call_open", "line_id", "id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    room: Mapped[str]
    conference_sid: Mapped[str | None]
    language: Mapped[str | None]
    was_promised: Mapped[bool] = mapped_column(server_default="false")
    may_call_back: Mapped[bool] = mapped_column(server_default="false")
    called_back_at: Mapped[Moment | None]
    refused_recording: Mapped[bool] = mapped_column(server_default="false")
    made_at: Mapped[Moment]
    bridged_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]


class CallLeg(Base):
    """One phone's part in a call. `token` is our own name for it in addresses.

    `to` is what we dial, in E.164 or a short number such as 988; None for a call that came in.
    """

    __tablename__ = "call_leg"
    __table_args__ = (
        one_of("kind", LegKind),
        one_of("state", LegState),
        one_of("ending", LegEnding),
        Index("uq_call_leg_token", "token", unique=True),
        Index("uq_call_leg_sid", "sid", unique=True),
        Index("uq_call_leg_offer", "offer_id", unique=True),
        Index("ix_call_leg_call", "call_id", "id"),
        Index("ix_call_leg_conversation", "conversation_id"),
        Index("ix_call_leg_open", "volunteer_id", "id", postgresql_where=text("state <> 'ended'")),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    call_id: Mapped[int | None] = mapped_column(ForeignKey("call.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    kind: Mapped[str]
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id"))
    token: Mapped[str]
    to: Mapped[str | None] = mapped_column("to_phone", SealedText("call_leg.to"))
    sender: Mapped[str]
    sid: Mapped[str | None]
    state: Mapped[str]
    ending: Mapped[str | None]
    made_at: Mapped[Moment]
    ringing_at: Mapped[Moment | None]
    answered_at: Mapped[Moment | None]
    joined_at: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    checked_at: Mapped[Moment | None]


class CallOrder(Base):
    """Something that the carrier is to do with a leg; a leg's orders go out one after another."""

    __tablename__ = "call_order"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("state", OrderState),
        Index("ix_call_order_leg", "leg_id", "id", postgresql_where=text(OPEN_ORDER)),
        Index("ix_call_order_due", "due_at", "id", postgresql_where=text(OPEN_ORDER)),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    leg_id: Mapped[int] = mapped_column(ForeignKey("call_leg.id"))
    kind: Mapped[str]
    path: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default=OrderState.QUEUED.value)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    written_at: Mapped[Moment]
    due_at: Mapped[Moment]
    claimed_at: Mapped[Moment | None]


class Voicemail(Base):
    """A message that somebody left, or the recording of a call; until `delete_at`.

    The sound itself lies with the carrier.
    """

    __tablename__ = "voicemail"
    __table_args__ = (
        Index("uq_voicemail_sid", "sid", unique=True),
        Index("ix_voicemail_conversation", "conversation_id"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    sid: Mapped[str]
    url: Mapped[str] = mapped_column(SealedText("voicemail.url"))
    is_call: Mapped[bool] = mapped_column(server_default="false")
    seconds: Mapped[int]
    left_at: Mapped[Moment]
    delete_at: Mapped[Moment]
    deleted_at: Mapped[Moment | None]


class Pace(Base):
    """When a line may place its next call: accounts have a limit of calls a second."""

    __tablename__ = "pace"

    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"), primary_key=True)
    next_at: Mapped[Moment]
