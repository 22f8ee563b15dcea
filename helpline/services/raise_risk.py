"""A human says that a conversation is more than a peer should carry: the leads are brought in."""

from __future__ import annotations

from helpline.domain.conversation import Risk
from helpline.domain.matching import queue_at
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import conversations
from helpline.storage.models import Conversation, Volunteer


def ask_for_help(desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str) -> None:
    """`#urgent`: the (locked) conversation counts as high risk and the leads are texted now."""
    alias = conversations.contact_of(desk.session, conversation).alias
    raise_risk(desk, conversation, Risk.HIGH)
    to_leads(
        desk,
        conversation.line_id,
        "lead_urgent",
        kind=Kind.PEER_ASKED_FOR_HELP,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
        alias=alias,
        name=volunteer.first_name,
    )
    to_volunteer(desk, volunteer, desk.say("urgent_told", alias=alias))
    desk.session.flush()
    refresh_duty(desk, volunteer.id)


def raise_risk(desk: Desk, conversation: Conversation, risk: Risk) -> None:
    """Raise the level; never lowers one (R12)."""
    if conversation.risk >= risk:
        return
    conversation.risk = risk
    conversation.queue_at = queue_at(risk, conversation.waiting_since)
    desk.note(
        conversation.line_id,
        Kind.RISK_RAISED,
        conversation_id=conversation.id,
        risk=int(risk),
    )
