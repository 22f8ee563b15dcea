"""`helpline export` and `helpline erase`: what is held about one person."""

from __future__ import annotations

import json
import sys

import click

from helpline.cli.machine import fail, open_wires
from helpline.domain.phone import NotAPhoneNumber, PhoneNumber, parse_phone
from helpline.services.erase_person import NothingHeld, OnThePhone, erase_person
from helpline.services.export_person import export_person
from helpline.storage import lines
from helpline.wiring import Wires, make_carrier
from workers.sending import claim_copies, delete_copy


def _phone(wires: Wires, text: str) -> PhoneNumber:
    try:
        return parse_phone(text, wires.settings.helpline_country)
    except NotAPhoneNumber:
        raise click.BadParameter("should be a phone number like +12025550123") from None


@click.command()
@click.argument("phone")
def export(phone: str) -> None:
    """Write everything held about one person to standard output, as JSON.

    \b
    Example:
      helpline export +12025550123 > person.json
    """
    with open_wires() as wires, wires.desk() as desk:
        try:
            held = export_person(desk, lines.only_line(desk.session).id, _phone(wires, phone))
        except NothingHeld as reason:
            fail(str(reason))
            return
    click.echo(json.dumps(held, indent=2, ensure_ascii=False))


@click.command()
@click.argument("phone")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(phone: str, *, yes: bool) -> None:
    """Remove everything held about one person, here and at Twilio. It cannot be undone.

    At a terminal it asks before. A volunteer stays a volunteer: see `helpline volunteers retire`.

    \b
    Example:
      helpline erase +12025550123
    """
    with open_wires() as wires:
        number = _phone(wires, phone)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Remove everything held about the person at {phone}?", abort=True)
        try:
            with wires.desk() as desk:
                gone = erase_person(desk, lines.only_line(desk.session).id, number)
        except (NothingHeld, OnThePhone) as reason:
            fail(str(reason))
            return
        click.echo("Removed here: " + ", ".join(f"{n} {what}" for what, n in gone.items() if n))
        removed, left = _remove_at_carrier(wires)
        click.echo(f"Removed at Twilio: {removed} texts")
        if left:
            click.echo(
                f"{left} texts could not be removed at Twilio yet; the workers go on trying."
            )


def _remove_at_carrier(wires: Wires) -> tuple[int, int]:
    """Delete what is promised, now; what fails stays promised."""
    carrier = make_carrier(wires.settings)
    removed = left = 0
    while copies := claim_copies(wires, 20):
        done = sum(delete_copy(wires, carrier, copy) for copy in copies)
        removed, left = removed + done, left + len(copies) - done
        click.echo(f"  {removed} removed at Twilio …", err=True)
    return removed, left
