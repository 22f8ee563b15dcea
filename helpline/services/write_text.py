"""Put texts on their way to people and to volunteers; nothing leaves before the commit."""

from __future__ import annotations

from collections.abc import Sequence

from helpline.domain.record import Kind, TextKind
from helpline.domain.segments import split_body
from helpline.services.desk import Desk
from helpline.storage import lines, outbox, volunteers
from helpline.storage.models import Contact, Conversation, Volunteer


def to_person(
    desk: Desk,
    conversation: Conversation,
    contact: Contact,
    body: str,
    *,
    kind: TextKind = TextKind.AUTOMATIC,
    media: Sequence[str] = (),
    volunteer_id: int | None = None,
) -> bool:
    """Write to the person, from the number they texted.

    False, and nothing is written, while they have opted out (R28) or where they called with
    their number withheld.
    """
    if contact.opted_out_at is not None or contact.phone is None:
        return False
    sender = lines.sender_for_contact(desk.session, conversation)
    for place, part in enumerate(split_body(body) or [""]):
        outbox.write_text(
            desk.session,
            line_id=conversation.line_id,
            kind=kind,
            to=contact.phone,
            sender=sender,
            body=part,
            media=media if place == 0 else (),
            now=desk.now,
            conversation_id=conversation.id,
            contact_id=contact.id,
            volunteer_id=volunteer_id,
        )
    return True


def to_volunteer(
    desk: Desk,
    volunteer: Volunteer,
    body: str,
    *,
    kind: TextKind = TextKind.ANSWER,
    sender: str | None = None,
    media: Sequence[str] = (),
    conversation_id: int | None = None,
    contact_id: int | None = None,
    offer_id: int | None = None,
) -> None:
    """Write to a volunteer, from the public number unless a relay number is named."""
    if volunteer.opted_out_at is not None:
        return
    sender = sender or lines.public_number(desk.session, volunteer.line_id).e164
    for place, part in enumerate(split_body(body) or [""]):
        outbox.write_text(
            desk.session,
            line_id=volunteer.line_id,
            kind=kind,
            to=volunteer.phone,
            sender=sender,
            body=part,
            media=media if place == 0 else (),
            now=desk.now,
            conversation_id=conversation_id,
            contact_id=contact_id,
            volunteer_id=volunteer.id,
            offer_id=offer_id,
        )


def to_leads(
    desk: Desk,
    line_id: int,
    key: str,
    *,
    kind: Kind,
    conversation_id: int | None = None,
    volunteer_id: int | None = None,
    **facts: object,
) -> None:
    """Put something into the record and text it to the leads on duty, else to every lead."""
    leads = volunteers.leads_to_tell(desk.session, line_id)
    desk.note(
        line_id,
        kind,
        conversation_id=conversation_id,
        volunteer_id=volunteer_id,
        leads_told=len(leads),
    )
    for lead in leads:
        to_volunteer(
            desk,
            lead,
            desk.say(key, None, **facts),
            kind=TextKind.NOTICE,
            conversation_id=conversation_id,
        )
