"""Take in shifts from a CSV file."""

from __future__ import annotations

from sqlalchemy import select

from helpline.domain.record import Kind, StepKind
from helpline.domain.shifts import BadShift, ShiftPlan, read_wall, zone
from helpline.services.csv_file import BadFile, Cells, Changes, Fault, read_phone, read_rows
from helpline.services.desk import Desk
from helpline.services.extend_roster import materialise
from helpline.services.refresh_duty import refresh_duty
from helpline.storage import steps, volunteers
from helpline.storage.models import ShiftTemplate, Volunteer

COLUMNS = ("phone", "starts", "ends", "timezone", "repeats")


def import_shifts(desk: Desk, line_id: int, text: str) -> Changes:
    """Add shifts; one that is planned already stays as it is. Raises `BadFile`."""
    faults: list[Fault] = []
    plans: list[tuple[Volunteer, ShiftPlan]] = []
    for place, row in read_rows(text, COLUMNS, faults):
        cells = Cells(place, row, faults)
        volunteer = cells.read("phone", lambda text: _serving(desk, line_id, text))
        plan = _plan(desk, cells, volunteer)
        if volunteer is not None and plan is not None:
            plans.append((volunteer, plan))
    if faults:
        raise BadFile(sorted(faults, key=lambda fault: fault.row))
    changes = Changes()
    for volunteer, plan in plans:
        _put_shift(desk, volunteer, plan, changes)
    if changes.added:
        steps.promise(desk.session, StepKind.EXTEND_ROSTER, line_id, desk.now)
        desk.note(line_id, Kind.SHIFTS_IMPORTED, added=changes.added)
    return changes


def _plan(desk: Desk, cells: Cells, volunteer: Volunteer | None) -> ShiftPlan | None:
    default_zone = volunteer.timezone if volunteer is not None else desk.policy.timezone
    before = len(cells.faults)
    starts = cells.read("starts", read_wall)
    ends = cells.read("ends", read_wall)
    timezone = cells.read("timezone", lambda text: zone(text).key, default_zone)
    repeats = cells.cells.get("repeats", "").strip().removeprefix("RRULE:")
    if len(cells.faults) > before:
        return None
    try:
        return ShiftPlan(starts, ends, timezone, repeats)
    except BadShift as reason:
        column = str(reason).split()[0]
        cells.faults.append(Fault(cells.row, column, str(reason).removeprefix(column).strip()))
        return None


def _put_shift(desk: Desk, volunteer: Volunteer, plan: ShiftPlan, changes: Changes) -> None:
    facts = {
        "volunteer_id": volunteer.id,
        "starts": plan.starts,
        "ends": plan.ends,
        "timezone": plan.timezone,
        "repeats": plan.repeats,
    }
    if desk.session.scalars(select(ShiftTemplate).filter_by(**facts)).one_or_none() is not None:
        changes.same += 1
        return
    template = ShiftTemplate(line_id=volunteer.line_id, **facts)
    desk.session.add(template)
    desk.session.flush()
    materialise(desk, template)
    refresh_duty(desk, volunteer.id)
    changes.added += 1


def _serving(desk: Desk, line_id: int, text: str) -> Volunteer:
    phone = read_phone(text, desk.policy.country)
    volunteer = volunteers.find_by_phone(desk.session, line_id, phone)
    if volunteer is None:
        raise ValueError("no volunteer has this number; import volunteers first")
    return volunteer
