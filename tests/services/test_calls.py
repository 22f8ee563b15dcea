"""A call reaches a peer: through signed webhooks, the real client, and the simulated exchange."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from helpline.domain.conversation import State
from helpline.domain.phone import PhoneNumber
from helpline.domain.record import Kind
from helpline.services.erase_person import OnThePhone, erase_person
from helpline.services.export_person import export_person
from helpline.simulator.exchange import SimCall
from helpline.storage import lines
from helpline.storage.models import (
    AuditEvent,
    CallLeg,
    CallOrder,
    Inbound,
    Place,
    Step,
    Voicemail,
)
from tests.conftest import make_settings
from tests.world import LINE, World

ANN, BEN = "+12025550150", "+12025550151"
SAM, KIM, LEE = "+12025550111", "+12025550112", "+12025550113"
LEAD, PRO = "+12025550120", "+12025550130"
GREETING = 30
MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(database: Engine, servers: tuple[str, str]) -> Iterator[MakeWorld]:
    """A world with settings of one's own."""
    opened: list[World] = []

    def make(**changed: object) -> World:
        world = World(database, make_settings(servers, **changed)).__enter__()
        opened.append(world)
        return world

    yield make
    for world in reversed(opened):
        world.__exit__()


@pytest.fixture(autouse=True)
def _nothing_fails(database: Engine) -> Iterator[None]:
    """No event and no step failed on the way: they would be tried again, and hide a fault."""
    yield
    with database.connect() as connection:
        assert connection.scalar(select(func.max(Inbound.attempts))) in (None, 0)
        assert connection.scalar(select(func.max(Step.attempts))) in (None, 0)


def connected(world: World, caller: str = ANN, peer: str = SAM) -> tuple[SimCall, SimCall]:
    """A caller and a peer who talk."""
    call = world.call(caller)
    world.pass_time(3)
    leg = world.answer(peer, "1")
    world.pass_time(GREETING)
    assert world.talking(call, leg)
    return call, leg


def promised(world: World, waits: int = 15) -> SimCall:
    """Ann has called, chosen to be called back, and hung up."""
    call = world.call(ANN)
    world.press(call, "2")
    world.press(call, "1")
    world.pass_time(waits)
    return call


def star(world: World, leg: SimCall, key: str) -> None:
    """A peer in a call presses `*`, and then a key."""
    world.press(leg, "*")
    world.pass_time(2)
    world.press(leg, key)


def events(world: World, kind: Kind) -> int:
    with world.session() as session:
        return len(session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)).all())


def places(world: World) -> int:
    with world.session() as session:
        return len(session.scalars(select(Place)).all())


def open_legs(world: World) -> int:
    with world.session() as session:
        return len(session.scalars(select(CallLeg).where(CallLeg.state != "ended")).all())


def said(call: SimCall) -> str:
    return " ".join(call.heard)


class TestTheRoad:
    def test_the_first_to_press_1_talks_and_the_others_are_released(self, world: World) -> None:
        for phone, name in ((SAM, "Sam Field"), (KIM, "Kim Lake"), (LEE, "Lee Moor")):
            world.volunteer(phone, name)
        call = world.call(ANN)
        world.pass_time(4)
        assert all(world.ringing(phone) for phone in (SAM, KIM, LEE))
        assert "911" in said(call)
        assert "988" in said(call)
        listening = world.answer(LEE)
        leg = world.answer(KIM, "1")
        world.pass_time(GREETING)
        assert world.talking(call, leg)
        assert world.ringing(SAM) is None
        assert "Somebody else has taken this call" in said(listening)
        assert listening.is_over
        assert places(world) == 1
        world.hang_up(call)
        world.pass_time(20)
        assert leg.is_over
        assert "How did it end" in world.inbox(KIM)[-1]
        assert world.states() == [State.WRAP_UP]
        assert world.inbox(ANN) == []
        world.text(KIM, "1 1")
        assert world.states() == [State.CLOSED]
        assert (places(world), open_legs(world)) == (0, 0)

    def test_neither_sees_the_others_number(self, world: World) -> None:
        world.volunteer(SAM)
        _, leg = connected(world)
        assert leg.sender == LINE
        for path, document in world.told.documents:
            for phone in (ANN, SAM):
                assert phone not in document, path
                assert phone[2:] not in path

    def test_a_voicemail_box_never_takes_a_call(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(KIM, "Kim Lake")
        world.exchange.behaviours[SAM] = "voicemail"
        call = world.call(ANN)
        world.pass_time(30)
        assert world.states()[0] in (State.OFFERED, State.WAITING)
        leg = world.answer(KIM, "1")
        world.pass_time(10)
        assert world.talking(call, leg)

    @pytest.mark.parametrize("behaviour", ["busy", "failed"])
    def test_who_cannot_be_reached_is_skipped_at_once(
        self, make_world: MakeWorld, behaviour: str
    ) -> None:
        world = make_world(helpline_ring_strategy="one")
        world.volunteer(SAM)
        world.pass_time(5)
        world.volunteer(KIM, "Kim Lake")
        world.exchange.behaviours[SAM] = behaviour
        world.call(ANN)
        world.pass_time(4)
        assert world.ringing(KIM)
        assert events(world, Kind.CALL_NOT_TAKEN) == 1

    def test_one_after_another_and_each_once_before_anybody_twice(
        self, make_world: MakeWorld
    ) -> None:
        world = make_world(helpline_ring_strategy="one")
        for phone in (SAM, KIM, LEE):
            world.volunteer(phone)
            world.pass_time(2)
        world.call(ANN)
        rung = []
        for _ in range(70):
            world.pass_time(1)
            at = [phone for phone in (SAM, KIM, LEE) if world.ringing(phone)]
            assert len(at) <= 1
            rung += [phone for phone in at if not rung or rung[-1] != phone]
        assert rung[:4] == [SAM, KIM, LEE, SAM]

    def test_two_passes_on_and_who_passed_is_not_rung_again(self, world: World) -> None:
        world.volunteer(SAM)
        world.call(ANN)
        world.pass_time(3)
        leg = world.answer(SAM, "2")
        world.pass_time(40)
        assert leg.is_over
        assert "passed on" in said(leg)
        assert world.ringing(SAM) is None

    def test_another_key_is_asked_about_once_more(self, world: World) -> None:
        world.volunteer(SAM)
        world.call(ANN)
        world.pass_time(3)
        leg = world.answer(SAM, "7")
        world.press(leg, "1")
        world.pass_time(GREETING)
        assert world.states() == [State.ACTIVE]

    def test_a_text_of_1_says_to_press_it_on_the_phone(self, world: World) -> None:
        world.volunteer(SAM)
        world.call(ANN)
        world.pass_time(3)
        world.text(SAM, "1")
        assert "press 1 there" in world.inbox(SAM)[-1]
        assert world.states() == [State.OFFERED]

    def test_the_caller_who_goes_while_phones_ring_frees_everybody(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(KIM, "Kim Lake")
        call = world.call(ANN)
        world.pass_time(3)
        listening = world.answer(KIM)
        world.hang_up(call)
        world.pass_time(10)
        assert world.ringing(SAM) is None
        assert "The caller has gone" in said(listening)
        assert world.states() == [State.ABANDONED]
        assert (places(world), open_legs(world)) == (0, 0)

    def test_a_press_after_the_caller_went_is_told_so(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.pass_time(3)
        leg = world.answer(SAM)
        world.exchange.hang_up(call.sid)
        world.exchange.press(leg.sid, "1")
        world.pass_time(15)
        assert leg.is_over
        assert world.states() == [State.ABANDONED]
        assert (places(world), open_legs(world)) == (0, 0)

    def test_calls_are_placed_no_faster_than_the_account_may(self, world: World) -> None:
        for phone in (SAM, KIM, LEE):
            world.volunteer(phone)
        world.call(ANN)
        placed = []
        for _ in range(4):
            placed.append(
                sum(line.startswith("POST") and "Calls.json" in line for line in world.rest)
            )
            world.pass_time(1)
        assert placed == [1, 2, 3, 3]


class TestOneTruth:
    def test_who_is_on_a_call_is_offered_no_text(self, world: World) -> None:
        world.volunteer(SAM, max_conversations="3")
        connected(world)
        world.text(BEN, "hello")
        assert not any("Reply 1" in text for text in world.inbox(SAM))

    def test_who_is_rung_is_offered_no_text(self, world: World) -> None:
        world.volunteer(SAM, max_conversations="3")
        world.call(ANN)
        world.pass_time(3)
        world.text(BEN, "hello")
        assert not any("Reply 1" in text for text in world.inbox(SAM))

    def test_who_is_with_a_text_at_their_cap_is_not_rung(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(BEN, SAM)
        world.call(ANN)
        world.pass_time(20)
        assert world.ringing(SAM) is None

    def test_the_last_peer_is_rung_first(self, make_world: MakeWorld) -> None:
        world = make_world(helpline_ring_strategy="one")
        world.volunteer(SAM)
        world.pass_time(2)
        world.volunteer(KIM, "Kim Lake")
        world.volunteer(LEE, "Lee Moor")
        call, _ = connected(world)
        world.hang_up(call)
        world.pass_time(20)
        world.text(SAM, "1 1")
        world.pass_time(60)
        world.call(ANN)
        world.pass_time(3)
        assert world.ringing(SAM)

    def test_nobody_is_rung_for_their_own_call(self, world: World) -> None:
        world.volunteer(SAM)
        world.call(SAM)
        world.pass_time(10)
        assert world.ringing(SAM) is None

    def test_what_a_peer_texts_during_a_call_goes_to_nobody(self, world: World) -> None:
        world.volunteer(SAM)
        connected(world)
        world.text(SAM, "she sounds calmer")
        assert "goes to nobody" in world.inbox(SAM)[-1]
        assert world.inbox(ANN) == []

    def test_done_by_text_ends_the_call(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.text(SAM, "#done")
        world.pass_time(20)
        assert call.is_over
        assert leg.is_over
        assert "Thank you for calling" in said(call)
        assert world.states() == [State.WRAP_UP]

    def test_ten_callers_and_two_peers_are_rung_for_two_of_them(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(KIM, "Kim Lake")
        calls = [world.call(f"+1202555{4000 + place}") for place in range(10)]
        world.pass_time(4)
        first, second = world.answer(SAM, "1"), world.answer(KIM, "1")
        world.pass_time(GREETING)
        assert world.talking(calls[0], first)
        assert world.talking(calls[1], second)


class TestTheCallersKeys:
    def test_9_leads_to_the_crisis_line_and_frees_the_peers(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.pass_time(2)
        world.press(call, "9")
        world.pass_time(4)
        child = world.ringing("988")
        assert child is not None
        assert child.sender == LINE
        assert world.ringing(SAM) is None
        assert world.states() == [State.ABANDONED]
        world.exchange.pick_up(child.sid)
        world.pass_time(60)
        world.hang_up(child)
        world.pass_time(10)
        assert call.is_over

    def test_a_crisis_line_that_does_not_answer_leads_back_to_the_queue(self, world: World) -> None:
        world.volunteer(SAM)
        world.exchange.behaviours["988"] = "busy"
        call = world.call(ANN)
        world.press(call, "9")
        world.pass_time(20)
        assert "988" in said(call)
        assert not call.is_over
        leg = world.answer(SAM, "1")
        world.pass_time(15)
        assert world.talking(call, leg)

    def test_2_then_2_is_a_text_instead(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.press(call, "2")
        world.press(call, "2")
        world.pass_time(15)
        assert call.is_over
        assert "a trained peer" in world.inbox(ANN)[0].lower()
        assert "Reply 1" in world.inbox(SAM)[-1]
        world.text(SAM, "1")
        world.text(ANN, "I would rather write")
        assert "I would rather write" in world.inbox(SAM)[-1]

    def test_2_then_1_is_a_call_back(self, world: World) -> None:
        world.volunteer(SAM)
        call = promised(world)
        assert call.is_over
        assert "waits to be called back" in world.inbox(SAM)[-1]
        world.text(SAM, "1")
        world.pass_time(2)
        assert world.ringing(ANN) is None
        leg = world.answer(SAM, "1")
        world.pass_time(3)
        back = world.answer(ANN)
        assert back.sender == LINE
        assert not world.talking(back, leg)
        world.press(back, "1")
        world.pass_time(5)
        assert world.talking(back, leg)
        world.hang_up(back)
        world.pass_time(15)
        assert leg.is_over
        assert world.states() == [State.WRAP_UP]

    def test_a_person_who_does_not_answer_the_call_back_is_texted(self, world: World) -> None:
        world.volunteer(SAM)
        promised(world)
        world.exchange.behaviours[ANN] = "voicemail"
        world.text(SAM, "1")
        world.pass_time(2)
        leg = world.answer(SAM, "1")
        world.pass_time(60)
        assert leg.is_over
        assert "did not answer" in said(leg)
        assert "We tried to call you" in world.inbox(ANN)[-1]
        assert open_legs(world) == 0

    def test_a_peer_who_does_not_answer_our_call_lets_another_have_it(self, world: World) -> None:
        world.volunteer(SAM)
        promised(world)
        world.text(SAM, "1")
        world.volunteer(KIM, "Kim Lake")
        world.pass_time(40)
        assert "did not answer our call" in " ".join(world.inbox(SAM))
        assert "waits to be called back" in world.inbox(KIM)[-1]

    def test_3_changes_the_language_for_all_that_follows(self, world: World) -> None:
        call = world.call(ANN)
        world.press(call, "3")
        world.pass_time(60)
        assert "Has llamado a Helpline" in said(call)
        assert "Conservas tu lugar" in said(call) or "no hay ningún par" in said(call)
        assert world.conversations()[0].language == "es"

    def test_a_key_that_means_nothing_just_waits(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.press(call, "6")
        world.pass_time(3)
        leg = world.answer(SAM, "1")
        world.pass_time(5)
        assert world.talking(call, leg)

    def test_cut_off_and_agreed_means_called_back_once(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.press(call, "1")
        world.pass_time(3)
        leg = world.answer(SAM, "1")
        world.pass_time(10)
        world.hang_up(call)
        world.pass_time(4)
        assert "Press 1 to call them back" in said(leg)
        world.press(leg, "1")
        world.pass_time(3)
        back = world.answer(ANN, "1")
        assert "We were cut off" in said(back)
        world.pass_time(5)
        assert world.talking(back, leg)
        world.hang_up(back)
        world.pass_time(40)
        assert leg.is_over
        assert said(leg).count("Press 1 to call them back") == 1
        assert world.states() == [State.WRAP_UP]

    def test_who_did_not_agree_is_not_called_back(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.hang_up(call)
        world.pass_time(20)
        assert "Press 1 to call them back" not in said(leg)
        assert leg.is_over


class TestNobody:
    def test_nobody_on_duty_is_said_and_a_choice_is_given(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        assert "No peer is free" in said(call)
        world.pass_time(60)
        assert not call.is_over
        assert call.heard[-1] != ""

    def test_a_message_is_kept_told_played_and_deleted(self, world: World) -> None:
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "1")
        world.pass_time(20)
        world.press(call, "#")
        world.pass_time(15)
        assert call.is_over
        assert "a peer will call you back" in said(call)
        told = next(text for text in world.inbox(LEAD) if "/v/voicemail/" in text)
        assert ANN not in told
        path = told[told.index("/v/voicemail/") :].strip()
        assert world.client.get(path).status_code == 200
        sound = world.client.get(f"{path}/sound")
        assert (sound.status_code, sound.mimetype) == (200, "audio/mpeg")
        assert world.client.get(path[:-1] + "x").status_code == 404
        assert world.states() == [State.WAITING]
        world.wait(31 * 86_400)
        assert world.client.get(path).status_code == 410
        assert world.exchange.recordings == {}

    def test_a_message_of_nothing_is_not_kept(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "1")
        form = {"RecordingSid": "RE" + "0" * 32, "CallSid": call.sid, "RecordingStatus": "absent"}
        assert world.post("/twilio/voice/recording", form).status_code == 204
        world.settle()
        with world.session() as session:
            assert session.scalars(select(Voicemail)).all() == []

    def test_who_stays_keeps_their_place(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(60)
        world.volunteer(SAM)
        world.pass_time(4)
        leg = world.answer(SAM, "1")
        world.pass_time(40)
        assert world.talking(call, leg)

    def test_a_promised_call_back_waits_until_somebody_comes(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "2")
        world.pass_time(10)
        assert call.is_over
        assert world.states() == [State.WAITING]
        world.volunteer(SAM)
        assert "waits to be called back" in world.inbox(SAM)[-1]

    def test_calling_again_keeps_the_place_of_the_call_back(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "2")
        world.pass_time(10)
        world.volunteer(SAM)
        again = world.call(ANN)
        world.pass_time(4)
        assert len(world.conversations()) == 1
        leg = world.answer(SAM, "1")
        world.pass_time(GREETING)
        assert world.talking(again, leg)

    def test_after_the_rounds_the_choice_comes_before_the_time_is_up(
        self, make_world: MakeWorld
    ) -> None:
        world = make_world(helpline_ring_seconds=3)
        world.volunteer(SAM)
        world.exchange.behaviours[SAM] = "no-answer"
        call = world.call(ANN)
        world.pass_time(45)
        assert "No peer is free" in said(call)

    @pytest.mark.parametrize("sender", ["anonymous", "", "Restricted", "+266696687", LINE])
    def test_a_withheld_number_is_answered_and_never_called(
        self, world: World, sender: str
    ) -> None:
        world.volunteer(SAM)
        call = world.call(sender)
        world.pass_time(3)
        leg = world.answer(SAM, "1")
        world.pass_time(GREETING)
        assert world.talking(call, leg)
        world.hang_up(call)
        world.pass_time(15)
        assert world.states() == [State.WRAP_UP]

    def test_a_withheld_number_can_leave_a_message(self, world: World) -> None:
        call = world.call("anonymous")
        world.pass_time(25)
        assert "Your number is hidden" in said(call)
        world.press(call, "2")
        assert not call.is_over
        world.pass_time(130)
        world.press(call, "1")
        world.pass_time(12)
        world.press(call, "#")
        world.pass_time(10)
        assert call.is_over
        assert world.states() == [State.ABANDONED]
        with world.session() as session:
            assert len(session.scalars(select(Voicemail)).all()) == 1


class TestInTheCall:
    def test_star_9_brings_a_professional_and_the_peer_may_leave(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(PRO, "Pat Stone", role="professional")
        call, leg = connected(world)
        world.press(leg, "*")
        assert not call.is_over
        world.pass_time(2)
        assert "9, if the caller agrees" in said(leg)
        assert "Your peer is back" in said(call)
        world.press(leg, "9")
        world.pass_time(2)
        assert "bringing somebody in" in said(call)
        assert world.talking(call, leg)
        third = world.answer(PRO)
        world.pass_time(1)
        assert "Press 1" in said(third)
        world.press(third, "1")
        world.pass_time(20)
        assert world.talking(call, leg, third)
        assert "level of risk" in said(third)
        assert "level of risk" not in said(call)
        world.hang_up(leg)
        world.pass_time(30)
        assert world.talking(call, third)
        assert world.states() == [State.WRAP_UP]
        world.hang_up(call)
        world.pass_time(40)
        assert third.is_over
        assert open_legs(world) == 0

    def test_without_one_on_duty_the_lines_own_number_then_the_crisis_line(
        self, make_world: MakeWorld
    ) -> None:
        world = make_world(helpline_professional_number="+12025550177")
        world.volunteer(SAM)
        call, leg = connected(world)
        world.exchange.behaviours["+12025550177"] = "busy"
        star(world, leg, "9")
        world.pass_time(4)
        assert "+12025550177" in [each.to for each in world.exchange.calls.values()]
        third = world.answer("988")
        world.pass_time(20)
        assert world.talking(call, leg, third)

    def test_when_no_professional_answers_the_peer_is_told(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.exchange.behaviours["988"] = "busy"
        star(world, leg, "9")
        world.pass_time(10)
        assert world.talking(call, leg)
        assert "988" in world.inbox(SAM)[-1]

    def test_star_and_anything_else_leads_back(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        star(world, leg, "4")
        world.pass_time(2)
        assert world.talking(call, leg)

    def test_star_and_silence_leads_back(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.press(leg, "*")
        world.pass_time(25)
        assert world.talking(call, leg)

    def test_star_is_heard_though_no_report_ever_came(self, world: World) -> None:
        world.volunteer(SAM)
        world.told.lost = {"/conference", "/status"}
        call = world.call(ANN)
        leg = world.answer(SAM, "1")
        world.pass_time(3)
        star(world, leg, "9")
        world.pass_time(2)
        assert world.ringing("988")
        assert not call.is_over

    def test_an_answer_that_is_asked_for_again_leads_back_into_the_room(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        path = leg.url.removeprefix(world.settings.public_url)
        form = {"CallSid": leg.sid, "CallStatus": "in-progress"}
        assert call.room in world.post(path, form).get_data(as_text=True)

    def test_a_lead_listens_and_is_heard_by_the_peer_alone(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        call, leg = connected(world)
        star(world, leg, "5")
        world.pass_time(3)
        lead = world.answer(LEAD, "1")
        world.pass_time(8)
        assert world.talking(call, leg, lead)
        member = world.exchange.rooms[call.room].member(lead.sid)
        assert member is not None
        assert member.coach == leg.sid
        world.hang_up(call)
        world.pass_time(40)
        assert (leg.is_over, lead.is_over) == (True, True)

    def test_a_peer_who_is_cut_off_is_replaced(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.volunteer(KIM, "Kim Lake")
        world.call(BEN)
        world.pass_time(3)
        if world.ringing(KIM):
            world.exchange.decline(world.ringing(KIM).sid)  # type: ignore[union-attr]
        world.hang_up(leg)
        world.pass_time(2)
        assert "Your peer is not on the line any more" in said(call)
        world.pass_time(40)
        assert not call.is_over
        second = world.answer(KIM, "1")
        world.pass_time(15)
        assert world.talking(call, second)

    def test_a_caller_who_has_said_it_all_just_ends_the_call(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.hang_up(leg)
        world.pass_time(2)
        world.hang_up(call)
        world.pass_time(5)
        assert world.states() == [State.WRAP_UP]
        assert open_legs(world) == 0

    def test_pass_by_text_hands_the_caller_on(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.volunteer(KIM, "Kim Lake")
        world.text(SAM, "#pass")
        world.pass_time(15)
        assert leg.is_over
        second = world.answer(KIM, "1")
        world.pass_time(15)
        assert world.talking(call, second)

    def test_recording_is_off(self, world: World) -> None:
        world.call(ANN)
        assert not any("record=" in document for _, document in world.told.documents)

    @pytest.mark.parametrize("key", ["", "1", "6", "3", "2"])
    def test_no_way_leads_into_a_recorded_room_past_the_notice(
        self, make_world: MakeWorld, key: str
    ) -> None:
        """Whatever is pressed first, and a peer who comes early: it is said, then recorded."""
        world = make_world(helpline_record_calls=True)
        world.volunteer(SAM)
        call = world.call(ANN)
        if key:
            world.press(call, key)
        world.answer(SAM, "1")
        world.pass_time(60)
        recorded = [text for _, text in world.told.documents if "record=" in text]
        assert key == "2" or recorded
        for text in recorded:
            notices = ("This call is recorded", "Esta llamada se graba")
            assert any(notice in text.partition("record=")[0] for notice in notices)

    def test_recording_can_be_refused(self, make_world: MakeWorld) -> None:
        world = make_world(helpline_record_calls=True)
        world.volunteer(SAM)
        call = world.call(ANN)
        world.press(call, "8")
        before = len(world.told.documents)
        leg = world.answer(SAM, "1")
        world.pass_time(20)
        assert world.talking(call, leg)
        assert not any("record=" in text for _, text in world.told.documents[before - 1 :])


class TestNobodyIsStranded:
    def test_done_with_a_lead_listening_lets_everybody_go(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        call, leg = connected(world)
        star(world, leg, "5")
        lead = world.answer(LEAD, "1")
        world.pass_time(8)
        world.text(SAM, "#done")
        world.pass_time(20)
        assert (call.is_over, leg.is_over, lead.is_over) == (True, True, True)
        assert "Thank you for calling" in said(call)

    def test_a_professional_who_still_rings_is_let_go_with_the_caller(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(PRO, "Pat Stone", role="professional")
        call, leg = connected(world)
        star(world, leg, "9")
        world.pass_time(1)
        assert world.ringing(PRO)
        world.hang_up(call)
        world.pass_time(1)
        assert world.ringing(PRO) is None

    def test_pass_with_a_professional_there_is_the_end_for_the_peer(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(PRO, "Pat Stone", role="professional")
        call, leg = connected(world)
        star(world, leg, "9")
        third = world.answer(PRO, "1")
        world.pass_time(15)
        world.volunteer(KIM, "Kim Lake")
        world.text(SAM, "#pass")
        world.pass_time(15)
        assert world.talking(call, third)
        assert world.ringing(KIM) is None

    def test_who_chose_the_crisis_line_is_left_there(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        leg = world.answer(SAM, "1")
        world.press(call, "9")
        world.pass_time(2)
        child = world.answer("988")
        world.pass_time(30)
        world.hang_up(leg)
        world.pass_time(30)
        assert (call.is_over, child.is_over) == (False, False)
        assert "Your peer is not" not in said(call)

    def test_pass_after_the_caller_has_gone_holds_up_nobody(self, world: World) -> None:
        world.volunteer(SAM)
        call, _ = connected(world)
        world.exchange.hang_up(call.sid)
        world.text(SAM, "#pass")
        world.volunteer(KIM, "Kim Lake")
        world.text(BEN, "hello")
        assert "Reply 1" in world.inbox(KIM)[-1]

    def test_a_late_page_of_a_call_that_is_over_changes_nothing(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        world.hang_up(leg)
        world.hang_up(call)
        world.pass_time(3)
        form = {"CallSid": call.sid, "From": ANN, "To": LINE, "CallStatus": "in-progress"}
        answer = world.post("/twilio/voice/again", form)
        assert "<Hangup" in answer.get_data(as_text=True)
        assert world.states() == [State.WRAP_UP]

    def test_the_peer_before_is_out_before_the_next_comes_in(self, world: World) -> None:
        world.volunteer(SAM)
        call, leg = connected(world)
        faults = world.simulator.extensions["network"].faults
        world.volunteer(KIM, "Kim Lake")
        faults.set("call_update_500", -1)
        world.text(SAM, "#pass")
        second = world.answer(KIM, "1")
        world.pass_time(6)
        assert not world.talking(call, leg, second)
        faults.set("call_update_500", 0)
        world.pass_time(20)
        assert world.talking(call, second)
        assert leg.is_over

    def test_a_choice_that_was_ordered_does_not_part_who_talk(self, world: World) -> None:
        call = world.call(ANN)
        faults = world.simulator.extensions["network"].faults
        faults.set("call_update_500", -1)
        world.pass_time(20)
        world.volunteer(SAM)
        leg = world.answer(SAM, "1")
        world.pass_time(5)
        faults.set("call_update_500", 0)
        world.pass_time(15)
        assert world.talking(call, leg)

    def test_a_question_that_fails_holds_up_nothing(self, world: World) -> None:
        world.volunteer(SAM)
        faults = world.simulator.extensions["network"].faults
        call, leg = connected(world)
        faults.set("call_lost", -1)
        world.pass_time(60)
        assert world.talking(call, leg)
        assert world.states() == [State.ACTIVE]

    def test_who_hangs_up_at_the_end_of_a_message_keeps_their_place(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "1")
        world.pass_time(15)
        world.hang_up(call)
        world.pass_time(2)
        assert world.states() == [State.WAITING]
        world.volunteer(SAM)
        world.pass_time(1)
        assert "waits to be called back" in world.inbox(SAM)[-1]

    def test_nobody_is_rung_for_a_caller_who_leaves_a_message(self, world: World) -> None:
        call = world.call(ANN)
        world.pass_time(25)
        world.press(call, "1")
        world.volunteer(SAM)
        world.pass_time(30)
        assert world.ringing(SAM) is None
        assert world.inbox(SAM) == []
        assert call.doing == "is being recorded"

    def test_calling_again_and_leaving_keeps_the_promise(self, world: World) -> None:
        promised(world)
        again = world.call(ANN)
        world.pass_time(2)
        world.hang_up(again)
        world.volunteer(SAM)
        world.pass_time(1)
        assert "waits to be called back" in world.inbox(SAM)[-1]

    def test_stop_takes_back_a_promised_call(self, world: World) -> None:
        promised(world)
        world.text(ANN, "STOP")
        world.volunteer(SAM)
        world.pass_time(30)
        assert world.inbox(SAM) == []
        assert world.states() == [State.ABANDONED]

    def test_the_person_is_called_back_though_no_report_said_they_had_gone(
        self, world: World
    ) -> None:
        world.volunteer(SAM)
        world.told.lost = {"/voice/status"}
        promised(world, 25)
        world.text(SAM, "1")
        leg = world.answer(SAM, "1")
        back = world.answer(ANN, "1")
        world.pass_time(5)
        assert world.talking(leg, back)

    def test_who_was_called_back_and_loses_their_peer_is_given_the_choice(
        self, world: World
    ) -> None:
        world.volunteer(SAM)
        promised(world, 25)
        world.text(SAM, "1")
        leg = world.answer(SAM, "1")
        back = world.answer(ANN, "1")
        world.pass_time(10)
        world.hang_up(leg)
        world.text(SAM, "#off")
        world.pass_time(160)
        assert "No peer is free" in said(back)
        assert not back.is_over

    def test_idle_texts_do_not_end_a_call(self, make_world: MakeWorld) -> None:
        world = make_world(helpline_idle_close_seconds=120)
        world.volunteer(SAM)
        world.together(ANN, SAM)
        world.text(SAM, "#call")
        leg = world.answer(SAM, "1")
        back = world.answer(ANN, "1")
        world.pass_time(400)
        assert world.talking(leg, back)

    def test_a_dial_that_is_given_up_frees_the_way(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(ANN, SAM)
        faults = world.simulator.extensions["network"].faults
        faults.set("call_500", -1)
        world.text(SAM, "#call")
        world.pass_time(150)
        faults.set("call_500", 0)
        world.text(SAM, "#call")
        world.pass_time(3)
        assert world.ringing(SAM)

    def test_nothing_is_dialled_after_the_caller_has_gone(self, world: World) -> None:
        world.volunteer(SAM)
        faults = world.simulator.extensions["network"].faults
        faults.set("call_500", 2)
        call = world.call(ANN)
        world.hang_up(call)
        before = len([line for line in world.rest if line.endswith("/Calls.json")])
        world.pass_time(20)
        placed = [line for line in world.rest if line.endswith("/Calls.json")]
        assert len(placed) == before

    def test_turns_that_nobody_took_are_given_back(self, make_world: MakeWorld) -> None:
        world = make_world(helpline_ring_strategy="all")
        for place in range(8):
            world.volunteer(f"+120255561{place:02}")
        call = world.call(ANN)
        world.pass_time(1)
        world.hang_up(call)
        world.call(BEN)
        world.pass_time(3)
        assert any(world.ringing(f"+120255561{place:02}") for place in range(8))

    def test_a_volunteer_is_free_again_after_a_call_of_their_own(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(SAM)
        world.text(SAM, "#on")
        world.hang_up(call)
        world.pass_time(2)
        world.text(BEN, "hello")
        assert "Reply 1" in world.inbox(SAM)[-1]

    def test_a_volunteer_who_calls_back_a_missed_call_rings_nobody(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(KIM, "Kim Lake")
        call = world.call(SAM)
        world.pass_time(8)
        assert "missed it, just end this call" in said(call)
        assert world.ringing(KIM) is None
        world.hang_up(call)
        world.pass_time(30)
        assert world.ringing(KIM) is None
        assert world.states() == [State.ABANDONED]

    def test_a_volunteer_who_needs_a_peer_gets_one(self, world: World) -> None:
        world.volunteer(SAM)
        world.volunteer(KIM, "Kim Lake")
        call = world.call(SAM)
        world.pass_time(8)
        world.press(call, "1")
        leg = world.answer(KIM, "1")
        world.pass_time(15)
        assert world.talking(call, leg)
        assert world.ringing(SAM) is None

    def test_a_late_1_to_a_ringing_phone_goes_to_nobody_else(self, one_number: World) -> None:
        world = one_number
        world.volunteer(SAM, max_conversations="2")
        world.together(ANN, SAM)
        world.pass_time(1)
        call = world.call(BEN)
        world.pass_time(2)
        assert world.ringing(SAM)
        world.hang_up(call)
        world.pass_time(1)
        before = world.inbox(ANN)
        world.text(SAM, "1")
        assert world.inbox(ANN) == before
        assert "Somebody else has this one already" in world.inbox(SAM)[-1]


class TestCallByText:
    def test_call_rings_the_peer_then_the_person_and_hides_both(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(ANN, SAM)
        world.text(SAM, "#call")
        world.pass_time(2)
        leg = world.answer(SAM, "1")
        world.pass_time(3)
        back = world.answer(ANN, "1")
        world.pass_time(5)
        assert world.talking(back, leg)
        assert {leg.sender, back.sender} == {LINE}
        world.text(SAM, "and in writing")
        assert world.inbox(ANN)[-1] == "and in writing"
        world.hang_up(back)
        world.pass_time(40)
        assert leg.is_over
        assert world.states() == [State.ACTIVE]
        assert open_legs(world) == 0

    def test_a_person_who_does_not_answer_is_told_to_the_peer(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(ANN, SAM)
        world.exchange.behaviours[ANN] = "no-answer"
        world.text(SAM, "#call")
        world.pass_time(2)
        world.answer(SAM, "1")
        world.pass_time(40)
        assert "did not answer" in world.inbox(SAM)[-1]
        assert world.states() == [State.ACTIVE]

    def test_who_opted_out_is_not_called(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(ANN, SAM)
        world.text(ANN, "STOP")
        world.text(SAM, "#call")
        world.pass_time(5)
        assert "cannot call" in world.inbox(SAM)[-1]
        assert world.exchange.calls == {}

    def test_twice_is_one_call(self, world: World) -> None:
        world.volunteer(SAM)
        world.together(ANN, SAM)
        world.text(SAM, "#call")
        world.text(SAM, "#call")
        world.pass_time(3)
        assert len(world.exchange.calls) == 1


class TestAlertsByCall:
    def test_after_the_second_round_leads_are_called_and_a_press_acknowledges(
        self, world: World
    ) -> None:
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        world.text(ANN, "I am going to end my life tonight")
        for _ in range(2):
            world.pass_time(61)
        leg = world.answer(LEAD)
        assert "Press 1 to take the alert" in said(leg)
        world.press(leg, "1")
        world.pass_time(10)
        assert "The alert is yours" in said(leg)
        assert any("is yours" in text for text in world.inbox(LEAD))
        before = len(world.exchange.calls)
        world.pass_time(200)
        assert len(world.exchange.calls) == before

    def test_a_voicemail_box_cannot_acknowledge(self, world: World) -> None:
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        world.exchange.behaviours[LEAD] = "voicemail"
        world.text(ANN, "I am going to end my life tonight")
        world.pass_time(400)
        assert events(world, Kind.ALERT_ACKNOWLEDGED) == 0
        assert len(world.exchange.calls) >= 3

    def test_who_is_still_rung_is_let_go_when_another_has_it(self, world: World) -> None:
        world.volunteer(LEAD, "Lea Marsh", role="lead")
        world.volunteer(KIM, "Kim Lake", role="lead")
        world.text(ANN, "I am going to end my life tonight")
        world.pass_time(122)
        assert world.ringing(LEAD)
        assert world.ringing(KIM)
        world.text(KIM, "1")
        world.pass_time(3)
        assert world.ringing(LEAD) is None


class TestWhateverComes:
    def test_a_call_that_comes_twice_is_one_call(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        form = {"CallSid": call.sid, "From": ANN, "To": LINE, "CallStatus": "ringing"}
        for _ in range(3):
            answer = world.post("/twilio/voice", form)
            assert answer.status_code == 200
            world.settle()
        world.pass_time(5)
        assert len(world.conversations()) == 1
        placed = [each for each in world.exchange.calls.values() if each.to == SAM]
        assert len(placed) == 1

    def test_a_press_before_the_call_was_read_is_understood(self, world: World) -> None:
        form = {"CallSid": "CA" + "1" * 32, "From": ANN, "To": LINE, "CallStatus": "in-progress"}
        world.post("/twilio/voice", form)
        answer = world.post("/twilio/voice/menu", {**form, "Digits": "2"})
        assert "called back" in answer.get_data(as_text=True)
        world.settle()
        assert len(world.conversations()) == 1

    @pytest.mark.parametrize(
        "path",
        [
            "/twilio/voice",
            "/twilio/voice/menu",
            "/twilio/voice/status",
            "/twilio/voice/conference",
            "/twilio/voice/recording",
            "/twilio/voice/leg/abc/status",
        ],
    )
    def test_what_lacks_its_name_is_refused_and_changes_nothing(
        self, world: World, path: str
    ) -> None:
        assert world.post(path, {"From": ANN}).status_code == 400
        world.settle()
        assert world.conversations() == []

    def test_an_unsigned_call_is_refused(self, world: World) -> None:
        form = {"CallSid": "CA" + "1" * 32, "From": ANN, "To": LINE}
        assert world.client.post("/twilio/voice", data=form).status_code == 403
        assert world.client.post("/twilio/voice/leg/x/answer", data=form).status_code == 403
        world.settle()
        assert world.conversations() == []

    def test_a_leg_that_nobody_knows_is_ended(self, world: World) -> None:
        answer = world.post("/twilio/voice/leg/nothing/answer", {"CallSid": "CA" + "2" * 32})
        assert "<Hangup" in answer.get_data(as_text=True)

    def test_no_report_at_all_and_the_sweep_puts_it_right(self, world: World) -> None:
        world.volunteer(SAM)
        world.told.lost = {"/status", "/conference", "/after"}
        call, leg = connected(world)
        world.hang_up(call)
        world.pass_time(5)
        world.told.lost |= {"/over"}
        world.pass_time(100)
        assert leg.is_over
        assert world.states() == [State.WRAP_UP]
        assert open_legs(world) == 0

    def test_a_join_that_fails_does_not_strand_the_caller(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.pass_time(3)
        leg = world.answer(SAM)
        world.told.lost = {"/key"}
        world.press(leg, "1")
        assert leg.is_over
        world.told.lost = set()
        world.pass_time(40)
        assert not call.is_over
        again = world.answer(SAM, "1")
        world.pass_time(20)
        assert world.talking(call, again)

    def test_a_carrier_that_hangs_after_taking_is_asked_before_it_dials_again(
        self, world: World
    ) -> None:
        world.volunteer(SAM)
        faults = world.simulator.extensions["network"].faults
        faults.set("call_500", 2)
        world.call(ANN)
        world.pass_time(5)
        assert world.ringing(SAM)
        assert any(line.startswith("GET") and "Calls.json" in line for line in world.rest)

    def test_what_is_held_about_a_caller_can_be_shown_and_erased(self, world: World) -> None:
        world.volunteer(SAM)
        call = world.call(ANN)
        world.pass_time(3)
        world.press(call, "2")
        leg = world.answer(SAM, "1")
        world.pass_time(GREETING)
        with world.wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            held = export_person(desk, line_id, PhoneNumber(ANN))
            assert held["conversations"][0]["calls"][0]["kind"] == "caller"
        with pytest.raises(OnThePhone), world.wires.desk() as desk:
            erase_person(desk, line_id, PhoneNumber(ANN))
        world.hang_up(call)
        world.pass_time(15)
        assert leg.is_over
        with world.wires.desk() as desk:
            gone = erase_person(desk, line_id, PhoneNumber(ANN))
        assert gone["call_legs"] == 2
        world.settle()
        assert call.sid not in world.exchange.calls
        with world.session() as session:
            assert session.scalars(select(CallOrder)).all() == []


REAL = ("initiated", "ringing", "in-progress", "completed")


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    order=st.permutations(REAL),
    twice=st.sets(st.sampled_from(REAL)),
    missing=st.sets(st.sampled_from(REAL[:3])),
    pressed=st.booleans(),
)
def test_reports_in_any_order_lead_to_the_same_state(
    world: World, order: list[str], twice: set[str], missing: set[str], *, pressed: bool
) -> None:
    """The peer's leg ends: whatever else is told, and when, they are free and the caller waits."""
    person = f"+1202555{random.randint(5000, 9999)}"
    peer = f"+1202556{next(NUMBERS)}"
    world.volunteer(peer)
    world.told.lost = {"/leg/", "/conference"} - ({"/leg/"} if pressed else set())
    call = world.call(person)
    world.pass_time(3)
    ringing = world.ringing(peer)
    assert ringing is not None
    with world.session() as session:
        token = session.scalars(select(CallLeg.token).where(CallLeg.sid == ringing.sid)).one()
    if pressed:
        world.answer(peer, "1")
    world.told.lost = {"/leg/", "/conference"}
    reports = [status for status in order if status not in missing]
    for status in [each for each in reports for _ in range(1 + (each in twice))]:
        form = {"CallSid": ringing.sid, "CallStatus": status, "From": LINE, "To": peer}
        assert world.post(f"/twilio/voice/leg/{token}/status", form).status_code == 204
        world.settle()
    with world.session() as session:
        leg = session.scalars(select(CallLeg).where(CallLeg.token == token)).one()
        assert leg.state == "ended"
        held = session.scalars(select(Place.conversation_id)).all()
    if not pressed:
        assert held == []
    world.told.lost = set()
    world.exchange.hang_up(call.sid)
    world.pass_time(5)
    with world.session() as session:
        open_now = session.scalars(select(CallLeg).where(CallLeg.state != "ended")).all()
        assert [each.id for each in open_now] == []
    for each in world.exchange.calls.values():
        if not each.is_over:
            world.exchange.hang_up(each.sid)
    world.text(peer, "#off")
    world.pass_time(2)


NUMBERS = itertools.count(1000)
