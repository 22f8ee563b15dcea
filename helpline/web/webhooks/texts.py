"""Texts and status reports come in here: signed, kept, answered; nothing more.

What is kept is read by a worker a moment later (`workers/reading.py`), so a text is safe before
anything else is done with it (R1), and no slow or faulty work ever stands between the carrier and
the record.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.queues import DEFAULT
from helpline.carrier.payloads import NotAnEvent, read_report, read_text
from helpline.carrier.twiml import NOTHING_TO_SAY, TWIML_TYPE
from helpline.ports import Bell, Clock
from helpline.storage import inbound
from helpline.storage.vault import Vault
from helpline.web.security import require_signature

# Twilio gives up after 15 s: a database that restarts is waited for that long and no longer.
KEEP_TRYING_SECONDS = 10.0
PAUSE_SECONDS = 0.2

log = structlog.get_logger()
blueprint = Blueprint("texts", __name__, url_prefix="/twilio")
blueprint.before_request(require_signature)


@dataclass(frozen=True, slots=True)
class Door:
    """Keeps events and rings; `engine` commits each statement by itself."""

    engine: Engine
    vault: Vault
    bell: Bell
    clock: Clock

    def keep(self, kind: str, natural_key: str, sender: str, payload: dict[str, object]) -> bool:
        """Keep one event, through a restart of the database if need be; False for a repeat."""
        deadline = time.monotonic() + KEEP_TRYING_SECONDS
        while True:
            try:
                with self.engine.connect() as connection:
                    return inbound.keep(
                        connection,
                        kind=kind,
                        natural_key=natural_key,
                        sender_key=self.vault.sender_key(sender),
                        payload=payload,
                        now=self.clock(),
                    )
            except (DBAPIError, PoolTimeout) as reason:
                if time.monotonic() > deadline:
                    log.error("event_not_kept", kind=kind, fault=type(reason).__name__)
                    abort(503)
                time.sleep(PAUSE_SECONDS)


@blueprint.post("/sms")
def text_came() -> Response:
    """`POST /twilio/sms`: one inbound message."""
    try:
        payload = read_text(request.form)
    except NotAnEvent:
        return Response("No MessageSid.\n", 400, mimetype="text/plain")
    return _keep("text", f"text {payload['sid']}", str(payload["sender"]), payload)


@blueprint.post("/status/<token>")
def report_came(token: str) -> Response:
    """What became of a text of ours; `token` is our own name for it."""
    try:
        payload = read_report(request.form)
    except NotAnEvent:
        return Response("No MessageSid with a known MessageStatus.\n", 400, mimetype="text/plain")
    key = f"report {token} {payload['status']}"
    return _keep("report", key, f"report {token}", {**payload, "token": token})


def _keep(kind: str, natural_key: str, sender: str, payload: dict[str, object]) -> Response:
    door: Door = current_app.extensions["door"]
    if door.keep(kind, natural_key, sender, payload):
        door.bell.ring(DEFAULT)
    return Response(NOTHING_TO_SAY, mimetype=TWIML_TYPE)
