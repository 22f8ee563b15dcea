"""The clock: rings every second for whatever is due. `python -m workers.clock`.

Several may run; one holds the lease and ticks, another takes over within seconds.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from datetime import timedelta

import structlog
from setproctitle import setproctitle
from sqlalchemy.exc import SQLAlchemyError

from config.queues import DEFAULT, URGENT
from config.settings import BadSetting, read_settings
from helpline.domain.record import StepKind
from helpline.logs import configure_logs, where
from helpline.services.record_order import SWEEP_EVERY
from helpline.storage import lines, liveness, outbox, steps
from helpline.wiring import Wires, make_wires

TICK_SECONDS = 1.0
LEASE_LASTS = timedelta(seconds=5)
# Whoever waits is matched again this often even if every promise to do so were lost.
SWEEP_TICKS = 15

log = structlog.get_logger()


class Clock:
    """One ticking process; `holder` is its name in the lease."""

    def __init__(self, wires: Wires, holder: str) -> None:
        self._wires, self._holder = wires, holder
        self._ticks = 0

    def tick(self) -> bool:
        """Renew the lease and ring if anything is due; False when another clock ticks."""
        with self._wires.desk() as desk:
            liveness.beat(desk.session, "clock", self._holder)
            if not liveness.take_lease(desk.session, "clock", self._holder, LEASE_LASTS):
                return False
            if self._ticks % SWEEP_TICKS == 0:
                line_id = lines.only_line(desk.session).id
                steps.promise(desk.session, StepKind.MATCH, line_id, desk.now)
                sweep_at = desk.now + SWEEP_EVERY
                steps.promise(desk.session, StepKind.SWEEP_CALLS, line_id, sweep_at)
                if self._ticks == 0:
                    steps.promise(desk.session, StepKind.EXTEND_ROSTER, line_id, desk.now)
            due = outbox.is_due(desk.session, desk.now)
        self._ticks += 1
        if due:
            self._wires.bell.ring(DEFAULT)
            self._wires.bell.ring(URGENT)
        return True

    def stop(self) -> None:
        """Give up the lease, so that the next clock ticks at once."""
        with self._wires.sessions.begin() as session:
            liveness.give_up_lease(session, "clock", self._holder)
            liveness.stop_beating(session, self._holder)


def run_clock(ended: threading.Event) -> None:
    """Tick until told to end. A database that is away is waited for."""
    settings = read_settings()
    setproctitle("helpline: clock")
    clock = Clock(make_wires(settings, connections=2), f"{socket.gethostname()}-{os.getpid()}")
    while not ended.wait(TICK_SECONDS):
        try:
            clock.tick()
        except SQLAlchemyError as reason:
            log.warning("tick_missed", fault=where(reason))
    try:
        clock.stop()
    except SQLAlchemyError as reason:
        log.warning("lease_kept", fault=where(reason))


def main() -> None:
    """Entry point."""
    configure_logs()
    ended = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    try:
        run_clock(ended)
    except BadSetting as reason:
        sys.stderr.write(f"helpline: {reason}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
