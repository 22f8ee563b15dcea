"""A worker process at work: reads what came in, does what is due, sends what is to be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar

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
from helpline.services.follow_call import close_call
from helpline.services.hear_caller import offer_choice
from helpline.services.match_waiting import match_waiting
from helpline.services.note_rescue import ask_about_rescue
from helpline.services.record_order import sweep_calls
from helpline.services.refresh_duty import refresh_duty
from helpline.services.ring_peers import ring_more, stop_ringing
from helpline.services.tell_waiting import tell_waiting
from helpline.services.voicemail import delete_voicemail
from helpline.services.wrap_up import end_wrap_up
from helpline.storage import steps
from helpline.storage.engine import lost_a_deadlock
from helpline.storage.models import CarrierCopy
from helpline.wiring import Wires
from workers.phoning import OrderClaim, carry_out, claim_orders
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
    StepKind.RING: ring_more,
    StepKind.STOP_RINGING: stop_ringing,
    StepKind.OFFER_CHOICE: offer_choice,
    StepKind.CLOSE_CALL: close_call,
    StepKind.SWEEP_CALLS: sweep_calls,
    StepKind.DELETE_VOICEMAIL: delete_voicemail,
}
# How many calls to the carrier about phones one process has under way at most.
CALL_LANES = 4


T = TypeVar("T")


class Lanes(Generic[T]):
    """A bounded number of calls to the carrier at once; each lane goes on while there is work.

    Lanes wait for the carrier, not for the processor, so one process overlaps many calls. `claim`
    takes up to a number of pieces of work for this process alone, `do` does one. Texts to one
    phone, and orders about one, stay in order: one can only be claimed when those before it are
    done with.
    """

    def __init__(
        self, name: str, size: int, claim: Callable[[int], list[T]], do: Callable[[T], object]
    ) -> None:
        self._claim, self._do = claim, do
        self._pool = ThreadPoolExecutor(max(1, size), thread_name_prefix=name)
        self._lock = threading.Lock()
        self._free = size
        self._closing = False

    def fill(self) -> int:
        """Start what is due in the lanes that are free; returns how many were started."""
        with self._lock:
            free = 0 if self._closing else self._free
        claims = self._claim(free) if free else []
        with self._lock:
            self._free -= len(claims)
        for each in claims:
            self._pool.submit(self._run, each)
        return len(claims)

    def _run(self, first: T) -> None:
        """Do one piece of work, then whatever has become due, until nothing is."""
        claims = [first]
        try:
            while claims:
                self._do(claims[0])
                claims = [] if self._closing else self._claim(1)
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
        self._wires, self._urgent_only = wires, not lanes

        def texts(name: str, size: int, *, urgent_only: bool) -> Lanes[Claim]:
            return Lanes(
                name,
                size,
                partial(claim, wires, urgent_only=urgent_only),
                partial(send, wires, carrier),
            )

        phones: Lanes[OrderClaim] = Lanes(
            "phone", CALL_LANES, partial(claim_orders, wires), partial(carry_out, wires, carrier)
        )
        copies: Lanes[CarrierCopy] = Lanes(
            "copy", 1, partial(claim_copies, wires), partial(delete_copy, wires, carrier)
        )
        self._lanes: list[Lanes[Any]] = [
            phones,
            texts("urgent", urgent_lanes, urgent_only=True),
        ]
        if lanes:
            self._lanes += [texts("lane", lanes, urgent_only=False), copies]
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
        did = do_step(self._wires, urgent_only=self._urgent_only) or did
        for lanes in self._lanes:
            did = bool(lanes.fill()) or did
        return did

    def close(self) -> None:
        """Finish what is under way."""
        for lanes in self._lanes:
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
