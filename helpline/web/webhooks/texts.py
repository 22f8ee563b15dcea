"""Texts and status reports come in here: signed, kept, answered; nothing more.

What is kept is read by a worker a moment later (`workers/reading.py`), so a text is safe before
anything else is done with it (R1), and no slow or faulty work ever stands between the carrier and
the record.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from helpline.carrier.payloads import NotAnEvent, read_report, read_text
from helpline.carrier.twiml import NOTHING_TO_SAY, TWIML_TYPE
from helpline.web.security import require_signature
from helpline.web.webhooks.door import the_door

blueprint = Blueprint("texts", __name__, url_prefix="/twilio")
blueprint.before_request(require_signature)


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
    the_door().take(kind, natural_key, sender, payload)
    return Response(NOTHING_TO_SAY, mimetype=TWIML_TYPE)
