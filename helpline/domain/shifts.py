"""Who is on duty at a moment: local wall times, recurrence and zones made into UTC.

Shifts are kept as local wall time + zone + RRULE. Differences are always taken in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.rrule import rrule, rruleset, rrulestr

WALL_FORMAT = "%Y-%m-%d %H:%M"
LONGEST_SHIFT = timedelta(hours=24)
TOO_OFTEN = re.compile(r"FREQ=(SECONDLY|MINUTELY|HOURLY)", re.IGNORECASE)
UNTIL_UTC = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.IGNORECASE)


class BadShift(ValueError):
    """The shift cannot be planned; the text says why and holds nothing about a person."""


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """A shift as planned: naive local wall times, IANA zone, RFC 5545 RRULE or empty."""

    starts: datetime
    ends: datetime
    timezone: str
    repeats: str = ""

    def __post_init__(self) -> None:
        zone(self.timezone)
        if not timedelta(0) < self.ends - self.starts <= LONGEST_SHIFT:
            raise BadShift("ends should be after starts, at most 24 hours later")
        self._rule()

    def _rule(self) -> rrule | rruleset | None:
        if not self.repeats:
            return None
        if TOO_OFTEN.search(self.repeats):
            raise BadShift("repeats should be daily or rarer")
        try:
            return rrulestr(self._until_in_wall_time(), dtstart=self.starts)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise BadShift("repeats should be an RFC 5545 rule like FREQ=WEEKLY;BYDAY=SU") from None

    def _until_in_wall_time(self) -> str:
        """RFC 5545 wants UNTIL in UTC; the rule itself runs on wall time."""

        def to_wall(found: re.Match[str]) -> str:
            until = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            return f"UNTIL={until.astimezone(zone(self.timezone)):%Y%m%dT%H%M%S}"

        return UNTIL_UTC.sub(to_wall, self.repeats)

    def between(self, after: datetime, before: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Each occurrence that overlaps `after`..`before` (UTC), as (start, end) in UTC."""
        rule = self._rule()
        length = self.ends - self.starts
        if rule is None:
            walls = [self.starts]
        else:
            margin = length + timedelta(days=2)
            walls = rule.between(_naive(after) - margin, _naive(before) + margin, inc=True)
        for wall in walls:
            start = to_utc(wall, self.timezone)
            end = to_utc(wall + length, self.timezone, fold=1)
            if start < before and end > after and start < end:
                yield start, end


def zone(name: str) -> ZoneInfo:
    """The IANA zone; raises `BadShift`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadShift("timezone should be a name like America/New_York") from None


def to_utc(wall: datetime, timezone: str, *, fold: int = 0) -> datetime:
    """A wall time in UTC.

    One that a clock change skips moves to the same moment after it; of one that comes twice,
    `fold` chooses the first (0) or the second (1).
    """
    return wall.replace(tzinfo=zone(timezone), fold=fold).astimezone(UTC)


def read_wall(text: str) -> datetime:
    """`2026-11-22 18:00` as a naive wall time; raises `BadShift`."""
    try:
        return datetime.strptime(text.strip(), WALL_FORMAT)  # noqa: DTZ007 - a wall time
    except ValueError:
        raise BadShift("should be a date and time like 2026-11-22 18:00") from None


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
