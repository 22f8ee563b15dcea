"""Texts and calls at Twilio, and in our terms what came of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from helpline.ports import (
    CallToPlace,
    CarrierIsBusy,
    CarrierIsUnsure,
    CarrierSaysNo,
    TextToSend,
    VoiceUrls,
)

# Twilio's client and urllib3 log addresses with numbers in them: they may not, at any level.
SILENT = logging.getLogger("helpline.carrier.http")
SILENT.disabled = True
logging.getLogger("urllib3.connectionpool").setLevel(logging.WARNING)

# Refused now, though not for good: too many at once, our queue there is full, or our account, its
# credentials or its address are being changed or put right (TWILIO.md 2.1).
SAFE_TO_RETRY_CODES = frozenset({20003, 20429, 21611, 22005, 10004})
SAFE_TO_RETRY_STATUSES = frozenset({401, 429})
# Twilio's own words about this one text: trying it again cannot help. Other answers below 500
# come from something in between, or from a setting that people put right.
REFUSAL_CODES = range(21000, 64000)
BAD_REQUEST = 400
CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = 500
TEXTS_LOOKED_AT = 50
CALLS_LOOKED_AT = 20
CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
UNDER_WAY = ("queued", "initiated", "ringing", "in-progress")
NOT_IN_PROGRESS = 21220
# Their clock and ours may differ by this much.
CLOCKS_DIFFER = timedelta(seconds=60)


class AnyHostHttpClient(TwilioHttpClient):
    """Twilio's HTTP client, with every request sent to the scheme, host and port of `base`."""

    def __init__(self, base: str, timeout_seconds: float, connections: int) -> None:
        super().__init__(timeout=timeout_seconds, logger=SILENT)
        self._base = urlsplit(base)
        adapter = HTTPAdapter(pool_maxsize=connections)
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, adapter)

    def request(self, method: str, url: str, *given: Any, **named: Any) -> Response:
        """As Twilio's, elsewhere."""
        return super().request(method, self.moved(url), *given, **named)

    def moved(self, url: str) -> str:
        """The same address at the scheme, host and port of `base`."""
        asked = urlsplit(url)
        return urlunsplit(asked._replace(scheme=self._base.scheme, netloc=self._base.netloc))


class TwilioCarrier:
    """The carrier port over Twilio's REST API. Safe to use from several threads."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        api_url: str,
        *,
        timeout_seconds: float,
        connections: int,
    ) -> None:
        http = AnyHostHttpClient(api_url, timeout_seconds, connections)
        self._client = Client(account_sid, auth_token, http_client=http)

    def send_text(self, text: TextToSend) -> str:
        """Hand over one text; returns its SID. Not idempotent: see `find_text`."""
        facts: dict[str, Any] = {"status_callback": text.report_url}
        if text.body:
            facts["body"] = text.body
        if text.media:
            facts["media_url"] = list(text.media)
        try:
            made = self._client.messages.create(to=text.to.e164, from_=text.sender, **facts)
        except (TwilioException, requests.RequestException, ValueError) as reason:
            raise _meaning(reason) from None
        if not made.sid:
            raise CarrierIsUnsure
        return str(made.sid)

    def find_text(self, text: TextToSend, since: datetime, known: Sequence[str]) -> str | None:
        """The SID of a text like this, made since then and not known to us (TWILIO.md 2.3)."""
        try:
            listed = self._client.messages.list(
                to=text.to.e164, from_=text.sender, limit=TEXTS_LOOKED_AT
            )
        except (TwilioException, requests.RequestException, ValueError) as reason:
            raise _meaning(reason, asked_only=True) from None
        alike = [
            each
            for each in listed
            if each.sid not in known
            and (each.body or "").strip() == text.body.strip()
            and str(each.direction).startswith("outbound")
            and (each.date_created is None or each.date_created >= since - CLOCKS_DIFFER)
        ]
        return str(alike[-1].sid) if alike else None

    def delete_copy(self, sid: str) -> None:
        """Delete Twilio's own record of a text (SM, MM), call (CA) or recording (RE).

        One that is gone is fine.
        """
        kept = {"RE": self._client.recordings, "CA": self._client.calls}
        try:
            kept.get(sid[:2], self._client.messages)(sid).delete()
        except TwilioRestException as reason:
            if reason.status != requests.codes.not_found:
                raise _meaning(reason) from None
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason) from None

    def place_call(self, call: CallToPlace) -> str:
        """Ring a phone; returns the call's SID. Not idempotent: see `find_call`."""
        try:
            made = self._client.calls.create(
                to=call.to,
                from_=call.sender,
                url=call.url,
                timeout=call.ring_seconds,
                status_callback=call.report_url,
                status_callback_event=CALL_EVENTS,
            )
        except (TwilioException, requests.RequestException, ValueError) as reason:
            raise _meaning(reason) from None
        if not made.sid:
            raise CarrierIsUnsure
        return str(made.sid)

    def find_call(self, call: CallToPlace, since: datetime) -> str | None:
        """The SID of the newest call from us to this phone since then that is not over.

        Twilio does not tell a call's address, and we ring one phone once at a time.
        """
        try:
            listed = self._client.calls.list(to=call.to, from_=call.sender, limit=CALLS_LOOKED_AT)
        except (TwilioException, requests.RequestException, ValueError) as reason:
            raise _meaning(reason, asked_only=True) from None
        alike = [
            each
            for each in listed
            if (each.date_created is None or each.date_created >= since - CLOCKS_DIFFER)
            and str(each.status) in UNDER_WAY
        ]
        return str(alike[0].sid) if alike else None

    def end_call(self, sid: str) -> None:
        """Hang up; a call that is over or unknown is fine (TWILIO.md 3)."""
        try:
            self._client.calls(sid).update(status="completed")
        except TwilioRestException as reason:
            if reason.status != requests.codes.not_found and reason.code != NOT_IN_PROGRESS:
                raise _meaning(reason) from None
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason) from None

    def move_call(self, sid: str, url: str) -> None:
        """Let a call in progress run another document; one that is over is refused."""
        try:
            self._client.calls(sid).update(url=url, method="POST")
        except TwilioRestException as reason:
            if reason.status == requests.codes.not_found:
                raise CarrierSaysNo(NOT_IN_PROGRESS) from None
            raise _meaning(reason) from None
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason) from None

    def announce(self, room: str, sid: str, url: str) -> None:
        """Let one participant of a conference hear a document; one that is gone is fine."""
        try:
            self._client.conferences(room).participants(sid).update(
                announce_url=url, announce_method="POST"
            )
        except TwilioRestException as reason:
            if reason.status != requests.codes.not_found:
                raise _meaning(reason) from None
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason) from None

    def ask_about_call(self, sid: str) -> str | None:
        """Twilio's word for where a call stands; None when it knows of none."""
        try:
            return str(self._client.calls(sid).fetch().status)
        except TwilioRestException as reason:
            if reason.status == requests.codes.not_found:
                return None
            raise _meaning(reason) from None
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason) from None

    def voice_urls(self, number: str) -> VoiceUrls | None:
        """Where Twilio sends the calls of a number of ours; None for one the account has not."""
        try:
            listed = self._client.incoming_phone_numbers.list(phone_number=number, limit=1)
        except (TwilioException, requests.RequestException) as reason:
            raise _meaning(reason, asked_only=True) from None
        for each in listed:
            return VoiceUrls(
                calls=each.voice_url or "",
                fallback=each.voice_fallback_url or "",
                status=each.status_callback or "",
            )
        return None

    def fetch_recording(self, url: str) -> bytes:
        """The sound, asked for with the account's own name and token."""
        http = self._client.http_client
        try:
            answer = http.session.get(
                http.moved(f"{url}.mp3"),
                auth=self._client.auth,
                timeout=http.timeout,
            )
        except requests.RequestException as reason:
            raise _meaning(reason) from None
        if answer.status_code != requests.codes.ok:
            raise CarrierSaysNo(answer.status_code)
        return bytes(answer.content)


def _meaning(reason: Exception, *, asked_only: bool = False) -> Exception:
    """Which of the three this is. The original is dropped: its text holds numbers and words.

    With `asked_only` nothing was to be sent: whoever does not answer such questions will not.
    """
    status, code = _status_and_code(reason)
    if _never_connected(reason):
        return CarrierIsBusy()
    if not 0 < status < SERVER_ERRORS:
        return CarrierIsUnsure()
    if status in SAFE_TO_RETRY_STATUSES or code in SAFE_TO_RETRY_CODES:
        return CarrierIsBusy()
    if status == BAD_REQUEST or code in REFUSAL_CODES or (asked_only and status in CLIENT_ERRORS):
        return CarrierSaysNo(code or status)
    return CarrierIsBusy()


def _status_and_code(reason: Exception) -> tuple[int, int]:
    """The HTTP status and Twilio's code; 0 where there is none.

    Lists raise a bare exception that carries the response (TWILIO.md 6).
    """
    if isinstance(reason, TwilioRestException):
        return int(reason.status), int(reason.code or 0)
    return next((int(each.status_code) for each in reason.args if isinstance(each, Response)), 0), 0


def _never_connected(reason: Exception) -> bool:
    """Whether not a byte of the request can have reached them."""
    if isinstance(reason, requests.ConnectTimeout):
        return True
    cause = reason.args[0] if reason.args else None
    return (
        isinstance(reason, requests.ConnectionError)
        and isinstance(cause, MaxRetryError)
        and isinstance(cause.reason, NewConnectionError)
    )
