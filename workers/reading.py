"""Read one event that came in, exactly once."""

from __future__ import annotations

import structlog
from sqlalchemy.exc import OperationalError

from helpline.domain.conversation import TextState
from helpline.domain.record import Kind
from helpline.logs import where
from helpline.services.desk import Desk
from helpline.services.receive_text import IncomingText, receive_text
from helpline.services.record_sending import record_report
from helpline.services.write_text import to_leads
from helpline.storage import inbound, lines
from helpline.storage.engine import lost_a_deadlock
from helpline.storage.inbound import KeptEvent
from helpline.wiring import Wires

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
    payload = inbound.open_payload(desk.session, event)
    if event.kind == "text":
        receive_text(IncomingText.from_payload(payload), desk)
    else:
        record_report(
            desk,
            str(payload["token"]),
            sid=str(payload["sid"]),
            state=TextState(payload["state"]),
            code=payload["code"],
        )


def _postpone(wires: Wires, event_id: int, fault: str) -> None:
    log.error("event_not_read", id=event_id, fault=fault)
    with wires.desk() as desk:
        attempts = inbound.postpone(desk.session, event_id, desk.now)
    if attempts == inbound.STUCK_AFTER_ATTEMPTS:
        with wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            to_leads(desk, line_id, "lead_text_stuck", kind=Kind.INBOUND_STUCK)
