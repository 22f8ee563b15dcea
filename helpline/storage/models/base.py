"""What all tables share: names of constraints, and the types of common columns."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one declarative base."""

    metadata = MetaData(naming_convention=NAMES)


# How rows are locked: FOR NO KEY UPDATE. Others may still refer to the row, so that a foreign key
# never waits for, or deadlocks with, whoever is at work on it.
LOCK: dict[str, Any] = {"key_share": True}

Id = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
LineId = Annotated[int, mapped_column(ForeignKey("line.id"), index=False)]


def one_of(column: str, values: object) -> CheckConstraint:
    """A CHECK that a text column holds one of an enum's values."""
    listed = ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")
