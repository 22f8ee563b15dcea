"""Honest word to somebody who waits, now and then; nobody who waits is ever closed (R7)."""

from __future__ import annotations

from helpline.domain.conversation import State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.write_text import to_leads, to_person
from helpline.storage import conversations, duties, record, steps
from helpline.storage.models import Conversation


def tell_waiting(desk: Desk, conversation_id: int) -> None:
    """Tell a waiting person how it stands; with nobody on duty the leads are texted as well."""
    conversation = conversations.lock(desk.session, conversation_id)
    if conversation.state not in (State.WAITING, State.OFFERED):
        return
    contact = conversations.contact_of(desk.session, conversation)
    somebody = duties.anybody_on_duty(desk.session, conversation.line_id)
    key = "still_looking" if somebody else "nobody_on_duty"
    to_person(desk, conversation, contact, desk.say(key, contact.language))
    if not somebody:
        _tell_leads(desk, conversation)
    again_at = desk.now + desk.policy.wait_text_repeat
    steps.promise(desk.session, StepKind.TELL_WAITING, conversation_id, again_at)
    if conversation.state == State.WAITING:
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)


def _tell_leads(desk: Desk, conversation: Conversation) -> None:
    """Once for each repeat of the wait text, however many people wait."""
    last = record.last_time(desk.session, conversation.line_id, Kind.NOBODY_ON_DUTY)
    if last is not None and desk.now - last < desk.policy.wait_text_repeat:
        return
    to_leads(
        desk,
        conversation.line_id,
        "lead_nobody_on_duty",
        kind=Kind.NOBODY_ON_DUTY,
        conversation_id=conversation.id,
        count=conversations.count_waiting(desk.session, conversation.line_id),
    )
