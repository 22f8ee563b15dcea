"""The operator's durations and choices, as the services read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from helpline.domain.calls import Strategy
from helpline.domain.matching import REST_AFTER_EXPIRED, REST_AFTER_PASSED, Rests


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
    ring: timedelta = timedelta(seconds=20)
    call_wait: timedelta = timedelta(seconds=120)
    ring_strategy: Strategy = Strategy.SOME
    ring_at_once: int = 3
    ring_rounds: int = 2
    calls_per_second: float = 1.0
    records_calls: bool = False
    voicemail: timedelta = timedelta(seconds=120)
    voicemail_kept: timedelta = timedelta(days=30)
    professional_number: str = ""

    @property
    def idle_warning(self) -> timedelta:
        """How long before the idle close both sides are warned: ten minutes, or a quarter."""
        return min(timedelta(minutes=10), self.idle_close / 4)

    @property
    def rests(self) -> Rests:
        """How long who let an offer go by is not asked again about the same conversation."""
        return Rests(
            unanswered=self.ring,
            expired=self.offer * REST_AFTER_EXPIRED,
            passed=self.offer * REST_AFTER_PASSED,
        )
