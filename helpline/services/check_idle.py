"""An active conversation in which nobody writes: a kind warning, then a kind end."""

from __future__ import annotations

from helpline.domain.conversation import State
from helpline.domain.record import StepKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.relay_text import peer_sender, stay_awake
from helpline.services.wrap_up import finish
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import calls, conversations, steps
from helpline.storage.models import Conversation, Volunteer


def check_idle(desk: Desk, conversation_id: int) -> None:
    """Warn both, or close, or look again later, as long as it is since anybody wrote."""
    conversation = conversations.lock(desk.session, conversation_id)
    if conversation.state != State.ACTIVE:
        return
    if calls.callers_on_the_line(desk.session, conversation_id):
        stay_awake(desk, conversation)
    closes_at = conversation.last_text_at + desk.policy.idle_close
    warns_at = closes_at - desk.policy.idle_warning
    if conversation.idle_warned_at is not None and desk.now >= closes_at:
        finish(desk, conversation, reason="idle", key="ended_idle")
    elif desk.now >= warns_at and conversation.idle_warned_at is None:
        conversation.idle_warned_at = desk.now
        _warn(desk, conversation)
        end = max(closes_at, desk.now + desk.policy.idle_warning)
        steps.promise(desk.session, StepKind.CHECK_IDLE, conversation_id, end)
    else:
        later = closes_at if conversation.idle_warned_at else warns_at
        steps.promise(desk.session, StepKind.CHECK_IDLE, conversation_id, later)


def _warn(desk: Desk, conversation: Conversation) -> None:
    contact = conversations.contact_of(desk.session, conversation)
    volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
    minutes = max(1, minutes_between(desk.now, desk.now + desk.policy.idle_warning))
    to_person(
        desk, conversation, contact, desk.say("idle_person", contact.language, minutes=minutes)
    )
    to_volunteer(
        desk,
        volunteer,
        desk.say("idle_peer", alias=contact.alias, minutes=minutes),
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )
