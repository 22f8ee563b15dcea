"""The operator's durations and choices, as the services read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations are timedeltas; numbers of ours are plain E.164 (they are public)."""

    public_url: str
    line_name: str
    privacy_url: str
    country: str
    timezone: str
    language: str
    offer: timedelta = timedelta(seconds=60)
    wait_text: timedelta = timedelta(seconds=120)
    wait_text_repeat: timedelta = timedelta(seconds=600)
    idle_close: timedelta = timedelta(seconds=3600)
    wrap_up: timedelta = timedelta(seconds=600)
    ack: timedelta = timedelta(seconds=60)
    reopen: timedelta = timedelta(seconds=86_400)

    @property
    def idle_warning(self) -> timedelta:
        """How long before the idle close both sides are warned: ten minutes, or a quarter."""
        return min(timedelta(minutes=10), self.idle_close / 4)
