"""`#status` and `#shifts`: what is open now, and when a volunteer is next on duty."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from helpline.domain.commands import Reading
from helpline.domain.timing import span
from helpline.services.desk import Desk
from helpline.services.set_duty import clock_time
from helpline.services.threads import choices, threads_of
from helpline.services.write_text import to_volunteer
from helpline.storage import conversations, volunteers
from helpline.storage.models import Duty, Number, Volunteer

SHIFTS_SHOWN = 5


def status(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """On or off duty, what is open, how many people wait."""
    threads = threads_of(desk, volunteer)
    held = choices(desk, threads) if threads else desk.say("status_nothing")
    waiting = conversations.count_waiting(desk.session, volunteer.line_id)
    to_volunteer(
        desk,
        volunteer,
        desk.say("status", duty=_duty(desk, volunteer), open=held, waiting=waiting),
    )


def _duty(desk: Desk, volunteer: Volunteer) -> str:
    if volunteer.break_until is not None and volunteer.break_until > desk.now:
        return desk.say("status_break", until=clock_time(volunteer.break_until, volunteer))
    on_duty = desk.session.get(Duty, volunteer.id) is not None
    return desk.say("status_on" if on_duty else "status_off")


def shifts(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """The shift under way and the next ones, by the volunteer's own clock."""
    ahead = volunteers.shifts_from(desk.session, volunteer.id, desk.now, most=SHIFTS_SHOWN)
    if not ahead:
        to_volunteer(desk, volunteer, desk.say("shifts_none"))
        return
    here = ZoneInfo(volunteer.timezone)
    listed = [span(shift.starts_at, shift.ends_at, here) for shift in ahead]
    to_volunteer(desk, volunteer, "\n".join([desk.say("shifts"), *listed]))
