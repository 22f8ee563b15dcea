"""Texts leave once, in order, whatever the carrier says."""

from __future__ import annotations

import json

import pytest
import requests
from sqlalchemy import select

from helpline.domain.conversation import State, TextState
from helpline.services.record_sending import record_sent
from helpline.storage.models import OutgoingText
from tests.world import NeverConnected, World
from workers.reading import read_one
from workers.sending import claim

PERSON, SAM, ROSA, JO = "+12025550150", "+12025550111", "+12025550112", "+12025550113"


def states(world: World, phone: str) -> list[str]:
    with world.session() as session:
        found = session.scalars(select(OutgoingText).order_by(OutgoingText.id))
        return [row.state for row in found if row.to.e164 == phone]


@pytest.mark.parametrize("trouble", [429, 500, 503, 401, 404, 302, NeverConnected()])
def test_a_text_that_cannot_be_taken_now_is_sent_within_a_minute(
    world: World, trouble: object
) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.trouble = [trouble] * 3
    world.text(SAM, "I am here")
    world.wait(60, steps=60)
    assert world.news(PERSON) == ["I am here"]


@pytest.mark.parametrize("trouble", [requests.ReadTimeout(), requests.ConnectionError("reset")])
def test_a_text_the_carrier_took_before_the_line_broke_is_not_sent_twice(
    world: World, trouble: Exception
) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.trouble = [trouble]
    world.text(SAM, "I am here")
    world.wait(60, steps=60)
    assert world.news(PERSON) == ["I am here"]
    assert "list" in world.carrier.asked
    assert states(world, PERSON)[-1] == TextState.SENT


def test_two_equal_texts_are_not_taken_for_one(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "ok")
    world.carrier.trouble = [500]
    world.text(SAM, "ok")
    world.wait(60, steps=60)
    assert world.news(PERSON) == ["ok", "ok"]


@pytest.mark.parametrize("status", [404, 500, 503, 429])
def test_a_carrier_that_cannot_be_asked_gets_the_text_again(world: World, status: int) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.trouble = [500]
    world.carrier.list_status = status
    world.text(SAM, "I am here")
    world.wait(60, steps=60)
    assert world.news(PERSON) == ["I am here"]


def test_a_busy_carrier_is_not_asked_to_look_up(world: World) -> None:
    world.carrier.trouble = [429]
    world.text(PERSON, "hi")
    world.wait(5, steps=5)
    assert "list" not in world.carrier.asked


def test_a_text_that_fails_holds_back_those_behind_it(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.trouble = [429, 429]
    for words in ("one", "two", "three"):
        world.text(SAM, words)
    world.wait(30, steps=30)
    assert world.news(PERSON) == ["one", "two", "three"]


def test_twilio_down_for_ten_minutes_loses_and_doubles_nothing(world: World) -> None:
    world.carrier.trouble = [503] * 100_000
    people = [f"+120255502{place:02d}" for place in range(25)]
    for words in ("one", "two", "three", "four"):
        for person in people:
            world.drop_in(person, words)
    world.settle()
    world.volunteer(SAM)
    world.wait(600, steps=20)
    world.carrier.trouble = []
    world.wait(120, steps=24)
    for person in people:
        got = world.inbox(person)
        assert "We have your text" in got[0]
        assert len([body for body in got if "We have your text" in body]) == 1
    assert len([body for body in world.inbox(SAM) if "Reply 1" in body]) >= 1


def test_a_refusal_is_final_and_the_peer_is_told(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.carrier.refuse[PERSON] = 21614
    world.text(SAM, "hello?")
    assert "did not arrive (code 21614)" in world.news(SAM)[0]
    asked = len(world.carrier.asked)
    world.wait(600, steps=10)
    assert world.carrier.asked[asked:] == []
    assert states(world, PERSON)[-1] == TextState.FAILED


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_a_delivery_failure_is_told_to_the_peer_at_once_and_once(world: World, status: str) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(SAM, "hello?")
    sent = world.last_sent(PERSON)
    for _ in range(3):
        world.report(sent, status, ErrorCode="30003")
        world.settle()
    assert [body for body in world.news(SAM) if "30003" in body] == [
        body for body in world.inbox(SAM) if "30003" in body
    ]
    assert len([body for body in world.inbox(SAM) if "30003" in body]) == 1


def test_a_peers_phone_that_cannot_be_reached_is_told_to_the_leads(world: World) -> None:
    world.volunteer(SAM)
    world.volunteer(JO, "Jo Hart", role="lead")
    world.together(PERSON, SAM)
    world.text(PERSON, "are you there")
    world.report(world.last_sent(SAM), "undelivered", ErrorCode="30005")
    world.settle()
    assert any("did not reach their peer" in body for body in world.news(JO))


@pytest.mark.parametrize(
    ("reports", "final"),
    [
        (["sent", "delivered"], TextState.DELIVERED),
        (["delivered", "sent"], TextState.DELIVERED),
        (["delivered", "undelivered"], TextState.DELIVERED),
        (["queued", "sent"], TextState.SENT),
        (["delivered", "delivered", "read", "sending"], TextState.DELIVERED),
        (["undelivered", "delivered"], TextState.UNDELIVERED),
    ],
)
def test_a_status_never_moves_backwards(world: World, reports: list[str], final: TextState) -> None:
    world.text(PERSON, "hi")
    sent = next(s for s in world.carrier.taken if "We have your text" in s.body)
    for status in reports:
        assert world.report(sent, status).status_code == 200
        world.settle()
    assert states(world, PERSON)[0] == final


def test_a_report_that_comes_before_the_answer_counts(world: World) -> None:
    world.drop_in(PERSON, "hi")
    while not (claims := claim(world.wires, 1, urgent_only=False)):
        world.do_one()
    token = claims[0].row.token
    world.post(f"/twilio/status/{token}", {"MessageSid": "SMearly", "MessageStatus": "delivered"})
    world.settle()
    assert states(world, PERSON)[0] == TextState.DELIVERED
    with world.wires.desk() as desk:
        record_sent(desk, claims[0].row.id, "SMearly")
    assert states(world, PERSON)[0] == TextState.DELIVERED


def test_a_claim_whose_process_died_is_looked_up_and_sent(world: World) -> None:
    world.drop_in(PERSON, "hi")
    while not claim(world.wires, 1, urgent_only=False):
        world.do_one()
    world.wait(29)
    assert world.inbox(PERSON) == []
    world.wait(2)
    assert len(world.inbox(PERSON)) == 2
    assert "list" in world.carrier.asked


def test_no_text_is_claimed_twice(world: World) -> None:
    for place in range(5):
        world.drop_in(f"+1202555016{place}", "hi")
    while read_one(world.wires):
        pass
    first = claim(world.wires, 10, urgent_only=False)
    again = claim(world.wires, 10, urgent_only=False)
    assert len(first) == 5
    assert again == []


def test_an_unknown_report_is_accepted_and_changes_nothing(world: World) -> None:
    answer = world.post("/twilio/status/nope", {"MessageSid": "SM1", "MessageStatus": "sent"})
    assert answer.status_code == 200
    world.settle()


def test_a_long_text_is_split_with_nothing_lost(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    words = "👩‍👩‍👧 " * 190 + "end"
    world.text(SAM, words[:1600])
    got = world.news(PERSON)
    assert len(got) > 1
    assert "".join(got) == words[:1600]


def test_an_empty_text_is_passed_on_as_such(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text(PERSON, "")
    assert world.news(SAM) == ["(an empty text)"]


@pytest.mark.parametrize("words", ["", "👍", "hi", "\x00", "\u202ereversed", "a" * 1600, "𝒽𝑒𝓁𝓅"])
def test_any_words_at_all_are_queued(world: World, words: str) -> None:
    world.text(PERSON, words)
    assert world.states() == [State.WAITING]


@pytest.mark.parametrize("sender", ["22395", "AMAZON", "", "anonymous", "whatsapp:+12025550150"])
def test_a_sender_that_is_no_phone_number_is_recorded_and_not_answered(
    world: World, sender: str
) -> None:
    world.text(sender, "your code is 1234")
    assert world.carrier.taken == []
    assert world.conversations() == []


def test_a_text_from_one_of_our_own_numbers_goes_nowhere(world: World) -> None:
    world.text("+12025550101", "loop")
    assert world.carrier.taken == []


def test_requests_are_what_twilio_expects(world: World) -> None:
    world.text(PERSON, "hi")
    sent = next(s for s in world.carrier.taken if s.to == PERSON)
    assert sent.report_url.startswith("https://help.example.org/twilio/status/")
    assert PERSON not in sent.report_url
    assert json.dumps(sent.body)
