"""What Twilio's webhooks say, in our words (TWILIO.md 1.1 to 1.5)."""

from __future__ import annotations

from collections.abc import Mapping

from helpline.domain.calls import LegEnding, LegState
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


CALL_STATES: dict[str, tuple[LegState, LegEnding | None]] = {
    "queued": (LegState.QUEUED, None),
    "initiated": (LegState.QUEUED, None),
    "ringing": (LegState.RINGING, None),
    "in-progress": (LegState.ANSWERED, None),
    "completed": (LegState.ENDED, LegEnding.COMPLETED),
    "busy": (LegState.ENDED, LegEnding.BUSY),
    "no-answer": (LegState.ENDED, LegEnding.NO_ANSWER),
    "failed": (LegState.ENDED, LegEnding.FAILED),
    "canceled": (LegState.ENDED, LegEnding.CANCELED),
}
LEFT_THE_CALL = ("participant_hung_up",)


def read_call(form: Mapping[str, str]) -> dict[str, object]:
    """A call that comes in; raises `NotAnEvent` without a CallSid."""
    sid = form.get("CallSid", "")
    if not sid:
        raise NotAnEvent
    return {"sid": sid, "sender": form.get("From", ""), "to": form.get("To", "")}


def read_call_state(form: Mapping[str, str]) -> dict[str, object]:
    """A report on a call; raises `NotAnEvent` without a CallSid and a known CallStatus."""
    sid, status = form.get("CallSid", ""), form.get("CallStatus", "").lower()
    if not sid or status not in CALL_STATES:
        raise NotAnEvent
    return {"sid": sid, "status": status}


def is_over(form: Mapping[str, str]) -> bool:
    """Whether the call that asks has ended: hanging up still asks what is next (TWILIO.md 3)."""
    status = form.get("CallStatus", "").lower()
    return CALL_STATES.get(status, (LegState.ANSWERED, None))[0] == LegState.ENDED


def read_room(form: Mapping[str, str]) -> dict[str, object]:
    """A report on a room; raises `NotAnEvent` without its name and event."""
    room, event = form.get("FriendlyName", ""), form.get("StatusCallbackEvent", "")
    if not room or not event:
        raise NotAnEvent
    ended = form.get("ParticipantCallStatus", "").lower()
    hung_up = form.get("ReasonParticipantLeft", "") in LEFT_THE_CALL
    is_gone = CALL_STATES.get(ended, (LegState.ANSWERED, None))[0] == LegState.ENDED
    return {
        "room": room,
        "event": event,
        "conference": form.get("ConferenceSid", ""),
        "sid": form.get("CallSid", ""),
        "sequence": form.get("SequenceNumber", ""),
        "gone": event == "participant-leave" and (is_gone or (hung_up and not ended)),
    }


def read_recording(form: Mapping[str, str]) -> dict[str, object]:
    """A recording that is ready, or came to nothing; raises `NotAnEvent` without its SID."""
    sid = form.get("RecordingSid", "")
    if not sid:
        raise NotAnEvent
    seconds = form.get("RecordingDuration", "")
    is_ready = form.get("RecordingStatus", "completed") == "completed"
    return {
        "sid": sid,
        "call": form.get("CallSid", ""),
        "conference": form.get("ConferenceSid", ""),
        "url": form.get("RecordingUrl", ""),
        "seconds": int(seconds) if is_ready and seconds.isascii() and seconds.isdigit() else 0,
    }
