"""The people: contacts (who text or call), volunteers, and who is on duty right now."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from helpline.domain.phone import PhoneNumber
from helpline.storage.models.base import Base, Id, LineId, Moment
from helpline.storage.sealed import SealedPhone, SealedText

EMPTY = text("'{}'")
ROLES = ("peer", "trainee", "lead", "professional")


class Contact(Base):
    """Somebody who texts or calls; volunteers and coordinators know them by alias.

    Who calls with their number withheld has no phone, and is a new contact each time.
    """

    __tablename__ = "contact"
    __table_args__ = (
        Index("uq_contact_phone", "line_id", "phone_key", unique=True),
        Index("uq_contact_alias", "line_id", "alias", unique=True),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    alias: Mapped[str]
    phone: Mapped[PhoneNumber | None] = mapped_column(SealedPhone("contact.phone"))
    phone_key: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str | None]
    wants_language: Mapped[str | None]
    wants_gender: Mapped[str | None]
    opted_out_at: Mapped[Moment | None]
    crisis_text_at: Mapped[Moment | None]
    created_at: Mapped[Moment]


class Volunteer(Base):
    """A trained person who answers. `duty_word` is their own last `#on` or `#off`."""

    __tablename__ = "volunteer"
    __table_args__ = (
        Index(
            "uq_volunteer_phone",
            "line_id",
            "phone_key",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
        Index("ix_volunteer_roles", "roles", postgresql_using="gin"),
        CheckConstraint("max_conversations BETWEEN 1 AND 9", name="max_conversations_is_sane"),
        CheckConstraint("duty_word IN ('on', 'off')", name="duty_word_is_known"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    name: Mapped[str] = mapped_column(SealedText("volunteer.name"))
    phone: Mapped[PhoneNumber] = mapped_column(SealedPhone("volunteer.phone"))
    phone_key: Mapped[bytes] = mapped_column(LargeBinary)
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=EMPTY)
    excluded_topics: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=EMPTY)
    gender: Mapped[str | None]
    timezone: Mapped[str]
    trained_until: Mapped[date | None]
    max_conversations: Mapped[int] = mapped_column(server_default="1")
    duty_word: Mapped[str | None]
    duty_word_until: Mapped[Moment | None]
    break_until: Mapped[Moment | None]
    opted_out_at: Mapped[Moment | None]
    retired_at: Mapped[Moment | None]
    created_at: Mapped[Moment]

    @property
    def first_name(self) -> str:
        """What the person is told."""
        return self.name.split()[0] if self.name.split() else self.name


class Duty(Base):
    """One row per volunteer on duty, made anew from the truth whenever it changes.

    Matching reads nothing else: `free` means that an offer may go out now.
    """

    __tablename__ = "duty"
    __table_args__ = (
        Index(
            "ix_duty_free",
            "line_id",
            "idle_since",
            "volunteer_id",
            postgresql_where=text("free"),
        ),
    )

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), primary_key=True)
    line_id: Mapped[LineId]
    on_duty: Mapped[bool]
    free: Mapped[bool]
    idle_since: Mapped[Moment]
    phone_key: Mapped[bytes] = mapped_column(LargeBinary)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    excluded_topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    gender: Mapped[str | None]


class ShiftTemplate(Base):
    """A shift as planned: local wall time, zone and RRULE."""

    __tablename__ = "shift_template"
    __table_args__ = (
        Index(
            "uq_shift_template_plan",
            "volunteer_id",
            "starts",
            "ends",
            "timezone",
            "repeats",
            unique=True,
        ),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    timezone: Mapped[str]
    repeats: Mapped[str] = mapped_column(server_default="")
    materialised_until: Mapped[Moment | None]


class Shift(Base):
    """One occurrence of a template, in UTC."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("uq_shift_occurrence", "template_id", "starts_at", unique=True),
        Index("ix_shift_volunteer", "volunteer_id", "ends_at"),
        CheckConstraint("ends_at > starts_at", name="has_length"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    template_id: Mapped[int] = mapped_column(ForeignKey("shift_template.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
