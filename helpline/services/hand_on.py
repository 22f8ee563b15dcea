"""A peer hands their conversation on: it goes back to its place in the queue, with its history."""

from __future__ import annotations

from collections.abc import Sequence

from helpline.domain.calls import SPOKEN, Channel, LegKind
from helpline.domain.conversation import Event, OfferState, Risk
from helpline.domain.matching import queue_at
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.phone_orders import let_go_of_call
from helpline.services.refresh_duty import refresh_duty
from helpline.services.wrap_up import finish
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import calls, conversations, duties, messages, offers, steps
from helpline.storage.models import CallLeg, Conversation, Volunteer


def hand_on(
    desk: Desk,
    conversation: Conversation,
    volunteer: Volunteer,
    *,
    said: str = "handed_on",
    caller_hears: str = "again",
) -> None:
    """From active (locked) back to waiting; whoever hands it on is not asked next.

    A call whose caller is with a professional, or gone, is not handed on but over. A caller who
    is still on the line waits there; else a person to be called back is.
    """
    session = desk.session
    on_the_line = calls.callers_on_the_line(session, conversation.id)
    if conversation.channel in SPOKEN and _is_over(desk, conversation, on_the_line):
        finish(desk, conversation, reason="handed_over" if on_the_line else "caller_left")
        return
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
    is_text = conversation.channel == Channel.TEXT
    let_go_of_call(desk, conversation, "bye" if is_text else caller_hears)
    if conversation.channel == Channel.TEXT:
        steps.promise(session, StepKind.TELL_WAITING, conversation.id, desk.now + wait)
    elif on_the_line:
        conversation.channel = Channel.VOICE
        choice_at = desk.now + desk.policy.call_wait
        steps.move_promise(session, StepKind.OFFER_CHOICE, conversation.id, choice_at)
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


def _is_over(desk: Desk, conversation: Conversation, on_the_line: Sequence[CallLeg]) -> bool:
    if not on_the_line:
        return conversation.channel == Channel.VOICE
    call = calls.open_call(desk.session, conversation.id)
    return call is not None and calls.is_in(desk.session, call.id, LegKind.PROFESSIONAL)
