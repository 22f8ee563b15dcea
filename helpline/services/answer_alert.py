"""What those who are alerted text: `1`, `#join`, `#leave`, `#resolved`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from helpline.domain.calls import LegState
from helpline.domain.commands import Reading
from helpline.domain.conversation import Risk, State
from helpline.domain.escalation import AlertState
from helpline.domain.matching import queue_at
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.services.desk import Desk
from helpline.services.escalate import seen_in_words
from helpline.services.phone_orders import let_go
from helpline.services.relay_text import peer_sender
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import alerts, calls, conversations, messages, steps
from helpline.storage.models import Alert, Conversation, Number, Volunteer

# A `1` to an alert that another has answered is understood this long.
LATE = timedelta(minutes=30)
FALSE_ALARM = ("false alarm", "falsealarm", "no risk", "not a crisis")


def acknowledge(desk: Desk, volunteer: Volunteer) -> bool:
    """`1` of somebody who was alerted; False when no alert waits for them.

    The alert's row is the lock: of two who answer at once one has it.
    """
    waiting = alerts.waiting_for(desk.session, volunteer.id)
    if waiting is None:
        return False
    return take_alert(desk, waiting.id, volunteer) or tell_taken(desk, volunteer)


def take_alert(desk: Desk, alert_id: int, volunteer: Volunteer) -> bool:
    """Acknowledge one alert, by a text or by a key; False when somebody else was before."""
    alert = alerts.lock(desk.session, alert_id)
    if alert.state != AlertState.RAISED:
        return False
    alert.state = AlertState.ACKNOWLEDGED
    alert.acknowledged_by, alert.acknowledged_at = volunteer.id, desk.now
    steps.drop_promise(desk.session, StepKind.REPEAT_ALERT, alert.id)
    for leg in calls.open_legs_of_alert(desk.session, alert.id):
        if leg.volunteer_id != volunteer.id or leg.state == LegState.QUEUED:
            let_go(desk, leg, told="alert-over")
    _note(desk, alert, Kind.ALERT_ACKNOWLEDGED, volunteer)
    conversation = desk.session.get_one(Conversation, alert.conversation_id)
    alias = conversations.contact_of(desk.session, conversation).alias
    asked_by = desk.session.get(Volunteer, alert.asked_by) if alert.asked_by else None
    say = desk.say(
        "alert_acknowledged", alias=alias, seen=seen_in_words(desk, alert.seen, asked_by)
    )
    _tell(desk, volunteer, conversation, say)
    _tell(desk, volunteer, conversation, _so_far(desk, alert, conversation, alias))
    return True


def tell_taken(desk: Desk, volunteer: Volunteer) -> bool:
    """Say who has answered the alert that this `1` was for; False when there is none."""
    alert = alerts.answered_by_others(desk.session, volunteer.id, desk.now - LATE)
    if alert is None or alert.acknowledged_by is None:
        return False
    holder = desk.session.get_one(Volunteer, alert.acknowledged_by)
    to_volunteer(desk, volunteer, desk.say("alert_taken", name=holder.first_name))
    return True


def _so_far(desk: Desk, alert: Alert, conversation: Conversation, alias: str) -> str:
    """The conversation so far, both sides, and why the peer asked."""
    lines = [desk.say("alert_why", why=alert.why)] if alert.why else []
    for message in messages.all_of(desk.session, conversation.id):
        author = alias if message.author == "person" else desk.say("the_peer")
        lines.append(f"{author}: {message.words or desk.say('picture')}")
    return "\n".join(lines) or desk.say("no_words_yet")


def copy_to_watcher(
    desk: Desk,
    conversation: Conversation,
    author: str,
    words: str,
    media: Sequence[str],
    *,
    author_id: int | None = None,
) -> None:
    """Each further text reaches who has acknowledged, with whose it is before it."""
    if not alerts.is_watched(conversation):
        return
    alert = alerts.open_for(desk.session, conversation.id)
    if alert is None or alert.acknowledged_by in (None, author_id, conversation.volunteer_id):
        return
    to_volunteer(
        desk,
        desk.session.get_one(Volunteer, alert.acknowledged_by),
        f"{author}: {words or desk.say('picture')}",
        kind=TextKind.TO_PEER,
        media=media,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
    )


def join(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#join`: what they write reaches the person of the alert they took last, who is told so.

    One at a time: joining another leaves the one before.
    """
    alert = mine(desk, volunteer)
    if alert is None:
        return
    newest = alerts.held_by(desk.session, volunteer.id)[0]
    if alert.id != newest.id:
        _leave(desk, alert, volunteer)
        alert = newest
    conversation = conversations.lock(desk.session, alert.conversation_id)
    contact = conversations.contact_of(desk.session, conversation)
    if conversation.state not in (State.ACTIVE, State.WAITING, State.OFFERED):
        to_volunteer(desk, volunteer, desk.say("alert_over", alias=contact.alias))
        return
    if contact.opted_out_at is not None:
        to_volunteer(desk, volunteer, desk.say("person_opted_out", alias=contact.alias))
        return
    if alert.joined_at is None:
        alert.joined_at = desk.now
        _note(desk, alert, Kind.ALERT_JOINED, volunteer)
        said = desk.say("person_lead_joined", contact.language, name=volunteer.first_name)
        to_person(desk, conversation, contact, said)
        _tell_peer(desk, conversation, volunteer, "peer_lead_joined")
    to_volunteer(desk, volunteer, desk.say("alert_joined", alias=contact.alias))


def tell_who_has_joined(desk: Desk, conversation: Conversation, alert: Alert) -> None:
    """A peer who takes a conversation learns who of the team writes in it already."""
    if alert.joined_at is not None and alert.acknowledged_by is not None:
        lead = desk.session.get_one(Volunteer, alert.acknowledged_by)
        _tell_peer(desk, conversation, lead, "peer_lead_joined")


def leave(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#leave`: they read on, but write to the person no longer."""
    alert = mine(desk, volunteer)
    if alert is None:
        return
    _leave(desk, alert, volunteer)
    conversation = desk.session.get_one(Conversation, alert.conversation_id)
    alias = conversations.contact_of(desk.session, conversation).alias
    to_volunteer(desk, volunteer, desk.say("alert_left", alias=alias))


def _leave(desk: Desk, alert: Alert, volunteer: Volunteer) -> None:
    if alert.joined_at is None:
        return
    alert.joined_at = None
    _note(desk, alert, Kind.ALERT_LEFT, volunteer)
    conversation = conversations.lock(desk.session, alert.conversation_id)
    contact = conversations.contact_of(desk.session, conversation)
    said = desk.say("person_lead_left", contact.language, name=volunteer.first_name)
    if conversation.state == State.ACTIVE:
        to_person(desk, conversation, contact, said)
        _tell_peer(desk, conversation, volunteer, "peer_lead_left")


def resolve(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#resolved …`: closes the alert with its outcome, not the conversation.

    What was heard so far is done with; what comes anew raises a new alert. A false alarm, said
    by a human, lowers the level again (R12) and is kept as such.
    """
    alert = mine(desk, volunteer)
    if alert is None:
        return
    outcome = reading.words.strip()
    if not outcome:
        to_volunteer(desk, volunteer, desk.say("alert_outcome"))
        return
    conversation = conversations.lock(desk.session, alert.conversation_id)
    alert = alerts.lock(desk.session, alert.id)
    _leave(desk, alert, volunteer)
    alert.state, alert.resolved_at, alert.outcome = AlertState.RESOLVED, desk.now, outcome
    alert.is_false_alarm = outcome.lower().startswith(FALSE_ALARM)
    conversation.heard = None
    if alert.is_false_alarm:
        conversation.risk = Risk.NONE
        conversation.queue_at = queue_at(Risk.NONE, conversation.waiting_since)
        _note(desk, alert, Kind.RISK_LOWERED, volunteer)
    _note(desk, alert, Kind.ALERT_RESOLVED, volunteer, false_alarm=alert.is_false_alarm)
    alias = conversations.contact_of(desk.session, conversation).alias
    to_volunteer(desk, volunteer, desk.say("alert_resolved", alias=alias))
    _tell_peer(desk, conversation, volunteer, "peer_alert_resolved")


def joined_to(desk: Desk, volunteer: Volunteer) -> list[Conversation]:
    """The open conversations that this volunteer has joined, the latest first."""
    if not is_on_call(volunteer):
        return []
    joined = [each for each in alerts.held_by(desk.session, volunteer.id) if each.joined_at]
    found = [desk.session.get_one(Conversation, each.conversation_id) for each in joined]
    open_states = (State.ACTIVE, State.WAITING, State.OFFERED)
    return [each for each in found if each.state in open_states]


def is_on_call(volunteer: Volunteer) -> bool:
    """Whether alerts can go to this volunteer."""
    return bool({"lead", "professional"}.intersection(volunteer.roles))


def mine(desk: Desk, volunteer: Volunteer) -> Alert | None:
    """The alert this is about: the one they joined, else the one acknowledged last."""
    held = alerts.held_by(desk.session, volunteer.id)
    if not held:
        to_volunteer(desk, volunteer, desk.say("alert_none"))
        return None
    return next((each for each in held if each.joined_at), held[0])


def _note(
    desk: Desk, alert: Alert, kind: Kind, volunteer: Volunteer, **facts: int | str | bool
) -> None:
    desk.note(
        alert.line_id,
        kind,
        conversation_id=alert.conversation_id,
        volunteer_id=volunteer.id,
        alert=alert.id,
        **facts,
    )


def _tell(desk: Desk, volunteer: Volunteer, conversation: Conversation, body: str) -> None:
    to_volunteer(
        desk,
        volunteer,
        body,
        kind=TextKind.ALERT,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
    )


def _tell_peer(desk: Desk, conversation: Conversation, lead: Volunteer, key: str) -> None:
    if conversation.state != State.ACTIVE or conversation.volunteer_id in (None, lead.id):
        return
    to_volunteer(
        desk,
        desk.session.get_one(Volunteer, conversation.volunteer_id),
        desk.say(
            key,
            name=lead.first_name,
            alias=conversations.contact_of(desk.session, conversation).alias,
        ),
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )
