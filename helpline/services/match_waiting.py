"""Offer waiting conversations to free peers, the head of the queue first."""

from __future__ import annotations

from helpline.domain.conversation import Event
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_volunteer
from helpline.storage import conversations, duties, offers, outbox
from helpline.storage.models import Conversation, Offer, Volunteer


def match_waiting(desk: Desk, line_id: int) -> int:
    """Offer as many waiting conversations as there are free peers who suit; returns how many.

    One transaction at a time does this for a line: the step's own row is the lock. A
    conversation or peer that somebody else holds at this moment is skipped; whoever holds it
    promises another match before they let go.
    """
    made = 0
    while True:
        match = conversations.lock_next_match(desk.session, line_id, desk.now, desk.policy.offer)
        if match is None:
            return made
        conversation, volunteer_id = match
        if duties.lock_if_free(desk.session, volunteer_id) is None:
            outbox.promise(desk.session, StepKind.MATCH, line_id, desk.now)
            return made
        volunteer = desk.session.get_one(Volunteer, volunteer_id)
        offer = reserve(desk, conversation, volunteer)
        to_volunteer(
            desk,
            volunteer,
            _offer_text(desk, conversation),
            kind=TextKind.OFFER,
            conversation_id=conversation.id,
            offer_id=offer.id,
        )
        made += 1


def reserve(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> Offer:
    """Keep a conversation (locked) for a volunteer whose duty row is locked and free."""
    expires_at = desk.now + desk.policy.offer
    conversations.move(conversation, Event.OFFERED)
    offer = offers.make(desk.session, conversation, volunteer, desk.now, expires_at)
    outbox.promise(desk.session, StepKind.EXPIRE_OFFER, offer.id, expires_at)
    refresh_duty(desk, volunteer.id)
    desk.note(
        conversation.line_id,
        Kind.CONVERSATION_OFFERED,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )
    return offer


def _offer_text(desk: Desk, conversation: Conversation) -> str:
    """What is known, without a word of theirs: channel, wait, language, topic, risk."""
    return desk.say(
        "offer",
        wait=minutes_between(conversation.waiting_since, desk.now),
        language=desk.say(f"language_{conversation.language or desk.policy.language}"),
        topics=", ".join(desk.say(f"topic_{topic}") for topic in conversation.topics[:3])
        or desk.say("topic_unknown"),
        risk=desk.say(f"risk_{conversation.risk}"),
        seconds=round(desk.policy.offer.total_seconds()),
    )
