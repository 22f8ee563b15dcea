"""What the detector said, and the alerts that bring people in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from helpline.domain.escalation import AlertState
from helpline.storage.models.base import Base, Id, LineId, Moment, one_of
from helpline.storage.sealed import SealedJson, SealedText


class Assessment(Base):
    """What the detector said of a conversation when this message came (R10)."""

    __tablename__ = "assessment"
    __table_args__ = (Index("ix_assessment_conversation", "conversation_id", "id"),)

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    level: Mapped[str]
    lexicon: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(SealedJson("assessment.result"))
    made_at: Mapped[Moment]


class Alert(Base):
    """One cry for help to the leads, until somebody says what came of it."""

    __tablename__ = "alert"
    __table_args__ = (
        one_of("state", AlertState),
        CheckConstraint(
            "(state = 'raised') = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"
        ),
        Index(
            "uq_alert_open",
            "conversation_id",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index(
            "ix_alert_holder",
            "acknowledged_by",
            postgresql_where=text("state = 'acknowledged'"),
        ),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    state: Mapped[str]
    level: Mapped[int] = mapped_column(SmallInteger)
    seen: Mapped[str]
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    why: Mapped[str | None] = mapped_column(SealedText("alert.why"))
    raised_at: Mapped[Moment]
    rounds: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    acknowledged_by: Mapped[int | None] = mapped_column(ForeignKey("volunteer.id"))
    acknowledged_at: Mapped[Moment | None]
    joined_at: Mapped[Moment | None]
    resolved_at: Mapped[Moment | None]
    outcome: Mapped[str | None] = mapped_column(SealedText("alert.outcome"))
    is_false_alarm: Mapped[bool] = mapped_column(server_default="false")


class AlertNotice(Base):
    """Somebody was told of an alert and may acknowledge it."""

    __tablename__ = "alert_notice"

    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(
        ForeignKey("volunteer.id"), primary_key=True, index=True
    )
    first_told_at: Mapped[Moment]


class Rescue(Base):
    """A lead called emergency services: why, with consent or without, and what came of it (R25).

    An open task until `confirmed_at`.
    """

    __tablename__ = "rescue"
    __table_args__ = (
        Index("ix_rescue_open", "called_by", "id", postgresql_where=text("confirmed_at IS NULL")),
        Index("ix_rescue_conversation", "conversation_id"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    called_by: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    called_at: Mapped[Moment]
    has_consent: Mapped[bool]
    reason: Mapped[str] = mapped_column(SealedText("rescue.reason"))
    confirmed_at: Mapped[Moment | None]
    outcome: Mapped[str | None] = mapped_column(SealedText("rescue.outcome"))
