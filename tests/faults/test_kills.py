"""Processes are killed, servers restarted, Redis wiped: nothing is lost, doubled or misdirected."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import pytest

from tests.town import Town

pytestmark = pytest.mark.faults
MakeTown = Callable[..., Town]
PEOPLE = [f"+1202555{place:04d}" for place in range(2000, 2006)]
PEERS = [f"+1202555{place:04d}" for place in range(3000, 3006)]


def bring_together(town: Town) -> dict[str, str]:
    """Every person with a peer of their own; returns the peer of each person."""
    town.add_peers(PEERS)
    pairs = {}
    for person in PEOPLE:
        town.text(person, f"hello from {person[-4:]}")
    answered: set[str] = set()

    def all_together() -> bool:
        for text in town.taken():
            if "Reply 1" in text["body"] and text["to"] not in answered:
                answered.add(text["to"])
                town.text(text["to"], "1")
        return all(any("has joined" in body for body in town.inbox(p)) for p in PEOPLE)

    town.wait_for(all_together, 40)
    for person in PEOPLE:
        words = f"hello from {person[-4:]}"
        pairs[person] = next(peer for peer in PEERS if words in town.inbox(peer))
    return pairs


def talk(town: Town, pairs: dict[str, str], count: int, fault: Callable[[int], None]) -> None:
    """Both sides of every pair write numbered texts while faults happen; then all is checked."""
    written: dict[str, list[str]] = {phone: [] for phone in (*pairs, *pairs.values())}

    def write(sender: str, to: str) -> None:
        for place in range(count):
            words = f"{sender[-4:]} says {place}"
            written[to].append(words)
            town_of_thread.text(sender, words, tries=200)
            time.sleep(0.15)

    threads = []
    for person, peer in pairs.items():
        for sender, to in ((person, peer), (peer, person)):
            town_of_thread = town
            threads.append(threading.Thread(target=write, args=(sender, to)))
    for thread in threads:
        thread.start()
    place = 0
    while any(thread.is_alive() for thread in threads):
        fault(place)
        place += 1
        town.keep_running(1.5)
    for thread in threads:
        thread.join()

    def all_there() -> bool:
        return all(len(said(town, phone)) >= len(words) for phone, words in written.items())

    try:
        town.wait_for(all_there, 90)
    finally:
        for phone, words in written.items():
            assert said(town, phone) == words, phone


def said(town: Town, phone: str) -> list[str]:
    return [body for body in town.inbox(phone) if " says " in body]


def test_any_process_may_be_killed_at_any_moment(make_town: MakeTown) -> None:
    town = make_town()
    pairs = bring_together(town)
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    names = ["worker", "worker-urgent", "clock", "web", "valkey", "worker", "postgres"]

    def kill(_: int) -> None:
        name = dice.choice(names)
        if town.child(name).is_running():
            town.kill(name)

    try:
        talk(town, pairs, 25, kill)
    except AssertionError as reason:
        raise AssertionError(f"seed {seed}") from reason


def test_all_of_redis_may_be_lost(make_town: MakeTown) -> None:
    town = make_town()
    pairs = bring_together(town)
    talk(town, pairs, 15, lambda _: town.redis().flushall())


def test_with_redis_gone_for_good_texts_still_arrive(make_town: MakeTown) -> None:
    town = make_town()
    town.add_peers(PEERS[:1])
    child = town.child("valkey")
    town.kill("valkey")
    child.process = None
    child.start_again_at = time.monotonic() + 1000
    town.text(PEOPLE[0], "hello")
    town.wait_for(lambda: any("Reply 1" in body for body in town.inbox(PEERS[0])), 20)


def test_twilio_down_then_back_delivers_all_once_and_in_order(make_town: MakeTown) -> None:
    town = make_town()
    pairs = bring_together(town)
    town.control(status=503)
    threading.Timer(6, lambda: town.control(status=0)).start()
    talk(town, pairs, 17, lambda _: None)


def test_a_carrier_that_hangs_after_taking_does_not_double(make_town: MakeTown) -> None:
    town = make_town()
    pairs = bring_together(town)
    talk(town, pairs, 8, lambda place: town.control(hang_after_taking=2) if place < 3 else None)


def test_two_peers_who_say_yes_in_the_same_instant(make_town: MakeTown) -> None:
    town = make_town(helpline_offer_seconds=1)
    town.add_peers(PEERS[:2])
    for place in range(6):
        person = f"+1202555{4000 + place}"
        before = len(town.taken())
        town.text(person, f"hi {place}")
        town.wait_for(lambda b=before: any("Reply 1" in t["body"] for t in town.taken(b)), 15)
        gate = threading.Barrier(2)

        def yes(peer: str, gate: threading.Barrier = gate) -> None:
            gate.wait()
            town.text(peer, "1")

        threads = [threading.Thread(target=yes, args=(peer,)) for peer in PEERS[:2]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        town.wait_for(lambda p=person: any("has joined" in body for body in town.inbox(p)), 20)
        town.wait_for(lambda w=f"hi {place}": any(w in town.inbox(peer) for peer in PEERS[:2]), 20)
        holders = [peer for peer in PEERS[:2] if f"hi {place}" in town.inbox(peer)]
        assert len(holders) == 1
        town.text(holders[0], "#done")
        town.text(holders[0], "1 1")


def test_thirty_people_and_three_peers(make_town: MakeTown) -> None:
    """Each peer holds one at a time; all are served, the first to come first."""
    town = make_town()
    town.add_peers(PEERS[:3])
    people = [f"+1202555{5000 + place}" for place in range(30)]
    for person in people:
        town.text(person, f"I am {person[-4:]}")
    served: list[str] = []
    holding: dict[str, str] = {}
    done = 0

    def go_on() -> bool:
        nonlocal done
        texts = town.taken(done)
        done += len(texts)
        for text in texts:
            peer, body = text["to"], text["body"]
            if peer not in PEERS:
                continue
            if "Reply 1" in body:
                assert peer not in holding
                town.text(peer, "1")
            elif body.startswith("I am "):
                assert peer not in holding
                holding[peer] = body
                served.append(body.removeprefix("I am "))
                assert len(holding) <= 3
                town.text(peer, "#done")
            elif "How did it end" in body:
                del holding[peer]
                town.text(peer, "1 1")
        return len(served) == len(people)

    town.wait_for(go_on, 90)
    assert sorted(served) == [person[-4:] for person in people]
