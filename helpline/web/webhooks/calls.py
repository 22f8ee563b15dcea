"""Calls come in here, and every phone in a call asks here what is next.

A call that comes in is kept first, like a text, and greeted without looking anything up; what a
phone asks later is decided in one short transaction and answered at once. When we are not well,
nobody hears silence: they hear so, with the emergency number, and are asked to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import structlog
from flask import Blueprint, Response, abort, request
from flask import current_app as app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import ServiceUnavailable

from config.queues import DEFAULT
from helpline.carrier.payloads import (
    NotAnEvent,
    is_over,
    read_call,
    read_call_state,
    read_recording,
    read_room,
)
from helpline.carrier.twiml import TWIML_TYPE, render
from helpline.domain.calls import LegState
from helpline.domain.phone import NotAPhoneNumber, PhoneNumber
from helpline.domain.script import Leave, Script
from helpline.services import hear_caller, hear_phone
from helpline.services.call_scripts import Scripts
from helpline.services.desk import Desk
from helpline.services.receive_call import IncomingCall, receive_call
from helpline.storage import calls
from helpline.storage.models import CallLeg
from helpline.web.security import raw_uri, require_signature
from helpline.web.webhooks.door import the_door
from helpline.wiring import Wires

# Somebody is listening to nothing meanwhile.
KEEP_TRYING_SECONDS = 3.0

log = structlog.get_logger()
blueprint = Blueprint("calls", __name__, url_prefix="/twilio/voice")
blueprint.before_request(require_signature)


def _wires() -> Wires:
    wires: Wires = app.extensions["wires"]
    return wires


def _say(script: Script) -> Response:
    return Response(render(script), mimetype=TWIML_TYPE)


def _phone() -> PhoneNumber | None:
    try:
        return PhoneNumber(request.form.get("From", ""))
    except NotAPhoneNumber:
        return None


def _trouble() -> Response:
    """Say that something is wrong, and ask the same again in a moment."""
    again = _wires().settings.public_url + raw_uri()
    return _say(Scripts(_wires().house).trouble(_phone(), again))


def _answer(work: Callable[[Desk], Script]) -> Response:
    """Decide in one transaction what is said next."""
    try:
        script = _wires().do(work)
    except (DBAPIError, PoolTimeout) as reason:
        log.error("call_not_answered", fault=type(reason).__name__)
        return _trouble()
    _wires().bell.ring(DEFAULT)
    return _say(script)


def _refuse(what: str) -> NoReturn:
    abort(Response(f"{what}\n", 400, mimetype="text/plain"))


@blueprint.post("")
def call_came() -> Response:
    """`POST /twilio/voice`: a call comes in; it waits for a peer while the greeting is heard."""
    try:
        payload = read_call(request.form)
    except NotAnEvent:
        _refuse("No CallSid.")
    sid, door = str(payload["sid"]), the_door()
    try:
        door.take("call", f"call {sid}", f"call {sid}", payload, seconds=KEEP_TRYING_SECONDS)
    except ServiceUnavailable:
        return _trouble()
    scripts = Scripts(_wires().house)
    return _say(scripts.greeting(_phone(), calls.room_for(door.vault, sid)))


# The caller: known by their call


def _caller(work: Callable[[Desk, CallLeg], Script]) -> Response:
    """Answer a caller, whose call is taken in now if that has not been done yet."""
    try:
        call = IncomingCall.from_payload(read_call(request.form))
    except NotAnEvent:
        _refuse("No CallSid.")

    def decide(desk: Desk) -> Script:
        leg = calls.find_leg_by_sid(desk.session, call.sid)
        if leg is None and request.form.get("Direction", "inbound") != "inbound":
            return (Leave(),)
        if leg is not None and leg.state == LegState.ENDED:
            return (Leave(),)
        return work(desk, leg or receive_call(desk, call))

    return _answer(decide)


def _key() -> str:
    return request.form.get("Digits", "")[:1]


@blueprint.post("/menu")
def menu() -> Response:
    """A key during the greeting."""
    return _caller(lambda desk, leg: hear_caller.press_in_greeting(desk, leg, _key()))


@blueprint.post("/instead")
def instead() -> Response:
    """A call back, or a text, instead of waiting."""
    return _caller(lambda desk, leg: hear_caller.choose_instead(desk, leg, _key()))


@blueprint.post("/room")
def room() -> Response:
    """Into the waiting room, again."""
    return _caller(hear_caller.enter_room)


@blueprint.post("/choice")
def choice() -> Response:
    """Nobody came in time: what else."""
    return _caller(hear_caller.give_choice)


@blueprint.post("/choose")
def choose() -> Response:
    """A message, a call back, or to wait on."""
    return _caller(lambda desk, leg: hear_caller.choose(desk, leg, _key()))


@blueprint.post("/message-left")
def message_left() -> Response:
    """A message was spoken."""
    if is_over(request.form):
        return _after()
    seconds = request.form.get("RecordingDuration", "")
    return _caller(lambda desk, leg: hear_caller.message_left(desk, leg, seconds))


@blueprint.post("/after")
def after() -> Response:
    """The caller is out of the room."""
    return _after()


def _after() -> Response:
    over = is_over(request.form)
    return _caller(lambda desk, leg: hear_caller.after_room(desk, leg, is_over=over))


@blueprint.post("/after-crisis-line")
def after_crisis_line() -> Response:
    """The crisis line has been rung."""
    if is_over(request.form):
        return _after()
    dialled = request.form.get("DialCallStatus", "")
    return _caller(lambda desk, leg: hear_caller.after_crisis_line(desk, leg, dialled))


@blueprint.post("/alone")
def alone() -> Response:
    """The peer has gone and the caller has not."""
    return _caller(lambda desk, leg: hear_caller.scripts_for(desk, leg).alone())


@blueprint.post("/again")
def again() -> Response:
    """The caller stays on the line for another peer."""
    return _caller(hear_caller.look_for_another)


@blueprint.post("/volunteer")
def volunteer() -> Response:
    """Somebody who volunteers here calls: they are asked what for."""
    return _caller(lambda desk, leg: hear_caller.scripts_for(desk, leg).ask_volunteer())


@blueprint.post("/announce/<page>")
def announce(page: str) -> Response:
    """What somebody hears in a room, without leaving it."""
    if page not in hear_caller.ANNOUNCEMENTS:
        abort(404)
    return _caller(lambda desk, leg: hear_caller.announce(desk, leg, page))


@blueprint.post("/bye")
def bye() -> Response:
    """The call is over."""
    return _caller(hear_caller.bye)


@blueprint.post("/wait")
def wait() -> Response:
    """What is heard in a room while nobody else is in it; nothing is looked up."""
    times = request.args.get("times", 0, type=int)
    language = request.args.get("language", "")
    known = language if language in _wires().house.wording.texts else None
    return _say(Scripts(_wires().house, known).music(max(0, times)))


@blueprint.post("/wait-for-caller")
def wait_for_caller() -> Response:
    """What a peer hears who is in the room first."""
    return _say(Scripts(_wires().house).one_moment())


# Phones that we called: known by our own token


def _leg(token: str, work: Callable[[Desk, CallLeg], Script]) -> Response:
    def decide(desk: Desk) -> Script:
        leg = calls.find_leg(desk.session, token)
        return work(desk, leg) if leg is not None else (Leave(),)

    return _answer(decide)


@blueprint.post("/leg/<token>/answer")
def picked_up(token: str) -> Response:
    """A phone that we called has been picked up."""
    sid = request.form.get("CallSid", "")
    return _leg(token, lambda desk, leg: hear_phone.pick_up(desk, leg, sid))


@blueprint.post("/leg/<token>/key")
def key_pressed(token: str) -> Response:
    """The answer to the question that was asked there."""
    again = request.args.get("again") == "1"
    return _leg(token, lambda desk, leg: hear_phone.press(desk, leg, _key(), again=again))


@blueprint.post("/leg/<token>/over")
def out_of_the_room(token: str) -> Response:
    """Out of the room, by `*` or because it is over."""
    over = is_over(request.form)
    return _leg(token, lambda desk, leg: hear_phone.leave_room(desk, leg, is_over=over))


@blueprint.post("/leg/<token>/out")
def what_is_next(token: str) -> Response:
    """What a peer who is out of the room can do."""
    return _leg(token, hear_phone.say_what_is_next)


@blueprint.post("/leg/<token>/star")
def star(token: str) -> Response:
    """The key after `*`."""
    return _leg(token, lambda desk, leg: hear_phone.press_after_star(desk, leg, _key()))


@blueprint.post("/leg/<token>/back")
def back(token: str) -> Response:
    """Back into the room."""
    return _leg(token, hear_phone.go_back)


@blueprint.post("/leg/<token>/call-back")
def call_back(token: str) -> Response:
    """The caller was cut off, and the peer wants them called."""
    return _leg(token, lambda desk, leg: hear_phone.call_them_back(desk, leg, _key()))


@blueprint.post("/leg/<token>/told/<page>")
def told(token: str, page: str) -> Response:
    """The last words to a phone that we let go."""
    if page not in hear_phone.LAST_WORDS:
        abort(404)
    return _leg(token, lambda desk, leg: hear_phone.last_words(desk, leg, page))


# Reports: kept like texts, read by a worker


def _report(kind: str, key: str, sender: str, payload: dict[str, object]) -> Response:
    the_door().take(kind, key, sender, payload)
    return Response(status=204)


@blueprint.post("/leg/<token>/status")
def leg_reported(token: str) -> Response:
    """How a phone that we called stands."""
    try:
        payload = read_call_state(request.form)
    except NotAnEvent:
        _refuse("No CallSid with a known CallStatus.")
    key = f"leg {token} {payload['status']}"
    return _report("leg", key, f"leg {token}", {**payload, "token": token})


@blueprint.post("/status")
def call_reported() -> Response:
    """How a call that came in stands: the number's own status callback."""
    try:
        payload = read_call_state(request.form)
    except NotAnEvent:
        _refuse("No CallSid with a known CallStatus.")
    sid = payload["sid"]
    return _report("leg", f"leg {sid} {payload['status']}", f"call {sid}", {**payload, "token": ""})


@blueprint.post("/conference")
def room_reported() -> Response:
    """Who has come into a room, and who has left it."""
    try:
        payload = read_room(request.form)
    except NotAnEvent:
        _refuse("No FriendlyName with a StatusCallbackEvent.")
    told = (payload[name] for name in ("conference", "sequence", "event", "sid"))
    key = " ".join(["room", *map(str, told)])
    return _report("room", key, f"room {payload['room']}", payload)


@blueprint.post("/recording")
def recording_ready() -> Response:
    """A message can be heard."""
    try:
        payload = read_recording(request.form)
    except NotAnEvent:
        _refuse("No RecordingSid.")
    return _report("voicemail", f"voicemail {payload['sid']}", f"call {payload['call']}", payload)
