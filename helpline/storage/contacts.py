"""The people who text and call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.domain.alias import aliases
from helpline.domain.phone import PhoneNumber
from helpline.storage.engine import vault_of_session
from helpline.storage.models import Contact
from helpline.storage.models.base import LOCK


def lock_by_phone(session: Session, line_id: int, phone: PhoneNumber) -> Contact | None:
    """The contact with this number, locked until the transaction ends."""
    key = vault_of_session(session).phone_key(phone)
    return session.scalars(
        select(Contact)
        .where(Contact.line_id == line_id, Contact.phone_key == key)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def lock_or_create(session: Session, line_id: int, phone: PhoneNumber, now: datetime) -> Contact:
    """The contact with this number, made with a new alias if there is none, and locked."""
    contact = lock_by_phone(session, line_id, phone)
    if contact is not None:
        return contact
    key = vault_of_session(session).phone_key(phone)
    for alias in aliases(int.from_bytes(key[:6], "big")):
        row = insert(Contact).values(
            line_id=line_id, alias=alias, phone=phone, phone_key=key, created_at=now
        )
        made = session.scalars(row.on_conflict_do_nothing().returning(Contact)).one_or_none()
        contact = made or lock_by_phone(session, line_id, phone)
        if contact is not None:
            return contact
    raise AssertionError("aliases never end")


def lock(session: Session, contact_id: int) -> Contact:
    """This contact, locked and fresh."""
    return session.get_one(Contact, contact_id, with_for_update=LOCK, populate_existing=True)


def find(session: Session, line_id: int, phone_key: bytes) -> Contact | None:
    """The contact with this number, by its keyed hash, not locked."""
    return session.scalars(
        select(Contact).where(Contact.line_id == line_id, Contact.phone_key == phone_key)
    ).one_or_none()
