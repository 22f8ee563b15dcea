"""Calls through real processes and the simulated exchange, while things die."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from helpline.storage.models import CallLeg, Conversation, Place
from tests.town import LINE, Town

MakeTown = Callable[..., Town]
pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("faults")]
PEERS = ["+12025550111", "+12025550112", "+12025550113"]
PACE = 0.1
MOST_SILENT = 20.0
# Nobody calls any more for this long, in real seconds: nothing may still ring.
LATE_SECONDS = 3.0


class Watch(threading.Thread):
    """Looks at every call, all the time: who hears nothing, who is in a room with whom."""

    def __init__(self, town: Town, pace: float) -> None:
        super().__init__(daemon=True)
        self._town, self._pace, self._ended = town, pace, threading.Event()
        self.silent: list[str] = []
        self.crowded: list[str] = []
        self.late: list[str] = []
        self._nobody_since = time.time()

    def run(self) -> None:
        while not self._ended.wait(0.1):
            try:
                calls = self._town.sim_calls()
            except OSError:
                continue
            self._look(calls, time.time())

    def _look(self, calls: list[dict[str, Any]], now: float) -> None:
        rooms: dict[str, list[dict[str, Any]]] = {}
        for call in calls:
            if call["room"]:
                rooms.setdefault(call["room"], []).append(call)
        for name, members in rooms.items():
            if sum(each["to"] in PEERS for each in members) > 1:
                self.crowded.append(name)
        if any(each["direction"] == "inbound" and not each["is_over"] for each in calls):
            self._nobody_since = now
        if now - self._nobody_since > LATE_SECONDS:
            rung = [each for each in calls if each["to"] in PEERS and each["status"] == "ringing"]
            self.late += [each["sid"] for each in rung]
        for call in calls:
            alone = len(rooms.get(call["room"], [])) < 2
            quiet = now - max(call["heard_until"], call["made_at"])
            is_caller = call["direction"] == "inbound" and call["status"] == "in-progress"
            if is_caller and alone and quiet > MOST_SILENT * self._pace + 0.5:
                self.silent.append(f"{call['sid']} {quiet:.1f} {call['doing']}")

    def end(self) -> None:
        self._ended.set()
        self.join()
        assert self.silent == []
        assert self.crowded == []
        assert self.late == []


@pytest.fixture
def phones(make_town: MakeTown) -> Iterator[Callable[..., Town]]:
    watches = []

    def make(peers: int = 2, pace: float = PACE, **changed: object) -> Town:
        town = make_town(phones=True, helpline_calls_per_second=20, **changed)
        town.sim("pace", pace=pace)
        town.add_peers(PEERS[:peers])
        watch = Watch(town, pace)
        watch.start()
        watches.append(watch)
        return town

    yield make
    for watch in watches:
        watch.end()


def dial(town: Town, person: str) -> str:
    return str(town.sim("calls", sender=person, to=LINE)["sid"])


def call_of(town: Town, sid: str) -> dict[str, Any]:
    return next(call for call in town.sim_calls() if call["sid"] == sid)


def ringing(town: Town, *phones: str) -> dict[str, Any] | None:
    return next(
        (call for call in town.sim_calls() if call["to"] in phones and call["status"] == "ringing"),
        None,
    )


def ring_all(town: Town, *phones: str) -> list[dict[str, Any]]:
    """The calls that ring at these phones, if all of them do."""
    found = [ringing(town, phone) for phone in phones]
    return [each for each in found if each is not None] if all(found) else []


def talking(town: Town) -> dict[str, set[str]]:
    """The phones in each room with more than one in it."""
    rooms: dict[str, set[str]] = {}
    for call in town.sim_calls():
        if call["room"]:
            phone = call["sender"] if call["direction"] == "inbound" else call["to"]
            rooms.setdefault(call["room"], set()).add(phone)
    return {name: phones for name, phones in rooms.items() if len(phones) > 1}


def take(town: Town, *phones: str) -> dict[str, Any]:
    """The first phone that rings is answered, and 1 is pressed when it is asked for."""
    rings: dict[str, Any] = town.wait_for(lambda: ringing(town, *phones), 30)
    town.sim(f"calls/{rings['sid']}/answer")
    town.wait_for(lambda: "press a key" in call_of(town, rings["sid"])["doing"], 20)
    town.sim(f"calls/{rings['sid']}/press", key="1")
    return rings


def all_is_free(town: Town) -> bool:
    """No leg is open, and no place is taken but for wrap-ups."""
    with town.wires() as wires, wires.sessions() as session:
        legs = session.scalars(select(CallLeg.id).where(CallLeg.state != "ended")).all()
        held = session.scalars(
            select(Place.conversation_id)
            .join(Conversation, Conversation.id == Place.conversation_id)
            .where(Conversation.state != "wrap_up")
        ).all()
    return not legs and not held


def test_workers_killed_between_the_claim_and_the_join(phones: Callable[..., Town]) -> None:
    town = phones()
    caller = dial(town, "+12025554000")
    rings: dict[str, Any] = town.wait_for(lambda: ringing(town, *PEERS))
    town.sim(f"calls/{rings['sid']}/answer")
    town.wait_for(lambda: "press a key" in call_of(town, rings["sid"])["doing"], 20)
    for name in ("worker", "worker-urgent"):
        town.kill(name)
    town.sim(f"calls/{rings['sid']}/press", key="1")
    town.wait_for(lambda: talking(town), 20)
    town.wait_for(lambda: ringing(town, *PEERS) is None, 20)
    for name in ("worker", "clock"):
        town.kill(name)
    town.sim(f"calls/{caller}/hang-up")
    town.wait_for(lambda: all_is_free(town), 60)


def test_the_web_away_for_ten_seconds_while_phones_ring(phones: Callable[..., Town]) -> None:
    town = phones(pace=0.5, helpline_ring_seconds=60)
    caller = dial(town, "+12025554001")
    town.wait_for(lambda: ringing(town, *PEERS))
    town.wait_for(lambda: call_of(town, caller)["doing"] == "waits in a room", 20)
    web = town.child("web")
    assert web.process is not None
    town.kill("web")
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        assert call_of(town, caller)["status"] == "in-progress"
        time.sleep(0.5)
    town.keep_running(2)
    take(town, *PEERS)
    town.wait_for(lambda: talking(town), 30)
    town.sim(f"calls/{caller}/hang-up")
    town.wait_for(lambda: all_is_free(town), 60)


def test_a_carrier_that_answers_500(phones: Callable[..., Town]) -> None:
    town = phones()
    town.sim("faults", call_500=2, call_update_500=3)
    caller = dial(town, "+12025554002")
    take(town, *PEERS)
    town.wait_for(lambda: talking(town), 30)
    town.wait_for(lambda: ringing(town, *PEERS) is None, 30)
    town.sim(f"calls/{caller}/hang-up")
    town.wait_for(lambda: all_is_free(town), 60)


def test_every_report_twice(phones: Callable[..., Town]) -> None:
    town = phones()
    town.sim("faults", call_reports_twice=-1)
    caller = dial(town, "+12025554003")
    take(town, *PEERS)
    town.wait_for(lambda: talking(town), 30)
    town.sim(f"calls/{caller}/hang-up")
    town.wait_for(lambda: all_is_free(town), 60)
    assert len({call["sid"] for call in town.sim_calls() if call["to"] in PEERS}) <= 2


def test_caller_and_peer_hang_up_in_the_same_instant(phones: Callable[..., Town]) -> None:
    town = phones(peers=1, helpline_wrap_up_seconds=1)
    for place in range(2):
        caller = dial(town, f"+1202555{4100 + place}")
        leg = take(town, *PEERS)
        town.wait_for(lambda: talking(town), 30)
        at_once(*(lambda s=sid: town.sim(f"calls/{s}/hang-up") for sid in (caller, leg["sid"])))
        town.wait_for(lambda: all_is_free(town), 60)
        assert ringing(town, *PEERS) is None


def at_once(*works: Callable[[], object]) -> None:
    """Do all of these in the same instant."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        gate.wait()
        work()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_peers_who_press_1_in_the_same_instant(phones: Callable[..., Town]) -> None:
    """One has the caller; the other hears so, and is free again."""
    town = phones(peers=2, pace=0.15, helpline_wrap_up_seconds=1)
    for place in range(2):
        caller = dial(town, f"+1202555{4300 + place}")
        both = town.wait_for(lambda: ring_all(town, *PEERS[:2]), 30)
        legs = [each["sid"] for each in both]
        for sid in legs:
            town.sim(f"calls/{sid}/answer")
        for sid in legs:
            town.wait_for(lambda s=sid: "press a key" in call_of(town, s)["doing"], 20)
        at_once(*(lambda s=sid: town.sim(f"calls/{s}/press", key="1") for sid in legs))
        town.wait_for(lambda: talking(town), 30)
        town.wait_for(lambda t=legs: any(call_of(town, sid)["is_over"] for sid in t), 20)
        said = [" ".join(call_of(town, sid)["heard"]) for sid in legs]
        assert sum("has taken this call" in each for each in said) == 1
        town.sim(f"calls/{caller}/hang-up")
        town.wait_for(lambda: all_is_free(town), 60)
        town.keep_running(2)


def test_ten_callers_and_three_peers(phones: Callable[..., Town]) -> None:
    """Each peer takes one after another; everybody is served, and nobody by two."""
    town = phones(peers=3, helpline_wrap_up_seconds=1, helpline_call_wait_seconds=600)
    callers = {f"+1202555{4200 + place}": "" for place in range(10)}
    for person in callers:
        callers[person] = dial(town, person)
    served: set[str] = set()
    begun: dict[str, float] = {}

    def go_on() -> bool:
        for call in town.sim_calls():
            if call["to"] not in PEERS:
                continue
            if call["status"] == "ringing":
                town.sim(f"calls/{call['sid']}/answer")
            elif "press a key" in call["doing"] and "Press 1" in " ".join(call["heard"][-1:]):
                town.sim(f"calls/{call['sid']}/press", key="1")
        for room, members in talking(town).items():
            person = next((each for each in members if each in callers), None)
            if person is None:
                continue
            assert len(members) == 2
            if time.monotonic() - begun.setdefault(room, time.monotonic()) > 0.3:
                served.add(person)
                town.sim(f"calls/{callers[person]}/hang-up")
        return len(served) == len(callers)

    town.wait_for(go_on, 100)
    town.wait_for(lambda: all_is_free(town), 60)
