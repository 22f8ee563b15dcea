"""A whole helpline of real processes over a carrier double, for fault tests and benchmarks."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from redis import Redis

from config.settings import Settings
from helpline.cli.running import children, make_current
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.valkey import EmbeddedValkey
from helpline.services.import_shifts import import_shifts
from helpline.services.import_volunteers import import_volunteers
from helpline.simulator.signing import sign
from helpline.storage import lines
from helpline.supervisor import Child, Supervisor
from helpline.wiring import Wires, make_wires
from tests.conftest import ACCOUNT, KEY, NUMBERS, TOKEN, make_settings

LINE = NUMBERS[0]
HEADER = "name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations\n"
SHIFTS = "phone,starts,ends,timezone,repeats\n"
ROUND_THE_CLOCK = "2026-01-01 00:00,2026-01-02 00:00,UTC,FREQ=DAILY"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Town:
    """Servers, processes, the carrier double, and everybody's phones."""

    def __init__(self, var: Path, *, phones: bool = False, **changed: object) -> None:
        self.postgres, self.valkey = EmbeddedPostgres(var), EmbeddedValkey(var)
        self.postgres.prepare()
        self.port, self.carrier_port = free_port(), free_port()
        self.carrier = f"http://127.0.0.1:{self.carrier_port}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings: Settings = make_settings(
            (self.postgres.url, self.valkey.url),
            port=self.port,
            public_url=self.url,
            twilio_api_url=self.carrier,
            twilio_timeout_seconds=2,
            **changed,
        )
        self.supervisor = Supervisor()
        self.log_path = var / "log"
        self.double = [sys.executable, "-m", "tests.carrier_double", str(self.carrier_port)]
        self.double_environment: dict[str, str] = {}
        if phones:
            self._use_simulator()
        self.http = requests.Session()
        self._sids = itertools.count(1)

    def _use_simulator(self) -> None:
        """The project's own simulator as the carrier: it can phone."""
        config = "python:helpline.simulator.gunicorn"
        self.double = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--config", config]
        self.double += ["helpline.simulator.app:create_app()"]
        self.double_environment = {
            "SIM_PORT": str(self.carrier_port),
            "SIM_ACCOUNT_SID": ACCOUNT,
            "SIM_AUTH_TOKEN": TOKEN,
            "SIM_NUMBERS": ",".join(NUMBERS),
            "SIM_WEBHOOK": f"{self.url}/twilio/sms",
            "SIM_VOICE_WEBHOOK": f"{self.url}/twilio/voice",
            "SIM_VOICE_STATUS": f"{self.url}/twilio/voice/status",
        }

    def sim(self, path: str, **told: object) -> dict[str, Any]:
        """Something is done on a phone of the simulator."""
        answer = requests.post(f"{self.carrier}/sim/{path}", json=told, timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def sim_calls(self) -> list[dict[str, Any]]:
        """All calls, as the simulator's browser sees them."""
        found: list[dict[str, Any]] = requests.get(f"{self.carrier}/sim/state", timeout=10).json()[
            "calls"
        ]
        return found

    def environment(self) -> dict[str, str]:
        """The settings as the processes read them."""
        told = {}
        for name, value in self.settings.model_dump().items():
            told[name.upper()] = ",".join(value) if isinstance(value, tuple) else str(value)
        return {**told, "PYTHONUNBUFFERED": "1"}

    def start(self, *, processes: bool = True) -> None:
        """Servers, carrier, schema, processes."""
        self.supervisor.start(
            [
                Child(
                    "postgres",
                    self.postgres.command,
                    identity=self.postgres.identity(),
                    stop_signal=signal.SIGINT,
                    is_ready=self.postgres.answers,
                    log_path=self.postgres.log_path,
                    folder=Path("/"),
                ),
                Child(
                    "valkey",
                    self.valkey.command,
                    is_ready=self.valkey.answers,
                    log_path=self.valkey.log_path,
                ),
                Child(
                    "carrier",
                    self.double,
                    environment=self.double_environment,
                    is_ready=lambda: self._listens(self.carrier_port),
                ),
            ]
        )
        make_current(self.settings)
        if processes:
            self.start_processes()

    def start_processes(self) -> None:
        """Those of the Procfile."""
        started = children(self.settings)
        for child in started:
            child.environment = {**self.environment(), **child.environment}
            child.log_path = self.log_path
        self.supervisor.start(started)

    def _listens(self, port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """All of it."""
        self.http.close()
        self.supervisor.stop()

    def keep_running(self, seconds: float) -> None:
        """What `helpline run` does meanwhile: start again what has died."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for child in self.supervisor.children:
                self.supervisor._keep_running(child)
            time.sleep(0.05)

    def child(self, name: str) -> Child:
        """A process by name."""
        return next(child for child in self.supervisor.children if child.name == name)

    def kill(self, name: str) -> None:
        """SIGKILL, with whatever it started."""
        process = self.child(name).process
        assert process is not None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    @contextmanager
    def wires(self) -> Iterator[Wires]:
        """A connection to look and to set things up with."""
        wires = make_wires(self.settings)
        try:
            yield wires
        finally:
            wires.engine.dispose()

    def redis(self) -> Redis:
        """A connection to Valkey."""
        return Redis.from_url(self.valkey.url)

    def add_peers(self, phones: list[str], *, cap: int = 1) -> None:
        """Peers on duty round the clock."""
        people = HEADER + "".join(f"Peer,{phone},peer,en,,,UTC,,{cap}\n" for phone in phones)
        shifts = SHIFTS + "".join(f"{phone},{ROUND_THE_CLOCK}\n" for phone in phones)
        with self.wires() as wires, wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            import_volunteers(desk, line_id, people)
            import_shifts(desk, line_id, shifts)

    def add_lead(self, phone: str) -> None:
        """A lead on duty round the clock."""
        with self.wires() as wires, wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            import_volunteers(desk, line_id, HEADER + f"Lead,{phone},lead,en,,,UTC,,\n")
            import_shifts(desk, line_id, SHIFTS + f"{phone},{ROUND_THE_CLOCK}\n")

    def text(
        self, sender: str, words: str, *, to: str = LINE, sid: str | None = None, tries: int = 40
    ) -> float:
        """A signed webhook, tried again while the web is away; returns when it was first sent."""
        form = {
            "MessageSid": sid or f"SM{uuid.uuid4().hex}",
            "AccountSid": ACCOUNT,
            "From": sender,
            "To": to,
            "Body": words,
            "NumMedia": "0",
        }
        began = time.time()
        self.post("/twilio/sms", form, tries=tries)
        return began

    def post(self, path: str, form: dict[str, str], *, tries: int = 40) -> None:
        """Post a signed form."""
        headers = {"X-Twilio-Signature": sign(TOKEN, self.url + path, form)}
        for _ in range(tries):
            try:
                answer = self.http.post(self.url + path, data=form, headers=headers, timeout=15)
                if answer.status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise AssertionError("the web did not take it")

    def control(self, **how: object) -> None:
        """How the carrier behaves."""
        requests.post(f"{self.carrier}/control", json=how, timeout=5).raise_for_status()

    def taken(self, after: int = 0) -> list[dict[str, Any]]:
        """The texts that the carrier took."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.carrier}/taken?{after}", timeout=10
        ).json()
        return found

    def inbox(self, phone: str) -> list[str]:
        """The bodies that a phone got."""
        return [each["body"] for each in self.taken() if each["to"] == phone]

    def wait_for(self, condition: Callable[[], Any], seconds: float = 30) -> Any:
        """Wait until the condition holds; dead processes are started again meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = condition()
            if found:
                return found
            self.keep_running(0.1)
        raise AssertionError("it never came to be")


__all__ = ["ACCOUNT", "KEY", "LINE", "TOKEN", "Town", "free_port"]
