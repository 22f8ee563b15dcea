"""What somebody hears on the phone, and what may follow: plain values, said by the carrier."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """Words to be spoken, in a language as the carrier names it (`en-US`)."""

    words: str
    language: str


@dataclass(frozen=True, slots=True)
class Play:
    """A sound at an address."""

    url: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing for a number of seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Words during which, and `seconds` after which, one key may be pressed.

    The key goes to `action`; without one the script goes on.
    """

    said: tuple[Say | Play | Pause, ...]
    action: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Join:
    """Enter a room. What happens after it is asked of `action`.

    Whoever `starts` the room ends the waiting of who is in it; when somebody who `ends` it leaves,
    all are out. `star` lets `*` leave the room for a moment; `coach` is the call that alone hears
    this one; `label` names the participant; `recorded_to` is told of a recording, and without it
    there is none.
    """

    room: str
    action: str
    wait_url: str
    report_url: str
    starts: bool
    ends: bool
    label: str = ""
    coach: str = ""
    star: bool = False
    recorded_to: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """Connect to a number directly; the person sees and is seen as `sender`."""

    to: str
    sender: str
    action: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Record:
    """A message of at most `seconds`."""

    action: str
    report_url: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Go:
    """Ask another address what is next."""

    url: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The call ends."""


Verb = Say | Play | Pause | Ask | Join | Ring | Record | Go | Leave
Script = tuple[Verb, ...]
