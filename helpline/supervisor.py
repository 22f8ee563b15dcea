"""Runs several processes as one: starts them in order, starts again what dies, stops in order."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

PR_SET_PDEATHSIG = 1
TICK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
STEADY_AFTER_SECONDS = 30.0
STOP_SECONDS = 12.0
READY_SECONDS = 60.0

log = structlog.get_logger()


class NeverReady(Exception):
    """A process did not get ready; the text names it."""


@dataclass
class Child:
    """One process to be kept running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, object] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    is_ready: Callable[[], bool] = lambda: True
    log_path: Path | None = None
    folder: Path | None = None

    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS

    def start(self) -> None:
        """Start it in a session of its own: Ctrl-C reaches only the supervisor."""
        output = open(self.log_path, "ab") if self.log_path else None  # noqa: SIM115
        self.process = subprocess.Popen(  # noqa: S603 - commands of our own
            list(self.command),
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=self.folder,
            start_new_session=True,
            preexec_fn=_die_with_parent(self.stop_signal, os.getpid()),  # noqa: PLW1509
            **self.identity,  # type: ignore[call-overload]
        )
        if output:
            output.close()
        self.started_at = time.monotonic()

    def is_running(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until it serves; raises `NeverReady` when it does not or has died."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if not self.is_running() or time.monotonic() > deadline:
                more = f"; see {self.log_path}" if self.log_path else ""
                raise NeverReady(f"{self.name} did not start{more}")
            time.sleep(TICK_SECONDS / 4)


class Supervisor:
    """Keeps groups of children running: a later group starts after, and stops before."""

    def __init__(self) -> None:
        self._groups: list[list[Child]] = []
        self._stopping = False

    def start(self, group: list[Child]) -> None:
        """Start a group and wait until all of it is ready."""
        self._groups.append(group)
        for child in group:
            child.start()
        for child in group:
            child.wait_until_ready()

    def stop_on_signals(self) -> None:
        """Ctrl-C or SIGTERM ends `run`."""
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._ask_to_stop)

    def _ask_to_stop(self, _: int, __: object) -> None:
        self._stopping = True

    def run(self) -> None:
        """Keep everything running until told to stop."""
        while not self._stopping:
            for child in self.children:
                self._keep_running(child)
            time.sleep(TICK_SECONDS)

    @property
    def children(self) -> list[Child]:
        """All of them, in the order in which they were started."""
        return [child for group in self._groups for child in group]

    def _keep_running(self, child: Child) -> None:
        now = time.monotonic()
        if child.is_running():
            if now - child.started_at > STEADY_AFTER_SECONDS:
                child.pause = FIRST_PAUSE_SECONDS
        elif child.process is not None:
            log.warning("process_died", process=child.name, exit_code=child.process.returncode)
            child.process = None
            child.start_again_at = now + child.pause
            child.pause = min(child.pause * 2, LONGEST_PAUSE_SECONDS)
        elif now >= child.start_again_at:
            child.start()
            log.warning("process_started_again", process=child.name)

    def stop(self) -> None:
        """Stop the last group first; what does not end in time is killed."""
        for group in reversed(self._groups):
            for child in group:
                if child.is_running():
                    os.kill(child.process.pid, child.stop_signal)  # type: ignore[union-attr]
            deadline = time.monotonic() + STOP_SECONDS
            for child in group:
                _wait_or_kill(child, deadline)
        self._groups = []


def _wait_or_kill(child: Child, deadline: float) -> None:
    if child.process is None:
        return
    try:
        child.process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        log.warning("process_killed", process=child.name)
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()


def _die_with_parent(stop_signal: signal.Signals, parent: int) -> Callable[[], None]:
    """What a child does before it starts: ask the kernel to stop it when we die (Linux)."""

    def ask() -> None:
        try:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(stop_signal))
        except (OSError, AttributeError):
            return
        if os.getppid() != parent:
            os._exit(1)

    return ask
