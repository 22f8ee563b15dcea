"""A peer in a call brings somebody in: a professional as a third, or a lead who listens."""

from __future__ import annotations

from collections.abc import Iterator

from helpline.domain.calls import LegKind
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.phone_orders import call_out
from helpline.services.write_text import to_volunteer
from helpline.storage import calls, conversations, volunteers
from helpline.storage.models import Call, CallLeg, Contact, Conversation, Volunteer


def bring_in_professional(
    desk: Desk, conversation: Conversation, call: Call, *, anew: bool = False
) -> bool:
    """Call the first professional who has not been tried in this call (R24).

    One on duty, else the line's own number, else the crisis line of the caller's region, else
    that of the line's own country. One at a time: asked twice, nobody is called twice. Asked
    `anew` after all were tried, the first is called again. False when nobody is left to call.
    """
    if calls.open_legs(desk.session, call.id, LegKind.PROFESSIONAL):
        return True
    tried = calls.numbers_tried(desk.session, call.id, LegKind.PROFESSIONAL)
    for number, volunteer in _professionals(desk, conversation):
        if number not in tried:
            _call(desk, conversation, call, LegKind.PROFESSIONAL, number, volunteer)
            return True
    first = next(_professionals(desk, conversation), None) if anew else None
    if first is None:
        return False
    _call(desk, conversation, call, LegKind.PROFESSIONAL, *first)
    return True


def _professionals(
    desk: Desk, conversation: Conversation
) -> Iterator[tuple[str, Volunteer | None]]:
    session = desk.session
    contact = conversations.contact_of(session, conversation)
    for volunteer in volunteers.on_duty(session, conversation.line_id, "professional"):
        if _may_be_called(desk, conversation, contact, volunteer):
            yield volunteer.phone.e164, volunteer
    if desk.policy.professional_number:
        yield desk.policy.professional_number, None
    for phone in (contact.phone, None):
        number = desk.house.crisis_lines.line_for(phone, desk.policy.country).dialled
        if number:
            yield number, None


def _may_be_called(
    desk: Desk, conversation: Conversation, contact: Contact, volunteer: Volunteer
) -> bool:
    is_in_it = volunteer.id == conversation.volunteer_id or volunteer.phone == contact.phone
    return not is_in_it and not calls.is_on_the_phone(desk.session, volunteer.id)


def _call(
    desk: Desk,
    conversation: Conversation,
    call: Call,
    kind: LegKind,
    number: str,
    volunteer: Volunteer | None,
) -> None:
    volunteer_id = volunteer.id if volunteer is not None else None
    leg = call_out(desk, conversation, kind, number, call=call, volunteer_id=volunteer_id)
    called = Kind.PROFESSIONAL_CALLED if kind == LegKind.PROFESSIONAL else Kind.LEAD_CALLED_IN
    desk.note(
        conversation.line_id,
        called,
        conversation_id=conversation.id,
        volunteer_id=leg.volunteer_id,
        asked_by=conversation.volunteer_id,
    )


def next_professional(desk: Desk, conversation: Conversation, call: Call, before: CallLeg) -> None:
    """A professional was not reached: the next is called; after the last the peer is told."""
    desk.note(
        conversation.line_id,
        Kind.PROFESSIONAL_NOT_REACHED,
        conversation_id=conversation.id,
        volunteer_id=before.volunteer_id,
        ending=before.ending,
    )
    callers = calls.open_legs(desk.session, call.id, LegKind.CALLER)
    if not callers or bring_in_professional(desk, conversation, call):
        return
    if conversation.volunteer_id is None:
        return
    contact = conversations.contact_of(desk.session, conversation)
    line = desk.house.crisis_lines.line_for(contact.phone, desk.policy.country)
    to_volunteer(
        desk,
        desk.session.get_one(Volunteer, conversation.volunteer_id),
        desk.say(
            "professional_not_reached",
            alias=contact.alias,
            number=line.call or desk.say("emergency_number"),
        ),
        conversation_id=conversation.id,
    )


def professional_joined(desk: Desk, conversation: Conversation, leg: CallLeg) -> None:
    """Three are on the line; the peer may leave now."""
    desk.note(
        conversation.line_id,
        Kind.PROFESSIONAL_JOINED,
        conversation_id=conversation.id,
        volunteer_id=leg.volunteer_id,
    )


def bring_in_lead(desk: Desk, conversation: Conversation, call: Call) -> bool:
    """Call a lead on duty who will hear the call, and be heard by the peer alone (R48)."""
    if calls.open_legs(desk.session, call.id, LegKind.LEAD):
        return True
    contact = conversations.contact_of(desk.session, conversation)
    tried = calls.numbers_tried(desk.session, call.id, LegKind.LEAD)
    for lead in volunteers.on_duty(desk.session, conversation.line_id, "lead"):
        free = _may_be_called(desk, conversation, contact, lead)
        if free and lead.phone.e164 not in tried:
            _call(desk, conversation, call, LegKind.LEAD, lead.phone.e164, lead)
            return True
    if conversation.volunteer_id is not None:
        peer = desk.session.get_one(Volunteer, conversation.volunteer_id)
        to_volunteer(desk, peer, desk.say("lead_not_reached"), conversation_id=conversation.id)
    return False
