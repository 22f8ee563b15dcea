"""A person who needs help has texted: keep it, and bring it to their peer or into the queue."""

from __future__ import annotations

from collections.abc import Sequence

from helpline.domain.calls import Channel
from helpline.domain.conversation import OPEN_STATES, Risk, State
from helpline.domain.matching import queue_at
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind, StepKind
from helpline.domain.wishes import read_wishes
from helpline.services.answer_alert import copy_to_watcher
from helpline.services.assess_text import assess_text
from helpline.services.desk import Desk
from helpline.services.opt_out import opt_in, opt_out_person
from helpline.services.relay_text import relay_to_peer
from helpline.services.write_text import to_leads, to_person
from helpline.storage import contacts, conversations, duties, messages, steps
from helpline.storage.models import Contact, Conversation, Number


def hear_person(
    desk: Desk,
    number: Number,
    phone: PhoneNumber,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
    stop: bool,
    start: bool,
) -> None:
    """Keep one text of a person and promise what follows from it.

    Whatever it says, it is kept first. Anything but an opt-out word opens a conversation or goes
    on with the open one, HELP and an empty text too (R4, R30).
    """
    contact = contacts.lock_or_create(desk.session, number.line_id, phone, desk.now)
    if stop:
        opt_out_person(desk, contact)
    elif contact.opted_out_at is not None and start:
        opt_in(desk, contact)
    elif contact.opted_out_at is not None:
        keep_unanswerable(desk, number, contact, words=words, media=media, sid=sid)
    else:
        go_on(desk, number, contact, words=words, media=media, sid=sid)


def go_on(
    desk: Desk,
    number: Number,
    contact: Contact,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
) -> Conversation:
    """The next text of the contact's (locked) conversation; the first one opens it."""
    latest = conversations.lock_latest(desk.session, contact.id)
    topics = _learn_wishes(desk, contact, words)
    is_new = latest is None or latest.state not in OPEN_STATES
    if latest is None or is_new:
        before = conversations.latest(desk.session, contact.id)
        conversation = open_conversation(desk, number, contact, before, topics)
    else:
        conversation = latest
        _learn_topics(conversation, contact, topics)
    message = messages.remember(
        desk.session, conversation, words=words, media=media, sid=sid, at=desk.now
    )
    if is_new:
        greet(desk, conversation, contact)
    elif number.position == 0:
        conversation.number_id = number.id
    if conversation.state == State.ACTIVE:
        relay_to_peer(desk, conversation, message)
    copy_to_watcher(desk, conversation, contact.alias, words, media)
    assess_text(desk, conversation, contact, message)
    if conversation.state != State.ACTIVE:
        conversation.last_text_at = desk.now
        steps.promise(desk.session, StepKind.MATCH, conversation.line_id, desk.now)
    return conversation


def open_conversation(
    desk: Desk,
    number: Number,
    contact: Contact,
    before: Conversation | None,
    topics: Sequence[str] = (),
    *,
    channel: Channel = Channel.TEXT,
) -> Conversation:
    """A new conversation, waiting; a returning person's last peer and level are known (R44)."""
    returning = (
        before is not None
        and before.ended_at is not None
        and desk.now - before.ended_at < desk.policy.reopen
    )
    conversation = Conversation(
        line_id=contact.line_id,
        contact_id=contact.id,
        number_id=number.id,
        channel=channel,
        state=State.WAITING,
        risk=Risk.NONE,
        earlier_risk=max(before.risk, before.earlier_risk) if before is not None else Risk.NONE,
        language=contact.language,
        topics=list(topics),
        opened_at=desk.now,
        waiting_since=desk.now,
        queue_at=queue_at(Risk.NONE, desk.now),
        last_text_at=desk.now,
        last_peer_id=before.last_peer_id if before is not None and returning else None,
    )
    desk.session.add(conversation)
    desk.session.flush()
    desk.note(contact.line_id, Kind.CONVERSATION_OPENED, conversation_id=conversation.id)
    return conversation


def greet(desk: Desk, conversation: Conversation, contact: Contact) -> None:
    """The one automatic text of a new conversation (R2), and honest word while they wait."""
    privacy = desk.policy.privacy_url or f"{desk.policy.public_url}/privacy"
    to_person(
        desk,
        conversation,
        contact,
        desk.say(
            "received",
            contact.language,
            line=desk.policy.line_name,
            emergency=desk.house.emergency(contact.phone, contact.language),
            privacy=privacy,
        ),
    )
    on_duty = duties.anybody_on_duty(desk.session, conversation.line_id)
    wait = desk.policy.wait_text if on_duty else desk.policy.wait_text * 0
    steps.promise(desk.session, StepKind.TELL_WAITING, conversation.id, desk.now + wait)


def _learn_wishes(desk: Desk, contact: Contact, words: str) -> Sequence[str]:
    """Keep what the person asks for; returns the topics they touch."""
    wishes = read_wishes(words, desk.house.vocabulary)
    contact.wants_language = wishes.wants_language or contact.wants_language
    contact.wants_gender = wishes.wants_gender or contact.wants_gender
    contact.language = wishes.wants_language or wishes.writes_in or contact.language
    return wishes.topics


def _learn_topics(conversation: Conversation, contact: Contact, topics: Sequence[str]) -> None:
    conversation.language = contact.language
    news = [topic for topic in topics if topic not in conversation.topics]
    if news:
        conversation.topics = [*conversation.topics, *news]


def keep_unanswerable(
    desk: Desk,
    number: Number,
    contact: Contact,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
) -> None:
    """Somebody who opted out writes again: their peer reads it, else the leads hear of it.

    They cannot be answered until they text START (R28), so nothing is opened.
    """
    conversation = conversations.lock_latest(desk.session, contact.id)
    if conversation is None:
        conversation = open_conversation(desk, number, contact, None)
        conversation.state = State.ABANDONED
    message = messages.remember(
        desk.session, conversation, words=words, media=media, sid=sid, at=desk.now
    )
    if conversation.state == State.ACTIVE:
        relay_to_peer(desk, conversation, message)
    copy_to_watcher(desk, conversation, contact.alias, words, media)
    assess_text(desk, conversation, contact, message)
    if conversation.state == State.ACTIVE:
        return
    to_leads(
        desk,
        contact.line_id,
        "lead_opted_out_writes",
        kind=Kind.TEXT_FROM_OPTED_OUT,
        conversation_id=conversation.id,
        alias=contact.alias,
    )
