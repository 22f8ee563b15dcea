"""`helpline doctor` finds what a human must mend, and stops naming what is mended."""

from __future__ import annotations

from dataclasses import replace

from helpline.cli.doctor import _calls, _crisis_lines, _people, _processes, _reviews
from helpline.storage import liveness
from tests.world import World


def test_roles_that_nobody_fills_are_named_until_somebody_does(world: World) -> None:
    with world.wires.desk() as desk:
        assert len(list(_people(desk))) == 3
    world.volunteer("+12025550111", role="peer;lead")
    world.volunteer("+12025550112", "Dana Reed", role="professional")
    with world.wires.desk() as desk:
        assert list(_people(desk)) == []
    world.text("+12025550112", "STOP")
    with world.wires.desk() as desk:
        assert [each.what for each in _people(desk)] == ["no professional can be reached"]


def test_dead_processes_are_named(world: World) -> None:
    with world.wires.desk() as desk:
        assert len(list(_processes(desk))) == 2
        liveness.beat(desk.session, "worker", "one")
        liveness.beat(desk.session, "clock", "two")
        assert list(_processes(desk)) == []


def test_unverified_lines_and_missing_reviews_are_named_the_own_country_first(
    world: World,
) -> None:
    with world.wires.desk() as desk:
        found = list(_crisis_lines(world.wires, desk))
    assert "crisis line of US" in found[0].what
    assert "more countries" in found[-1].what
    assert {each.what.partition(":")[0] for each in _reviews()} == {
        *("lexicon en", "lexicon es", "wording en", "wording es"),
    }


def test_where_calls_go_is_checked_with_the_carrier(world: World) -> None:
    account = world.simulator.extensions["network"]
    assert [each.what for each in _calls(world.wires)] == [
        "+12025550100 has no fallback of its own for calls"
    ]
    account.account = replace(account.account, fallback="https://bin.example.org/down")
    assert list(_calls(world.wires)) == []
    account.account = replace(account.account, voice="https://old.example.org/", voice_status="")
    assert len(list(_calls(world.wires))) == 2
    account.account = replace(account.account, numbers=("+12025550199",))
    assert "does not have" in next(iter(_calls(world.wires))).what
    account.faults.set("down", 1)
    assert "could not be asked" in next(iter(_calls(world.wires))).what
