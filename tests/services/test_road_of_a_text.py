"""A text reaches a peer, and the answer comes back."""

from __future__ import annotations

from helpline.domain.conversation import State
from tests.world import LINE, World

PERSON, SAM, ROSA = "+12025550150", "+12025550111", "+12025550112"


def test_a_first_text_is_answered_once_and_offered_without_its_words(world: World) -> None:
    world.volunteer(SAM)

    world.text(PERSON, "I can't sleep, everything is loud")

    [received] = world.inbox(PERSON)
    [offer] = world.inbox(SAM)
    assert "We have your text" in received
    assert "911" in received
    assert "STOP" in received
    assert "privacy" in received.lower()
    assert "Reply 1" in offer
    assert "sleep" not in offer
    assert PERSON not in offer


def test_what_was_written_while_waiting_comes_after_acceptance_in_order(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "first")
    world.text(PERSON, "second")
    world.text(PERSON, "third")
    world.news(SAM)

    world.text(SAM, "1")

    assert world.news(SAM)[1:] == ["first", "second", "third"]
    assert any("Sam has joined" in body for body in world.news(PERSON))


def test_words_pass_to_the_letter_both_ways_and_no_number_is_seen(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)

    world.text(PERSON, "  It's 3am…  and I'm «awake» \n\n yes  ")
    world.text(SAM, "me too. what's the room like?")

    assert world.news(SAM) == ["  It's 3am…  and I'm «awake» \n\n yes  "]
    assert world.news(PERSON) == ["me too. what's the room like?"]
    everything = "".join(s.body + s.sender for s in world.carrier.taken)
    assert PERSON not in everything
    assert SAM not in everything


def test_answers_come_from_the_number_that_was_texted(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)

    world.text(SAM, "hello")

    assert {s.sender for s in world.carrier.taken if s.to == PERSON} == {LINE}


def test_a_conversation_has_a_relay_number_of_its_own(world: World) -> None:
    world.volunteer(SAM, max_conversations="2")
    first = world.together(PERSON, SAM, "one")
    second = world.together("+12025550151", SAM, "two")

    assert first.sender != second.sender
    assert LINE not in (first.sender, second.sender)
    world.text(SAM, "for two", to=second.sender)
    world.text(SAM, "for one", to=first.sender)
    assert world.news("+12025550151") == ["for two"]
    assert world.news(PERSON) == ["for one"]


def test_pictures_are_relayed_as_media(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    picture = {"NumMedia": "1", "MediaUrl0": "https://media.example.org/a"}

    world.text(PERSON, "", **picture)
    world.text(SAM, "look", **picture)

    assert world.last_sent(SAM).media == ["https://media.example.org/a"]
    assert world.last_sent(PERSON).media == ["https://media.example.org/a"]
    assert world.last_sent(PERSON).body == "look"


def test_a_redelivered_text_changes_nothing(world: World) -> None:
    world.volunteer(SAM)
    for _ in range(3):
        world.text(PERSON, "hi", sid="SM1")
    world.text(SAM, "1")
    for _ in range(3):
        world.text(PERSON, "again", sid="SM2")

    assert world.inbox(SAM).count("hi") == 1
    assert world.inbox(SAM).count("again") == 1
    assert len(world.conversations()) == 1


def test_done_ends_it_and_a_new_text_opens_a_new_one_with_the_same_peer(world: World) -> None:
    world.volunteer(ROSA, "Rosa Lane")
    world.together(PERSON, ROSA)
    world.volunteer(SAM)
    world.text(ROSA, "#done")
    assert any("has ended" in body for body in world.news(PERSON))
    assert any("How did it end" in body for body in world.news(ROSA))
    world.text(ROSA, "1 1")
    assert world.states() == [State.CLOSED]

    world.text(PERSON, "me again")

    assert world.states() == [State.CLOSED, State.OFFERED]
    assert any("Reply 1" in body for body in world.news(ROSA))
    assert world.news(SAM) == []
