"""A volunteer's open conversations, and which of them a text or command is for."""

from __future__ import annotations

from helpline.domain.commands import JOINED_LABEL, OWN_LABEL
from helpline.services.answer_alert import joined_to
from helpline.services.desk import Desk
from helpline.services.write_text import to_volunteer
from helpline.storage import contacts, conversations
from helpline.storage.models import Conversation, Number, Volunteer


def threads_of(desk: Desk, volunteer: Volunteer) -> dict[str, Conversation]:
    """The volunteer's open conversations by label; their own, as a person, under `me`."""
    threads = {
        conversation.label or "": conversation
        for conversation in conversations.held_by(desk.session, volunteer.id)
    }
    contact = contacts.find(desk.session, volunteer.line_id, volunteer.phone_key)
    own = conversations.find_open(desk.session, contact.id) if contact is not None else None
    if own is not None:
        threads[OWN_LABEL] = own
    joined = joined_to(desk, volunteer)
    if joined and joined[0].volunteer_id != volunteer.id:
        threads[JOINED_LABEL] = joined[0]
    return threads


def by_number(desk: Desk, volunteer: Volunteer, number: Number) -> Conversation | None:
    """The conversation that has this relay number to itself."""
    held = conversations.held_by(desk.session, volunteer.id)
    return next((each for each in held if each.relay_number_id == number.id), None)


def choices(desk: Desk, threads: dict[str, Conversation]) -> str:
    """`#a Amber Finch, #b Teal Otter`, for the question which one is meant."""
    return ", ".join(
        f"#{label} "
        + (
            desk.say("your_own")
            if label == OWN_LABEL
            else conversations.contact_of(desk.session, conversation).alias
        )
        for label, conversation in threads.items()
    )


def choose(
    desk: Desk, volunteer: Volunteer, number: Number, label: str | None, command: str
) -> tuple[str, Conversation] | None:
    """The conversation that a command is for, and its label; asks, and returns None, if unclear."""
    threads = threads_of(desk, volunteer)
    own_number = by_number(desk, volunteer, number)
    if label is not None and label in threads:
        return label, threads[label]
    if label is None and own_number is not None:
        return own_number.label or "", own_number
    if label is None and len(threads) == 1:
        return next(iter(threads.items()))
    if not threads:
        to_volunteer(desk, volunteer, desk.say("nothing_open"))
    else:
        to_volunteer(
            desk,
            volunteer,
            desk.say("which_command", command=command, choices=choices(desk, threads)),
        )
    return None
