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
    return _lock_by_key(session, line_id, vault_of_session(session).phone_key(phone))


def lock_or_create(session: Session, line_id: int, phone: PhoneNumber, now: datetime) -> Contact:
    """The contact with this number, made with a new alias if there is none, and locked."""
    contact = lock_by_phone(session, line_id, phone)
    if contact is not None:
        return contact
    return _create(session, line_id, phone, vault_of_session(session).phone_key(phone), now)


def create_withheld(session: Session, line_id: int, call_sid: str, now: datetime) -> Contact:
    """Somebody whose number is withheld: a contact for this one call, locked."""
    key = vault_of_session(session).sender_key(f"withheld {call_sid}")
    return _create(session, line_id, None, key, now)


def _create(
    session: Session, line_id: int, phone: PhoneNumber | None, key: bytes, now: datetime
) -> Contact:
    for alias in aliases(int.from_bytes(key[:6], "big")):
        row = insert(Contact).values(
            line_id=line_id, alias=alias, phone=phone, phone_key=key, created_at=now
        )
        made = session.scalars(row.on_conflict_do_nothing().returning(Contact)).one_or_none()
        contact = made or _lock_by_key(session, line_id, key)
        if contact is not None:
            return contact
    raise AssertionError("aliases never end")


def _lock_by_key(session: Session, line_id: int, key: bytes) -> Contact | None:
    return session.scalars(
        select(Contact)
        .where(Contact.line_id == line_id, Contact.phone_key == key)
        .with_for_update(**LOCK)
        .execution_options(populate_existing=True)
    ).one_or_none()


def lock(session: Session, contact_id: int) -> Contact:
    """This contact, locked and fresh."""
    return session.get_one(Contact, contact_id, with_for_update=LOCK, populate_existing=True)


def find(session: Session, line_id: int, phone_key: bytes) -> Contact | None:
    """The contact with this number, by its keyed hash, not locked."""
    return session.scalars(
        select(Contact).where(Contact.line_id == line_id, Contact.phone_key == phone_key)
    ).one_or_none()
