"""`helpline volunteers` and `helpline shifts`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select

from helpline.cli.machine import fail, open_wires
from helpline.domain.phone import NotAPhoneNumber, parse_phone
from helpline.domain.timing import span
from helpline.services.csv_file import BadFile, Changes
from helpline.services.desk import Desk
from helpline.services.import_shifts import import_shifts
from helpline.services.import_volunteers import import_volunteers
from helpline.services.retire_volunteer import retire_volunteer
from helpline.storage import conversations, lines
from helpline.storage import volunteers as stored
from helpline.storage.models import Duty, Shift, ShiftTemplate, Volunteer
from helpline.wiring import Wires

CSV = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
Import = Callable[[Desk, int, str], Changes]


class OnlySaying(Exception):
    """Undo everything: it was a dry run."""


@click.group()
def volunteers() -> None:
    """The people who answer.

    \b
    Example:
      helpline volunteers import volunteers.csv --dry-run
    """


@volunteers.command("import")
@CSV
@DRY_RUN
def import_(file: Path, *, dry_run: bool) -> None:
    """Add or change volunteers from a CSV file, known by their phone.

    Columns: name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations, and
    if wanted excluded_topics. Lists are parted by ;. All rows are checked first: with any fault
    nothing is changed.

    \b
    Example:
      helpline volunteers import volunteers.csv
    """
    _import(file, import_volunteers, dry_run=dry_run, what="volunteers")


@volunteers.command("list")
def list_volunteers() -> None:
    """Everybody who serves, with the last two digits of their phone.

    \b
    Example:
      helpline volunteers list
    """
    with open_wires() as wires, wires.desk() as desk:
        found = stored.serving(desk.session, lines.only_line(desk.session).id)
        if not found:
            click.echo("No volunteers yet. Add some with: helpline volunteers import FILE.csv")
        for each in found:
            click.echo(_row(desk, each))


def _row(desk: Desk, volunteer: Volunteer) -> str:
    duty = desk.session.get(Duty, volunteer.id)
    state = "off duty" if duty is None else "free" if duty.free else "on duty, not free"
    held = len(conversations.held_by(desk.session, volunteer.id))
    return (
        f"{volunteer.name:<24} …{volunteer.phone.e164[-2:]}  {','.join(volunteer.roles):<16} "
        f"{','.join(volunteer.languages):<8} {state:<18} {held} open"
    )


@volunteers.command()
@click.argument("phone")
def show(phone: str) -> None:
    """All about one volunteer.

    \b
    Example:
      helpline volunteers show +12025550123
    """
    with open_wires() as wires, wires.desk() as desk:
        volunteer = _find(wires, desk, phone)
        facts = {
            "name": volunteer.name,
            "phone": volunteer.phone.e164,
            "roles": ", ".join(volunteer.roles),
            "languages": ", ".join(volunteer.languages),
            "topics": ", ".join(volunteer.topics),
            "not": ", ".join(volunteer.excluded_topics),
            "gender": volunteer.gender or "",
            "time zone": volunteer.timezone,
            "trained until": volunteer.trained_until or "no end",
            "conversations at once": volunteer.max_conversations,
        }
        for name, value in facts.items():
            click.echo(f"{name + ':':<24}{value}")
        here = ZoneInfo(volunteer.timezone)
        for shift in stored.shifts_from(desk.session, volunteer.id, desk.now, most=5):
            click.echo(f"{'shift:':<24}{span(shift.starts_at, shift.ends_at, here)}")


@volunteers.command()
@click.argument("phone")
def retire(phone: str) -> None:
    """End a volunteer's service: no more offers; what they hold goes to another peer.

    \b
    Example:
      helpline volunteers retire +12025550123
    """
    with open_wires() as wires, wires.desk() as desk:
        moved_on = retire_volunteer(desk, _find(wires, desk, phone))
    click.echo(f"Retired. {moved_on} open conversations go to other peers.")


def _find(wires: Wires, desk: Desk, text: str) -> Volunteer:
    try:
        phone = parse_phone(text, wires.settings.helpline_country)
    except NotAPhoneNumber:
        raise click.BadParameter("should be a phone number like +12025550123") from None
    line_id = lines.only_line(desk.session).id
    volunteer = stored.lock_by_phone(desk.session, line_id, phone)
    if volunteer is None:
        fail("no volunteer has this number; see `helpline volunteers list`")
        raise AssertionError
    return volunteer


@click.group()
def shifts() -> None:
    """Who is on duty when.

    \b
    Example:
      helpline shifts import shifts.csv
    """


@shifts.command("import")
@CSV
@DRY_RUN
def import_roster(file: Path, *, dry_run: bool) -> None:
    """Add shifts from a CSV file.

    Columns: phone,starts,ends,timezone,repeats. Times are wall-clock times in the zone, like
    2026-11-22 18:00; repeats is an RFC 5545 rule or empty.

    \b
    Example:
      helpline shifts import shifts.csv --dry-run
    """
    _import(file, import_shifts, dry_run=dry_run, what="shifts")


@shifts.command("list")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 56))
def list_shifts(days: int) -> None:
    """The shifts of the coming days, in the line's time zone.

    \b
    Example:
      helpline shifts list --days 14
    """
    with open_wires() as wires, wires.desk() as desk:
        here = ZoneInfo(wires.settings.helpline_timezone)
        found = desk.session.execute(
            select(Shift, Volunteer)
            .join(Volunteer, Volunteer.id == Shift.volunteer_id)
            .join(ShiftTemplate, ShiftTemplate.id == Shift.template_id)
            .where(Shift.ends_at > desk.now, Shift.starts_at < desk.now + timedelta(days=days))
            .where(Volunteer.retired_at.is_(None))
            .order_by(Shift.starts_at, Shift.id)
        ).all()
        if not found:
            click.echo("No shifts planned. Add some with: helpline shifts import FILE.csv")
        for shift, volunteer in found:
            starts, ends = shift.starts_at.astimezone(here), shift.ends_at.astimezone(here)
            click.echo(f"{starts:%a %Y-%m-%d %H:%M} - {ends:%a %H:%M}  {volunteer.name}")


def _import(file: Path, service: Import, *, dry_run: bool, what: str) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        fail(f"{file.name}: should be a CSV file in UTF-8")
        return
    with open_wires() as wires:
        try:
            with wires.desk() as desk:
                changes = service(desk, lines.only_line(desk.session).id, text)
                if dry_run:
                    raise OnlySaying
        except OnlySaying:
            click.echo(f"Would be: {changes} {what}. Nothing was changed.")
        except BadFile as reason:
            for fault in reason.faults:
                click.echo(f"{file.name}: {fault}", err=True)
            fail(f"{file.name} has {len(reason.faults)} fault(s); nothing was changed")
        else:
            click.echo(f"{what}: {changes}")
            if str(changes) == str(Changes()):
                click.echo(f"{file.name} has no rows below its header", err=True)
        for warning in changes.warnings:
            click.echo(f"{file.name}: {warning}", err=True)
