"""Take in volunteers from a CSV file."""

from __future__ import annotations

from datetime import date
from typing import Any

from helpline.domain.phone import PhoneNumber, in_use
from helpline.domain.record import Kind
from helpline.domain.shifts import zone
from helpline.services.csv_file import BadFile, Cells, Changes, Fault, read_phone, read_rows
from helpline.services.desk import Desk
from helpline.services.refresh_duty import refresh_duty
from helpline.storage import lines, volunteers
from helpline.storage.engine import vault_of_session
from helpline.storage.models import Volunteer
from helpline.storage.models.people import ROLES

COLUMNS = (
    "name",
    "phone",
    "role",
    "languages",
    "topics",
    "gender",
    "timezone",
    "trained_until",
    "max_conversations",
)
OPTIONAL_COLUMNS = ("excluded_topics",)
MOST_CONVERSATIONS = 9


def import_volunteers(desk: Desk, line_id: int, text: str) -> Changes:
    """Add or change volunteers by phone; the same file twice changes nothing. Raises `BadFile`."""
    faults: list[Fault] = []
    read = [
        (place, _volunteer(desk, Cells(place, cells, faults)))
        for place, cells in read_rows(text, COLUMNS, faults, OPTIONAL_COLUMNS)
    ]
    _refuse_twice(read, faults)
    faults += [
        Fault(place, "phone", "is a number of the line itself")
        for place, facts in read
        if facts["phone"] and lines.find_number(desk.session, facts["phone"].e164)
    ]
    if faults:
        raise BadFile(sorted(faults, key=lambda fault: fault.row))
    changes = Changes()
    for place, facts in read:
        if not in_use(facts["phone"]):
            changes.warnings.append(f"row {place}, phone: no such range is in use; a typing error?")
        changes.warnings += _unknown_words(desk, place, facts)
        _put_volunteer(desk, line_id, facts, changes)
    if changes.added or changes.changed:
        desk.note(line_id, Kind.VOLUNTEERS_IMPORTED, added=changes.added, changed=changes.changed)
    return changes


def _unknown_words(desk: Desk, place: int, facts: dict[str, Any]) -> list[str]:
    """Words that match nothing the line listens for: kept, as they may yet, and pointed out."""
    known = {
        "topics": desk.house.vocabulary.topics,
        "excluded_topics": desk.house.vocabulary.topics,
        "languages": desk.house.vocabulary.languages,
    }
    return [
        f"row {place}, {column}: {word} is not one that the line knows ({', '.join(words)})"
        for column, words in known.items()
        for word in facts[column]
        if word not in words
    ]


def _refuse_twice(read: list[tuple[int, dict[str, Any]]], faults: list[Fault]) -> None:
    seen: dict[PhoneNumber, int] = {}
    for place, facts in read:
        phone = facts["phone"]
        if phone is not None and phone in seen:
            faults.append(Fault(place, "phone", f"the same as in row {seen[phone]}"))
        seen.setdefault(phone, place)


def _volunteer(desk: Desk, cells: Cells) -> dict[str, Any]:
    policy = desk.policy
    return {
        "name": cells.read("name", _name),
        "phone": cells.read("phone", lambda text: read_phone(text, policy.country)),
        "roles": cells.read("role", _roles, ["peer"]),
        "languages": cells.read("languages", _languages, [policy.language]),
        "topics": cells.read("topics", _list, []),
        "excluded_topics": cells.read("excluded_topics", _list, []),
        "gender": cells.read("gender", _word, "") or None,
        "timezone": cells.read("timezone", lambda text: zone(text).key, policy.timezone),
        "trained_until": cells.read("trained_until", _date, "") or None,
        "max_conversations": cells.read("max_conversations", _cap, 1),
    }


def _put_volunteer(desk: Desk, line_id: int, facts: dict[str, Any], changes: Changes) -> None:
    volunteer = volunteers.lock_by_phone(desk.session, line_id, facts["phone"])
    if volunteer is None:
        volunteer = Volunteer(
            line_id=line_id,
            phone_key=vault_of_session(desk.session).phone_key(facts["phone"]),
            created_at=desk.now,
            **facts,
        )
        desk.session.add(volunteer)
        changes.added += 1
    elif all(getattr(volunteer, name) == value for name, value in facts.items()):
        changes.same += 1
        return
    else:
        for name, value in facts.items():
            setattr(volunteer, name, value)
        changes.changed += 1
    desk.session.flush()
    refresh_duty(desk, volunteer.id)


def _name(text: str) -> str:
    if len(text) > 80 or not text.isprintable():
        raise ValueError("should be at most 80 printable characters")
    return text


def _list(text: str) -> list[str]:
    return list(dict.fromkeys(_word(part) for part in text.split(";") if part.strip()))


def _word(text: str) -> str:
    word = text.strip().lower()
    if len(word) > 40 or not word.replace("_", "").replace("-", "").replace(" ", "").isalnum():
        raise ValueError("should be words, parted by ;")
    return word


def _languages(text: str) -> list[str]:
    languages = _list(text)
    if not all(language.isalpha() and 2 <= len(language) <= 3 for language in languages):
        raise ValueError("should be language codes like en;es")
    return languages


def _roles(text: str) -> list[str]:
    roles = _list(text)
    if not roles or any(role not in ROLES for role in roles):
        raise ValueError(f"should be one or more of {', '.join(ROLES)}, parted by ;")
    return roles


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("should be a date like 2027-06-30") from None


def _cap(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_CONVERSATIONS):
        raise ValueError(f"should be a number from 1 to {MOST_CONVERSATIONS}")
    return int(text)
