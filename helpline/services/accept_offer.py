"""A peer takes an offered conversation: the two are brought together."""

from __future__ import annotations

from datetime import timedelta

from helpline.domain.calls import Channel
from helpline.domain.commands import LABELS
from helpline.domain.conversation import Event, OfferState, State
from helpline.domain.record import Kind, StepKind
from helpline.services.answer_alert import tell_who_has_joined
from helpline.services.call_back import begin_call_back
from helpline.services.desk import Desk
from helpline.services.escalate import tell_peer
from helpline.services.match_waiting import reserve
from helpline.services.refresh_duty import refresh_duty
from helpline.services.relay_text import peer_sender, relay_to_peer, stay_awake
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import alerts, conversations, duties, lines, messages, offers, steps
from helpline.storage.models import Conversation, Offer, Volunteer

# An answer to an offer that has ended is understood this long; by somebody who has a conversation
# open, for whose person the words may be, only as long as an offer lasts.
LATE_YES = timedelta(minutes=30)


def accept_offer(desk: Desk, volunteer: Volunteer, offer: Offer) -> bool:
    """Take the offered conversation; False, with a kind answer, when it has ended meanwhile.

    The conversation's row is the lock, so of two who say `1` at once one has it (R6).
    """
    conversation = conversations.lock(desk.session, offer.conversation_id)
    offer = offers.lock(desk.session, offer.id)
    if offer.state != OfferState.PENDING or conversation.state != State.OFFERED:
        to_volunteer(desk, volunteer, desk.say("offer_too_late"))
        return False
    offer.state, offer.ended_at = OfferState.ACCEPTED, desk.now
    steps.drop_promise(desk.session, StepKind.EXPIRE_OFFER, offer.id)
    give(desk, conversation, volunteer)
    if conversation.channel == Channel.CALL_BACK:
        begin_call_back(desk, conversation, volunteer)
    else:
        _introduce(desk, conversation, volunteer)
    return True


def answer_late_yes(desk: Desk, volunteer: Volunteer, within: timedelta = LATE_YES) -> bool:
    """`1` after the offer ran out: taken after all if nobody else has it, else a kind answer.

    False when no offer ended `within` this time that it could be about.
    """
    offer = offers.latest_for_volunteer(desk.session, volunteer.id)
    lately = offer is not None and offer.ended_at is not None and desk.now - offer.ended_at < within
    if offer is None or not lately or offer.state not in (OfferState.EXPIRED, OfferState.WITHDRAWN):
        return False
    conversation = conversations.lock(desk.session, offer.conversation_id)
    is_free = conversation.state == State.WAITING and not offer.is_call
    if is_free and duties.take(desk.session, volunteer.id):
        return accept_offer(desk, volunteer, reserve(desk, conversation, volunteer))
    to_volunteer(desk, volunteer, desk.say("offer_too_late"))
    return True


def give(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> None:
    """Write that this volunteer holds the (locked) conversation; its offer has been accepted."""
    session = desk.session
    is_text = conversation.channel == Channel.TEXT
    used = conversations.used_labels(session, volunteer.id)
    relay = lines.free_relay_number(session, conversation.line_id, volunteer.id)
    conversations.move(conversation, Event.ACCEPTED)
    conversation.volunteer_id = volunteer.id
    conversation.relay_number_id = relay if is_text else None
    conversation.label = next(label for label in LABELS if label not in used)
    conversation.accepted_at = desk.now
    conversation.first_accepted_at = conversation.first_accepted_at or desk.now
    for kind in (StepKind.TELL_WAITING, StepKind.REASK, StepKind.RING, StepKind.OFFER_CHOICE):
        steps.drop_promise(session, kind, conversation.id)
    session.flush()
    if is_text:
        stay_awake(desk, conversation)
        warns_at = desk.now + desk.policy.idle_close - desk.policy.idle_warning
        steps.move_promise(session, StepKind.CHECK_IDLE, conversation.id, warns_at)
    refresh_duty(desk, volunteer.id)
    desk.note(
        conversation.line_id,
        Kind.CONVERSATION_ACCEPTED,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )


def _introduce(desk: Desk, conversation: Conversation, volunteer: Volunteer) -> None:
    """Tell both, hand over what was said before, then what the person wrote while waiting."""
    contact = conversations.contact_of(desk.session, conversation)
    sender = peer_sender(desk, conversation)
    several = sender is None and len(conversations.held_by(desk.session, volunteer.id)) > 1
    key = "peer_joined_labelled" if several else "peer_joined"
    waiting = messages.unread(desk.session, conversation.id)
    to_volunteer(
        desk,
        volunteer,
        desk.say(key, alias=contact.alias, label=conversation.label),
        sender=sender,
        conversation_id=conversation.id,
    )
    history = _history(desk, conversation, contact.alias)
    if history:
        to_volunteer(
            desk,
            volunteer,
            history,
            sender=sender,
            conversation_id=conversation.id,
            contact_id=contact.id,
        )
    for message in waiting:
        relay_to_peer(desk, conversation, message)
    to_person(
        desk,
        conversation,
        contact,
        desk.say("person_joined", contact.language, name=volunteer.first_name),
    )
    alert = alerts.open_for(desk.session, conversation.id)
    if alert is not None:
        tell_peer(desk, conversation, alert)
        tell_who_has_joined(desk, conversation, alert)


def _history(desk: Desk, conversation: Conversation, alias: str) -> str:
    """What an earlier peer and the person wrote in this conversation; empty if nothing."""
    earlier = messages.read_before(desk.session, conversation.id)
    if not earlier:
        return ""
    said = (
        f"{alias if message.author == 'person' else desk.say('earlier_peer')}: "
        f"{message.words or desk.say('picture')}"
        for message in earlier
    )
    return "\n".join([desk.say("history", alias=alias), *said])
