"""Faults on request: what can go wrong between us and a carrier, a number of times each."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

NAMES = (
    "create_500",
    "create_429",
    "create_timeout_after_accepting",
    "create_delay",
    "webhook_twice",
    "webhook_late",
    "reports_reordered",
    "report_failed",
    "down",
    "call_500",
    "call_429",
    "call_delay",
    "call_timeout_after_accepting",
    "call_update_500",
    "call_lost",
    "call_reports_twice",
)


@dataclass
class Faults:
    """How often each fault is still to happen; -1 is until further notice."""

    left: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, name: str, times: int) -> None:
        """Let `name` happen `times` times; raises `KeyError` for a fault that is not known."""
        if name not in NAMES:
            raise KeyError(name)
        with self.lock:
            self.left[name] = times

    def happens(self, name: str) -> bool:
        """Whether the fault is to happen now; counts it."""
        with self.lock:
            left = self.left.get(name, 0)
            if left > 0:
                self.left[name] = left - 1
            return left != 0
