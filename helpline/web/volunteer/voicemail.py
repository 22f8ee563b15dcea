"""A message that a caller left, behind a signed link: a page, and the sound itself."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, render_template, url_for

from helpline.domain.links import BadLink
from helpline.ports import Carrier, CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo
from helpline.services.voicemail import open_voicemail
from helpline.wiring import Wires

blueprint = Blueprint("voicemail", __name__, url_prefix="/v/voicemail")


def _address(link: str) -> str:
    """Where the carrier keeps the sound behind a link; 404 for one we did not make."""
    wires: Wires = current_app.extensions["wires"]
    try:
        voicemail_id, volunteer_id = wires.house.links.read("voicemail", link)
    except BadLink:
        abort(404)
    with wires.desk() as desk:
        voicemail = open_voicemail(desk, voicemail_id, volunteer_id)
        return voicemail.url if voicemail is not None else ""


@blueprint.get("/<link>")
def show(link: str) -> str | tuple[str, int]:
    """The page; a message that has been deleted is said to be so."""
    address = _address(link)
    sound = url_for("voicemail.sound", link=link) if address else ""
    page = render_template("voicemail.html", sound=sound)
    return page if address else (page, 410)


@blueprint.get("/<link>/sound")
def sound(link: str) -> Response:
    """The sound, fetched from the carrier: its own address and keys are never shown."""
    address = _address(link)
    if not address:
        abort(410)
    carrier: Carrier = current_app.extensions["carrier"]
    try:
        return Response(carrier.fetch_recording(address), mimetype="audio/mpeg")
    except CarrierSaysNo:
        abort(410)
    except (CarrierIsBusy, CarrierIsUnsure):
        abort(503)
