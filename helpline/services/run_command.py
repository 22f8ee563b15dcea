"""The commands that a volunteer texts."""

from __future__ import annotations

from collections.abc import Callable

from helpline.domain.commands import OWN_LABEL, Command, Reading
from helpline.domain.conversation import OPEN_STATES, Event, Risk, State
from helpline.domain.record import Kind, StepKind
from helpline.services import answer_alert, note_rescue, set_duty, show_status
from helpline.services.call_back import call_by_command
from helpline.services.desk import Desk
from helpline.services.escalate import raise_alert, send_crisis_text
from helpline.services.hand_on import hand_on
from helpline.services.hear_person import go_on, greet, open_conversation
from helpline.services.opt_out import abandon
from helpline.services.refresh_duty import refresh_duty
from helpline.services.threads import choose
from helpline.services.wrap_up import finish
from helpline.services.write_text import to_volunteer
from helpline.storage import contacts, conversations, steps
from helpline.storage.models import Contact, Conversation, Note, Number, Volunteer

Act = Callable[[Desk, Number, Volunteer, Reading, str], None]
OnConversation = Callable[[Desk, Conversation, Volunteer, str], None]


def run_command(
    desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str
) -> None:
    """Do one command of a volunteer (locked); anything unknown gets the list."""
    if reading.command in ON_CONVERSATION:
        _on_conversation(desk, number, volunteer, reading)
    else:
        ACTS[reading.command or Command.UNKNOWN](desk, number, volunteer, reading, sid)


def _on_conversation(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading) -> None:
    command = Command(reading.command or Command.UNKNOWN)
    found = choose(desk, volunteer, number, reading.label, command)
    if found is None:
        return
    label, conversation = found
    if label == OWN_LABEL:
        _end_own(desk, volunteer, conversation, command)
        return
    conversation = conversations.lock(desk.session, conversation.id)
    if conversation.state != State.ACTIVE or conversation.volunteer_id != volunteer.id:
        to_volunteer(desk, volunteer, desk.say("nothing_open"))
        return
    ON_CONVERSATION[command](desk, conversation, volunteer, reading.words)


def _done(desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str) -> None:
    finish(desk, conversation, reason="done")


def _pass(desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str) -> None:
    hand_on(desk, conversation, volunteer)


def _note(desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str) -> None:
    alias = conversations.contact_of(desk.session, conversation).alias
    if not words.strip():
        to_volunteer(desk, volunteer, desk.say("note_empty"))
        return
    desk.session.add(
        Note(
            line_id=conversation.line_id,
            conversation_id=conversation.id,
            volunteer_id=volunteer.id,
            words=words,
            written_at=desk.now,
        )
    )
    to_volunteer(desk, volunteer, desk.say("note_kept", alias=alias))


def _urgent(desk: Desk, conversation: Conversation, volunteer: Volunteer, words: str) -> None:
    """`#urgent`, with or without a word of why: lead and professional are brought in now."""
    contact = conversations.contact_of(desk.session, conversation)
    desk.note(
        conversation.line_id,
        Kind.PEER_ASKED_FOR_HELP,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
    )
    send_crisis_text(desk, conversation, contact)
    raise_alert(desk, conversation, Risk.HIGH, "", asked_by=volunteer, why=words.strip())
    to_volunteer(desk, volunteer, desk.say("urgent_told", alias=contact.alias))
    desk.session.flush()
    refresh_duty(desk, volunteer.id)


def _end_own(
    desk: Desk, volunteer: Volunteer, conversation: Conversation, command: Command
) -> None:
    """`#done` in their own conversation, as the person; other commands make no sense there."""
    if command != Command.DONE:
        to_volunteer(desk, volunteer, desk.say("own_only_done"))
        return
    contacts.lock(desk.session, conversation.contact_id)
    conversation = conversations.lock(desk.session, conversation.id)
    if conversation.state == State.ACTIVE:
        finish(desk, conversation, reason="person")
    elif conversation.state in (State.WAITING, State.OFFERED):
        abandon(desk, conversation, Event.OPTED_OUT)
        to_volunteer(desk, volunteer, desk.say("ended"))
    desk.session.flush()
    refresh_duty(desk, volunteer.id)


def _peer(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#peer`: the volunteer is a person who needs a peer; nobody is told they volunteer."""
    contact: Contact = contacts.lock_or_create(
        desk.session, volunteer.line_id, volunteer.phone, desk.now
    )
    contact.opted_out_at = None
    if reading.words.strip():
        go_on(desk, number, contact, words=reading.words, media=(), sid=sid)
    else:
        latest = conversations.lock_latest(desk.session, contact.id)
        if latest is None or latest.state not in OPEN_STATES:
            greet(desk, open_conversation(desk, number, contact, latest), contact)
            steps.promise(desk.session, StepKind.MATCH, volunteer.line_id, desk.now)
    desk.session.flush()
    refresh_duty(desk, volunteer.id)
    if conversations.held_by(desk.session, volunteer.id):
        to_volunteer(desk, volunteer, desk.say("peer_while_busy"))


def _list(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    to_volunteer(desk, volunteer, desk.say("commands"))


def _unknown(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    to_volunteer(desk, volunteer, desk.say("unknown_command") + "\n" + desk.say("commands"))


ON_CONVERSATION: dict[Command | None, OnConversation] = {
    Command.DONE: _done,
    Command.PASS: _pass,
    Command.NOTE: _note,
    Command.URGENT: _urgent,
    Command.CALL: call_by_command,
}
ACTS: dict[Command, Act] = {
    Command.ON: set_duty.come_on,
    Command.OFF: set_duty.go_off,
    Command.BREAK: set_duty.take_break,
    Command.STATUS: show_status.status,
    Command.SHIFTS: show_status.shifts,
    Command.HELP: _list,
    Command.PEER: _peer,
    Command.JOIN: answer_alert.join,
    Command.LEAVE: answer_alert.leave,
    Command.RESOLVED: answer_alert.resolve,
    Command.CALLED: note_rescue.called,
    Command.CONFIRMED: note_rescue.confirmed,
    Command.UNKNOWN: _unknown,
}
