"""Danger while processes are killed and the carrier is busy: one alert, one crisis text."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.town import Town

pytestmark = pytest.mark.faults
MakeTown = Callable[..., Town]
PERSON, LEAD = "+12025552000", "+12025553000"


def first_alerts(town: Town) -> list[str]:
    return [body for body in town.inbox(LEAD) if body.startswith("ALERT: ")]


def crisis_texts(town: Town) -> list[str]:
    return [body for body in town.inbox(PERSON) if "called in" in body]


@pytest.mark.parametrize("victims", [("worker",), ("worker-urgent",), ("worker", "worker-urgent")])
def test_workers_killed_between_the_webhook_and_the_alert(
    make_town: MakeTown, victims: tuple[str, ...]
) -> None:
    town = make_town(helpline_ack_seconds=60)
    town.add_lead(LEAD)
    town.text(PERSON, "i am going to kill myself tonight")
    for victim in victims:
        town.kill(victim)
    began = time.monotonic()
    town.wait_for(lambda: first_alerts(town) and crisis_texts(town), 20)
    assert time.monotonic() - began < 10
    town.keep_running(3)
    assert len(first_alerts(town)) == 1
    assert len(crisis_texts(town)) == 1


def test_a_busy_carrier_gets_the_alert_as_soon_as_it_takes_texts_again(
    make_town: MakeTown,
) -> None:
    town = make_town(helpline_ack_seconds=60)
    town.add_lead(LEAD)
    town.control(status=429)
    town.text(PERSON, "i am going to kill myself tonight")
    town.keep_running(4)
    assert first_alerts(town) == []
    town.control(status=0)
    town.wait_for(lambda: first_alerts(town) and crisis_texts(town), 20)
    town.keep_running(2)
    assert len(first_alerts(town)) == 1
    assert len(crisis_texts(town)) == 1


def test_repeats_go_on_through_a_wiped_redis_and_end_with_the_answer(make_town: MakeTown) -> None:
    town = make_town(helpline_ack_seconds=1)
    town.add_lead(LEAD)
    town.text(PERSON, "i want to kill myself")
    town.wait_for(lambda: first_alerts(town))
    town.redis().flushall()
    town.wait_for(lambda: len([b for b in town.inbox(LEAD) if "still unanswered" in b]) >= 3)
    town.text(LEAD, "1")
    town.wait_for(lambda: any("is yours" in body for body in town.inbox(LEAD)))
    count = len(town.inbox(LEAD))
    town.keep_running(4)
    assert len(town.inbox(LEAD)) <= count + 1
    assert not any("still unanswered" in body for body in town.inbox(LEAD)[count + 1 :])
