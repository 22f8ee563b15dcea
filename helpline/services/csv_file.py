"""Files that coordinators bring: all rows are checked first, then all or nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from helpline.domain.phone import NotAPhoneNumber, PhoneNumber, parse_phone

MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file: the row (the header is row 1), the column, what it should be."""

    row: int
    column: str
    problem: str

    def __str__(self) -> str:
        place = f"row {self.row}" + (f", {self.column}" if self.column else "")
        return f"{place}: {self.problem}"


class BadFile(Exception):
    """The file has faults; nothing was changed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass
class Changes:
    """What an import did, or would do. Lines are `row N: …` and name people by row only."""

    added: int = 0
    changed: int = 0
    same: int = 0
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.added} added, {self.changed} changed, {self.same} unchanged"


@dataclass
class Cells:
    """One row, read cell by cell; what is wrong is collected, not raised."""

    row: int
    cells: dict[str, str]
    faults: list[Fault]

    def read(self, column: str, how: Callable[[str], Any], default: Any = None) -> Any:
        """The cell by `how` (which raises ValueError with what it should be), else the default."""
        text = self.cells.get(column, "").strip()
        if not text:
            if default is None:
                self.faults.append(Fault(self.row, column, "should not be empty"))
            return default
        try:
            return how(text)
        except ValueError as reason:
            self.faults.append(Fault(self.row, column, str(reason)))
            return default


def read_rows(
    text: str, columns: Sequence[str], faults: list[Fault], optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV with exactly these columns, in any order.

    Raises `BadFile` for a header that is wrong; a row of the wrong length goes to `faults`.
    """
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as reason:
        raise BadFile([Fault(1, "", f"not a CSV file: {reason}")]) from None
    header = [name.strip().lower() for name in rows[0]] if rows else []
    _check_header(header, columns, optional)
    if len(rows) > MOST_ROWS:
        raise BadFile([Fault(MOST_ROWS, "", f"more than {MOST_ROWS} rows")])
    for place, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) == len(header):
            yield place, dict(zip(header, row, strict=True))
        else:
            faults.append(Fault(place, "", f"should have {len(header)} cells, has {len(row)}"))


def _check_header(header: list[str], columns: Sequence[str], optional: Sequence[str]) -> None:
    wanted = ",".join(columns)
    if not any(header):
        raise BadFile([Fault(1, "", f"the file is empty; its first row should be {wanted}")])
    if len(header) == 1 and ";" in header[0]:
        raise BadFile([Fault(1, "", "columns should be parted by commas, not by ;")])
    missing = [name for name in columns if name not in header]
    unknown = [name for name in header if name not in (*columns, *optional)]
    twice = {name for name in header if header.count(name) > 1}
    faults = [Fault(1, name, "column is missing") for name in missing]
    faults += [Fault(1, name or "?", "column is not known") for name in unknown]
    faults += [Fault(1, name, "column stands twice") for name in sorted(twice)]
    if faults:
        raise BadFile(faults)


def read_phone(text: str, country: str) -> PhoneNumber:
    """A cell with a phone number; raises ValueError with what it should be."""
    try:
        return parse_phone(text, country)
    except NotAPhoneNumber:
        raise ValueError("should be a phone number like +12025550123") from None
