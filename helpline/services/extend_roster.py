"""Make shift templates into shifts, eight weeks ahead, in UTC."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from helpline.domain.record import StepKind
from helpline.domain.shifts import ShiftPlan
from helpline.services.desk import Desk
from helpline.services.refresh_duty import refresh_duty
from helpline.storage import steps
from helpline.storage.models import Shift, ShiftTemplate

AHEAD = timedelta(weeks=8)
EVERY = timedelta(days=1)


def extend_roster(desk: Desk, line_id: int) -> None:
    """Materialise what is missing of the next eight weeks; promised again for tomorrow."""
    until = desk.now + AHEAD
    templates = desk.session.scalars(
        select(ShiftTemplate).where(
            ShiftTemplate.line_id == line_id,
            (ShiftTemplate.materialised_until.is_(None))
            | (ShiftTemplate.materialised_until < until),
        )
    ).all()
    for template in templates:
        materialise(desk, template)
    for volunteer_id in sorted({template.volunteer_id for template in templates}):
        refresh_duty(desk, volunteer_id)
    steps.promise(desk.session, StepKind.EXTEND_ROSTER, line_id, desk.now + EVERY)


def materialise(desk: Desk, template: ShiftTemplate) -> int:
    """Write the template's occurrences that are missing, from today on; returns how many."""
    plan = ShiftPlan(template.starts, template.ends, template.timezone, template.repeats)
    until = desk.now + AHEAD
    made = 0
    for starts_at, ends_at in plan.between(desk.now - timedelta(days=1), until):
        row = insert(Shift).values(
            line_id=template.line_id,
            template_id=template.id,
            volunteer_id=template.volunteer_id,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        once = row.on_conflict_do_nothing(index_elements=[Shift.template_id, Shift.starts_at])
        made += desk.session.execute(once.returning(Shift.id)).one_or_none() is not None
    template.materialised_until = until
    desk.session.flush()
    return made
