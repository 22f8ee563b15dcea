"""Who is asked first, and which conversation goes before which.

The queue is ordered by one moment, `queue_at`: when the person began to wait, less a head start
for their class of risk. A higher class so goes before all who began to wait within the head
start, and whoever has waited longer than that goes before any newcomer: no one starves (R3).
Storage repeats `SOFT_WINDOW` in its query for the best peer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from helpline.domain.conversation import Risk

HEAD_START = {
    Risk.NONE: timedelta(0),
    Risk.MENTION: timedelta(minutes=5),
    Risk.CONCERN: timedelta(minutes=30),
    Risk.HIGH: timedelta(hours=4),
    Risk.IMMINENT: timedelta(hours=8),
}
# Shared topics are a wish, not a gate: they choose among this many who have been idle longest.
SOFT_WINDOW = 50
# A peer who let an offer go by is asked again for the same conversation only when every other
# free peer has been asked, and not before this many times the offer's own length.
REST_AFTER_EXPIRED = 1
REST_AFTER_PASSED = 5


@dataclass(frozen=True, slots=True)
class Rests:
    """How long a peer is left in peace after an offer of the same conversation went by."""

    unanswered: timedelta
    expired: timedelta
    passed: timedelta

    def since(self, now: datetime) -> dict[str, datetime]:
        """As the query wants them."""
        return {
            "unanswered_since": now - self.unanswered,
            "expired_since": now - self.expired,
            "passed_since": now - self.passed,
        }


def queue_at(risk: Risk, waiting_since: datetime) -> datetime:
    """The moment that orders the queue; earlier is sooner."""
    return waiting_since - HEAD_START[risk]
