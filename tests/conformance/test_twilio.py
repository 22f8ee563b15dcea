"""Our REST traffic, the simulator's answers and our TwiML against Twilio's own descriptions.

The judges lie beside the checkout in the workplace where this is built; elsewhere these tests are
skipped. Nothing of them is part of the project.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from helpline.carrier.gateway import TwilioCarrier
from helpline.carrier.twiml import NOTHING_TO_SAY, render
from helpline.domain.phone import PhoneNumber
from helpline.ports import (
    CallToPlace,
    CarrierIsBusy,
    CarrierIsUnsure,
    CarrierSaysNo,
    TextToSend,
)
from helpline.services.call_scripts import Scripts
from helpline.simulator.app import create_app
from helpline.simulator.network import Account
from helpline.simulator.rest import network
from helpline.wiring import load_wording, make_house
from tests.conftest import ACCOUNT, NUMBERS, TOKEN, make_settings

TOOLS = Path(__file__).parent.parent.parent.parent / "shared" / "tools"
JUDGES_ARE_HERE = (TOOLS / "oai_judge.py").exists()
judged = pytest.mark.skipif(not JUDGES_ARE_HERE, reason="the judges are not beside this checkout")
pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("conformance")]
PERSON = "+12025550150"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Simulator:
    """The simulator on a port, and a carrier that talks to it."""

    def __init__(self) -> None:
        account = Account(ACCOUNT, TOKEN, NUMBERS, "http://127.0.0.1:9/none")
        self.app = create_app(account, [])
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.exchange = self.app.extensions["network"].exchange
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.carrier = TwilioCarrier(ACCOUNT, TOKEN, self.url, timeout_seconds=2, connections=4)

    def faults(self, **how: int) -> None:
        requests.post(f"{self.url}/sim/faults", json=how, timeout=5).raise_for_status()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.server.shutdown()
    simulator.thread.join()
    simulator.server.server_close()


def a_text(body: str = "hello", to: str = PERSON, **more: Any) -> TextToSend:
    facts = {"sender": NUMBERS[0], "media": (), "report_url": "http://127.0.0.1:9/x", **more}
    return TextToSend(to=PhoneNumber(to), body=body, **facts)


@judged
def test_rest_traffic_is_what_twilio_describes_both_ways(simulator: Simulator) -> None:
    findings: list[dict[str, Any]] = []
    judge = load("oai_judge").Judge()
    session = simulator.carrier._client.http_client.session
    send = session.send

    def watched(prepared: requests.PreparedRequest, **how: Any) -> requests.Response:
        real = prepared.url
        prepared.url = str(real).replace(simulator.url, judge.server)
        findings.extend(judge.request(prepared))
        prepared.url = real
        answer: requests.Response = send(prepared, **how)
        prepared.url = str(real).replace(simulator.url, judge.server)
        findings.extend(judge.response(prepared, answer))
        prepared.url = real
        return answer

    session.send = watched
    sid = simulator.carrier.send_text(a_text())
    simulator.carrier.send_text(a_text("", media=("https://media.example.org/a",)))
    time.sleep(0.5)
    assert simulator.carrier.find_text(a_text(), datetime.now(UTC), []) == sid  # noqa: TID251
    simulator.carrier.delete_copy(sid)
    call = a_call()
    sid = simulator.carrier.place_call(call)
    time.sleep(0.6)
    assert simulator.carrier.find_call(call, datetime.now(UTC)) == sid  # noqa: TID251
    assert simulator.carrier.ask_about_call(sid) == "ringing"
    simulator.exchange.pick_up(sid)
    simulator.carrier.move_call(sid, "http://127.0.0.1:9/page")
    simulator.carrier.end_call(sid)
    simulator.carrier.end_call(sid)
    assert simulator.carrier.ask_about_call(sid) == "completed"
    assert simulator.carrier.voice_urls(NUMBERS[0]) is not None
    simulator.carrier.delete_copy(sid)
    assert simulator.carrier.ask_about_call(sid) is None
    assert findings == []


def a_call(to: str = PERSON) -> CallToPlace:
    return CallToPlace(to, NUMBERS[0], "http://127.0.0.1:9/a", "http://127.0.0.1:9/s", 20)


@judged
def test_our_answer_to_a_text_is_what_twilio_defines() -> None:
    assert load("twiml_judge").judge(NOTHING_TO_SAY, "messaging") == []


@judged
@pytest.mark.parametrize("records", [False, True])
def test_all_that_is_heard_on_the_phone_is_what_twilio_defines(
    servers: tuple[str, str], *, records: bool
) -> None:
    """Every script there is, in every language, in the place where it is run."""
    wording = load_wording("en")
    house = replace(
        make_house(make_settings(servers, helpline_record_calls=records)), wording=wording
    )
    judge = load("twiml_judge").judge
    for language in (None, *wording.texts):
        scripts = Scripts(house, language)
        phone = PhoneNumber(PERSON)
        for script in (
            scripts.greeting(phone, "h-1"),
            scripts.greeting(None, "h-1"),
            scripts.waiting_room("h-1", recorded=records),
            scripts.instead(withheld=True, room="h-1"),
            scripts.choice(phone, can_call=True),
            scripts.choice(None, can_call=False),
            scripts.alone(),
            scripts.bye(),
            scripts.crisis_line("988", NUMBERS[0]),
            scripts.down(),
            scripts.ask_volunteer(),
            scripts.trouble(None, "https://help.example.org/twilio/voice"),
            scripts.ask_key("t", scripts.say("leg_lead", line="Line")),
            scripts.room("t", "h-1"),
            scripts.room("t", "h-1", ends=True),
            scripts.third("t", "h-1", coach="CA" + "0" * 32),
            scripts.out_of_the_room("t"),
            scripts.star("t"),
            scripts.ask_call_back("t", (scripts.say("leg_caller_gone"),)),
            (),
        ):
            assert judge(render(script), "voice", "inbound") == []
        for script in (scripts.music(0), scripts.music(1), scripts.one_moment()):
            assert judge(render(script), "voice", "conference-wait") == []
        # What stands behind the recording is for a message of nothing, where Twilio's pages
        # do not agree whether it is run.
        found = judge(render(scripts.message()), "voice", "inbound")
        assert found == [("warning", "Response/Say", "unreachable after <Record>")]


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21211),
        ("+15005550002", 21612),
        ("+15005550003", 21408),
        ("+15005550004", 21610),
        ("+15005550009", 21614),
    ],
)
def test_twilios_magic_numbers_refuse(simulator: Simulator, to: str, code: int) -> None:
    with pytest.raises(CarrierSaysNo) as caught:
        simulator.carrier.send_text(a_text(to=to))
    assert caught.value.code == code


def test_what_cannot_be_sent_is_refused(simulator: Simulator) -> None:
    for text, code in ((a_text("x" * 1601), 21617), (a_text(""), 21602)):
        with pytest.raises(CarrierSaysNo) as caught:
            simulator.carrier.send_text(text)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("create_500", CarrierIsUnsure),
        ("create_429", CarrierIsBusy),
        ("create_timeout_after_accepting", CarrierIsUnsure),
        ("down", CarrierIsUnsure),
    ],
)
def test_faults_mean_what_they_mean(
    simulator: Simulator, fault: str, meaning: type[Exception]
) -> None:
    simulator.faults(**{fault: 1})
    with pytest.raises(meaning):
        simulator.carrier.send_text(a_text())


def test_a_text_taken_before_a_time_out_is_found(simulator: Simulator) -> None:
    simulator.faults(create_timeout_after_accepting=1)
    with pytest.raises(CarrierIsUnsure):
        simulator.carrier.send_text(a_text("only once"))
    since = datetime.now(UTC) - timedelta(seconds=5)  # noqa: TID251
    found = simulator.carrier.find_text(a_text("only once"), since, [])
    assert found is not None
    assert simulator.carrier.find_text(a_text("only once"), since, [found]) is None
    assert simulator.carrier.find_text(a_text("something else"), since, []) is None


def test_nobody_listening_is_safe_to_try_again() -> None:
    carrier = TwilioCarrier(ACCOUNT, TOKEN, "http://127.0.0.1:9", timeout_seconds=2, connections=1)
    with pytest.raises(CarrierIsBusy):
        carrier.send_text(a_text())


def test_a_wrong_token_is_not_held_against_the_text(simulator: Simulator) -> None:
    carrier = TwilioCarrier(ACCOUNT, "wrong", simulator.url, timeout_seconds=2, connections=1)
    with pytest.raises(CarrierIsBusy):
        carrier.send_text(a_text())


def test_an_exception_never_holds_a_number_or_a_word(simulator: Simulator) -> None:
    with pytest.raises(CarrierSaysNo) as caught:
        simulator.carrier.send_text(a_text("secret", to="+15005550001"))
    shown = f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert "secret" not in shown
    assert "500555" not in shown


def test_opt_out_words_block_until_start(simulator: Simulator) -> None:
    with simulator.app.app_context():
        net = network()
    net.write(PERSON, NUMBERS[0], " Stop ")
    with pytest.raises(CarrierSaysNo) as caught:
        simulator.carrier.send_text(a_text())
    assert caught.value.code == 21610
    net.write(PERSON, NUMBERS[0], "START")
    assert simulator.carrier.send_text(a_text())


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("+15005550001", 21217),
        ("+15005550002", 21214),
        ("+15005550003", 21215),
        ("+15005550004", 21216),
    ],
)
def test_twilios_magic_numbers_cannot_be_called(simulator: Simulator, to: str, code: int) -> None:
    with pytest.raises(CarrierSaysNo) as caught:
        simulator.carrier.place_call(a_call(to))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        ("call_500", CarrierIsUnsure),
        ("call_429", CarrierIsBusy),
        ("call_timeout_after_accepting", CarrierIsUnsure),
    ],
)
def test_faults_of_calls_mean_what_they_mean(
    simulator: Simulator, fault: str, meaning: type[Exception]
) -> None:
    simulator.faults(**{fault: 1})
    with pytest.raises(meaning):
        simulator.carrier.place_call(a_call())


def test_a_call_that_is_over_cannot_be_moved(simulator: Simulator) -> None:
    sid = simulator.carrier.place_call(a_call())
    simulator.carrier.end_call(sid)
    for gone in (sid, "CA" + "0" * 32):
        with pytest.raises(CarrierSaysNo) as caught:
            simulator.carrier.move_call(gone, "http://127.0.0.1:9/page")
        assert caught.value.code == 21220


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/sim/calls", {"sender": PERSON, "to": "+19995550100"}, 400),
        ("/sim/calls/CA0/answer", {}, 404),
        ("/sim/behaviours", {PERSON: "sings"}, 400),
        ("/sim/pace", {"pace": 0}, 400),
    ],
)
def test_the_simulated_exchange_names_bad_requests(
    simulator: Simulator, path: str, asked: dict[str, object], status: int
) -> None:
    answer = requests.post(simulator.url + path, json=asked, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_deleting_what_is_gone_is_fine(simulator: Simulator) -> None:
    simulator.carrier.delete_copy("SM" + "0" * 32)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/sim/texts", {}),
        ("/sim/texts", {"sender": PERSON, "to": "+19995550100"}),
        ("/sim/phones", {"number": "12"}),
        ("/sim/faults", {"earthquake": 1}),
    ],
)
def test_the_simulator_names_bad_requests(
    simulator: Simulator, path: str, asked: dict[str, object]
) -> None:
    answer = requests.post(simulator.url + path, json=asked, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
