"""`helpline run` and `helpline demo` as an operator meets them."""

from __future__ import annotations

import hashlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from helpline.cli.running import PROCESSES, _procfile
from helpline.embedded.folders import is_reachable
from tests.conftest import ACCOUNT
from tests.town import free_port

pytestmark = pytest.mark.faults
HELPLINE = str(Path(sys.executable).with_name("helpline"))


class Running:
    """One `helpline …` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PORT": str(self.port),
            "PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": "secret",
            "TWILIO_API_URL": "http://127.0.0.1:9",
            "HELPLINE_NUMBERS": "+12025550100",
        }

    def start(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [HELPLINE, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HELPLINE, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def stop(self) -> str:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=40)
        return said

    def is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).ok
        except requests.RequestException:
            return False

    def titles(self) -> dict[int, str]:
        """The titles of everything it started."""
        assert self.process is not None
        found = {}
        for each in psutil.Process(self.process.pid).children(recursive=True):
            try:
                found[each.pid] = " ".join(each.cmdline())
            except psutil.NoSuchProcess:
                continue
        return found


def running_names(pids: list[int]) -> list[str]:
    """The titles of those that still run."""
    names = []
    for pid in pids:
        try:
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE:
                names.append(" ".join(process.cmdline())[:60])
        except psutil.NoSuchProcess:
            continue
    return names


def wait_for(condition: Callable[[], object], seconds: float) -> float:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError("it never came to be")


@pytest.fixture
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="run") as folder:
        running = Running(Path(folder))
        yield running
        if running.process is not None and running.process.poll() is None:
            running.process.kill()
            running.process.communicate(timeout=10)


def test_run_starts_restarts_what_dies_and_stops_cleanly(running: Running) -> None:
    running.start("run")
    wait_for(running.is_ready, 40)
    for role in ("web", "worker", "clock"):
        killed = [pid for pid, title in running.titles().items() if f"helpline: {role}" in title]
        assert killed, role
        for pid in killed:
            psutil.Process(pid).kill()

        def is_back(role: str = role, killed: list[int] = killed) -> bool:
            titles = running.titles().items()
            return any(f"helpline: {role}" in title and pid not in killed for pid, title in titles)

        assert wait_for(is_back, 10) < 10
    wait_for(running.is_ready, 20)
    everything = list(running.titles())
    said = running.stop()
    assert "Stopped." in said
    assert running.process is not None
    assert running.process.returncode == 0
    wait_for(lambda: not any(psutil.pid_exists(pid) for pid in everything), 5)
    var = str((running.folder / "var").resolve())
    name = hashlib.sha256(var.encode()).hexdigest()[:12]
    left = Path(tempfile.gettempdir()).glob(f"helpline-*-{name}")
    assert list(left) == []


def test_a_second_start_keeps_the_data_and_two_at_once_are_refused(running: Running) -> None:
    people = running.folder / "people.csv"
    people.write_text(
        "name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations\n"
        "Sam Field,+12025550111,,,,,,,\n"
    )
    imported = running.run("volunteers", "import", "people.csv")
    assert imported.returncode == 0, imported.stderr
    running.start("run")
    wait_for(running.is_ready, 40)
    assert "runs in this folder already" in running.run("run").stderr
    assert "Sam Field" in running.run("volunteers", "list").stdout
    running.stop()
    assert "Sam Field" in running.run("volunteers", "list").stdout


def test_a_port_that_is_taken_is_named(running: Running) -> None:
    with socket.create_server(("0.0.0.0", running.port)):
        refused = running.run("run")
    assert refused.returncode == 1
    assert f"port {running.port} is taken: set PORT to another" in refused.stderr


def test_a_killed_supervisor_leaves_nothing_behind(running: Running) -> None:
    running.start("run")
    wait_for(running.is_ready, 40)
    everything = list(running.titles())
    assert running.process is not None
    running.process.kill()
    running.process.communicate(timeout=20)
    names = running_names(everything)
    try:
        wait_for(lambda: not running_names(everything), 20)
    except AssertionError:
        raise AssertionError(f"{running_names(everything)} of {names}") from None


@pytest.mark.parametrize("words", [("run",), ("volunteers", "list")])
def test_a_missing_setting_stops_with_one_line(running: Running, words: tuple[str, ...]) -> None:
    del running.environment["PUBLIC_URL"]
    refused = running.run(*words)
    assert refused.returncode == 2
    assert refused.stderr.strip().splitlines()[-1].startswith("helpline: PUBLIC_URL is not set")
    assert "Traceback" not in refused.stderr


def test_a_checkout_in_a_deep_folder_starts(running: Running) -> None:
    deep = running.folder / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    running.folder = deep
    assert running.run("db", "upgrade").returncode == 0


def test_the_demo_script_plays_a_whole_conversation(running: Running) -> None:
    for name in ("PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_URL"):
        del running.environment[name]
    del running.environment["HELPLINE_NUMBERS"]
    played = running.run("demo", "--script")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "Everything arrived." in played.stdout


def test_the_procfile_names_what_design_names() -> None:
    assert set(_procfile()) == {"release", *PROCESSES}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_run_it() -> None:
    nobody = pwd.getpwnam("nobody")
    if not is_reachable(Path(sys.executable).resolve(), nobody):
        pytest.skip("this Python lies where only root can reach it")
    with tempfile.TemporaryDirectory(prefix="user") as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        running = Running(Path(folder))
        done = subprocess.run(
            [HELPLINE, "db", "upgrade"],
            cwd=folder,
            env=running.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
        )
    assert done.returncode == 0, done.stderr
