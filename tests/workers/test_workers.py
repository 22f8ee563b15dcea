"""The bell, the clock, and the jobs that RQ calls."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

import workers.reading
from config.queues import DEFAULT, LOOK_JOB, QUEUES, URGENT
from helpline.bell import RqBell
from helpline.cli.running import _procfile
from helpline.domain.record import StepKind
from helpline.storage import liveness, outbox
from helpline.wiring import make_carrier
from tests.world import World
from workers import jobs
from workers.clock import Clock
from workers.station import STEPS, Station

PERSON, SAM = "+12025550150", "+12025550111"


@pytest.fixture
def bell(redis: Redis) -> RqBell:
    return RqBell(redis)


def queue_of(redis: Redis, name: str = DEFAULT) -> Queue:
    return Queue(name, connection=redis, serializer=JSONSerializer)


def test_a_ring_is_one_job_that_says_look(bell: RqBell, redis: Redis) -> None:
    for _ in range(50):
        assert bell.ring_now(DEFAULT)
    [job] = queue_of(redis).jobs
    assert (job.func_name, job.args, job.description) == (LOOK_JOB, [DEFAULT], "look")
    assert (job.result_ttl, job.failure_ttl) == (0, 86_400)


def test_ringing_from_many_threads_leaves_one_job_waiting(bell: RqBell, redis: Redis) -> None:
    for _ in range(200):
        bell.ring(DEFAULT)
    deadline = time.monotonic() + 5
    while queue_of(redis).count == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert queue_of(redis).count == 1


def test_a_bell_without_redis_says_so_and_does_not_raise() -> None:
    assert RqBell(Redis(port=1)).ring_now(DEFAULT) is False
    RqBell(Redis(port=1)).ring(DEFAULT)


def test_every_kind_of_step_has_a_service() -> None:
    assert set(STEPS) == set(StepKind)


def test_every_queue_is_served_by_a_line_of_the_procfile() -> None:
    commands = " ".join(_procfile().values())
    for queue in QUEUES:
        assert f"workers.run {queue}" in commands


@pytest.fixture
def station(world: World) -> Station:
    station = Station(world.wires, make_carrier(world.settings), urgent_lanes=1, lanes=2)
    yield station  # type: ignore[misc]
    station.close()
    jobs._station.clear()


def test_a_look_by_rq_does_all_that_is_due(
    world: World, station: Station, redis: Redis, bell: RqBell
) -> None:
    world.drop_in(PERSON, "hi")
    jobs.serve(station)
    bell.ring_now(DEFAULT)
    worker = SimpleWorker([queue_of(redis)], connection=redis, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="ERROR")
    deadline = time.monotonic() + 5
    while len(world.inbox(PERSON)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "We have your text" in "".join(world.inbox(PERSON))
    assert all(key.startswith(b"rq:") for key in redis.scan_iter())
    values = [redis.dump(key) or b"" for key in redis.scan_iter()]
    assert not any(PERSON.encode() in value for value in values)


def test_looking_again_does_nothing_more(world: World, station: Station) -> None:
    world.drop_in(PERSON, "hi")
    for _ in range(3):
        station.look()
    station.close()
    assert len([body for body in world.inbox(PERSON) if "We have your text" in body]) == 1


def test_a_step_that_fails_is_put_off_and_stops_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("secret words")

    monkeypatch.setitem(STEPS, StepKind.MATCH, fail)  # type: ignore[arg-type]
    world.drop_in(PERSON, "hi")
    for _ in range(20):
        world.do_one()
    assert any("We have your text" in body for body in world.inbox(PERSON))
    monkeypatch.undo()
    world.volunteer(SAM)
    world.wait(5)
    assert any("Reply 1" in body for body in world.inbox(SAM))


def test_an_event_that_cannot_be_read_is_kept_and_holds_up_only_its_sender(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = workers.reading.receive_text

    def fail(text: object, desk: object) -> None:
        if getattr(text, "words", "") == "poison":
            raise ValueError("secret words")
        real(text, desk)  # type: ignore[arg-type]

    monkeypatch.setattr(workers.reading, "receive_text", fail)
    world.volunteer("+12025550113", "Jo Hart", role="lead")
    world.text(PERSON, "poison")
    world.text(PERSON, "behind it")
    world.text("+12025550151", "somebody else")
    assert world.inbox("+12025550151") != []
    assert world.inbox(PERSON) == []
    world.wait(60, steps=60)
    assert world.inbox(PERSON) != []
    assert any("cannot be read" in body for body in world.inbox("+12025550113"))
    monkeypatch.undo()
    world.wait(120, steps=4)
    world.volunteer(SAM, max_conversations="3")
    world.text(SAM, "1")
    world.text(SAM, "1")
    assert "poison" in "\n".join(world.inbox(SAM))


class TestClock:
    def test_it_rings_when_something_is_due_and_not_else(self, world: World) -> None:
        clock = Clock(world.wires, "a")
        rung = world.wires.bell.rung  # type: ignore[attr-defined]
        assert clock.tick()
        world.settle()
        rung.clear()
        clock.tick()
        assert rung == []
        world.drop_in(PERSON, "hi")
        rung.clear()
        clock.tick()
        assert rung == [DEFAULT, URGENT]

    def test_of_several_clocks_one_ticks_and_another_takes_over(self, world: World) -> None:
        first, second = Clock(world.wires, "a"), Clock(world.wires, "b")
        assert first.tick()
        assert not second.tick()
        assert first.tick()
        first.stop()
        assert second.tick()
        assert not first.tick()

    def test_a_lease_that_runs_out_is_free(self, world: World) -> None:
        with world.wires.sessions.begin() as session:
            assert liveness.take_lease(session, "x", "a", timedelta(milliseconds=1))
        time.sleep(0.05)
        with world.wires.sessions.begin() as session:
            assert liveness.take_lease(session, "x", "b", timedelta(seconds=1))
        with world.wires.sessions.begin() as session:
            assert not liveness.take_lease(session, "x", "a", timedelta(seconds=1))

    def test_whoever_waits_is_matched_even_if_every_promise_were_lost(self, world: World) -> None:
        world.text(PERSON, "hi")
        world.volunteer(SAM)
        with world.wires.desk() as desk:
            desk.session.execute(outbox.Step.__table__.delete())  # type: ignore[attr-defined]
            desk.session.execute(
                outbox.update(outbox.OutgoingText).values(state="sent")  # type: ignore[attr-defined]
            )
        world.text(SAM, "#off")
        world.text(SAM, "#on")
        Clock(world.wires, "a").tick()
        world.settle()
        assert any("Reply 1" in body for body in world.inbox(SAM))
