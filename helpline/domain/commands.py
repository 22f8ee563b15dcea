"""What a volunteer's text means: a command, an answer, a label, or words for the person."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """The commands, as they are texted after `#`. None is a word that carriers act on."""

    ON = "on"
    OFF = "off"
    BREAK = "break"
    DONE = "done"
    PASS = "pass"  # noqa: S105 - a command
    NOTE = "note"
    URGENT = "urgent"
    CALL = "call"
    STATUS = "status"
    SHIFTS = "shifts"
    HELP = "help"
    PEER = "peer"
    JOIN = "join"
    LEAVE = "leave"
    RESOLVED = "resolved"
    CALLED = "called"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"


# Commands whose words are about a person, or are a conversation of the volunteer's own already.
ABOUT_OTHERS = frozenset(
    {
        Command.NOTE,
        Command.URGENT,
        Command.PEER,
        Command.RESOLVED,
        Command.CALLED,
        Command.CONFIRMED,
    }
)
NAMES = frozenset(command.value for command in Command) - {Command.UNKNOWN.value}
OWN_LABEL = "me"
# What somebody who joined because of an alert writes under, where they have others open.
JOINED_LABEL = "j"
LABELS = ("a", "b", "c", "d", "e", "f", "g", "h", "i")
YES = frozenset({"1", "yes", "y", "ok"})
NO = frozenset({"2", "no", "n"})
STOP_WORDS = frozenset(
    {"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"}
)
START_WORDS = frozenset({"start", "unstop", "yes"})
MAX_BREAK_MINUTES = 24 * 60

# What phones put before words unseen (marks of direction, joiners, the byte order mark), then `#`
# in any width. A label may stand before or after a command: `#a #done` and `#done a` are the same.
HASHED = re.compile(
    r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0e\ufe0f\ufeff]*"
    r"[#\uff03\ufe5f]([^\s#\uff03\ufe5f]*)\s*(.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One text of a volunteer, read.

    `label` is the conversation it names, if any; `command` is None when the text is words;
    `words` is what would go to the person, or the command's argument.
    """

    words: str
    label: str | None = None
    command: Command | None = None

    @property
    def is_label_alone(self) -> bool:
        """`#a` and nothing else: send what was held to a."""
        return self.label is not None and self.command is None and not self.words


def read_command(text: str) -> Reading:
    """Read a volunteer's text; words are kept to the letter."""
    hashed = HASHED.fullmatch(text.rstrip())
    if not hashed:
        return Reading(words=text)
    name, rest = unicodedata.normalize("NFKC", hashed[1]).lower().rstrip(".,:;!"), hashed[2]
    if name in LABELS or name in (OWN_LABEL, JOINED_LABEL):
        inner = read_command(rest) if HASHED.match(rest) else Reading(words=rest)
        if inner.label is not None:
            return Reading(words=text, command=Command.UNKNOWN)
        return Reading(words=inner.words, label=name, command=inner.command)
    if name not in NAMES:
        return Reading(words=text, command=Command.UNKNOWN)
    command = Command(name)
    if command in (Command.DONE, Command.PASS, Command.URGENT, Command.CALL) and rest.lower() in (
        *LABELS,
        OWN_LABEL,
    ):
        return Reading(words="", label=rest.lower(), command=command)
    return Reading(words=rest, command=command)


def plain(text: str) -> str:
    """A text as a single word for comparison: case, spaces and closing marks aside."""
    return text.strip().strip(".!").strip().lower()


def is_yes(text: str) -> bool:
    """`1`, or a word for it."""
    return plain(text) in YES


def is_no(text: str) -> bool:
    """`2`, or a word for it."""
    return plain(text) in NO


def is_stop(text: str) -> bool:
    """An opt-out word as the whole text, any case or space (R28); "stop please" is not."""
    return text.strip().lower() in STOP_WORDS


def is_start(text: str) -> bool:
    """A word that carriers take as opting in again, where an opt-out is in force."""
    return text.strip().lower() in START_WORDS


def read_minutes(argument: str) -> int | None:
    """The minutes of `#break 15`, 1 to a day; None when it is not such a number."""
    text = argument.strip()
    if not re.fullmatch(r"[0-9]{1,4}", text):
        return None
    minutes = int(text)
    return minutes if 1 <= minutes <= MAX_BREAK_MINUTES else None
