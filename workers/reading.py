"""Read one event that came in, exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from helpline.carrier.payloads import CALL_STATES
from helpline.domain.conversation import TextState
from helpline.domain.record import Kind
from helpline.logs import where
from helpline.services.desk import Desk
from helpline.services.follow_call import record_leg, record_room
from helpline.services.receive_call import IncomingCall, receive_call
from helpline.services.receive_text import IncomingText, receive_text
from helpline.services.record_sending import record_report
from helpline.services.voicemail import keep_voicemail
from helpline.services.write_text import to_leads
from helpline.storage import calls, inbound, lines
from helpline.storage.engine import lost_a_deadlock
from helpline.storage.inbound import KeptEvent
from helpline.wiring import Wires

Payload = dict[str, Any]
log = structlog.get_logger()


def read_one(wires: Wires) -> bool:
    """Read the next event, in one transaction with all that follows; False when there is none.

    An event that cannot be read is kept and tried again later; the fifth time the leads are told.
    """
    event_id = None
    try:
        with wires.desk() as desk:
            event = inbound.lock_next(desk.session, desk.now)
            if event is None:
                return False
            event_id = event.id
            _read(event, desk)
            inbound.mark_read(desk.session, event, desk.now)
    except OperationalError as reason:
        if event_id is None:
            raise
        if not lost_a_deadlock(reason):
            _postpone(wires, event_id, "OperationalError")
    except Exception as reason:
        if event_id is None:
            raise
        _postpone(wires, event_id, where(reason))
    return True


def _read(event: KeptEvent, desk: Desk) -> None:
    READERS[event.kind](desk, inbound.open_payload(desk.session, event))


def _read_report(desk: Desk, payload: Payload) -> None:
    record_report(
        desk,
        str(payload["token"]),
        sid=str(payload["sid"]),
        state=TextState(payload["state"]),
        code=payload["code"],
    )


def _read_leg(desk: Desk, payload: Payload) -> None:
    """A report on a leg of ours, by its token, or on a call that came in, by its SID."""
    token, sid = str(payload["token"]), str(payload["sid"])
    leg = calls.find_leg(desk.session, token) if token else calls.find_leg_by_sid(desk.session, sid)
    if leg is not None:
        state, ending = CALL_STATES[str(payload["status"])]
        leg.sid = leg.sid or sid
        record_leg(desk, leg, state, ending)


def _read_room(desk: Desk, payload: Payload) -> None:
    record_room(
        desk,
        str(payload["room"]),
        event=str(payload["event"]),
        sid=str(payload["sid"]),
        conference=str(payload["conference"]),
        is_gone=bool(payload["gone"]),
    )


def _read_voicemail(desk: Desk, payload: Payload) -> None:
    """A message of a caller, by their call; or the recording of a room, by the room."""
    room = str(payload.get("conference") or "")
    call = calls.find_call_by_conference(desk.session, room) if room else None
    leg = calls.find_leg_by_sid(desk.session, str(payload["call"]))
    found = call or leg
    if found is not None:
        keep_voicemail(
            desk,
            found.conversation_id,
            sid=str(payload["sid"]),
            url=str(payload["url"]),
            seconds=int(payload["seconds"]),
            is_call=bool(room),
        )


READERS: Mapping[str, Callable[[Desk, Payload], object]] = {
    "text": lambda desk, payload: receive_text(IncomingText.from_payload(payload), desk),
    "report": _read_report,
    "call": lambda desk, payload: receive_call(desk, IncomingCall.from_payload(payload)),
    "leg": _read_leg,
    "room": _read_room,
    "voicemail": _read_voicemail,
}


def _postpone(wires: Wires, event_id: int, fault: str) -> None:
    log.error("event_not_read", id=event_id, fault=fault)
    with wires.desk() as desk:
        attempts = inbound.postpone(desk.session, event_id, desk.now)
    if attempts == inbound.STUCK_AFTER_ATTEMPTS:
        with wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            to_leads(desk, line_id, "lead_text_stuck", kind=Kind.INBOUND_STUCK)
