"""A worker process at work: reads what came in, does what is due, sends what is to be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.exc import OperationalError

from config.queues import LOOK_SECONDS
from helpline.domain.record import StepKind
from helpline.logs import where
from helpline.ports import Carrier
from helpline.services.check_idle import check_idle
from helpline.services.desk import Desk
from helpline.services.end_offer import ask_again, expire_offer
from helpline.services.escalate import repeat_alert
from helpline.services.extend_roster import extend_roster
from helpline.services.match_waiting import match_waiting
from helpline.services.note_rescue import ask_about_rescue
from helpline.services.refresh_duty import refresh_duty
from helpline.services.tell_waiting import tell_waiting
from helpline.services.wrap_up import end_wrap_up
from helpline.storage import steps
from helpline.storage.engine import lost_a_deadlock
from helpline.storage.models import CarrierCopy
from helpline.wiring import Wires
from workers.reading import read_one
from workers.sending import Claim, claim, claim_copies, delete_copy, send

log = structlog.get_logger()

STEPS: Mapping[StepKind, Callable[[Desk, int], object]] = {
    StepKind.MATCH: match_waiting,
    StepKind.EXPIRE_OFFER: expire_offer,
    StepKind.REASK: ask_again,
    StepKind.TELL_WAITING: tell_waiting,
    StepKind.CHECK_IDLE: check_idle,
    StepKind.END_WRAP_UP: end_wrap_up,
    StepKind.REFRESH_DUTY: refresh_duty,
    StepKind.EXTEND_ROSTER: extend_roster,
    StepKind.REPEAT_ALERT: repeat_alert,
    StepKind.ASK_ABOUT_RESCUE: ask_about_rescue,
}


class Lanes:
    """A bounded number of calls to the carrier at once; each lane goes on while there is work.

    Lanes wait for the carrier, not for the processor, so one process overlaps many calls. Texts
    to one phone stay in order: a text can only be claimed when those before it are done with.
    """

    def __init__(self, wires: Wires, carrier: Carrier, size: int, *, urgent: bool) -> None:
        self._wires, self._carrier, self._urgent = wires, carrier, urgent
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="lane")
        self._lock = threading.Lock()
        self._free = size
        self._closing = False

    def fill(self) -> int:
        """Start sending what is due in the lanes that are free; returns how many were started."""
        with self._lock:
            free = 0 if self._closing else self._free
        claims = claim(self._wires, free, urgent_only=self._urgent) if free else []
        with self._lock:
            self._free -= len(claims)
        for each in claims:
            self._pool.submit(self._run, each)
        return len(claims)

    def fill_with_copies(self) -> int:
        """Start deleting what is due to be deleted at the carrier, one lane at a time."""
        with self._lock:
            if self._closing or self._free == 0:
                return 0
        copies = claim_copies(self._wires, 1)
        with self._lock:
            self._free -= len(copies)
        for copy in copies:
            self._pool.submit(self._delete, copy)
        return len(copies)

    def _delete(self, copy: CarrierCopy) -> None:
        try:
            delete_copy(self._wires, self._carrier, copy)
        finally:
            with self._lock:
                self._free += 1

    def _run(self, first: Claim) -> None:
        """Send one text, then whatever has become due, until nothing is."""
        claims = [first]
        try:
            while claims:
                send(self._wires, self._carrier, claims[0])
                claims = [] if self._closing else claim(self._wires, 1, urgent_only=self._urgent)
        except Exception as reason:  # noqa: BLE001 - a lane must come back whatever happens
            log.error("lane_failed", fault=where(reason))
        finally:
            with self._lock:
                self._free += 1

    def close(self) -> None:
        """Finish what is under way and start nothing more."""
        self._closing = True
        self._pool.shutdown(wait=True)


class Station:
    """One worker's look: everything that is due, by whichever worker is free."""

    def __init__(self, wires: Wires, carrier: Carrier, *, urgent_lanes: int, lanes: int) -> None:
        self._wires, self._carrier = wires, carrier
        self._urgent = Lanes(wires, carrier, urgent_lanes, urgent=True)
        self._lanes = Lanes(wires, carrier, lanes, urgent=False) if lanes else None
        self.progress_at = time.monotonic()
        self.looking = False

    def look(self) -> None:
        """Do all that is due. Texts may still be under way in the lanes when this returns.

        Safe to run twice and twice at once: every piece of work is a row that one transaction
        takes. A database that is away ends the look; the clock rings again.
        """
        ends_at = time.monotonic() + LOOK_SECONDS
        self.looking = True
        try:
            while time.monotonic() < ends_at and self._pass():
                self.progress_at = time.monotonic()
        except OperationalError as reason:
            log.warning("database_away", fault=where(reason))
        finally:
            self.looking = False

    def _pass(self) -> bool:
        """One round: an event, a step, and texts for the free lanes; False if there was nothing."""
        did = read_one(self._wires)
        did = do_step(self._wires, urgent_only=self._lanes is None) or did
        did = bool(self._urgent.fill()) or did
        if self._lanes is not None:
            did = bool(self._lanes.fill()) or did
            did = did or bool(self._lanes.fill_with_copies())
        return did

    def close(self) -> None:
        """Finish what is under way."""
        for lanes in (self._urgent, self._lanes):
            if lanes is not None:
                lanes.close()


def do_step(wires: Wires, *, urgent_only: bool = False) -> bool:
    """Do the next due step in a transaction of its own; False when none is due."""
    taken = None
    try:
        with wires.desk() as desk:
            taken = steps.take_due_step(desk.session, desk.now, urgent_only=urgent_only)
            if taken is None:
                return False
            kind, subject_id, _ = taken
            STEPS[kind](desk, subject_id)
    except OperationalError as reason:
        if not lost_a_deadlock(reason):
            raise
    except Exception as reason:
        if taken is None:
            raise
        log.error("step_failed", kind=taken[0], id=taken[1], fault=where(reason))
        with wires.desk() as desk:
            steps.postpone_step(desk.session, taken[2], desk.now)
    return True
