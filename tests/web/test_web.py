"""What Twilio, monitors and readers get from the web process."""

from __future__ import annotations

import threading
from urllib.parse import urlencode

import pytest
from redis import Redis
from sqlalchemy import func, select, text

from helpline.carrier.signatures import Signatures
from helpline.simulator.signing import sign
from helpline.storage import liveness
from helpline.storage.models import Inbound
from helpline.web.app import create_app
from helpline.wiring import make_wires
from tests.conftest import TOKEN, make_settings
from tests.world import LINE, World

PERSON, SAM = "+12025550150", "+12025550111"


def kept(world: World) -> int:
    with world.session() as session:
        return session.scalar(select(func.count()).select_from(Inbound)) or 0


def test_a_signed_text_is_answered_with_an_empty_response(world: World) -> None:
    answer = world.drop_in(PERSON, "hi")
    assert answer.status_code == 200
    assert answer.mimetype == "text/xml"
    assert answer.get_data(as_text=True).replace(" ", "").endswith("<Response/>")
    assert kept(world) == 1


@pytest.mark.parametrize("signature", ["", "wrong", sign("another token", "https://x/", {})])
@pytest.mark.parametrize("path", ["/twilio/sms", "/twilio/status/abc"])
def test_without_a_valid_signature_nothing_is_kept(world: World, signature: str, path: str) -> None:
    form = {"MessageSid": "SM1", "From": PERSON, "To": LINE, "Body": "hi", "MessageStatus": "sent"}
    headers = {"X-Twilio-Signature": signature} if signature else {}
    assert world.client.post(path, data=form, headers=headers).status_code == 403
    assert kept(world) == 0


def test_a_changed_text_is_refused(world: World) -> None:
    form = {"MessageSid": "SM1", "From": PERSON, "To": LINE, "Body": "hi"}
    signature = sign(TOKEN, "https://help.example.org/twilio/sms", form)
    answer = world.client.post(
        "/twilio/sms", data={**form, "Body": "bye"}, headers={"X-Twilio-Signature": signature}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "query",
    ["", "?a=1", "?name=J%C3%B8rgen", "?q=%7Bx%7D", "?u=https%3A%2F%2Fx", "?a=%2B1&a=2", "?x="],
)
def test_the_raw_query_is_what_is_signed(world: World, query: str) -> None:
    form = {"MessageSid": f"SM{query}", "From": PERSON, "To": LINE, "Body": " padded "}
    assert world.post("/twilio/sms" + query, form).status_code == 200


def test_each_accepted_token_signs(world: World, servers: tuple[str, str]) -> None:
    world.__exit__()
    both = World(world.wires.engine, make_settings(servers, twilio_auth_token=("new", TOKEN)))
    with both:
        for token in ("new", TOKEN):
            form = {"MessageSid": f"SM{token}", "From": PERSON, "To": LINE, "Body": "hi"}
            assert both.post("/twilio/sms", form, token=token).status_code == 200
        assert both.post("/twilio/sms", form, token="old").status_code == 403


def test_a_vector_that_is_not_ours_passes() -> None:
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    signatures = Signatures(["12345"], "https://example.com")
    assert signatures.are_right("/myapp.php?foo=1&bar=2", form, "L/OH5YylLD5NRKLltdqwSvS0BnU=")


def test_every_twilio_route_checks_the_signature(world: World) -> None:
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith("/twilio/"):
            path = rule.rule.replace("<token>", "x").replace("<page>", "bye")
            assert world.client.post(path).status_code == 403, path


def test_the_only_open_routes_are_listed(world: World) -> None:
    open_routes = {
        rule.rule for rule in world.app.url_map.iter_rules() if not rule.rule.startswith("/twilio/")
    }
    assert open_routes == {
        "/",
        "/privacy",
        "/sound/waiting.wav",
        "/v/voicemail/<link>",
        "/v/voicemail/<link>/sound",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/<path:filename>",
    }


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/twilio/sms", {"From": PERSON, "Body": "no sid"}),
        ("/twilio/status/x", {"MessageSid": "SM1"}),
        ("/twilio/status/x", {"MessageSid": "SM1", "MessageStatus": "dancing"}),
    ],
)
def test_a_signed_request_that_is_no_event_gets_400(
    world: World, path: str, form: dict[str, str]
) -> None:
    assert world.post(path, form).status_code == 400
    assert kept(world) == 0


def test_an_oversize_body_is_refused(world: World) -> None:
    assert world.drop_in(PERSON, "a" * 70_000).status_code == 413
    assert kept(world) == 0


def test_unknown_parameters_are_signed_and_accepted(world: World) -> None:
    answer = world.drop_in(PERSON, "hi", FromCity="SPRINGFIELD", NewThing="😀 +&=", Empty="")
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_other_methods_are_refused(world: World, method: str) -> None:
    assert getattr(world.client, method)("/twilio/sms").status_code in (403, 405)


def test_a_text_repeated_twenty_times_at_once_is_kept_once(world: World) -> None:
    form = {"MessageSid": "SMonce", "From": PERSON, "To": LINE, "Body": "hi"}
    signature = sign(TOKEN, "https://help.example.org/twilio/sms", form)
    gate, answers = threading.Barrier(20), []

    def post() -> None:
        gate.wait()
        client = world.app.test_client()
        answer = client.post("/twilio/sms", data=form, headers={"X-Twilio-Signature": signature})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=post) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
    assert kept(world) == 1


def test_the_door_rings_only_for_what_is_new(world: World) -> None:
    world.drop_in(PERSON, "hi", sid="SM1")
    world.drop_in(PERSON, "hi", sid="SM1")
    assert world.wires.bell.rung == ["default"]  # type: ignore[attr-defined]


def test_healthz(world: World) -> None:
    assert world.client.get("/healthz").status_code == 200


def test_readyz_says_what_is_missing(world: World, redis: Redis) -> None:
    assert redis.ping()
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"ready": False, "missing": ["worker", "clock"]}
    with world.wires.sessions.begin() as session:
        liveness.beat(session, "worker", "a")
        liveness.beat(session, "clock", "b")
    assert world.client.get("/readyz").status_code == 200


def test_readyz_without_servers(world: World, servers: tuple[str, str]) -> None:
    away = make_settings(
        ("postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1", "redis://127.0.0.1:1")
    )
    answer = create_app(make_wires(away)).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["missing"] == ["database", "worker", "clock", "redis"]


def test_metrics_count_and_name_nobody(world: World) -> None:
    world.volunteer(SAM)
    world.text(PERSON, "secret words")
    world.text("+12025550151", "hi")
    body = world.client.get("/metrics").get_data(as_text=True)
    for line in (
        "helpline_waiting 2.0",
        "helpline_on_duty 1.0",
        "helpline_free 0.0",
        'helpline_offers_total{outcome="pending"} 1.0',
        'helpline_texts_total{state="sent"} 3.0',
        "helpline_outbox_lag_seconds 0.0",
    ):
        assert line in body
    for secret in (PERSON, SAM, "secret", "Sam"):
        assert secret not in body


@pytest.mark.parametrize("path", ["/", "/privacy"])
def test_the_public_page(world: World, path: str) -> None:
    english = world.client.get(path)
    assert LINE in english.get_data(as_text=True)
    assert "911" in english.get_data(as_text=True)
    spanish = world.client.get(path, headers={"Accept-Language": "es"})
    assert "Privacidad" in spanish.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/nothing", "/static/pages.css"])
def test_every_answer_is_guarded(world: World, path: str) -> None:
    answer = world.client.get(path)
    answer.close()
    headers = answer.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("serve", "has", "has_not"),
    [("webhooks", "/twilio/sms", "/"), ("site", "/", "/twilio/sms"), ("all", "/", "/nothing")],
)
def test_webhooks_and_site_can_be_served_apart(
    world: World, servers: tuple[str, str], serve: str, has: str, has_not: str
) -> None:
    app = create_app(make_wires(make_settings(servers, helpline_serve=serve)))
    client = app.test_client()
    assert client.get(has).status_code != 404
    assert client.get(has_not).status_code == 404
    assert client.get("/healthz").status_code == 200


def test_a_form_is_read_as_twilio_encodes_it(world: World) -> None:
    body = urlencode({"MessageSid": "SM9", "From": PERSON, "To": LINE, "Body": "ünïcödé 👍\n"})
    signature = sign(
        TOKEN,
        "https://help.example.org/twilio/sms",
        {"MessageSid": "SM9", "From": PERSON, "To": LINE, "Body": "ünïcödé 👍\n"},
    )
    answer = world.client.post(
        "/twilio/sms",
        data=body,
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signature},
    )
    assert answer.status_code == 200


def test_the_door_waits_for_a_database_that_restarts(world: World) -> None:
    with world.wires.engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    assert world.drop_in(PERSON, "hi").status_code == 200
    assert kept(world) == 1
