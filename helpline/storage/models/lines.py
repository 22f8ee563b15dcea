"""Lines (a helpline each) and the numbers that are theirs."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from helpline.storage.models.base import Base, Id, LineId


class Line(Base):
    """One helpline. Every row of a line carries its id."""

    __tablename__ = "line"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)


class Number(Base):
    """A number of ours. Position 0 is the one that people text; the rest are relay numbers.

    A number that is no longer ours keeps its row, for old conversations, and has no position.
    """

    __tablename__ = "number"
    __table_args__ = (
        UniqueConstraint("line_id", "position", deferrable=True, initially="DEFERRED"),
    )

    id: Mapped[Id]
    line_id: Mapped[LineId]
    e164: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int | None]
