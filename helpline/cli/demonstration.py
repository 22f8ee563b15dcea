"""The demo: settings that need nothing, a few people, the simulator, a conversation to watch."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import click
import requests

from config.settings import Settings
from helpline.cli.machine import Machine
from helpline.embedded.folders import CannotStart
from helpline.services.import_shifts import import_shifts
from helpline.services.import_volunteers import import_volunteers
from helpline.storage import lines
from helpline.supervisor import Child
from helpline.wiring import make_wires

ACCOUNT = "AC" + "d" * 32
NUMBERS = ("+12025550100", "+12025550101", "+12025550102")
PERSON = "+12025550150"
SAM, ROSA, JO = "+12025550111", "+12025550112", "+12025550113"
PEOPLE = f"""\
name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations
Sam Field,{SAM},peer,en,alcohol;anxiety,male,,,2
Rosa Lane,{ROSA},peer,en;es,grief;loneliness,female,,,1
Jo Hart,{JO},lead,en,,female,,,1
"""
ROUND_THE_CLOCK = "2026-01-01 00:00,2026-01-02 00:00,,FREQ=DAILY"
SHIFTS = "phone,starts,ends,timezone,repeats\n" + "".join(
    f"{phone},{ROUND_THE_CLOCK}\n" for phone in (SAM, ROSA, JO)
)
PHONES = [
    {"number": PERSON, "name": "Somebody", "role": "person"},
    {"number": SAM, "name": "Sam", "role": "peer"},
    {"number": ROSA, "name": "Rosa", "role": "peer"},
    {"number": JO, "name": "Jo", "role": "lead"},
]
WAIT_SECONDS = 20.0
CALL_SECONDS = 60.0
# The script plays its call five times as fast as in life.
SCRIPT_PACE = 0.2
# The simulator is asked this often what has come, as a person looks at a phone.
LOOK_SECONDS = 0.1


def prepare(machine: Machine) -> None:
    """Give the demo's settings where nothing is set, and keep them for other commands."""
    port = int(machine.environment.get("PORT", "8000"))
    given = {
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "demo" + "0" * 28,
        "TWILIO_API_URL": f"http://127.0.0.1:{port + 1}",
        "HELPLINE_NUMBERS": ",".join(NUMBERS),
        "HELPLINE_NAME": "Demo Helpline",
    }
    machine.give(given)
    machine.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = "".join(f"{name}={machine.environment[name]}\n" for name in given)
    (machine.var / "demo.env").write_text(kept)


def simulator_child(machine: Machine) -> Child:
    """The simulator as a process of its own."""
    told = machine.environment
    url = told["TWILIO_API_URL"]
    port = url.rpartition(":")[2]
    if not url.startswith("http://127.0.0.1:") or not port.isdigit():
        raise CannotStart(
            "for the demo leave TWILIO_API_URL unset, or set it to http://127.0.0.1:PORT"
        )
    environment = {
        "SIM_PORT": port,
        "SIM_ACCOUNT_SID": told["TWILIO_ACCOUNT_SID"],
        "SIM_AUTH_TOKEN": told["TWILIO_AUTH_TOKEN"].split(",")[0],
        "SIM_NUMBERS": told["HELPLINE_NUMBERS"].replace(" ", ""),
        "SIM_WEBHOOK": told["PUBLIC_URL"] + "/twilio/sms",
        "SIM_VOICE_WEBHOOK": told["PUBLIC_URL"] + "/twilio/voice",
        "SIM_VOICE_STATUS": told["PUBLIC_URL"] + "/twilio/voice/status",
        "SIM_PHONES": json.dumps(PHONES),
    }
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket"]
    command += [
        "--config",
        "python:helpline.simulator.gunicorn",
        "helpline.simulator.app:create_app()",
    ]
    return Child("simulator", command, environment=environment, is_ready=_is_up(url))


def _is_up(url: str) -> Any:
    def answers() -> bool:
        try:
            return requests.get(url + "/sim/state", timeout=2).ok
        except requests.RequestException:
            return False

    return answers


def add_people(settings: Settings) -> None:
    """Volunteers on duty round the clock; a second start changes nothing."""
    wires = make_wires(settings)
    with wires.desk() as desk:
        line_id = lines.only_line(desk.session).id
        import_volunteers(desk, line_id, PEOPLE)
        import_shifts(desk, line_id, SHIFTS)
    wires.engine.dispose()


def say_hello(settings: Settings) -> None:
    """What to open and whom to text."""
    click.echo(
        f"""
  The demo helpline is up.

    Phones in the browser   {settings.twilio_api_url}/
    The line                {settings.helpline_numbers[0]}
    On duty                 Sam and Rosa (peers), Jo (lead), round the clock
    Its own pages           {settings.public_url}/   /readyz   /metrics

  Text or call the line from Somebody's phone; on Sam's or Rosa's phone reply 1 to take a
  text, or answer and press 1 to take a call.
  To watch a whole conversation:  helpline demo --script   (in another terminal)
  Ctrl-C stops everything; what was written is kept under {settings.helpline_var}/.
"""
    )


class Missing(Exception):
    """Something that should have arrived did not."""


class Story:
    """Plays texts through the simulator and watches what arrives."""

    def __init__(self, url: str, numbers: list[str]) -> None:
        self._url, self._numbers, self.line = url, numbers, numbers[0]
        self._seen: set[str] = set()
        state = requests.get(url + "/sim/state", timeout=5).json()
        self._seen = {text["sid"] for text in state["texts"]}
        self._names: dict[str, str] = {phone["number"]: phone["name"] for phone in state["phones"]}

    def name(self, number: str) -> str:
        """Whose phone this is."""
        return self._names.get(number, "the line" if number == self._numbers[0] else number)

    def write(self, sender: str, body: str, to: str | None = None) -> None:
        """Text from a phone."""
        to = to or self._numbers[0]
        self._show(self.name(sender), self.name(to), body)
        asked = {"sender": sender, "to": to, "body": body}
        requests.post(self._url + "/sim/texts", json=asked, timeout=5).raise_for_status()

    def phone(self, path: str, **told: str | float) -> dict[str, Any]:
        """Something is done on a phone: called, answered, pressed, ended."""
        answer = requests.post(f"{self._url}/sim/{path}", json=told, timeout=5)
        answer.raise_for_status()
        return dict(answer.json())

    def wait_for_call(
        self, what: str, wanted: Callable[[list[dict[str, Any]]], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """Wait until a call is as wanted; raises `Missing`."""
        deadline = time.monotonic() + CALL_SECONDS
        while time.monotonic() < deadline:
            calls = requests.get(self._url + "/sim/state", timeout=5).json()["calls"]
            found = wanted(calls)
            if found is not None:
                self._show(self.name(found["sender"]), self.name(found["to"]), f"({what})")
                return found
            time.sleep(LOOK_SECONDS)
        raise Missing(f"never came to be: {what}")

    def expect(self, to: str, words: str) -> dict[str, Any]:
        """Wait until a text with these words is delivered to a phone; raises `Missing`."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            for text in requests.get(self._url + "/sim/state", timeout=5).json()["texts"]:
                new = text["sid"] not in self._seen and text["status"] == "delivered"
                if new and text["to"] == to and words in text["body"]:
                    self._seen.add(text["sid"])
                    self._show(self.name(text["sender"]), self.name(to), text["body"])
                    return dict(text)
            time.sleep(LOOK_SECONDS)
        raise Missing(f"{self.name(to)} never got: {words}")

    @staticmethod
    def _show(sender: str, to: str, body: str) -> None:
        click.echo(f"{time.strftime('%H:%M:%S')}  {sender:>13} → {to:<13} {body}")


def play(environment: Mapping[str, str]) -> int:
    """Play one conversation through the real processes; 0 if all of it arrived, else 1."""
    url = environment["TWILIO_API_URL"]
    story = Story(url, environment["HELPLINE_NUMBERS"].split(","))
    person = f"+1202555{int(time.time()) % 9000 + 1000:04d}"
    try:
        _tell(story, person)
        _tell_a_call(story, person)
    except (Missing, requests.RequestException) as reason:
        click.echo(f"Something that should have arrived did not. {reason}", err=True)
        with suppress(requests.RequestException):
            story.write(person, "STOP")
        return 1
    click.echo("Everything arrived.")
    return 0


def _tell(story: Story, person: str) -> None:
    story.write(person, "hi. is anyone there? i have been sober for 40 days and tonight is hard")
    story.expect(person, "We have your text")
    offered = _first_offer(story)
    story.write(offered, "1")
    joined = story.expect(offered, "You are now with")
    story.expect(offered, "sober for 40 days")
    story.expect(person, "has joined")
    relay = joined["sender"]
    story.write(offered, "I'm here. Forty days is a lot of evenings. What is tonight like?", relay)
    story.expect(person, "Forty days is a lot of evenings")
    story.write(person, "long. writing to you helps")
    story.expect(offered, "writing to you helps")
    story.write(offered, "#done", relay)
    story.expect(person, "This conversation has ended")
    story.expect(offered, "How did it end")
    story.write(offered, "1 1 a good talk")
    story.expect(offered, "Thank you")


def _tell_a_call(story: Story, person: str) -> None:
    """The same person calls; whoever's phone rings first answers and presses 1."""
    story.phone("pace", pace=SCRIPT_PACE)
    try:
        _play_call(story, person)
    finally:
        story.phone("pace", pace=1)


def _play_call(story: Story, person: str) -> None:
    call = story.phone("calls", sender=person, to=story.line)

    def rings(calls: list[dict[str, Any]]) -> dict[str, Any] | None:
        peers = (each for each in calls if each["to"] in (SAM, ROSA))
        return next((each for each in peers if each["status"] == "ringing"), None)

    def asks(calls: list[dict[str, Any]]) -> dict[str, Any] | None:
        asked = (each for each in calls if each["sid"] == leg["sid"])
        return next((each for each in asked if "press a key" in each["doing"]), None)

    def talk(calls: list[dict[str, Any]]) -> dict[str, Any] | None:
        mine = next(each for each in calls if each["sid"] == call["sid"])
        both = [each for each in calls if mine["room"] and each["room"] == mine["room"]]
        return mine if len(both) > 1 and mine["doing"] == "talks" else None

    leg = story.wait_for_call("a peer's phone rings", rings)
    story.phone(f"calls/{leg['sid']}/answer")
    story.wait_for_call("the peer is asked to press 1", asks)
    story.phone(f"calls/{leg['sid']}/press", key="1")
    story.wait_for_call("caller and peer talk", talk)
    story.phone(f"calls/{call['sid']}/hang-up")
    story.expect(leg["to"], "How did it end")
    story.write(leg["to"], "1 1 a short call")
    story.expect(leg["to"], "Thank you")


def _first_offer(story: Story) -> str:
    """Who was offered the conversation: Sam, who shares the topic, unless he is busy."""
    for peer in (SAM, ROSA):
        try:
            story.expect(peer, "New text conversation")
        except Missing:
            continue
        return peer
    raise Missing(
        "Nobody was offered the conversation. Are Sam and Rosa busy? #done on their phones."
    )
