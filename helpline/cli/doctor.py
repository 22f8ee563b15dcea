"""`helpline doctor`: what a human must look at before, and while, a line is live."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click

from helpline.carrier.twiml import render
from helpline.cli.machine import open_wires
from helpline.ports import CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo
from helpline.services.call_scripts import Scripts
from helpline.services.desk import Desk
from helpline.storage import lines, liveness, volunteers
from helpline.wiring import CONFIG, Wires, make_carrier

LINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, why it matters, and what mends it."""

    what: str
    why: str
    mend: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
@click.option("--fallback", is_flag=True, help="Only print what callers hear while we are down.")
def doctor(*, as_json: bool, fallback: bool) -> None:
    """Look for what would keep a line from answering well; exit 1 if there is anything.

    \b
    Example:
      helpline doctor
      helpline doctor --json
      helpline doctor --fallback > fallback.xml
    """
    with open_wires() as wires, wires.desk() as desk:
        if fallback:
            click.echo(render(Scripts(wires.house).down()))
            return
        found = [
            *_people(desk),
            *_processes(desk),
            *_calls(wires),
            *_crisis_lines(wires, desk),
            *_reviews(),
        ]
    if as_json:
        click.echo(json.dumps({"findings": [asdict(each) for each in found]}, indent=2))
    else:
        for each in found:
            click.echo(f"- {each.what}\n    why:  {each.why}\n    mend: {each.mend}")
        click.echo(f"{len(found)} finding(s)." if found else "Nothing found: all is well.")
    raise SystemExit(1 if found else 0)


def _people(desk: Desk) -> Iterator[Finding]:
    serving = volunteers.serving(desk.session, lines.only_line(desk.session).id)
    reachable = [each for each in serving if each.opted_out_at is None]
    for role, why in (
        ("peer", "nobody can be offered a conversation"),
        ("lead", "a crisis alert has nobody to go to"),
        ("professional", "an unanswered alert ends with the leads"),
    ):
        if not any(role in each.roles for each in reachable):
            yield Finding(
                f"no {role} can be reached", why, "helpline volunteers import volunteers.csv"
            )


def _processes(desk: Desk) -> Iterator[Finding]:
    alive = liveness.alive_roles(desk.session)
    for role in ("worker", "clock"):
        if role not in alive:
            yield Finding(f"no {role} is running", "texts wait until one is", "helpline run")


def _calls(wires: Wires) -> Iterator[Finding]:
    """Whether calls to our number come to us, and what is heard while we are down."""
    number, base = wires.settings.helpline_numbers[0], f"{wires.settings.public_url}/twilio/voice"
    try:
        urls = make_carrier(wires.settings).voice_urls(number)
    except (CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo) as reason:
        yield Finding(
            f"the carrier could not be asked about {number} ({type(reason).__name__})",
            "texts and calls go through it",
            "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and the way to TWILIO_API_URL",
        )
        return
    if urls is None:
        yield Finding(
            f"the account does not have {number}",
            "nobody can text or call it",
            "check HELPLINE_NUMBERS and the account",
        )
        return
    if urls.calls.partition("#")[0] != base:
        yield Finding(
            f"calls to {number} go to {urls.calls or 'nowhere'}",
            "callers do not reach peers",
            f"set 'A call comes in' of the number to {base} (POST)",
        )
    if urls.status.partition("#")[0] != f"{base}/status":
        yield Finding(
            f"nobody tells us when a call to {number} ends",
            "phones may ring for half a minute after a caller has gone",
            f"set 'Call status changes' of the number to {base}/status",
        )
    if not urls.fallback or urls.fallback.startswith(wires.settings.public_url):
        yield Finding(
            f"{number} has no fallback of its own for calls",
            "while we are down callers hear an error, and no emergency number",
            "put what `helpline doctor --fallback` prints into a TwiML Bin (or any address that"
            " is not ours), and set 'Primary handler fails' of the number to it",
        )


def _crisis_lines(wires: Wires, desk: Desk) -> Iterator[Finding]:
    """The line's own country first; an entry older than 90 days counts as not verified (R23)."""
    stale = wires.house.crisis_lines.stale(desk.now.date())
    own = wires.settings.helpline_country
    ordered = sorted(stale, key=lambda line: (line.country != own, line.country))
    for line in ordered[:LINES_SHOWN]:
        yield Finding(
            f"crisis line of {line.country}, {line.name}: nobody has verified it in 90 days",
            "people in danger are sent this number",
            "call it, then put verified_on into config/crisis_lines.toml",
        )
    if len(ordered) > LINES_SHOWN:
        others = ", ".join(line.country for line in ordered[LINES_SHOWN:])
        yield Finding(
            f"crisis lines of {len(ordered) - LINES_SHOWN} more countries: {others}",
            "the same",
            "the same",
        )


def _reviews() -> Iterator[Finding]:
    for path in sorted((CONFIG / "lexicon").glob("??.toml")):
        reviewer = tomllib.loads(path.read_text(encoding="utf-8"))["about"]["reviewer"]
        if reviewer.startswith("none"):
            yield Finding(
                f"lexicon {path.stem}: no clinician has reviewed it",
                "what it misses reaches no lead by itself",
                f"have {path.name} and docs/crisis.md reviewed, and put the reviewer into the file",
            )
    for path in sorted((CONFIG / "wording").glob("*.toml")):
        if not tomllib.loads(path.read_text(encoding="utf-8"))["about"]["approved_by"]:
            yield Finding(
                f"wording {path.stem}: no approved_by and date",
                "people in crisis read these texts",
                f"have {path.name} approved, and put approved_by and approved_on under [about]",
            )
