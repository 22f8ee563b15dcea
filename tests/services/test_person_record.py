"""Export shows everything held about a person; erase removes it here and at the carrier."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text

from helpline.domain.conversation import State
from helpline.domain.phone import PhoneNumber
from helpline.services.erase_person import NothingHeld, erase_person
from helpline.services.export_person import export_person
from helpline.storage.models import Base, Volunteer
from helpline.storage.sealed import Sealed
from tests.world import World

PERSON, SAM, ROSA = "+12025550150", "+12025550111", "+12025550112"


def talk(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM, "the sea is loud tonight")
    world.text(SAM, "I hear it too")
    world.text(SAM, "#note lives by the harbour")


def test_an_export_holds_all_that_was_written(world: World) -> None:
    talk(world)
    with world.wires.desk() as desk:
        held = json.dumps(export_person(desk, 1, PhoneNumber(PERSON)))
    for words in ("the sea is loud tonight", "I hear it too", "lives by the harbour", PERSON):
        assert words in held
    assert SAM not in held


@pytest.mark.parametrize("ended", [True, False])
def test_erasing_leaves_nothing_here_and_asks_the_carrier(world: World, ended: bool) -> None:
    talk(world)
    if ended:
        world.text(SAM, "#done")
        world.text(SAM, "1 1")
    sids = {sent.sid for sent in world.carrier.taken if sent.to == PERSON}
    world.news(SAM)

    with world.wires.desk() as desk:
        gone = erase_person(desk, 1, PhoneNumber(PERSON))
    world.settle()

    assert gone["messages"] == 2
    assert sids <= set(world.carrier.deleted)
    with world.session() as session:
        left = session.execute(text("SELECT count(*) FROM contact")).scalar_one()
        assert left == 0
        assert _sealed_words(world) == _words_of_volunteers(world)
    if not ended:
        assert any("removed" in body for body in world.news(SAM))
    world.text("+12025550151", "hi")
    assert any("Reply 1" in body for body in world.news(SAM))


def _sealed_words(world: World) -> set[str]:
    """Everything that any sealed column still says, texts to volunteers aside."""
    words: set[str] = set()
    with world.session() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                if isinstance(column.type, Sealed) and table.name != "outgoing_text":
                    words |= {str(value) for value in session.scalars(select(column)) if value}
    return words


def _words_of_volunteers(world: World) -> set[str]:
    with world.session() as session:
        found = list(session.scalars(select(Volunteer)))
        return {each.name for each in found} | {str(each.phone) for each in found}


def test_erasing_while_offered_frees_the_peer(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    with world.wires.desk() as desk:
        erase_person(desk, 1, PhoneNumber(PERSON))
    world.settle()
    world.text("+12025550151", "hi")
    assert len([b for b in world.inbox(SAM) if "Reply 1" in b]) == 2


def test_a_text_after_erasure_is_a_stranger(world: World) -> None:
    talk(world)
    with world.wires.desk() as desk:
        erase_person(desk, 1, PhoneNumber(PERSON))
    world.settle()
    world.text(PERSON, "hello")
    assert world.states() == [State.OFFERED]


@pytest.mark.parametrize("service", [export_person, erase_person])
def test_nothing_held_is_said(world: World, service: object) -> None:
    with world.wires.desk() as desk, pytest.raises(NothingHeld):
        service(desk, 1, PhoneNumber(PERSON))  # type: ignore[operator]


def test_a_volunteers_own_record_is_exported_and_is_not_erased_with_the_person(
    world: World,
) -> None:
    world.volunteer(SAM)
    with world.wires.desk() as desk:
        held = export_person(desk, 1, PhoneNumber(SAM))
    assert held["volunteer"]["name"] == "Sam Field"
    assert held["volunteer"]["shifts"]
    with world.wires.desk() as desk, pytest.raises(NothingHeld, match="volunteers retire"):
        erase_person(desk, 1, PhoneNumber(SAM))
