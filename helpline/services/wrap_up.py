"""The end of a conversation: both are told, and the volunteer is asked how it was (R41)."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select

from helpline.domain.calls import Channel
from helpline.domain.conversation import Event, Risk, State
from helpline.domain.record import Kind, StepKind
from helpline.services.desk import Desk
from helpline.services.phone_orders import let_go_of_call
from helpline.services.refresh_duty import refresh_duty, refresh_own_duty
from helpline.services.write_text import to_leads, to_person, to_volunteer
from helpline.storage import conversations, messages, steps
from helpline.storage.models import Conversation, Volunteer, WrapUp
from helpline.storage.models.base import LOCK

NOT_WELL = 3
# After a conversation at high risk no offer comes until the peer says `#on` (R41).
HEAVY_REST = timedelta(hours=12)
# Whoever says that they are not well is left in peace this long, or until `#on` (R41).
REST = timedelta(hours=1)
# "1 2", "1, 2 and some words", "12": how it ended, then how the volunteer is.
CODES = re.compile(r"\s*([123])(?:[\s,;/]*([123]))?(?![0-9])")


def finish(desk: Desk, conversation: Conversation, *, reason: str, key: str = "ended") -> None:
    """End an active (locked) conversation; the volunteer's place is kept until the wrap-up."""
    contact = conversations.contact_of(desk.session, conversation)
    volunteer = desk.session.get_one(Volunteer, conversation.volunteer_id)
    conversations.move(conversation, Event.FINISHED)
    conversation.ended_at = desk.now
    conversation.last_peer_id = volunteer.id
    steps.drop_promise(desk.session, StepKind.CHECK_IDLE, conversation.id)
    messages.take_held(desk.session, volunteer.id)
    desk.note(
        conversation.line_id,
        Kind.CONVERSATION_FINISHED,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
        reason=reason,
    )
    if conversation.channel == Channel.TEXT:
        to_person(desk, conversation, contact, desk.say(key, contact.language))
    let_go_of_call(desk, conversation, "bye")
    _ask(desk, conversation, volunteer, contact.alias)
    desk.session.flush()
    refresh_duty(desk, volunteer.id)
    refresh_own_duty(desk, conversation)


def _ask(desk: Desk, conversation: Conversation, volunteer: Volunteer, alias: str) -> None:
    due_at = desk.now + desk.policy.wrap_up
    wrap_up = WrapUp(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
        asked_at=desk.now,
        due_at=due_at,
    )
    desk.session.add(wrap_up)
    desk.session.flush()
    steps.promise(desk.session, StepKind.END_WRAP_UP, wrap_up.id, due_at)
    key = "wrap_up_heavy" if conversation.risk >= Risk.HIGH else "wrap_up"
    to_volunteer(desk, volunteer, desk.say(key, alias=alias), conversation_id=conversation.id)


def open_wrap_up(desk: Desk, volunteer: Volunteer) -> WrapUp | None:
    """The oldest wrap-up that this volunteer has still to answer and has time for."""
    return desk.session.scalars(
        select(WrapUp)
        .where(
            WrapUp.volunteer_id == volunteer.id,
            WrapUp.ended_at.is_(None),
            WrapUp.due_at > desk.now,
        )
        .order_by(WrapUp.id)
        .limit(1)
    ).one_or_none()


def is_code(words: str) -> bool:
    """Whether a text is an answer in numbers, whatever else is in it."""
    return CODES.match(words) is not None


def answer_wrap_up(desk: Desk, volunteer: Volunteer, wrap_up: WrapUp, words: str) -> None:
    """Keep the answer, thank, and let the next offer come; leads hear of who is not well."""
    codes = CODES.match(words)
    wrap_up.answer = words
    wrap_up.ending = int(codes[1]) if codes else None
    wrap_up.wellbeing = int(codes[2]) if codes and codes[2] else None
    not_well = wrap_up.wellbeing == NOT_WELL
    to_volunteer(desk, volunteer, desk.say("wrap_up_not_well" if not_well else "wrap_up_thanks"))
    if not_well:
        volunteer.break_until = desk.now + REST
        to_leads(
            desk,
            volunteer.line_id,
            "lead_volunteer_not_well",
            kind=Kind.VOLUNTEER_NOT_WELL,
            volunteer_id=volunteer.id,
            name=volunteer.name,
        )
    close(desk, wrap_up)


def end_wrap_up(desk: Desk, wrap_up_id: int) -> None:
    """The time for the answer is up."""
    wrap_up = desk.session.get(WrapUp, wrap_up_id, with_for_update=LOCK)
    if wrap_up is not None and wrap_up.ended_at is None:
        close(desk, wrap_up)


def close(desk: Desk, wrap_up: WrapUp) -> None:
    """The conversation is over for the volunteer too: the place is free again."""
    wrap_up.ended_at = desk.now
    steps.drop_promise(desk.session, StepKind.END_WRAP_UP, wrap_up.id)
    conversation = conversations.lock(desk.session, wrap_up.conversation_id)
    if conversation.risk >= Risk.HIGH:
        volunteer = desk.session.get_one(Volunteer, wrap_up.volunteer_id)
        volunteer.break_until = max(volunteer.break_until or desk.now, desk.now + HEAVY_REST)
    if conversation.state == State.WRAP_UP:
        conversations.release(desk.session, conversation)
        conversations.move(conversation, Event.WRAPPED_UP)
        conversation.closed_at = desk.now
    desk.session.flush()
    desk.note(
        wrap_up.line_id,
        Kind.CONVERSATION_CLOSED,
        conversation_id=wrap_up.conversation_id,
        volunteer_id=wrap_up.volunteer_id,
        ending=wrap_up.ending,
        wellbeing=wrap_up.wellbeing,
    )
    refresh_duty(desk, wrap_up.volunteer_id)
