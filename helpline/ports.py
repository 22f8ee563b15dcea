"""What the inside needs of the outside: a carrier that sends texts, a bell, a clock."""

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
    """The network that carries texts. Every call may take seconds: never inside a transaction."""

    def send_text(self, text: TextToSend) -> str:
        """Hand over one text; returns the carrier's id. Raises the three exceptions above."""
        ...

    def find_text(self, text: TextToSend, since: datetime, known: Sequence[str]) -> str | None:
        """The id of a text like this one, handed over since then, not among `known` ids."""
        ...

    def delete_text(self, sid: str) -> None:
        """Remove the carrier's own copy; one that is gone already is fine."""
        ...


Clock = Callable[[], datetime]
"""The time, as aware UTC."""


class Bell(Protocol):
    """Wakes workers. It may be lost at any moment: the clock rings again."""

    def ring(self, queue: str) -> None:
        """Ask that somebody looks; never raises."""
        ...
