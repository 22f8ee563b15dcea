"""A volunteer has texted: a command, an answer, or words for the person they are with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from helpline.domain.calls import Channel
from helpline.domain.commands import ABOUT_OTHERS, Reading, is_no, is_yes, plain, read_command
from helpline.domain.conversation import State
from helpline.domain.record import Kind
from helpline.services.accept_offer import accept_offer, answer_late_yes
from helpline.services.answer_alert import (
    acknowledge,
    copy_to_watcher,
    is_on_call,
    joined_to,
    tell_taken,
)
from helpline.services.assess_text import RISKS
from helpline.services.desk import Desk
from helpline.services.end_offer import pass_offer
from helpline.services.hear_person import go_on, keep_unanswerable
from helpline.services.opt_out import opt_in_volunteer, opt_out_volunteer
from helpline.services.refresh_duty import refresh_duty
from helpline.services.relay_text import peer_sender, relay_to_person
from helpline.services.run_command import run_command
from helpline.services.threads import by_number, choices, threads_of
from helpline.services.wrap_up import answer_wrap_up, is_code, open_wrap_up
from helpline.services.write_text import to_leads, to_volunteer
from helpline.storage import contacts, conversations, messages, offers
from helpline.storage.models import Conversation, HeldText, Number, Volunteer, WrapUp

# The question which one is meant is answered within this time, or asked again.
HELD_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """One text of a volunteer with what it came with, and the number of ours it came to."""

    number: Number
    words: str
    media: Sequence[str]
    sid: str


def hear_volunteer(
    desk: Desk,
    number: Number,
    volunteer: Volunteer,
    *,
    words: str,
    media: Sequence[str],
    sid: str,
    stop: bool,
    start: bool,
) -> None:
    """Do what one text of a volunteer (locked) means; the contract's table, in its order."""
    if stop:
        opt_out_volunteer(desk, volunteer)
        return
    if volunteer.opted_out_at is not None:
        _hear_opted_out(desk, volunteer, Written(number, words, media, sid), start=start)
        return
    written = Written(number, words, media, sid)
    reading = read_command(words)
    if reading.command is not None:
        run_command(desk, number, volunteer, reading, sid)
        if reading.command not in ABOUT_OTHERS:
            _care(desk, volunteer, written)
    elif reading.label is not None:
        _send_labelled(desk, volunteer, reading, written)
    elif not _answer(desk, volunteer, written):
        _pass_on(desk, volunteer, written)


def _hear_opted_out(desk: Desk, volunteer: Volunteer, written: Written, *, start: bool) -> None:
    """START brings texts back; anything else cannot be answered, so the leads hear of it."""
    if start:
        opt_in_volunteer(desk, volunteer)
        return
    if _is_in_danger(desk, written.words):
        contact = contacts.lock_or_create(
            desk.session, volunteer.line_id, volunteer.phone, desk.now
        )
        contact.opted_out_at = contact.opted_out_at or desk.now
        keep_unanswerable(
            desk,
            written.number,
            contact,
            words=written.words,
            media=written.media,
            sid=written.sid,
        )
    to_leads(
        desk,
        volunteer.line_id,
        "lead_opted_out_writes",
        kind=Kind.TEXT_FROM_OPTED_OUT,
        volunteer_id=volunteer.id,
        alias=volunteer.name,
    )


def _answer(desk: Desk, volunteer: Volunteer, written: Written) -> bool:
    """Take the text as an answer to a pending offer or wrap-up, if it is one."""
    offer = offers.pending_for_volunteer(desk.session, volunteer.id)
    says_yes = is_yes(written.words) if offer is not None else plain(written.words) == "1"
    if says_yes and is_on_call(volunteer) and acknowledge(desk, volunteer):
        return True
    if offer is not None and is_yes(written.words):
        if offer.is_call:
            to_volunteer(desk, volunteer, desk.say("call_press_1"))
        else:
            accept_offer(desk, volunteer, offer)
        return True
    if offer is not None and is_no(written.words):
        pass_offer(desk, volunteer, offer)
        return True
    wrap_up = open_wrap_up(desk, volunteer)
    writes_to_somebody = bool(
        by_number(desk, volunteer, written.number) or joined_to(desk, volunteer)
    )
    is_answer = wrap_up is not None and (
        is_code(written.words) or not _may_be_for_another(desk, volunteer, wrap_up)
    )
    if wrap_up is not None and is_answer and not writes_to_somebody:
        answer_wrap_up(desk, volunteer, wrap_up, written.words)
        _care(desk, volunteer, written)
        return True
    return False


def _may_be_for_another(desk: Desk, volunteer: Volunteer, wrap_up: WrapUp) -> bool:
    """A call ends without the volunteer's word: what they text may be for somebody else."""
    ended = desk.session.get_one(Conversation, wrap_up.conversation_id)
    return ended.channel != Channel.TEXT and bool(conversations.held_by(desk.session, volunteer.id))


def _pass_on(desk: Desk, volunteer: Volunteer, written: Written) -> None:
    """Words for a person: the one whose relay number it came to, or the only one."""
    threads = threads_of(desk, volunteer)
    own_number = by_number(desk, volunteer, written.number)
    if own_number is not None:
        _send(desk, volunteer, own_number, written)
    elif _is_late_yes(desk, volunteer, written.words, busy=bool(threads)):
        return
    elif len(threads) == 1:
        _send(desk, volunteer, next(iter(threads.values())), written)
    elif threads:
        messages.hold(
            desk.session,
            volunteer.id,
            written.words,
            written.media,
            written.sid,
            desk.now,
            HELD_LASTS,
        )
        to_volunteer(desk, volunteer, desk.say("which_one", choices=choices(desk, threads)))
    elif not _care(desk, volunteer, written):
        to_volunteer(desk, volunteer, desk.say("nothing_open"))


def _care(desk: Desk, volunteer: Volunteer, written: Written) -> bool:
    """A volunteer's own words are judged like anyone's: danger opens a conversation for them."""
    if not _is_in_danger(desk, written.words):
        return False
    contact = contacts.lock_or_create(desk.session, volunteer.line_id, volunteer.phone, desk.now)
    go_on(
        desk,
        written.number,
        contact,
        words=written.words,
        media=written.media,
        sid=written.sid,
    )
    desk.session.flush()
    refresh_duty(desk, volunteer.id)
    return True


def _is_in_danger(desk: Desk, words: str) -> bool:
    judgement, _ = desk.house.detector.judge(words)
    return RISKS[judgement.level] >= desk.house.escalation.alert_from


def _is_late_yes(desk: Desk, volunteer: Volunteer, words: str, *, busy: bool) -> bool:
    """Answer a yes that came too late. Of somebody who is with a person, only `1`, and soon."""
    if plain(words) == "1" and not busy and is_on_call(volunteer) and tell_taken(desk, volunteer):
        return True
    if busy:
        return plain(words) == "1" and answer_late_yes(desk, volunteer, desk.policy.offer)
    return is_yes(words) and answer_late_yes(desk, volunteer)


def _send_labelled(desk: Desk, volunteer: Volunteer, reading: Reading, written: Written) -> None:
    """`#a` alone sends what was held; `#a` with words sends the words and drops the held text."""
    threads = threads_of(desk, volunteer)
    conversation = threads.get(reading.label or "")
    if conversation is None:
        key = "no_such_label" if threads else "nothing_open"
        to_volunteer(
            desk, volunteer, desk.say(key, label=reading.label, choices=choices(desk, threads))
        )
        _care(desk, volunteer, written)
        return
    held = _held_for(desk, volunteer, conversation)
    if not reading.is_label_alone or (held is None and written.media):
        if held is not None:
            to_volunteer(desk, volunteer, desk.say("held_dropped"))
        _send(
            desk,
            volunteer,
            conversation,
            Written(written.number, reading.words, written.media, written.sid),
        )
    elif held is None:
        to_volunteer(desk, volunteer, desk.say("nothing_held", label=reading.label))
    else:
        _send(
            desk,
            volunteer,
            conversation,
            Written(written.number, held.words, [*held.media, *written.media], held.sid),
        )


def _held_for(desk: Desk, volunteer: Volunteer, conversation: Conversation) -> HeldText | None:
    """The held text, if this conversation was among those that were asked about.

    One that is old, or that was held before this conversation began, is dropped: it was meant
    for somebody else.
    """
    held = messages.take_held(desk.session, volunteer.id)
    if held is None or desk.now - held.held_at > HELD_LASTS:
        return None
    began = conversation.opened_at
    if conversation.volunteer_id == volunteer.id and conversation.accepted_at is not None:
        began = conversation.accepted_at
    return held if began <= held.held_at else None


def _send(desk: Desk, volunteer: Volunteer, conversation: Conversation, written: Written) -> None:
    """Pass words on in one of the volunteer's threads; in their own they are the person."""
    if conversation.volunteer_id == volunteer.id and conversation.channel != Channel.TEXT:
        alias = conversations.contact_of(desk.session, conversation).alias
        to_volunteer(desk, volunteer, desk.say("call_only_talk", alias=alias))
        return
    if conversation.volunteer_id == volunteer.id:
        conversation = conversations.lock(desk.session, conversation.id)
        if conversation.state != State.ACTIVE or conversation.volunteer_id != volunteer.id:
            to_volunteer(desk, volunteer, desk.say("nothing_open"))
            return
        sent = relay_to_person(
            desk,
            conversation,
            volunteer,
            words=written.words,
            media=written.media,
            sid=written.sid,
        )
        if sent:
            name = volunteer.first_name
            copy_to_watcher(desk, conversation, name, written.words, written.media)
        return
    if any(each.id == conversation.id for each in joined_to(desk, volunteer)):
        _send_as_lead(desk, volunteer, conversations.lock(desk.session, conversation.id), written)
        return
    contact = contacts.lock(desk.session, conversation.contact_id)
    go_on(
        desk,
        written.number,
        contact,
        words=written.words,
        media=written.media,
        sid=written.sid,
    )


def _send_as_lead(
    desk: Desk, volunteer: Volunteer, conversation: Conversation, written: Written
) -> None:
    """Words of somebody who joined: to the person as they are, to the peer with whose they are."""
    sent = relay_to_person(
        desk,
        conversation,
        volunteer,
        words=written.words,
        media=written.media,
        sid=written.sid,
    )
    if sent and conversation.state == State.ACTIVE and conversation.volunteer_id is not None:
        to_volunteer(
            desk,
            desk.session.get_one(Volunteer, conversation.volunteer_id),
            f"{volunteer.first_name}: {written.words or desk.say('picture')}",
            sender=peer_sender(desk, conversation),
            media=written.media,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
        )
