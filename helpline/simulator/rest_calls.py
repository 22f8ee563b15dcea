"""Twilio's REST resources for calls, rooms and recordings, shaped as Twilio's."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, jsonify, request

from helpline.simulator.exchange import Member, NotPossible, Room, SimCall
from helpline.simulator.network import rfc2822
from helpline.simulator.rest import (
    API,
    DELAY_SECONDS,
    HANG_SECONDS,
    MAGIC_FROM,
    blueprint,
    network,
    page_of,
    refuse,
)

__all__ = ["blueprint"]

ROOMS = f"{API}/Conferences/<room_sid>/Participants"
# Twilio's magic numbers for calls.
MAGIC_CALLED = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}
# A short silence, as MP3: one frame of MPEG-1 layer III, 44.1 kHz, repeated.
SILENCE = bytes.fromhex("fffb9064") + bytes(413)


@blueprint.post(f"{API}/Calls.json")
def create_call(account_sid: str) -> tuple[Response, int] | Response:
    """Place a call."""
    faults = network().faults
    if faults.happens("call_500"):
        return refuse(20500)
    if faults.happens("call_429"):
        return refuse(20429)
    if faults.happens("call_delay"):
        time.sleep(DELAY_SECONDS * 10)
    form = request.form
    to, sender, url = form.get("To", ""), form.get("From", ""), form.get("Url", "")
    code = _fault_of(to, sender, url)
    if code:
        return refuse(code)
    call = network().exchange.place(
        sender,
        to,
        url,
        ring_seconds=float(form.get("Timeout", 60, type=int)),
        report_url=form.get("StatusCallback", ""),
        report_events=form.getlist("StatusCallbackEvent") or ["completed"],
    )
    if faults.happens("call_timeout_after_accepting"):
        time.sleep(HANG_SECONDS)
    return jsonify(as_call(call)), 201


def _fault_of(to: str, sender: str, url: str) -> int | None:
    digits = to.removeprefix("+")
    checks = (
        (not to, 21201),
        (not sender, 21213),
        (not url, 21205),
        (sender in MAGIC_FROM, 21212),
        (to in MAGIC_CALLED, MAGIC_CALLED.get(to, 0)),
        (not digits.isdigit(), 21217),
        (sender not in network().account.numbers, 21210),
    )
    return next((code for wrong, code in checks if wrong), None)


@blueprint.get(f"{API}/Calls.json")
def list_calls(account_sid: str) -> Response:
    """The account's calls, newest first."""
    to, sender = request.args.get("To", ""), request.args.get("From", "")
    found = [
        call
        for call in reversed(network().exchange.calls.values())
        if (not to or call.to == to) and (not sender or call.sender == sender)
    ]
    return page_of("calls", found, as_call)


@blueprint.get(f"{API}/Calls/<sid>.json")
def fetch_call(account_sid: str, sid: str) -> Response:
    """One call."""
    if network().faults.happens("call_lost"):
        return refuse(20404)
    call = network().exchange.calls.get(sid)
    return refuse(20404) if call is None else jsonify(as_call(call))


@blueprint.post(f"{API}/Calls/<sid>.json")
def update_call(account_sid: str, sid: str) -> Response:
    """End a call, or let it run another document."""
    form, exchange = request.form, network().exchange
    if network().faults.happens("call_update_500"):
        return refuse(20500)
    try:
        if form.get("Status") in ("completed", "canceled"):
            return jsonify(as_call(exchange.end(sid)))
        if form.get("Url"):
            return jsonify(as_call(exchange.move(sid, form["Url"])))
    except NotPossible as reason:
        return refuse(reason.code)
    return refuse(20001)


@blueprint.delete(f"{API}/Calls/<sid>.json")
def delete_call(account_sid: str, sid: str) -> Response:
    """Delete the account's record of a call."""
    gone = network().exchange.calls.pop(sid, None)
    return refuse(20404) if gone is None else Response(status=204)


@blueprint.get(f"{ROOMS}/<who>.json")
def fetch_participant(account_sid: str, room_sid: str, who: str) -> Response:
    """Somebody in a room, by call or label."""
    try:
        room, member = network().exchange.participant(room_sid, who)
    except NotPossible as reason:
        return refuse(reason.code)
    return jsonify(as_participant(room, member))


@blueprint.post(f"{ROOMS}/<who>.json")
def update_participant(account_sid: str, room_sid: str, who: str) -> Response:
    """Hold, mute, coach, or whether leaving ends the room."""
    try:
        member = network().exchange.change(room_sid, who, request.form)
        room, _ = network().exchange.participant(room_sid, who)
    except NotPossible as reason:
        return refuse(reason.code)
    return jsonify(as_participant(room, member))


@blueprint.delete(f"{ROOMS}/<who>.json")
def delete_participant(account_sid: str, room_sid: str, who: str) -> Response:
    """Somebody is removed from a room."""
    try:
        network().exchange.kick(room_sid, who)
    except NotPossible as reason:
        return refuse(reason.code)
    return Response(status=204)


@blueprint.get(f"{API}/Recordings/<sid>.mp3")
def fetch_recording(account_sid: str, sid: str) -> Response:
    """The sound of a recording."""
    if sid not in network().exchange.recordings:
        return refuse(20404)
    return Response(SILENCE * 100, mimetype="audio/mpeg")


@blueprint.delete(f"{API}/Recordings/<sid>.json")
def delete_recording(account_sid: str, sid: str) -> Response:
    """Delete a recording."""
    gone = network().exchange.recordings.pop(sid, None)
    return refuse(20404) if gone is None else Response(status=204)


@blueprint.get(f"{API}/IncomingPhoneNumbers.json")
def list_numbers(account_sid: str) -> Response:
    """The account's numbers and where their webhooks go."""
    account = network().account
    wanted = request.args.get("PhoneNumber", "")
    found = [number for number in account.numbers if not wanted or number == wanted]
    return page_of("incoming_phone_numbers", found, as_number)


def as_number(number: str) -> dict[str, Any]:
    """The resource as Twilio shows it."""
    account = network().account
    sid = "PN" + number.removeprefix("+").rjust(32, "0")
    return {
        "account_sid": account.sid,
        "api_version": "2010-04-01",
        "friendly_name": number,
        "phone_number": number,
        "sid": sid,
        "sms_url": account.webhook,
        "sms_method": "POST",
        "voice_url": account.voice,
        "voice_method": "POST",
        "voice_fallback_url": account.fallback,
        "voice_fallback_method": "POST",
        "status_callback": account.voice_status,
        "status_callback_method": "POST",
        "uri": f"/2010-04-01/Accounts/{account.sid}/IncomingPhoneNumbers/{sid}.json",
    }


def as_call(call: SimCall) -> dict[str, Any]:
    """The resource as Twilio shows it."""
    account = network().account.sid
    uri = f"/2010-04-01/Accounts/{account}/Calls/{call.sid}"
    lasted = None
    if call.ended_at is not None:
        lasted = str(int(call.ended_at - call.started_at)) if call.started_at else "0"
    return {
        "account_sid": account,
        "annotation": None,
        "answered_by": None,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": rfc2822(call.made_at),
        "date_updated": rfc2822(call.ended_at or call.started_at or call.made_at),
        "direction": call.direction,
        "duration": lasted,
        "end_time": rfc2822(call.ended_at) if call.ended_at else None,
        "forwarded_from": None,
        "from": call.sender,
        "from_formatted": call.sender,
        "group_sid": None,
        "parent_call_sid": None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(call.started_at) if call.started_at else None,
        "status": call.status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }


def as_participant(room: Room, member: Member) -> dict[str, Any]:
    """The resource as Twilio shows it."""
    account = network().account.sid
    made = rfc2822(member.call.made_at)
    uri = f"/2010-04-01/Accounts/{account}/Conferences/{room.sid}/Participants/{member.call.sid}"
    return {
        "account_sid": account,
        "call_sid": member.call.sid,
        "call_sid_to_coach": member.coach or None,
        "coaching": bool(member.coach),
        "conference_sid": room.sid,
        "date_created": made,
        "date_updated": made,
        "end_conference_on_exit": member.ends,
        "hold": member.hold,
        "label": member.label or None,
        "muted": member.muted,
        "queue_time": "0",
        "start_conference_on_enter": member.starts,
        "status": "connected",
        "uri": f"{uri}.json",
    }
