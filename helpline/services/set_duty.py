"""A volunteer comes on duty, goes off, or takes a break, by their own word."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from helpline.domain.commands import Reading, read_minutes
from helpline.domain.record import Kind
from helpline.services.desk import Desk
from helpline.services.end_offer import pass_offer
from helpline.services.refresh_duty import is_trained, refresh_duty
from helpline.services.write_text import to_volunteer
from helpline.storage import conversations, offers, volunteers
from helpline.storage.models import Number, Volunteer

# `#on` outside a shift lasts this long: nobody is left on duty by forgetting `#off` (R5, R40).
ON_LASTS = timedelta(hours=12)


def come_on(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#on`: on duty for the shift, or for twelve hours outside one; ends a break."""
    shift = volunteers.shift_around(desk.session, volunteer.id, desk.now)
    until = max(shift.ends_at, desk.now) if shift is not None else desk.now + ON_LASTS
    volunteer.duty_word, volunteer.duty_word_until = "on", until
    volunteer.break_until = None
    desk.session.flush()
    refresh_duty(desk, volunteer.id)
    desk.note(volunteer.line_id, Kind.VOLUNTEER_ON, volunteer_id=volunteer.id)
    if "peer" in volunteer.roles and not is_trained(volunteer, desk.now):
        to_volunteer(desk, volunteer, desk.say("duty_untrained"))
    else:
        to_volunteer(desk, volunteer, desk.say("duty_on", until=clock_time(until, volunteer)))


def go_off(desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str) -> None:
    """`#off`: no more offers until `#on` or the next shift; what is open stays open."""
    shift = volunteers.shift_around(desk.session, volunteer.id, desk.now)
    volunteer.duty_word = "off" if shift is not None else None
    volunteer.duty_word_until = shift.ends_at if shift is not None else None
    volunteer.break_until = None
    _leave(desk, volunteer)
    desk.note(volunteer.line_id, Kind.VOLUNTEER_OFF, volunteer_id=volunteer.id)
    still = len(conversations.held_by(desk.session, volunteer.id))
    to_volunteer(desk, volunteer, desk.say("duty_off_open" if still else "duty_off", open=still))


def take_break(
    desk: Desk, number: Number, volunteer: Volunteer, reading: Reading, sid: str
) -> None:
    """`#break 15`: no offers for that many minutes."""
    minutes = read_minutes(reading.words)
    if minutes is None:
        to_volunteer(desk, volunteer, desk.say("break_how_long"))
        return
    until = desk.now + timedelta(minutes=minutes)
    volunteer.break_until = until
    _leave(desk, volunteer)
    desk.note(
        volunteer.line_id, Kind.VOLUNTEER_ON_BREAK, volunteer_id=volunteer.id, minutes=minutes
    )
    to_volunteer(desk, volunteer, desk.say("duty_break", until=clock_time(until, volunteer)))


def _leave(desk: Desk, volunteer: Volunteer) -> None:
    """An offer that waits for this volunteer's answer goes to the next peer at once."""
    desk.session.flush()
    offer = offers.pending_for_volunteer(desk.session, volunteer.id)
    if offer is not None:
        pass_offer(desk, volunteer, offer)
    refresh_duty(desk, volunteer.id)


def clock_time(moment: datetime, volunteer: Volunteer) -> str:
    """`18:30`, by the volunteer's own clock."""
    return moment.astimezone(ZoneInfo(volunteer.timezone)).strftime("%H:%M")
