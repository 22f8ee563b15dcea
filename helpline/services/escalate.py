"""Bring people in: the alert, its repeats, the crisis text (contract; R20 to R22)."""

from __future__ import annotations

from helpline.domain.calls import LegKind
from helpline.domain.conversation import OPEN_STATES, Risk, State
from helpline.domain.crisis.result import Component
from helpline.domain.escalation import AlertState, told_in_round
from helpline.domain.matching import queue_at
from helpline.domain.record import Kind, StepKind, TextKind
from helpline.domain.timing import minutes_between
from helpline.services.desk import Desk
from helpline.services.phone_orders import call_out
from helpline.services.relay_text import peer_sender
from helpline.services.write_text import to_person, to_volunteer
from helpline.storage import alerts, calls, conversations, steps
from helpline.storage.models import Alert, Contact, Conversation, Volunteer

# What is no news by itself once an alert is open.
NO_NEWS = (Component.TIME.value, Component.HOPELESSNESS.value, Component.OPINION.value)


def raise_alert(
    desk: Desk,
    conversation: Conversation,
    risk: Risk,
    seen: str,
    *,
    asked_by: Volunteer | None = None,
    why: str = "",
) -> None:
    """Alert the leads about a (locked) conversation, or raise the level of the open alert.

    `seen` names components, never words. Only raises; what is waiting goes to the head of the
    queue. Safe to call with every further text.
    """
    raise_risk(desk, conversation, risk)
    alert = alerts.open_for(desk.session, conversation.id)
    if alert is not None:
        alert = alerts.lock(desk.session, alert.id)
        if asked_by is not None:
            _add_question(alert, asked_by, why)
        _raise_open(desk, conversation, alert, risk, seen, is_asked=asked_by is not None)
        return
    alert = Alert(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        state=AlertState.RAISED,
        level=risk,
        seen=seen,
        asked_by=asked_by.id if asked_by is not None else None,
        why=why or None,
        raised_at=desk.now,
    )
    desk.session.add(alert)
    desk.session.flush()
    desk.note(
        conversation.line_id,
        Kind.ALERT_RAISED,
        conversation_id=conversation.id,
        volunteer_id=alert.asked_by,
        alert=alert.id,
        risk=int(risk),
        seen=seen,
    )
    _send_round(desk, alert)
    if asked_by is None:
        tell_peer(desk, conversation, alert)


def _add_question(alert: Alert, asked_by: Volunteer, why: str) -> None:
    """The peer asks as well: who, and why, stands in the alert, and a professional hears too."""
    alert.asked_by = asked_by.id
    alert.why = "\n".join(filter(None, (alert.why, why))) or None


def _raise_open(
    desk: Desk, conversation: Conversation, alert: Alert, risk: Risk, seen: str, *, is_asked: bool
) -> None:
    """A higher level, something new, or a peer's own word goes to those who know, at once."""
    before = alert.seen.split(",") if alert.seen else []
    news = [each for each in seen.split(",") if each not in ("", *before, *NO_NEWS)]
    if alert.level >= risk and not news and not is_asked:
        return
    alert.level, alert.seen = max(alert.level, risk), ",".join([*before, *news])
    if alert.state == AlertState.RAISED:
        _tell_chain(desk, alert)
    elif alert.acknowledged_by is not None:
        holder = desk.session.get_one(Volunteer, alert.acknowledged_by)
        _alert_text(desk, alert, holder, "update")
        if is_asked:
            _call_professional(desk, alert)
            _say_why(desk, alert, holder)
    if not is_asked:
        tell_peer(desk, conversation, alert)


def _call_professional(desk: Desk, alert: Alert) -> None:
    """`#urgent` brings the professional in, whoever has the alert already."""
    chain = alerts.chain(desk.session, alert, desk.house.escalation.order)
    others = [each for each in chain if each.id != alert.acknowledged_by]
    for professional in [each for each in others if "professional" in each.roles][:1]:
        _alert_text(desk, alert, professional, "professional")


def _say_why(desk: Desk, alert: Alert, holder: Volunteer) -> None:
    """Who reads the conversation anyway may read why the peer asks."""
    if alert.why:
        to_volunteer(
            desk,
            holder,
            desk.say("alert_why", why=alert.why),
            kind=TextKind.ALERT,
            conversation_id=alert.conversation_id,
        )


def raise_risk(desk: Desk, conversation: Conversation, risk: Risk) -> None:
    """Raise the level; never lowers one (R12)."""
    if conversation.risk >= risk:
        return
    conversation.risk = risk
    conversation.queue_at = queue_at(risk, conversation.waiting_since)
    desk.note(
        conversation.line_id,
        Kind.RISK_RAISED,
        conversation_id=conversation.id,
        risk=int(risk),
    )


def repeat_alert(desk: Desk, alert_id: int) -> None:
    """The time to acknowledge is over: tell those told before again, and the next in the chain."""
    alert = alerts.lock(desk.session, alert_id)
    if alert.state == AlertState.RAISED:
        alert.rounds += 1
        _send_round(desk, alert)


def let_go_of_alerts(desk: Desk, volunteer: Volunteer) -> None:
    """Who had acknowledged alerts can be reached no more: the chain is gone up again, at once."""
    for held in alerts.held_by(desk.session, volunteer.id):
        alert = alerts.lock(desk.session, held.id)
        alert.state, alert.acknowledged_by, alert.joined_at = AlertState.RAISED, None, None
        steps.promise(desk.session, StepKind.REPEAT_ALERT, alert.id, desk.now)


def tell_next(desk: Desk, conversation_id: int) -> None:
    """An alert did not arrive: the next in the chain hears of it now, not after the wait."""
    found = alerts.open_for(desk.session, conversation_id)
    if found is None or found.state != AlertState.RAISED:
        return
    alert = alerts.lock(desk.session, found.id)
    chain = alerts.chain(desk.session, alert, desk.house.escalation.order)
    told = alerts.told(desk.session, alert.id)
    following = next((each for each in chain if each.id not in told), None)
    if following is not None:
        alert.rounds += 1
        _tell(desk, alert, following)


def _send_round(desk: Desk, alert: Alert) -> None:
    _tell_chain(desk, alert)
    steps.promise(desk.session, StepKind.REPEAT_ALERT, alert.id, desk.now + desk.policy.ack)


def _tell_chain(desk: Desk, alert: Alert) -> None:
    chain = alerts.chain(desk.session, alert, desk.house.escalation.order)
    told = list(told_in_round(chain, alert.rounds))
    if alert.asked_by is not None:
        told += [each for each in chain if "professional" in each.roles and each not in told][:1]
    if not told:
        desk.note(
            alert.line_id,
            Kind.ALERT_HAS_NOBODY,
            conversation_id=alert.conversation_id,
            alert=alert.id,
        )
    for volunteer in told:
        _tell(desk, alert, volunteer)
        if desk.house.escalation.is_call_due(alert.rounds):
            _call(desk, alert, volunteer)


def _call(desk: Desk, alert: Alert, volunteer: Volunteer) -> None:
    """Call somebody who was told and has not answered, unless their phone rings already."""
    ringing = calls.open_legs_of_alert(desk.session, alert.id)
    if any(leg.volunteer_id == volunteer.id for leg in ringing):
        return
    conversation = desk.session.get_one(Conversation, alert.conversation_id)
    whose = {"volunteer_id": volunteer.id, "alert_id": alert.id}
    call_out(desk, conversation, LegKind.ALERT, volunteer.phone.e164, **whose)
    desk.note(
        alert.line_id,
        Kind.ALERT_CALLED,
        conversation_id=alert.conversation_id,
        volunteer_id=volunteer.id,
        alert=alert.id,
    )


def _tell(desk: Desk, alert: Alert, volunteer: Volunteer) -> None:
    alerts.remember_notice(desk.session, alert.id, volunteer.id, desk.now)
    _alert_text(desk, alert, volunteer, "repeat" if alert.rounds else "first")


def _alert_text(desk: Desk, alert: Alert, volunteer: Volunteer, which: str) -> None:
    """Alias, level, what was recognised; not a word of theirs."""
    conversation = desk.session.get_one(Conversation, alert.conversation_id)
    asked_by = desk.session.get(Volunteer, alert.asked_by) if alert.asked_by else None
    to_volunteer(
        desk,
        volunteer,
        desk.say(
            f"alert_{which}",
            alias=conversations.contact_of(desk.session, conversation).alias,
            risk=desk.say(f"risk_{alert.level}"),
            seen=seen_in_words(desk, alert.seen, asked_by),
            minutes=minutes_between(alert.raised_at, desk.now),
            state=desk.say("with_peer" if conversation.state == State.ACTIVE else "waiting"),
        ),
        kind=TextKind.ALERT,
        conversation_id=conversation.id,
    )
    desk.note(
        alert.line_id,
        Kind.ALERT_SENT,
        conversation_id=conversation.id,
        volunteer_id=volunteer.id,
        alert=alert.id,
        round=alert.rounds,
    )


def seen_in_words(desk: Desk, seen: str, asked_by: Volunteer | None = None) -> str:
    """What was recognised, for people: component by component."""
    named = [desk.say(f"seen_{each}") for each in seen.split(",") if each]
    if asked_by is not None:
        named.insert(0, desk.say("seen_by_peer", name=asked_by.first_name))
    return ", ".join(named) or desk.say("seen_nothing")


def tell_peer(desk: Desk, conversation: Conversation, alert: Alert) -> None:
    """The peer hears what was seen, and that the lead is alerted."""
    if conversation.state != State.ACTIVE or conversation.volunteer_id is None:
        return
    contact = conversations.contact_of(desk.session, conversation)
    to_volunteer(
        desk,
        desk.session.get_one(Volunteer, conversation.volunteer_id),
        desk.say(
            "peer_alerted" if alerts.told(desk.session, alert.id) else "peer_alone",
            alias=contact.alias,
            risk=desk.say(f"risk_{alert.level}"),
            seen=seen_in_words(desk, alert.seen),
        ),
        kind=TextKind.ALERT,
        sender=peer_sender(desk, conversation),
        conversation_id=conversation.id,
    )


def send_crisis_text(desk: Desk, conversation: Conversation, contact: Contact) -> None:
    """Who else to reach, for their region, and that somebody is coming; once in a while (R21)."""
    last = contact.crisis_text_at
    if last is not None and desk.now - last < desk.house.escalation.crisis_text_rest:
        return
    if conversation.state not in OPEN_STATES:
        return
    line = desk.house.crisis_lines.line_for(contact.phone, desk.policy.country)
    text = desk.say(
        "crisis",
        contact.language,
        reach=desk.say(f"reach_{line.ways}", contact.language, call=line.call, text=line.text),
        emergency=line.emergency or desk.say("emergency_number", contact.language),
    )
    if to_person(desk, conversation, contact, text, kind=TextKind.CRISIS):
        contact.crisis_text_at = desk.now
        desk.note(contact.line_id, Kind.CRISIS_TEXT_SENT, conversation_id=conversation.id)
