"""Work out afresh whether a volunteer is on duty and free, and promise when to look again."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from helpline.domain.record import StepKind
from helpline.domain.shifts import to_utc
from helpline.services.desk import Desk
from helpline.storage import duties, steps, volunteers
from helpline.storage.models import Contact, Conversation, Volunteer


def refresh_duty(desk: Desk, volunteer_id: int) -> None:
    """Make the duty row what the truth says: shifts, own word, break, training, places held.

    On duty is inside a shift or `#on`, never after `#off`, retirement or an opt-out. Free is on
    duty as a trained peer, not on a break, with a free place and nothing that binds (R5, R6).
    Somebody who becomes free is matched at once. Safe to run at any time and twice.
    """
    session = desk.session
    duties.lock(session, volunteer_id)
    volunteer = session.get_one(Volunteer, volunteer_id, populate_existing=True)
    if not _is_on_duty(desk, volunteer):
        duties.remove(session, volunteer_id)
    else:
        free = _is_free(desk, volunteer)
        duties.put(session, volunteer, free=free, now=desk.now)
        if free:
            steps.promise(session, StepKind.MATCH, volunteer.line_id, desk.now)
    upcoming = _next_change(desk, volunteer)
    if upcoming is None:
        steps.drop_promise(session, StepKind.REFRESH_DUTY, volunteer_id)
    else:
        steps.move_promise(session, StepKind.REFRESH_DUTY, volunteer_id, upcoming)


def refresh_own_duty(desk: Desk, conversation: Conversation) -> None:
    """A person's conversation has begun or ended: if they volunteer too, that binds or frees them.

    Nobody is offered others' conversations while they are a person in need themselves.
    """
    contact = desk.session.get_one(Contact, conversation.contact_id)
    volunteer = volunteers.find_by_key(desk.session, contact.line_id, contact.phone_key)
    if volunteer is not None:
        desk.session.flush()
        refresh_duty(desk, volunteer.id)


def _is_on_duty(desk: Desk, volunteer: Volunteer) -> bool:
    if volunteer.retired_at is not None or volunteer.opted_out_at is not None:
        return False
    word_counts = volunteer.duty_word is not None and (
        volunteer.duty_word_until is None or volunteer.duty_word_until > desk.now
    )
    if word_counts:
        return volunteer.duty_word == "on"
    return volunteers.shift_around(desk.session, volunteer.id, desk.now) is not None


def _is_free(desk: Desk, volunteer: Volunteer) -> bool:
    on_break = volunteer.break_until is not None and volunteer.break_until > desk.now
    return (
        "peer" in volunteer.roles
        and not on_break
        and is_trained(volunteer, desk.now)
        and duties.count_places(desk.session, volunteer.id) < volunteer.max_conversations
        and not duties.is_bound(desk.session, volunteer, desk.now)
    )


def is_trained(volunteer: Volunteer, now: datetime) -> bool:
    """Whether training is valid today, by the volunteer's own calendar."""
    today = now.astimezone(ZoneInfo(volunteer.timezone)).date()
    return volunteer.trained_until is None or volunteer.trained_until >= today


def _next_change(desk: Desk, volunteer: Volunteer) -> datetime | None:
    """The next moment at which the clock alone may change the answer."""
    moments = [volunteer.duty_word_until, volunteer.break_until]
    current = volunteers.shift_around(desk.session, volunteer.id, desk.now)
    if current is not None:
        moments.append(current.ends_at)
    ahead = volunteers.shifts_ahead(desk.session, volunteer.id, desk.now, most=1)
    moments.extend(shift.starts_at for shift in ahead)
    if volunteer.trained_until is not None:
        day_after = datetime.combine(volunteer.trained_until + timedelta(days=1), time.min)
        moments.append(to_utc(day_after, volunteer.timezone))
    return min((moment for moment in moments if moment and moment > desk.now), default=None)
