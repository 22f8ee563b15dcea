"""Professional crisis lines by country, as `config/crisis_lines.toml` tells them (R23)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from helpline.domain.phone import PhoneNumber, region_of

# An entry that nobody has looked at for this long is listed as stale.
VERIFIED_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class CrisisLine:
    """One country's line. `call` and `text` are what people dial; either may be empty."""

    country: str
    name: str
    call: str
    text: str
    emergency: str
    hours: str
    languages: tuple[str, ...]
    source: str
    verified_on: date | None

    @property
    def ways(self) -> str:
        """The wording's key: `both`, `call`, `text`, `finder`, or `same` where one takes both."""
        if self.call and self.text:
            return "same" if self.call == self.text else "both"
        if not self.call and not self.text:
            return "finder"
        return "call" if self.call else "text"

    @property
    def dialled(self) -> str:
        """What a phone dials for `call`: no spaces. Empty where nothing can be called."""
        return self.call.replace(" ", "")

    def is_stale(self, today: date) -> bool:
        """Whether a human must look before this is relied on."""
        return self.verified_on is None or today - self.verified_on > VERIFIED_FOR


@dataclass(frozen=True, slots=True)
class CrisisLines:
    """All lines; the finder is for a region that no line covers."""

    lines: Mapping[str, CrisisLine]
    finder: CrisisLine

    def line_for(self, phone: PhoneNumber | None, country: str) -> CrisisLine:
        """The line for a phone's prefix, else for the helpline's own country, else the finder.

        A prefix is only a hint of where somebody is; a withheld number is none.
        """
        for place in (region_of(phone) if phone is not None else "", country):
            if place in self.lines:
                return self.lines[place]
        return self.finder

    def stale(self, today: date) -> Sequence[CrisisLine]:
        """The lines that a human must verify."""
        return [line for line in self.lines.values() if line.is_stale(today)]


def make_line(country: str, facts: Mapping[str, object]) -> CrisisLine:
    """A line from its table in the file."""
    verified = facts.get("verified_on")
    languages = facts.get("languages", [])
    return CrisisLine(
        country=country,
        name=str(facts["name"]),
        call=str(facts.get("call", "")),
        text=str(facts.get("text", "")),
        emergency=str(facts["emergency"]),
        hours=str(facts.get("hours", "")),
        languages=tuple(languages) if isinstance(languages, list) else (),
        source=str(facts["source"]),
        verified_on=verified if isinstance(verified, date) else None,
    )
