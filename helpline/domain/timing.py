"""Spans of time as people read them. Differences are taken in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def minutes_between(earlier: datetime, later: datetime) -> int:
    """Whole minutes, never negative."""
    gone = later.astimezone(UTC) - earlier.astimezone(UTC)
    return max(0, int(gone.total_seconds() // 60))


def span(starts: datetime, ends: datetime, here: tzinfo) -> str:
    """`Sun 22 Nov 18:00-22:00`; with the second day named where it is another one."""
    begins, finishes = starts.astimezone(here), ends.astimezone(here)
    end = f"{finishes:%H:%M}"
    if finishes.date() != begins.date():
        end = f"{finishes:%a %H:%M}"
    return f"{begins:%a %d %b %H:%M}-{end}"
