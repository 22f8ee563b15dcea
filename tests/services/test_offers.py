"""Who is asked, in what order, and what becomes of an offer."""

from __future__ import annotations

import pytest

from helpline.domain.conversation import State
from tests.world import World

PERSON, OTHER = "+12025550150", "+12025550151"
SAM, ROSA, ANA, JO = "+12025550111", "+12025550112", "+12025550114", "+12025550113"


def offered(world: World, phone: str) -> bool:
    return any("Reply 1" in body for body in world.news(phone))


@pytest.mark.parametrize("answer", ["1", "yes", "Y", " ok ", "Yes."])
def test_any_yes_takes_the_offer(world: World, answer: str) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    world.text(SAM, answer)
    assert world.states() == [State.ACTIVE]


@pytest.mark.parametrize("answer", ["2", "no", "N"])
def test_a_pass_goes_to_the_next_peer_at_once(world: World, answer: str) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lane")
    world.text(PERSON, "hi")
    first, second = (SAM, ROSA) if offered(world, SAM) else (ROSA, SAM)

    world.text(first, answer)

    assert offered(world, second)
    world.text(second, "1")
    assert world.states() == [State.ACTIVE]


def test_an_expired_offer_goes_to_the_next_peer(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lane")
    world.text(PERSON, "hi")
    first, second = (SAM, ROSA) if offered(world, SAM) else (ROSA, SAM)

    world.wait(59)
    assert not offered(world, second)
    world.wait(1)

    assert offered(world, second)
    assert any("next peer" in body for body in world.news(first))


def test_a_late_yes_gets_a_kind_answer_and_takes_nothing(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lane")
    world.text(PERSON, "hi")
    first, second = (SAM, ROSA) if offered(world, SAM) else (ROSA, SAM)
    world.wait(60)
    world.text(second, "1")
    world.news(first)

    world.text(first, "1")

    assert "Thank you for being there" in world.news(first)[0]
    assert "1" not in world.inbox(PERSON)


def test_a_late_yes_takes_it_after_all_when_nobody_else_has_it(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    world.wait(60)
    assert world.states() == [State.WAITING]

    world.text(SAM, "1")

    assert world.states() == [State.ACTIVE]


def test_a_late_one_is_not_taken_for_words_to_somebody_else(world: World) -> None:
    world.volunteer(SAM, max_conversations="2")
    world.together(PERSON, SAM)
    world.text("+12025550151", "hi")
    world.volunteer(ROSA, "Rosa Lind")
    world.wait(61)
    world.text(ROSA, "1")
    world.news(SAM)
    world.news(PERSON)
    world.text(SAM, "1")
    assert "Somebody else has this one" in world.news(SAM)[0]
    assert world.news(PERSON) == []
    world.text(SAM, "yes", to=world.last_sent(SAM).sender)
    world.wait(61)
    world.text(SAM, "1")
    assert world.news(PERSON) == ["yes", "1"]


def test_the_only_peer_is_asked_again_after_a_rest(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    world.wait(60)
    world.news(SAM)
    world.wait(60)
    assert offered(world, SAM)
    world.text(SAM, "2")
    world.news(SAM)
    world.wait(299)
    assert not offered(world, SAM)
    world.wait(1)
    assert offered(world, SAM)


def test_when_nobody_takes_it_the_leads_are_told(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead")
    world.text(PERSON, "hi")
    world.wait(60)
    assert any("none has taken it" in body for body in world.news(JO))


def test_of_two_in_need_the_first_is_offered_first(world: World) -> None:
    world.text(PERSON, "first")
    world.wait(10)
    world.text(OTHER, "second")
    world.volunteer(SAM)
    world.text(SAM, "1")
    assert "first" in world.inbox(SAM)
    assert "second" not in world.inbox(SAM)


def test_a_peer_holds_one_conversation_unless_they_take_more(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(ROSA, "Rosa Lane", max_conversations="2")
    for place in range(4):
        world.text(f"+1202555016{place}", "hi")
        for phone in (SAM, ROSA):
            if offered(world, phone):
                world.text(phone, "1")
                world.news(phone)
    active = [c.volunteer_id for c in world.conversations() if c.state == State.ACTIVE]
    assert sorted(active) == [1, 2, 2]
    assert world.states().count(State.WAITING) == 1


def test_topics_shared_come_before_who_was_idle_longest(world: World) -> None:
    world.volunteer(SAM)
    world.wait(60)
    world.volunteer(ROSA, "Rosa Lane", topics="alcohol;grief")
    world.text(PERSON, "i want to stay sober tonight")
    assert offered(world, ROSA)


def test_excluded_topics_are_never_offered(world: World) -> None:
    world.volunteer(SAM, excluded_topics="grief")
    world.text(PERSON, "it's about the funeral")
    assert not offered(world, SAM)
    assert world.states() == [State.WAITING]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("can i talk to a woman please", ROSA),
        ("I'd rather speak with a man", SAM),
        ("¿hay alguien que habla español?", ANA),
    ],
)
def test_what_the_person_asks_for_is_kept_to(world: World, words: str, wanted: str) -> None:
    world.volunteer(SAM, gender="male")
    world.volunteer(ROSA, "Rosa Lane", gender="female")
    world.volunteer(ANA, "Ana Paz", languages="en;es", gender="nonbinary")
    world.text(PERSON, words)
    assert offered(world, wanted)
    for other in {SAM, ROSA, ANA} - {wanted}:
        assert not offered(world, other)


def test_what_is_asked_for_is_waited_for(world: World) -> None:
    world.volunteer(SAM, gender="male")
    world.text(PERSON, "can i talk to a woman")
    assert world.states() == [State.WAITING]
    world.volunteer(ROSA, "Rosa Lane", gender="female")
    assert offered(world, ROSA)


def test_a_returning_person_is_offered_to_their_last_peer_for_a_day(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#done")
    world.text(SAM, "1 1")
    world.volunteer(ROSA, "Rosa Lane")
    world.wait(3600)
    world.news(ROSA)
    world.text(PERSON, "hi again")
    assert offered(world, SAM)
    world.text(SAM, "1")
    world.text(SAM, "#done")
    world.text(SAM, "1 1")
    world.wait(90_000)
    world.news(SAM)
    world.text(PERSON, "and again")
    assert offered(world, ROSA)


def test_a_volunteer_is_never_offered_their_own_conversation(world: World) -> None:
    world.volunteer(SAM)
    world.text(SAM, "#peer I am not doing well")
    assert not offered(world, SAM)
    world.volunteer(ROSA, "Rosa Lane")
    assert offered(world, ROSA)
    world.text(ROSA, "1")
    assert world.inbox(ROSA)[-1] == "I am not doing well"
    world.text(ROSA, "I hear you")
    assert world.inbox(SAM)[-1] == "I hear you"
    world.text(SAM, "thank you")
    assert world.inbox(ROSA)[-1] == "thank you"


@pytest.mark.parametrize("role", ["lead", "trainee", "professional"])
def test_only_peers_are_offered_conversations(world: World, role: str) -> None:
    world.volunteer(SAM, role=role)
    world.text(PERSON, "hi")
    assert not offered(world, SAM)


def test_training_that_has_run_out_means_no_offers(world: World) -> None:
    world.volunteer(SAM, trained_until="2026-11-23")
    world.text(PERSON, "hi")
    assert offered(world, SAM)
    world.text(SAM, "2")
    world.wait(86_400)
    world.text(OTHER, "hi")
    assert not offered(world, SAM)


def test_nobody_on_duty_is_said_and_it_is_offered_as_soon_as_somebody_comes(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="lead", on=False)
    world.volunteer(SAM, on=False)
    world.text(PERSON, "is anyone there")
    assert any("No peer is on duty" in body for body in world.inbox(PERSON))
    assert any("Nobody is on duty and 1 waiting" in body for body in world.inbox(JO))
    world.wait(86_400, steps=24)
    assert world.states() == [State.WAITING]

    world.text(SAM, "#on")

    assert offered(world, SAM)


def test_many_waiting_do_not_multiply_the_alert_to_leads(world: World) -> None:
    world.volunteer(JO, "Jo Hart", role="lead", on=False)
    for place in range(5):
        world.text(f"+1202555016{place}", "hi")
    assert len([body for body in world.inbox(JO) if "Nobody is on duty" in body]) == 1


def test_those_who_wait_hear_now_and_then(world: World) -> None:
    world.volunteer(SAM)
    world.together(OTHER, SAM)
    world.text(PERSON, "hi")
    assert len(world.news(PERSON)) == 1
    world.wait(119)
    assert world.news(PERSON) == []
    world.wait(1)
    assert "still looking" in world.news(PERSON)[0]
    world.wait(600)
    assert "still looking" in world.news(PERSON)[0]


def test_somebody_who_becomes_free_is_asked_at_once(world: World) -> None:
    world.volunteer(SAM)
    world.together(OTHER, SAM)
    world.text(PERSON, "hi")
    world.text(SAM, "#done")
    assert not offered(world, SAM)
    world.text(SAM, "went fine")
    assert offered(world, SAM)


def test_an_unanswered_wrap_up_ends_by_itself(world: World) -> None:
    world.volunteer(SAM)
    world.together(OTHER, SAM)
    world.text(PERSON, "hi")
    world.text(SAM, "#done")
    world.news(SAM)
    world.wait(600)
    assert offered(world, SAM)


def test_an_offer_that_cannot_reach_a_phone_goes_to_the_next(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "hi")
    offer = world.last_sent(SAM)
    world.volunteer(ROSA, "Rosa Lane")
    world.report(offer, "undelivered", ErrorCode="30003")
    world.settle()
    assert offered(world, ROSA)


def test_the_offer_tells_channel_wait_language_topic_and_risk(world: World) -> None:
    world.text(PERSON, "tengo ansiedad y no puedo dormir, estoy sola")
    world.wait(180)
    world.volunteer(SAM)
    [offer] = world.inbox(SAM)
    for part in ("text", "3 min", "Spanish", "anxiety", "none seen"):
        assert part in offer


def test_a_spanish_speaker_is_answered_in_spanish(world: World) -> None:
    world.text(PERSON, "hola necesito hablar con alguien por favor")
    assert "Recibimos tu mensaje" in world.inbox(PERSON)[0]


@pytest.mark.parametrize("earlier", ["i want to kill myself", "hi"])
def test_after_high_risk_shared_topics_no_longer_choose_the_peer(
    world: World, earlier: str
) -> None:
    world.text(PERSON, earlier)
    world.text(PERSON, "STOP")
    world.text(PERSON, "START")
    world.volunteer(SAM)
    world.wait(60)
    world.volunteer(ROSA, "Rosa Lind", topics="alcohol")
    world.news(SAM)
    world.news(ROSA)
    world.text(PERSON, "i have been drinking again, so much alcohol")
    offered = [phone for phone in (SAM, ROSA) if any("New text" in b for b in world.news(phone))]
    assert offered == ([ROSA] if earlier == "hi" else [SAM])
