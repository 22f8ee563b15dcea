"""What Twilio's webhooks say, in our words (TWILIO.md 1.1, 1.3)."""

from __future__ import annotations

from collections.abc import Mapping

from helpline.domain.conversation import TextState

MOST_MEDIA = 10
STATES = {
    "accepted": TextState.SENT,
    "scheduled": TextState.SENT,
    "queued": TextState.SENT,
    "sending": TextState.SENT,
    "sent": TextState.SENT,
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "partially_delivered": TextState.DELIVERED,
    "undelivered": TextState.UNDELIVERED,
    "failed": TextState.FAILED,
    "canceled": TextState.FAILED,
}


class NotAnEvent(ValueError):
    """A signed request that lacks what makes it an event."""


def read_text(form: Mapping[str, str]) -> dict[str, object]:
    """An inbound message; raises `NotAnEvent` without a MessageSid. Unknown parameters are fine."""
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not sid:
        raise NotAnEvent
    return {
        "sid": sid,
        "sender": form.get("From", ""),
        "to": form.get("To", ""),
        "words": form.get("Body", ""),
        "media": [
            form[f"MediaUrl{place}"]
            for place in range(_count(form.get("NumMedia", "0")))
            if form.get(f"MediaUrl{place}")
        ],
        "opt_out": form.get("OptOutType", "").upper(),
    }


def _count(text: str) -> int:
    return min(int(text), MOST_MEDIA) if text.isascii() and text.isdigit() else 0


def read_report(form: Mapping[str, str]) -> dict[str, object]:
    """A status report on a text of ours; raises `NotAnEvent` without SID and known status."""
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    status = (form.get("MessageStatus") or form.get("SmsStatus") or "").lower()
    if not sid or status not in STATES:
        raise NotAnEvent
    code = form.get("ErrorCode", "")
    return {
        "sid": sid,
        "state": STATES[status].value,
        "status": status,
        "code": int(code) if code.isascii() and code.isdigit() else None,
    }
