"""Twilio's REST resources for texts, and what all resources share, shaped as Twilio's."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, request

from helpline.simulator.network import Network, Text, rfc2822

API = "/2010-04-01/Accounts/<account_sid>"
LONGEST_BODY = 1600
# What the faults `…_timeout_after_accepting` and `…_delay` are: a carrier that hangs, or is slow.
HANG_SECONDS = 20.0
DELAY_SECONDS = 0.1
MESSAGES = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    21211: (400, "The 'To' number is not a valid phone number."),
    21212: (400, "The 'From' number is not a valid phone number."),
    21408: (400, "Permission to send an SMS has not been enabled for the region."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The From phone number is not a valid, SMS-capable inbound phone number."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (429, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS."),
    21614: (400, "'To' number is not a valid mobile number."),
    20001: (400, "Invalid parameter"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url parameter is required."),
    21210: (400, "The source phone number provided is not yet verified for your account."),
    21213: (400, "Caller phone number is required"),
    21214: (400, "'To' phone number cannot be reached"),
    21215: (400, "Account not authorized to call this number."),
    21216: (400, "Account not allowed to call this number."),
    21217: (400, "Phone number does not appear to be valid"),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
}
# Twilio's magic numbers, in either place.
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}

T = TypeVar("T")
blueprint = Blueprint("rest", __name__)


def network() -> Network:
    """The network of this process."""
    found: Network = current_app.extensions["network"]
    return found


def refuse(code: int) -> Response:
    """An error as Twilio writes it."""
    status, message = MESSAGES[code]
    answer = jsonify(
        code=code,
        message=message,
        more_info=f"https://www.twilio.com/docs/errors/{code}",
        status=status,
    )
    answer.status_code = status
    return answer


@blueprint.before_request
def check_account() -> Response | None:
    """Basic authentication with the account's SID and token; and whether we are down."""
    given = request.authorization
    account = network().account
    if network().faults.happens("down"):
        return refuse(20500)
    if given is None or (given.username, given.password) != (account.sid, account.token):
        return refuse(20003)
    if (request.view_args or {}).get("account_sid") != account.sid:
        return refuse(20404)
    return None


@blueprint.post(f"{API}/Messages.json")
def create_message(account_sid: str) -> tuple[Response, int] | Response:
    """Send a text."""
    faults = network().faults
    if faults.happens("create_500"):
        return refuse(20500)
    if faults.happens("create_429"):
        return refuse(20429)
    if faults.happens("create_delay"):
        time.sleep(DELAY_SECONDS)
    form = request.form
    to, sender, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
    code = _fault_of(to, sender, body, form.getlist("MediaUrl"))
    if code:
        return refuse(code)
    text = network().accept(
        sender, to, body, form.getlist("MediaUrl"), form.get("StatusCallback", "")
    )
    if faults.happens("create_timeout_after_accepting"):
        time.sleep(HANG_SECONDS)
    return jsonify(as_message(text, initial=True)), 201


def _fault_of(to: str, sender: str, body: str, media: list[str]) -> int | None:
    checks = (
        (not to, 21604),
        (not sender, 21603),
        (not body and not media, 21602),
        (len(body) > LONGEST_BODY, 21617),
        (sender in MAGIC_FROM, MAGIC_FROM.get(sender, 0)),
        (to in MAGIC_TO, MAGIC_TO.get(to, 0)),
        (not to.startswith("+") or not to[1:].isdigit(), 21211),
        (sender not in network().account.numbers, 21606),
        (to in network().opted_out, 21610),
    )
    return next((code for wrong, code in checks if wrong), None)


@blueprint.get(f"{API}/Messages.json")
def list_messages(account_sid: str) -> Response:
    """The account's texts, newest first, a page at a time."""
    found = network().listed(request.args.get("To", ""), request.args.get("From", ""))
    return page_of("messages", found, as_message)


def page_of(name: str, found: Sequence[T], show: Callable[[T], dict[str, Any]]) -> Response:
    """One page of a list, as Twilio pages."""
    size = min(max(request.args.get("PageSize", 50, type=int), 1), 1000)
    page = max(request.args.get("Page", 0, type=int), 0)
    shown = found[page * size : (page + 1) * size]
    more = len(found) > (page + 1) * size
    paging = {
        "first_page_uri": _page(0, size),
        "next_page_uri": _page(page + 1, size) if more else None,
        "previous_page_uri": _page(page - 1, size) if page else None,
        "uri": _page(page, size),
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(shown) - 1),
    }
    return jsonify({name: [show(each) for each in shown], **paging})


def _page(page: int, size: int) -> str:
    asked = {name: request.args[name] for name in ("To", "From") if name in request.args}
    return f"{request.path}?{urlencode({**asked, 'PageSize': size, 'Page': page})}"


@blueprint.get(f"{API}/Messages/<sid>.json")
def fetch_message(account_sid: str, sid: str) -> Response:
    """One text."""
    text = network().texts.get(sid)
    return refuse(20404) if text is None else jsonify(as_message(text))


@blueprint.delete(f"{API}/Messages/<sid>.json")
def delete_message(account_sid: str, sid: str) -> Response:
    """Delete the account's copy."""
    return Response(status=204) if network().forget(sid) else refuse(20404)


def as_message(text: Text, *, initial: bool = False) -> dict[str, Any]:
    """The resource as Twilio shows it."""
    account = network().account.sid
    uri = f"/2010-04-01/Accounts/{account}/Messages/{text.sid}"
    sent = text.status in ("sent", "delivered", "undelivered", "received") and not initial
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text.body,
        "date_created": rfc2822(text.made_at),
        "date_sent": rfc2822(text.made_at) if sent else None,
        "date_updated": rfc2822(text.made_at),
        "direction": text.direction,
        "error_code": text.error_code,
        "error_message": None,
        "from": text.sender,
        "messaging_service_sid": None,
        "num_media": str(len(text.media)),
        "num_segments": str(max(1, -(-len(text.body) // 153))),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": "queued" if initial else text.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }
