"""The simulator's web application: REST for the product, phones for people."""

from __future__ import annotations

import json
import os
import queue
from collections.abc import Callable, Iterator

from flask import Blueprint, Flask, Response, jsonify, render_template, request, url_for

from helpline.simulator import rest_calls
from helpline.simulator.exchange import BEHAVIOURS, Outside, shown
from helpline.simulator.faults import NAMES
from helpline.simulator.network import Account, Network, Phone, public
from helpline.simulator.rest import network

STREAM_SECONDS = 15
MOST_CALLS_SHOWN = 200
KEYS = "0123456789*#"
PICTURES = ("sunrise", "dog", "tea")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)

blueprint = Blueprint("phones", __name__)


@blueprint.get("/")
def phones() -> str:
    """The phones, side by side."""
    return render_template("phones.html")


@blueprint.get("/sim/state")
def state() -> Response:
    """Everything: phones, the account's numbers, every text and call."""
    net = network()
    return jsonify(
        phones=[vars(phone) for phone in net.phones],
        numbers=net.account.numbers,
        texts=[public(text) for text in sorted(net.texts.values(), key=lambda each: each.number)],
        calls=[shown(call) for call in list(net.exchange.calls.values())[-MOST_CALLS_SHOWN:]],
        behaviours=BEHAVIOURS,
        behaves=net.exchange.behaviours,
        pictures=[url_for("static", filename=f"{name}.svg", _external=True) for name in PICTURES],
        faults=NAMES,
    )


@blueprint.post("/sim/texts")
def write() -> tuple[Response, int]:
    """Somebody texts: JSON with `sender`, `to`, `body`, and if wanted `media`."""
    asked = request.get_json(silent=True) or {}
    sender, to = str(asked.get("sender", "")), str(asked.get("to", ""))
    if not sender or to not in network().account.numbers:
        return jsonify(error="sender and to are needed; to is one of the account's numbers"), 400
    body = str(asked.get("body", ""))[:1600]
    text = network().write(sender, to, body, [str(url) for url in asked.get("media", [])][:10])
    return jsonify(public(text)), 201


@blueprint.post("/sim/calls")
def call() -> tuple[Response, int]:
    """Somebody calls: JSON with `sender` (or `anonymous`) and `to`."""
    asked = request.get_json(silent=True) or {}
    sender, to = str(asked.get("sender", "")), str(asked.get("to", ""))
    if not sender or to not in network().account.numbers:
        return jsonify(error="sender and to are needed; to is one of the account's numbers"), 400
    return jsonify(shown(network().exchange.dial_in(sender, to))), 201


@blueprint.post("/sim/calls/<sid>/<act>")
def act_on_call(sid: str, act: str) -> tuple[Response, int]:
    """What is done on a phone: `answer`, `decline`, `hang-up`, or `press` with JSON `key`."""
    exchange = network().exchange
    key = str((request.get_json(silent=True) or {}).get("key", ""))
    acts: dict[str, Callable[[str], None]] = {
        "answer": exchange.pick_up,
        "decline": exchange.decline,
        "hang-up": exchange.hang_up,
        "press": lambda sid: exchange.press(sid, key),
    }
    if sid not in exchange.calls:
        return jsonify(error="there is no such call"), 404
    if act not in acts or (act == "press" and (len(key) != 1 or key not in KEYS)):
        return jsonify(error=f"acts are {', '.join(acts)}; a key is one of {KEYS}"), 400
    acts[act](sid)
    return jsonify(shown(exchange.calls[sid])), 200


@blueprint.post("/sim/behaviours")
def behave() -> tuple[Response, int]:
    """How phones behave when they are called: JSON of number to a behaviour."""
    asked = request.get_json(silent=True) or {}
    if any(each not in BEHAVIOURS for each in asked.values()):
        return jsonify(error=f"behaviours are {', '.join(BEHAVIOURS)}"), 400
    network().exchange.behaviours.update({str(number): how for number, how in asked.items()})
    return jsonify(network().exchange.behaviours), 200


@blueprint.post("/sim/pace")
def set_pace() -> tuple[Response, int]:
    """How fast the exchange's time goes: JSON `pace`, 1 as in life, 0.1 ten times as fast."""
    pace = (request.get_json(silent=True) or {}).get("pace")
    if not isinstance(pace, int | float) or not 0 < pace <= 10:
        return jsonify(error="pace is a number above 0 and up to 10"), 400
    network().exchange.pace = float(pace)
    return jsonify(pace=pace), 200


@blueprint.post("/sim/phones")
def add_phone() -> tuple[Response, int]:
    """One more phone: JSON with `number`, `name`, `role`."""
    asked = request.get_json(silent=True) or {}
    phone = Phone(str(asked.get("number")), str(asked.get("name", "")), str(asked.get("role", "")))
    if not phone.number.startswith("+"):
        return jsonify(error="number should begin with +"), 400
    if phone.number not in [each.number for each in network().phones]:
        network().phones.append(phone)
    return jsonify(vars(phone)), 201


@blueprint.post("/sim/faults")
def set_faults() -> tuple[Response, int]:
    """Faults to come: JSON of name to how many times, -1 for until further notice."""
    asked = request.get_json(silent=True) or {}
    if any(name not in NAMES for name in asked):
        return jsonify(error=f"faults are {', '.join(NAMES)}"), 400
    for name, times in asked.items():
        network().faults.set(name, int(times))
    return jsonify(network().faults.left), 200


@blueprint.get("/sim/events")
def events() -> Response:
    """Every change as it happens, as server-sent events; ends after a quarter of a minute idle."""
    net = network()
    listener = net.listen()

    def stream() -> Iterator[str]:
        try:
            yield "retry: 500\n\n"
            while True:
                try:
                    news = listener.get(timeout=STREAM_SECONDS)
                except queue.Empty:
                    yield ": still here\n\n"
                    continue
                yield f"data: {json.dumps(news)}\n\n"
        finally:
            net.stop_listening(listener)

    return Response(stream(), mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})


def create_app(
    account: Account | None = None,
    phones: list[Phone] | None = None,
    outside: Outside | None = None,
) -> Flask:
    """The simulator, by default as the environment says, and in real time.

    That is `SIM_ACCOUNT_SID`, `SIM_AUTH_TOKEN`, `SIM_NUMBERS` (comma-separated), `SIM_WEBHOOK`,
    `SIM_VOICE_WEBHOOK`, `SIM_VOICE_STATUS` and `SIM_PHONES` (JSON).
    """
    if account is None:
        account = Account(
            sid=os.environ["SIM_ACCOUNT_SID"],
            token=os.environ["SIM_AUTH_TOKEN"],
            numbers=tuple(os.environ["SIM_NUMBERS"].split(",")),
            webhook=os.environ["SIM_WEBHOOK"],
            voice=os.environ.get("SIM_VOICE_WEBHOOK", ""),
            voice_status=os.environ.get("SIM_VOICE_STATUS", ""),
        )
        phones = [Phone(**each) for each in json.loads(os.environ.get("SIM_PHONES", "[]"))]
    app = Flask(__name__)
    app.extensions["network"] = Network(account, phones or [], outside=outside)
    app.register_blueprint(rest_calls.blueprint)
    app.register_blueprint(blueprint)
    app.after_request(_add_headers)
    return app


def _add_headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
