"""Offer waiting conversations to free peers, the head of the queue first."""

from __future__ import annotations

from helpline.domain.calls import Channel
from helpline.domain.conversation import Event
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.ring_peers import ring_more
from helpline.services.write_text import to_volunteer
from helpline.storage import conversations, duties, offers, steps
from helpline.storage.models import Conversation, Offer, Volunteer


def match_waiting(desk: Desk, line_id: int) -> bool:
    """Offer the first waiting conversation that somebody free suits; False when there is none.

    After each offer another match is promised, so that an offer leaves as soon as it is made. One
    transaction at a time does this for a line: the step's own row is the lock. A conversation
    or peer that somebody else holds at this moment is skipped; whoever holds it promises
    another match before they let go.
    """
    match = conversations.lock_next_match(desk.session, line_id, desk.now, desk.policy.rests)
    if match is None:
        return False
    steps.promise(desk.session, StepKind.MATCH, line_id, desk.now)
    conversation, volunteer_id = match
    if conversation.channel == Channel.VOICE:
        ring_more(desk, conversation.id)
        return True
    if not duties.take(desk.session, volunteer_id):
        return False
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
    return True


def reserve(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> Offer:
    """Keep a conversation (locked) for a volunteer who was just taken (`duties.take`)."""
    expires_at = desk.now + desk.policy.offer
    conversations.move(conversation, Event.OFFERED)
    offer = offers.make(desk.session, conversation, volunteer, desk.now, expires_at)
    steps.promise(desk.session, StepKind.EXPIRE_OFFER, offer.id, expires_at)
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
        "offer_call_back" if conversation.channel == Channel.CALL_BACK else "offer",
        wait=minutes_between(conversation.waiting_since, desk.now),
        language=desk.say(f"language_{conversation.language or desk.policy.language}"),
        topics=", ".join(desk.say(f"topic_{topic}") for topic in conversation.topics[:3])
        or desk.say("topic_unknown"),
        risk=desk.say(f"risk_{conversation.risk}"),
        seconds=round(desk.policy.offer.total_seconds()),
    )
