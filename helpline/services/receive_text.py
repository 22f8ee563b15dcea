"""Read one text that came in: whose it is decides which way it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpline.domain.commands import is_start, is_stop
from helpline.domain.phone import NotAPhoneNumber, PhoneNumber
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.hear_person import hear_person
from helpline.services.hear_volunteer import hear_volunteer
from helpline.storage import lines, volunteers
from helpline.storage.models import Number


@dataclass(frozen=True, slots=True, repr=False)
class IncomingText:
    """One text as the carrier told it. `opt_out` is STOP, START, HELP or empty."""

    sid: str
    sender: str
    to: str
    words: str
    media: tuple[str, ...] = ()
    opt_out: str = ""

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> IncomingText:
        """Back from what the door kept."""
        media = payload["media"]
        return cls(
            sid=str(payload["sid"]),
            sender=str(payload["sender"]),
            to=str(payload["to"]),
            words=str(payload["words"]),
            media=tuple(str(url) for url in media) if isinstance(media, list) else (),
            opt_out=str(payload["opt_out"]),
        )

    @property
    def says_stop(self) -> bool:
        """An opt-out, by the carrier's word or by the text's own."""
        return self.opt_out == "STOP" or is_stop(self.words)

    @property
    def says_start(self) -> bool:
        """What opts in again where an opt-out is in force."""
        return self.opt_out == "START" or is_start(self.words)


def receive_text(text: IncomingText, desk: Desk) -> None:
    """Do what follows from one text, exactly once: the caller has seen to it that it is new.

    A sender that is not a phone number (a short code, a name) cannot be answered: that is put
    into the record and nothing is sent. A number of ours that is not known any more counts as
    the public one.
    """
    number = lines.find_number(desk.session, text.to)
    if number is None:
        number = lines.public_number(desk.session, lines.only_line(desk.session).id)
    try:
        phone = PhoneNumber(text.sender)
    except NotAPhoneNumber:
        desk.note(number.line_id, Kind.TEXT_CANNOT_BE_ANSWERED, length=len(text.words))
        return
    if lines.find_number(desk.session, phone.e164) is not None:
        desk.note(number.line_id, Kind.TEXT_CANNOT_BE_ANSWERED, from_ourselves=True)
        return
    _hear(desk, number, phone, text)


def _hear(desk: Desk, number: Number, phone: PhoneNumber, text: IncomingText) -> None:
    volunteer = volunteers.lock_by_phone(desk.session, number.line_id, phone)
    if volunteer is None:
        hear_person(
            desk,
            number,
            phone,
            words=text.words,
            media=text.media,
            sid=text.sid,
            stop=text.says_stop,
            start=text.says_start,
        )
    else:
        hear_volunteer(
            desk,
            number,
            volunteer,
            words=text.words,
            media=text.media,
            sid=text.sid,
            stop=text.says_stop,
            start=text.says_start,
        )
