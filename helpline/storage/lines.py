"""Lines and their numbers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.storage.models import Conversation, Line, Number
from helpline.storage.models.base import LOCK


def sync_line(session: Session, name: str, numbers: Sequence[str]) -> Line:
    """Make the line and its numbers as the settings say; safe to run at every start."""
    session.execute(insert(Line).values(name=name).on_conflict_do_nothing())
    line = session.scalars(select(Line).where(Line.name == name).with_for_update(**LOCK)).one()
    session.execute(update(Number).where(Number.line_id == line.id).values(position=None))
    for position, e164 in enumerate(numbers):
        row = insert(Number).values(line_id=line.id, e164=e164, position=position)
        session.execute(
            row.on_conflict_do_update(
                index_elements=[Number.e164], set_={"position": position, "line_id": line.id}
            )
        )
    return line


def only_line(session: Session) -> Line:
    """The line of a deployment that serves one."""
    return session.scalars(select(Line).order_by(Line.id).limit(1)).one()


def numbers_of(session: Session) -> list[Number]:
    """Every number of ours, read once a session: there are few, and most steps need one."""
    kept: list[Number] | None = session.info.get("numbers")
    if kept is None:
        kept = session.info["numbers"] = list(session.scalars(select(Number).order_by(Number.id)))
    return kept


def find_number(session: Session, e164: str) -> Number | None:
    """The number of ours that was texted."""
    return next((each for each in numbers_of(session) if each.e164 == e164), None)


def number(session: Session, number_id: int) -> Number:
    """The number with this id."""
    return next(each for each in numbers_of(session) if each.id == number_id)


def public_number(session: Session, line_id: int) -> Number:
    """The number that people text and call."""
    return next(
        each for each in numbers_of(session) if (each.line_id, each.position) == (line_id, 0)
    )


def sender_for_contact(session: Session, conversation: Conversation) -> str:
    """The number the person texted, or the public one when that is no longer ours."""
    texted = number(session, conversation.number_id)
    if texted.position is None:
        return public_number(session, conversation.line_id).e164
    return texted.e164


def free_relay_number(session: Session, line_id: int, volunteer_id: int) -> int | None:
    """A relay number that none of this volunteer's conversations uses; None when all are."""
    used = set(
        session.scalars(
            select(Conversation.relay_number_id).where(Conversation.volunteer_id == volunteer_id)
        )
    )
    pool = [each for each in numbers_of(session) if each.line_id == line_id and each.position]
    free = (each.id for each in sorted(pool, key=lambda each: each.position or 0))
    return next((each for each in free if each not in used), None)
