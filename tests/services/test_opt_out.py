"""STOP, START, HELP, and the carrier's 21610 (R28 to R31)."""

from __future__ import annotations

import pytest

from helpline.domain.conversation import State
from tests.world import World

PERSON, SAM, ROSA, JO = "+12025550150", "+12025550111", "+12025550112", "+12025550113"
STOP_WORDS = [
    "STOP",
    "stop",
    " Stop ",
    "UNSUBSCRIBE",
    "END",
    "quit",
    "StopAll",
    "REVOKE",
    "optout",
    "CANCEL",
]


@pytest.mark.parametrize("word", STOP_WORDS)
def test_an_opt_out_word_ends_all_texts_until_start(world: World, word: str) -> None:
    world.text(PERSON, "hi")
    world.news(PERSON)
    world.text(PERSON, word)
    assert world.states() == [State.ABANDONED]
    world.wait(7200, steps=12)
    world.text(PERSON, "hello?")
    world.volunteer(SAM)
    assert world.news(PERSON) == []

    world.text(PERSON, "START")
    assert world.news(PERSON) == []
    assert world.states().count(State.WAITING) == 0
    world.text(PERSON, "hi, back")
    assert len(world.news(PERSON)) == 1
    assert world.states()[-1] == State.OFFERED


@pytest.mark.parametrize("words", ["stop please", "I can't stop", "the end", "stop."])
def test_more_than_the_word_is_not_an_opt_out(world: World, words: str) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, words)
    assert world.news(SAM) == [words]


def test_the_peer_is_told_and_what_they_write_is_not_sent(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, "STOP")
    assert "opted out" in world.news(SAM)[0]
    world.text(SAM, "please come back")
    assert "opted out" in world.news(SAM)[0]
    world.text(SAM, "#done")
    assert world.news(PERSON) == []
    world.text(PERSON, "START")
    assert world.news(PERSON) == []


def test_the_lead_is_told_when_the_conversation_is_risky(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead")
    world.together(PERSON, SAM)
    world.text(SAM, "#urgent")
    world.news(JO)
    world.text(PERSON, "STOP")
    assert any("opted out" in body for body in world.news(JO))


def test_a_pending_offer_is_withdrawn(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    world.text(PERSON, "STOP")
    assert "withdrawn" in world.news(SAM)[-1]
    world.text("+12025550151", "hi")
    assert any("Reply 1" in body for body in world.news(SAM))


@pytest.mark.parametrize("word", ["HELP", "info", "START", "yes", "UNSTOP"])
def test_help_and_start_first_are_a_person_asking_for_help(world: World, word: str) -> None:
    world.text(PERSON, word)
    assert world.states() == [State.WAITING]
    assert len(world.inbox(PERSON)) == 2


@pytest.mark.parametrize("word", ["yes", "start", "help", "info"])
def test_such_words_in_a_conversation_reach_the_peer(world: World, word: str) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, word)
    assert world.news(SAM) == [word]


def test_the_carriers_own_opt_out_type_counts(world: World) -> None:
    world.text(PERSON, "no more", OptOutType="STOP")
    world.text(PERSON, "hm")
    assert world.inbox(PERSON) == []
    world.text(PERSON, "back", OptOutType="START")
    world.text(PERSON, "hi")
    assert len(world.inbox(PERSON)) == 2
    assert world.states()[-1] == State.WAITING


def test_21610_sets_the_opt_out(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.refuse[PERSON] = 21610
    world.text(SAM, "are you there")
    assert any("opted out" in body for body in world.news(SAM))
    asked = len(world.carrier.asked)
    world.text(SAM, "hello?")
    assert world.news(PERSON) == []
    assert world.carrier.asked[asked:] == ["create"]


def test_somebody_opted_out_who_writes_again_comes_to_a_human(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="lead", on=False)
    world.text(PERSON, "STOP")
    world.text(PERSON, "i need someone")
    assert any("has written again" in body for body in world.news(JO))
    assert world.inbox(PERSON) == []


def test_a_volunteers_stop_is_off_duty_and_the_leads_are_told(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead", on=False)
    world.text(PERSON, "hi")
    world.text(SAM, "STOP")
    assert any("Sam Field has opted out" in body for body in world.news(JO))
    count = len(world.inbox(SAM))
    world.wait(3600)
    world.text(SAM, "hello")
    assert len(world.inbox(SAM)) == count
    assert world.states() == [State.WAITING]
    world.text(SAM, "START")
    assert len(world.inbox(SAM)) > count
    assert world.states() == [State.OFFERED]


@pytest.mark.parametrize("status", [429, 500])
def test_a_text_that_waits_to_be_tried_again_is_withdrawn(world: World, status: int) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.trouble = [status]
    world.text(SAM, "are you there")
    world.text(PERSON, "STOP")
    world.wait(120, steps=12)
    assert world.news(PERSON) == []


def test_nobody_is_left_with_a_peer_who_can_get_no_texts(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lind", on=False)
    world.together(PERSON, SAM)
    world.text(SAM, "STOP")
    count = len(world.inbox(SAM))
    assert "has to hand on" in world.news(PERSON)[0]
    world.text(PERSON, "are you still there")
    world.text(ROSA, "#on")
    world.text(ROSA, "1")
    assert world.inbox(ROSA)[-1] == "are you still there"
    assert any("hello there" in body for body in world.inbox(ROSA))
    assert len(world.inbox(SAM)) == count


def test_words_of_a_volunteer_who_opted_out_come_to_a_human(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead", on=False)
    world.text(SAM, "STOP")
    world.news(JO)
    world.text(SAM, "#on")
    assert world.news(JO) == [
        "Sam Field, who has opted out, has written again. We may not answer until they text START."
    ]


@pytest.mark.parametrize("by", ["word", "carrier"])
def test_a_volunteer_in_need_who_opts_out_gets_nothing_more(world: World, by: str) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lind", on=False)
    world.text(ROSA, "#peer i need someone")
    world.text(SAM, "1")
    if by == "word":
        world.text(ROSA, "STOP")
    else:
        world.carrier.refuse[ROSA] = 21610
        world.text(SAM, "hello")
        del world.carrier.refuse[ROSA]
    count = len(world.inbox(ROSA))
    world.news(SAM)
    world.text(SAM, "are you there")
    assert "opted out" in world.news(SAM)[-1]
    assert len(world.inbox(ROSA)) == count
    world.text(ROSA, "START")
    world.text(SAM, "good to have you back")
    assert world.inbox(ROSA)[-1] == "good to have you back"
