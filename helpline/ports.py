"""What the inside needs of the outside: a carrier of texts and calls, a bell, a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from helpline.domain.phone import PhoneNumber


@dataclass(frozen=True, slots=True)
class TextToSend:
    """One body for one phone. `sender` is a number of ours; `report_url` gets its states."""

    to: PhoneNumber
    sender: str
    body: str
    media: tuple[str, ...]
    report_url: str


@dataclass(frozen=True, slots=True, repr=False)
class CallToPlace:
    """One phone to ring. `to` is in E.164 or a short number; `url` says what is heard there."""

    to: str
    sender: str
    url: str
    report_url: str
    ring_seconds: int


@dataclass(frozen=True, slots=True)
class VoiceUrls:
    """What a number of ours is set to at the carrier, for calls."""

    calls: str
    fallback: str
    status: str


class CarrierSaysNo(Exception):
    """The carrier refused this for good; `code` is its error code (TWILIO.md 2.1)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"carrier refused with code {code}")
        self.code = code


class CarrierIsBusy(Exception):
    """The carrier did not take this; it is safe to try again later."""


class CarrierIsUnsure(Exception):
    """No clear answer: the carrier may or may not have taken this (TWILIO.md 2.3)."""


class Carrier(Protocol):
    """The network for texts and calls. Each of these may take seconds: never in a transaction."""

    def send_text(self, text: TextToSend) -> str:
        """Hand over one text; returns the carrier's id. Raises the three exceptions above."""
        ...

    def find_text(self, text: TextToSend, since: datetime, known: Sequence[str]) -> str | None:
        """The id of a text like this one, handed over since then, not among `known` ids."""
        ...

    def delete_copy(self, sid: str) -> None:
        """Remove the carrier's own record of a text, call or recording; one gone is fine."""
        ...

    def place_call(self, call: CallToPlace) -> str:
        """Ring a phone; returns the carrier's id. Raises the three exceptions above."""
        ...

    def find_call(self, call: CallToPlace, since: datetime) -> str | None:
        """The id of a call that was placed for this very `url` since then."""
        ...

    def end_call(self, sid: str) -> None:
        """End a call, ringing or answered; one that is over is fine."""
        ...

    def move_call(self, sid: str, url: str) -> None:
        """Let a call that is answered hear `url` from now on; `CarrierSaysNo` when it is over."""
        ...

    def announce(self, room: str, sid: str, url: str) -> None:
        """Let one call in a room hear `url` there; a room or call that is gone is fine."""
        ...

    def ask_about_call(self, sid: str) -> str | None:
        """The carrier's word for how a call stands; None when it knows of none."""
        ...

    def voice_urls(self, number: str) -> VoiceUrls | None:
        """Where calls to a number of ours go; None for one that the account does not have."""
        ...

    def fetch_recording(self, url: str) -> bytes:
        """The sound of a recording, as MP3; `CarrierSaysNo` when it is gone."""
        ...


Clock = Callable[[], datetime]
"""The time, as aware UTC."""


class Bell(Protocol):
    """Wakes workers. It may be lost at any moment: the clock rings again."""

    def ring(self, queue: str) -> None:
        """Ask that somebody looks; never raises."""
        ...
