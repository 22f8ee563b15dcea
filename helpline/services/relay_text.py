"""Pass words on, to the letter, between a person and their peer; numbers hidden both ways."""

from __future__ import annotations

from collections.abc import Sequence

from helpline.domain.record import TextKind
from helpline.services.desk import Desk
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import conversations, lines, messages
from helpline.storage.models import Contact, Conversation, Message, Volunteer


def relay_to_peer(desk: Desk, conversation: Conversation, message: Message) -> None:
    """Pass what the person wrote to the peer who holds the (locked) conversation."""
    if conversation.volunteer_id is None:
        return
    volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
    body = message.words
    if not body.strip() and not message.media:
        body = desk.say("empty_text")
    to_volunteer(
        desk,
        volunteer,
        _label(desk, conversation, volunteer) + body,
        kind=TextKind.TO_PEER,
        sender=peer_sender(desk, conversation),
        media=message.media,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
    )
    message.relayed_at = desk.now
    stay_awake(desk, conversation)


def relay_to_person(
    desk: Desk,
    conversation: Conversation,
    volunteer: Volunteer,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
) -> bool:
    """Pass what the peer wrote to the person, as it is; False if they cannot be texted now."""
    contact: Contact = conversations.contact_of(desk.session, conversation)
    if contact.opted_out_at is not None:
        to_volunteer(
            desk,
            volunteer,
            desk.say("person_opted_out", alias=contact.alias),
            sender=peer_sender(desk, conversation),
            conversation_id=conversation.id,
        )
        return False
    message = messages.remember(
        desk.session,
        conversation,
        words=words,
        media=media,
        sid=sid,
        at=desk.now,
        volunteer_id=volunteer.id,
    )
    to_person(
        desk,
        conversation,
        contact,
        words,
        kind=TextKind.TO_PERSON,
        media=media,
        volunteer_id=volunteer.id,
    )
    message.relayed_at = desk.now
    stay_awake(desk, conversation)
    return True


def stay_awake(desk: Desk, conversation: Conversation) -> None:
    """Somebody wrote: the idle time begins anew. The check that is promised will find so."""
    conversation.last_text_at = desk.now
    conversation.idle_warned_at = None


def peer_sender(desk: Desk, conversation: Conversation) -> str | None:
    """The relay number of this conversation, if it has one of its own."""
    if conversation.relay_number_id is None:
        return None
    return lines.number(desk.session, conversation.relay_number_id).e164


def _label(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> str:
    """`a Amber Finch: ` where two conversations share a number, else nothing."""
    if conversation.relay_number_id is not None:
        return ""
    if len(conversations.held_by(desk.session, volunteer.id)) < 2:
        return ""
    contact = conversations.contact_of(desk.session, conversation)
    return f"{conversation.label} {contact.alias}: "
