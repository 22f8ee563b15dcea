"""A peer hands their conversation on: it goes back to its place in the queue, with its history."""

from __future__ import annotations

from helpline.domain.calls import Channel
from helpline.domain.conversation import Event, OfferState, Risk
from helpline.domain.matching import queue_at
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.phone_orders import let_go_of_call
from helpline.services.refresh_duty import refresh_duty
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import conversations, duties, messages, offers, steps
from helpline.storage.models import Conversation, Volunteer


def hand_on(
    desk: Desk,
    conversation: Conversation,
    volunteer: Volunteer,
    *,
    said: str = "handed_on",
    caller_hears: str = "again",
) -> None:
    """From active (locked) back to waiting; whoever hands it on is not asked next."""
    session = desk.session
    contact = conversations.contact_of(session, conversation)
    taken = offers.accepted(session, conversation.id, volunteer.id)
    if taken is not None:
        taken.state, taken.ended_at = OfferState.PASSED, desk.now
    conversations.release(session, conversation)
    conversations.move(conversation, Event.HANDED_ON)
    conversation.last_peer_id = None
    conversation.queue_at = queue_at(Risk(conversation.risk), conversation.waiting_since)
    session.flush()
    steps.drop_promise(session, StepKind.CHECK_IDLE, conversation.id)
    messages.take_held(session, volunteer.id)
    on_duty = duties.anybody_on_duty(session, conversation.line_id)
    wait = desk.policy.wait_text if on_duty else desk.policy.wait_text * 0
    if conversation.channel == Channel.TEXT:
        steps.promise(session, StepKind.TELL_WAITING, conversation.id, desk.now + wait)
    else:
        let_go_of_call(desk, conversation, volunteer.id, caller_hears)
    steps.promise(session, StepKind.MATCH, conversation.line_id, desk.now)
    desk.note(
        conversation.line_id,
        Kind.CONVERSATION_HANDED_ON,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )
    refresh_duty(desk, volunteer.id)
    to_volunteer(desk, volunteer, desk.say(said, alias=contact.alias))
    if conversation.channel == Channel.TEXT:
        to_person(desk, conversation, contact, desk.say("person_handed_on", contact.language))
