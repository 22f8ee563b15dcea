"""What a volunteer texts, and what it does."""

from __future__ import annotations

import pytest

from helpline.domain.conversation import State
from helpline.services.retire_volunteer import retire_volunteer
from helpline.storage.models import HeldText, Note, Volunteer, WrapUp
from tests.world import World

PERSON, OTHER = "+12025550150", "+12025550151"
SAM, ROSA, JO = "+12025550111", "+12025550112", "+12025550113"


def two_open(world: World) -> None:
    """Sam is with two people under one number: a is PERSON, b is OTHER."""
    world.volunteer(SAM, max_conversations="2")
    world.together(PERSON, SAM, "one")
    world.together(OTHER, SAM, "two")


def test_with_two_open_and_no_way_to_tell_the_text_is_held_never_guessed(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "I am here")
    assert one_number.news(PERSON) == []
    assert one_number.news(OTHER) == []
    assert "#a" in one_number.news(SAM)[0]

    one_number.text(SAM, "#b")

    assert one_number.news(OTHER) == ["I am here"]
    assert one_number.news(PERSON) == []


def test_a_label_with_words_sends_the_words_and_says_the_held_text_was_dropped(
    one_number: World,
) -> None:
    two_open(one_number)
    one_number.text(SAM, "held")
    one_number.news(SAM)
    one_number.text(SAM, "#a  for you alone")
    assert one_number.news(PERSON) == ["for you alone"]
    assert one_number.news(OTHER) == []
    assert "dropped" in one_number.news(SAM)[0]
    with one_number.session() as session:
        assert session.query(HeldText).count() == 0


def test_words_come_with_a_label_where_two_share_a_number(one_number: World) -> None:
    two_open(one_number)
    one_number.text(PERSON, "are you there")
    [body] = one_number.news(SAM)
    assert body.startswith("a ")
    assert body.endswith(": are you there")


def test_a_label_that_is_not_open_changes_nothing(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "#c hello")
    assert one_number.news(PERSON) + one_number.news(OTHER) == []
    assert "no conversation under #c" in one_number.news(SAM)[0]


def test_a_label_alone_with_nothing_held_says_so(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "#a")
    assert "Nothing is held" in one_number.news(SAM)[0]


@pytest.mark.parametrize("text", ["#a #done", "#done a", "#A #DONE"])
def test_a_command_can_name_its_conversation(one_number: World, text: str) -> None:
    two_open(one_number)
    one_number.text(SAM, text)
    assert one_number.states() == [State.WRAP_UP, State.ACTIVE]


def test_a_command_without_a_label_is_asked_about(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "#done")
    assert one_number.states() == [State.ACTIVE, State.ACTIVE]
    assert "Which conversation" in one_number.news(SAM)[0]


@pytest.mark.parametrize("text", ["#hashtag", "#1", "#", "#unknown words", "#a #b hello"])
def test_what_begins_with_a_hash_is_never_relayed(world: World, text: str) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, text)
    assert world.news(PERSON) == []
    assert world.news(SAM) != []


def test_with_nothing_pending_numbers_are_ordinary_words(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    for word in ("1", "2", "yes", "no", "ok"):
        world.text(SAM, word)
    assert world.news(PERSON) == ["1", "2", "yes", "no", "ok"]


def test_with_nothing_open_a_text_is_answered_kindly(world: World) -> None:
    world.volunteer(SAM)
    world.text(SAM, "anybody?")
    [answer] = world.news(SAM)
    assert "#peer" in answer
    assert world.conversations() == []


def test_pass_hands_on_with_history_and_not_back_to_the_same_peer(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM, "I lost my job")
    world.text(SAM, "that is hard")
    world.volunteer(ROSA, "Rosa Lane")

    world.text(SAM, "#pass")

    assert any("finding you another" in body for body in world.news(PERSON))
    world.text(PERSON, "ok")
    world.text(ROSA, "1")
    got = "\n".join(world.news(ROSA))
    assert "I lost my job" in got
    assert "that is hard" in got
    assert world.inbox(ROSA)[-1] == "ok"
    world.text(ROSA, "hello, I have read it all")
    assert world.news(PERSON)[-1] == "hello, I have read it all"


def test_a_note_is_kept_sealed_and_not_sent(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#note likes the sea")
    assert world.news(PERSON) == []
    with world.session() as session:
        assert [note.words for note in session.query(Note)] == ["likes the sea"]


def test_a_note_without_words_is_asked_for(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#note")
    assert "#note and your words" in world.news(SAM)[0]


def test_urgent_brings_the_lead_and_no_further_offer(world: World) -> None:
    world.volunteer(SAM, max_conversations="2")
    world.volunteer(JO, "Jo Hart", role="lead")
    world.together(PERSON, SAM)
    world.text(SAM, "#urgent")
    assert any("Sam asks for you" in body for body in world.news(JO))
    assert world.states() == [State.ACTIVE]
    world.news(SAM)
    world.text(OTHER, "hi")
    assert world.news(SAM) == []


def test_on_off_and_break(world: World) -> None:
    world.volunteer(SAM, on=False)
    world.text(SAM, "#on")
    assert "on duty until 00:00" in world.news(SAM)[0]
    world.text(PERSON, "hi")
    assert any("Reply 1" in body for body in world.news(SAM))

    world.text(SAM, "#break 15")
    assert world.states() == [State.WAITING]
    assert any("until 12:15" in body for body in world.news(SAM))
    world.wait(899)
    assert world.news(SAM) == []
    world.wait(301)
    assert any("Reply 1" in body for body in world.news(SAM))

    world.text(SAM, "#off")
    assert world.states() == [State.WAITING]
    world.news(SAM)
    world.wait(3600)
    assert world.news(SAM) == []


@pytest.mark.parametrize("text", ["#break", "#break soon", "#break -5", "#break 0", "#break 99999"])
def test_a_break_without_minutes_is_asked_about(world: World, text: str) -> None:
    world.volunteer(SAM)
    world.text(SAM, text)
    assert "How many minutes" in world.news(SAM)[0]


def test_off_in_a_shift_lasts_until_the_next_shift(world: World) -> None:
    world.volunteer(SAM)
    world.text(SAM, "#off")
    world.text(PERSON, "hi")
    world.news(SAM)
    world.wait(11 * 3600)
    assert world.news(SAM) == []
    world.wait(3600)
    assert any("Reply 1" in body for body in world.news(SAM))


def test_on_outside_a_shift_ends_by_itself_after_twelve_hours(world: World) -> None:
    world.volunteer(SAM, on=False)
    world.text(SAM, "#on")
    world.wait(12 * 3600 + 1)
    world.news(SAM)
    world.text(PERSON, "hi")
    assert world.news(SAM) == []


def test_status_and_shifts_and_help(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    for command, part in (("#status", "Waiting: 0"), ("#shifts", "Tue 24 Nov"), ("#help", "#pass")):
        world.text(SAM, command)
        assert part in world.news(SAM)[0]
    world.volunteer(ROSA, "Rosa Lane", on=False)
    world.text(ROSA, "#shifts")
    assert "no shifts" in world.news(ROSA)[0]
    world.text(ROSA, "#status")
    assert "off duty" in world.news(ROSA)[0]


@pytest.mark.parametrize(
    ("answer", "ending", "wellbeing"),
    [
        ("1 2", 1, 2),
        ("12", 1, 2),
        ("2, 1 it was fine", 2, 1),
        ("it was long", None, None),
        ("3", 3, None),
        ("10 out of 10", None, None),
    ],
)
def test_the_wrap_up_is_kept_in_their_own_words(
    world: World, answer: str, ending: int | None, wellbeing: int | None
) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#done")
    world.text(SAM, answer)
    with world.session() as session:
        [kept] = session.query(WrapUp)
        assert (kept.answer, kept.ending, kept.wellbeing) == (answer, ending, wellbeing)
    assert world.news(PERSON)[-1].startswith("This conversation has ended")
    assert world.states() == [State.CLOSED]


def test_commands_work_during_the_wrap_up(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#done")
    world.text(SAM, "#status")
    assert world.states() == [State.WRAP_UP]
    assert "Waiting" in world.news(SAM)[-1]


def test_a_volunteer_who_is_not_well_is_heard(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead")
    world.together(PERSON, SAM)
    world.text(SAM, "#done")
    world.text(SAM, "1 3")
    assert any("not well" in body for body in world.news(JO))


def test_a_quiet_conversation_is_warned_and_then_closed(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.wait(2999)
    assert world.news(PERSON) == []
    world.wait(1)
    assert "quiet" in world.news(PERSON)[0]
    assert "Quiet" in world.news(SAM)[0]
    world.text(PERSON, "still here")
    world.wait(3000)
    world.wait(599)
    assert world.states() == [State.ACTIVE]
    world.wait(1)
    assert world.states() == [State.WRAP_UP]
    assert "quiet for a while" in world.news(PERSON)[-1]


def test_peer_opens_a_conversation_and_texts_need_labels_while_busy(one_number: World) -> None:
    world = one_number
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "#peer")
    assert any("looking for a peer for you" in body for body in world.news(SAM))
    world.text(SAM, "whose is this")
    assert world.news(PERSON) == []
    world.text(SAM, "#me it is mine")
    world.volunteer(ROSA, "Rosa Lane")
    world.text(ROSA, "1")
    assert world.inbox(ROSA)[-1] == "it is mine"
    world.text(SAM, "#a this is for them")
    assert world.news(PERSON) == ["this is for them"]
    world.text(SAM, "#me #done")
    assert State.WRAP_UP in world.states()


def test_a_retired_volunteer_is_an_ordinary_person(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    with world.wires.desk() as desk:
        retire_volunteer(desk, desk.session.get_one(Volunteer, 1))
    world.settle()
    assert world.states() == [State.WAITING]
    world.text(SAM, "hello")
    assert "We have your text" in world.inbox(SAM)[-2] + world.inbox(SAM)[-1]


def test_a_held_text_never_goes_to_somebody_who_came_later(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "meant for one of them")
    for label in ("a", "b"):
        one_number.text(SAM, f"#{label} #done")
        one_number.text(SAM, "1 1")
    stranger = "+12025550152"
    one_number.together(stranger, SAM, "three")
    one_number.text(SAM, "#a")
    assert one_number.news(stranger) == []


def test_two_held_texts_are_both_sent_in_order(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "held one")
    one_number.text(SAM, "held two")
    one_number.text(SAM, "#a")
    assert one_number.news(PERSON)[-1] == "held one\nheld two"


def test_a_held_text_grows_old(one_number: World) -> None:
    two_open(one_number)
    one_number.text(SAM, "held")
    one_number.wait(901)
    one_number.text(SAM, "#a")
    assert "held" not in one_number.news(PERSON)


def test_a_held_text_is_not_for_a_conversation_that_began_after_it(one_number: World) -> None:
    one_number.volunteer(SAM, max_conversations="3")
    one_number.together(PERSON, SAM, "one")
    one_number.together(OTHER, SAM, "two")
    one_number.text(SAM, "held")
    one_number.wait(1)
    one_number.together("+12025550152", SAM, "three")
    one_number.text(SAM, "#c")
    assert one_number.news("+12025550152") == []


def test_whoever_is_not_well_gets_no_offer_until_they_say_so(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(OTHER, "hi")
    world.text(SAM, "#done")
    world.text(SAM, "1 3")
    assert not any("Reply 1" in body for body in world.news(SAM))
    world.text(SAM, "#on")
    assert any("Reply 1" in body for body in world.news(SAM))
