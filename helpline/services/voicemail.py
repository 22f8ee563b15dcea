"""Messages that callers leave: told to those on duty, heard by a signed link, deleted in time."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert

from helpline.domain.record import Kind, StepKind, TextKind
from helpline.services.desk import Desk
from helpline.services.write_text import to_volunteer
from helpline.storage import calls, conversations, outbox, steps, volunteers
from helpline.storage.models import Conversation, Voicemail, Volunteer
from helpline.storage.models.base import LOCK

MOST_TOLD = 5


def keep_voicemail(
    desk: Desk, conversation_id: int, *, sid: str, url: str, seconds: int, is_call: bool
) -> None:
    """A recording is ready: kept once; an empty one is not.

    Of a message, peers on duty and leads are told; of a recorded call nobody is.
    """
    conversation = conversations.lock(desk.session, conversation_id)
    if seconds <= 0:
        outbox.promise_deletion(desk.session, [sid], desk.now)
        return
    delete_at = desk.now + desk.policy.voicemail_kept
    row = insert(Voicemail).values(
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        sid=sid,
        url=url,
        is_call=is_call,
        seconds=seconds,
        left_at=desk.now,
        delete_at=delete_at,
    )
    made = desk.session.scalars(row.on_conflict_do_nothing().returning(Voicemail.id)).one_or_none()
    if made is None:
        return
    steps.promise(desk.session, StepKind.DELETE_VOICEMAIL, made, delete_at)
    desk.note(
        conversation.line_id,
        Kind.CALL_RECORDED if is_call else Kind.VOICEMAIL_LEFT,
        conversation_id=conversation.id,
        seconds=seconds,
    )
    if not is_call:
        _tell(desk, conversation, made, seconds, delete_at)


def _tell(
    desk: Desk, conversation: Conversation, voicemail_id: int, seconds: int, until: datetime
) -> None:
    line_id = conversation.line_id
    peers = volunteers.on_duty(desk.session, line_id, "peer")[:MOST_TOLD]
    told = {each.id: each for each in (*volunteers.leads_to_tell(desk.session, line_id), *peers)}
    contact = conversations.contact_of(desk.session, conversation)
    for volunteer in told.values():
        if volunteer.phone == contact.phone:
            continue
        link = desk.house.links.make("voicemail", voicemail_id, volunteer.id)
        say = desk.say(
            "lead_voicemail",
            alias=contact.alias,
            seconds=seconds,
            until=until.astimezone(ZoneInfo(volunteer.timezone)).strftime("%Y-%m-%d"),
            link=f"{desk.policy.public_url}/v/voicemail/{link}",
        )
        to_volunteer(desk, volunteer, say, kind=TextKind.NOTICE, conversation_id=conversation.id)


def open_voicemail(desk: Desk, voicemail_id: int, volunteer_id: int) -> Voicemail | None:
    """The message behind a link, for a volunteer who still serves; None when it is gone."""
    volunteer = desk.session.get(Volunteer, volunteer_id)
    if volunteer is None or volunteer.retired_at is not None:
        return None
    found = calls.find_voicemail(desk.session, voicemail_id)
    if found is not None:
        desk.note(
            found.line_id,
            Kind.VOICEMAIL_HEARD,
            conversation_id=found.conversation_id,
            volunteer_id=volunteer_id,
        )
    return found


def delete_voicemail(desk: Desk, voicemail_id: int) -> None:
    """The time for keeping it is over: deleted here, and at the carrier."""
    voicemail = desk.session.get(Voicemail, voicemail_id, with_for_update=LOCK)
    if voicemail is None or voicemail.deleted_at is not None:
        return
    voicemail.deleted_at, voicemail.url = desk.now, ""
    outbox.promise_deletion(desk.session, [voicemail.sid], desk.now)
    desk.note(
        voicemail.line_id,
        Kind.VOICEMAIL_DELETED,
        conversation_id=voicemail.conversation_id,
    )
