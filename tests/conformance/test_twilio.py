"""Our REST traffic, the simulator's answers and our TwiML against Twilio's own descriptions.

The judges lie beside the checkout in the workplace where this is built; elsewhere these tests are
skipped. Nothing of them is part of the project.
"""

from __future__ import annotations

import importlib.util
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from werkzeug.serving import make_server

from helpline.carrier.gateway import TwilioCarrier
from helpline.carrier.twiml import NOTHING_TO_SAY
from helpline.domain.phone import PhoneNumber
from helpline.ports import CarrierIsBusy, CarrierIsUnsure, CarrierSaysNo, TextToSend
from helpline.simulator.app import create_app
from helpline.simulator.network import Account
from helpline.simulator.rest import network
from tests.conftest import ACCOUNT, NUMBERS, TOKEN

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
    assert findings == []


@judged
def test_our_twiml_is_what_twilio_defines() -> None:
    assert load("twiml_judge").judge(NOTHING_TO_SAY, "messaging") == []


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
