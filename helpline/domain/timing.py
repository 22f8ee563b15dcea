"""Spans of time as people read them. Differences are taken in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def minutes_between(earlier: datetime, later: datetime) -> int:
    """Whole minutes, never negative."""
    gone = later.astimezone(UTC) - earlier.astimezone(UTC)
    return max(0, int(gone.total_seconds() // 60))
