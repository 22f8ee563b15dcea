"""Judge what a person wrote, and let follow what must (R10 to R19)."""

from __future__ import annotations

from datetime import datetime

from helpline.domain.conversation import Risk
from helpline.domain.crisis.judge import ENOUGH, Heard
from helpline.domain.crisis.result import Component, Judgement, Level, Sign, Subject
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.escalate import raise_alert, raise_risk, send_crisis_text
from helpline.storage.models import Assessment, Contact, Conversation, Message

RISKS = {
    Level.NONE: Risk.NONE,
    Level.UNASSESSED: Risk.MENTION,
    Level.MENTION: Risk.MENTION,
    Level.CONCERN: Risk.CONCERN,
    Level.HIGH: Risk.HIGH,
    Level.IMMINENT: Risk.IMMINENT,
}


def assess_text(desk: Desk, conversation: Conversation, contact: Contact, message: Message) -> None:
    """Judge one message of the person in their (locked) conversation, with all before it."""
    before = _heard(conversation, desk)
    judgement, heard = desk.house.detector.judge(message.words, before)
    conversation.heard = {
        "signs": [sign.as_json() for sign in heard.signs],
        "tail": heard.tail,
        "at": desk.now.isoformat(),
    }
    if judgement.level == Level.NONE:
        return
    desk.session.add(
        Assessment(
            line_id=conversation.line_id,
            conversation_id=conversation.id,
            message_id=message.id,
            level=judgement.level,
            lexicon=judgement.lexicon,
            result=_as_json(judgement, len(before.signs)),
            made_at=desk.now,
        )
    )
    _follow(desk, conversation, contact, judgement, is_new=len(heard.signs) > len(before.signs))


def _follow(
    desk: Desk, conversation: Conversation, contact: Contact, judgement: Judgement, *, is_new: bool
) -> None:
    """Alert where the level asks for it; a disclosure of abuse always is a task (R26, R39)."""
    risk = RISKS[judgement.level]
    if judgement.level == Level.UNASSESSED and conversation.risk < risk:
        desk.note(conversation.line_id, Kind.TEXT_NOT_ASSESSED, conversation_id=conversation.id)
    policy = desk.house.escalation
    is_task = Component.ABUSE.value in judgement.components
    if not is_new or (risk < policy.alert_from and not is_task):
        raise_risk(desk, conversation, risk)
    else:
        if judgement.crisis_text and risk >= policy.crisis_text_from:
            send_crisis_text(desk, conversation, contact)
        raise_alert(desk, conversation, risk, _seen(judgement))


def _seen(judgement: Judgement) -> str:
    """What was recognised, without what counts for nothing by itself."""
    silent = {Component.METHOD.value, Component.MENTION.value}
    named = [each for each in judgement.components if each not in silent]
    if judgement.subject == Subject.OTHER:
        named.append("other")
    return ",".join(named)


def _heard(conversation: Conversation, desk: Desk) -> Heard:
    """What still counts of what was heard: weak signs only for as long as the policy says."""
    kept = conversation.heard
    if not kept:
        return Heard()
    since = desk.now - desk.house.escalation.weak_lasts
    is_old = datetime.fromisoformat(str(kept["at"])) < since
    signs = tuple(Sign.from_json(each) for each in kept["signs"])
    return Heard(
        tuple(sign for sign in signs if sign.weight >= ENOUGH or not is_old),
        "" if is_old else str(kept["tail"]),
    )


def _as_json(judgement: Judgement, known: int) -> dict[str, object]:
    """The result as it is kept: spans are of this message for the signs that it added."""
    return {
        "level": judgement.level.value,
        "components": list(judgement.components),
        "subject": judgement.subject.value,
        "time": judgement.time.value,
        "rules": list(judgement.rules),
        "crisis_text": judgement.crisis_text,
        "spans": [[sign.rule, sign.start, sign.end] for sign in judgement.signs[known:]],
    }
