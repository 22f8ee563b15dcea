"""A world to test in: phones, a clock that is told, and a carrier answered by `responses`.

Texts go in as signed webhooks and out through the real Twilio client; what is in between runs in
this process, one piece after another, until nothing is due.
"""

from __future__ import annotations

import heapq
import itertools
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import requests
import responses
from flask.testing import FlaskClient
from requests import PreparedRequest
from sqlalchemy import Engine, func, select, true
from sqlalchemy.orm import Session
from urllib3.exceptions import MaxRetryError, NewConnectionError
from werkzeug.test import TestResponse

from config.settings import Settings
from helpline.domain.calls import OPEN_ORDERS
from helpline.domain.conversation import UNSENT_TEXT_STATES, State
from helpline.domain.record import StepKind
from helpline.services.desk import Desk
from helpline.services.import_shifts import import_shifts
from helpline.services.import_volunteers import import_volunteers
from helpline.services.record_order import SWEEP_EVERY
from helpline.simulator.app import create_app as create_simulator
from helpline.simulator.exchange import Exchange, SimCall
from helpline.simulator.network import Account
from helpline.simulator.signing import sign
from helpline.storage import lines, outbox, steps
from helpline.storage.engine import session_maker
from helpline.storage.models import CallOrder, Conversation, Inbound, OutgoingText, Step
from helpline.web.app import create_app
from helpline.wiring import Wires, make_carrier, make_house, make_vault, sync_line
from workers.phoning import carry_out, claim_orders
from workers.reading import read_one
from workers.sending import claim, claim_copies, delete_copy, send
from workers.station import do_step

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LINE = "+12025550100"
VOLUNTEER_HEADER = (
    "name,phone,role,languages,topics,gender,timezone,trained_until,max_conversations,"
    "excluded_topics"
)
ROUND_THE_CLOCK = "2026-01-01 00:00,2026-01-02 00:00,UTC,FREQ=DAILY"


class NeverConnected(requests.ConnectionError):
    """What requests raises when not a byte reached the other side."""

    def __init__(self) -> None:
        refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
        super().__init__(MaxRetryError(None, "/", refused))  # type: ignore[arg-type]


class SilentBell:
    """Rings nothing: the world looks by itself."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring(self, queue: str) -> None:
        self.rung.append(queue)


@dataclass
class Sent:
    """One text that the carrier took."""

    sid: str
    to: str
    sender: str
    body: str
    media: list[str]
    report_url: str
    made_at: datetime


@dataclass
class CarrierDouble:
    """What stands at Twilio's address. `trouble` is what the next creates are answered with."""

    clock: Any
    taken: list[Sent] = field(default_factory=list)
    trouble: list[Any] = field(default_factory=list)
    refuse: dict[str, int] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    list_status: int = 200

    def create(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        form = parse_qs(str(request.body), keep_blank_values=True)
        self.asked.append("create")
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, int):
            return trouble, {}, json.dumps({"code": 20000 + trouble, "message": "no"})
        if isinstance(trouble, NeverConnected):
            raise trouble
        to = form["To"][0]
        if to in self.refuse:
            code = self.refuse[to]
            return 400, {}, json.dumps({"code": code, "message": "no", "status": 400})
        sent = Sent(
            sid="SM" + uuid.uuid4().hex,
            to=to,
            sender=form["From"][0],
            body=form.get("Body", [""])[0],
            media=form.get("MediaUrl", []),
            report_url=form["StatusCallback"][0],
            made_at=self.clock(),
        )
        self.taken.append(sent)
        if isinstance(trouble, Exception):
            raise trouble
        return 201, {}, json.dumps(self._message(sent))

    def list(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked.append("list")
        query = parse_qs(str(request.url).partition("?")[2])
        found = [self._message(sent) for sent in reversed(self.taken) if sent.to == query["To"][0]]
        page = {"messages": found, "next_page_uri": None, "page": 0, "page_size": 50}
        return self.list_status, {}, json.dumps(page)

    def delete(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.deleted.append(re.findall(r"/Messages/(\w+)\.json", str(request.url))[0])
        return 204, {}, ""

    @staticmethod
    def _message(sent: Sent) -> dict[str, Any]:
        made = sent.made_at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        return {
            "sid": sent.sid,
            "to": sent.to,
            "from": sent.sender,
            "body": sent.body,
            "direction": "outbound-api",
            "date_created": made,
            "status": "queued",
        }


class Told:
    """The exchange's outside in a test: webhooks at once, and time as the world tells it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.documents: list[tuple[str, str]] = []
        self.lost: set[str] = set()
        self.silences: list[float] = []

    def post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        path = url.removeprefix(self._world.settings.public_url)
        if any(part in path for part in self.lost):
            return 0, ""
        answer = self._world.post(path, form)
        text = answer.get_data(as_text=True)
        if text.startswith("<?xml"):
            self.documents.append((path, text))
        return answer.status_code, text

    def run(self, work: Callable[[], None]) -> None:
        work()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), work))

    def now(self) -> float:
        return self._world.now.timestamp()

    def tell(self, call: SimCall) -> None:
        """Nobody looks."""

    def next_due(self) -> float | None:
        return self._due[0][0] if self._due else None

    def do_due(self) -> bool:
        if not self._due or self._due[0][0] > self.now():
            return False
        heapq.heappop(self._due)[2]()
        return True


class World:
    """One line, its carrier and everybody's phones."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.now = NOON
        self.settings = settings
        self.carrier = CarrierDouble(lambda: self.now)
        self.wires = Wires(
            settings=settings,
            house=make_house(settings),
            vault=make_vault(settings),
            engine=engine,
            sessions=session_maker(engine),
            bell=SilentBell(),
            clock=lambda: self.now,
        )
        self._gateway = make_carrier(settings)
        self.told = Told(self)
        account = Account(
            settings.twilio_account_sid,
            settings.twilio_auth_token[0],
            settings.helpline_numbers,
            f"{settings.public_url}/twilio/sms",
            f"{settings.public_url}/twilio/voice",
            f"{settings.public_url}/twilio/voice/status",
        )
        self.simulator = create_simulator(account, [], self.told)
        self.exchange: Exchange = self.simulator.extensions["network"].exchange
        self._read: dict[str, int] = {}
        self.rest: list[str] = []
        self._http = responses.RequestsMock(assert_all_requests_are_fired=False)

    def __enter__(self) -> World:
        sync_line(self.wires)
        self.app = create_app(self.wires)
        self.client: FlaskClient = self.app.test_client()
        self._http.start()
        base = (
            f"{self.settings.twilio_api_url}/2010-04-01/Accounts/{self.settings.twilio_account_sid}"
        )
        one = re.compile(re.escape(base) + r"/Messages/\w+\.json")
        self._http.add_callback("POST", f"{base}/Messages.json", self.carrier.create)
        self._http.add_callback(
            "GET", re.compile(re.escape(base) + r"/Messages\.json.*"), self.carrier.list
        )
        self._http.add_callback("DELETE", one, self.carrier.delete)
        phones = re.compile(
            re.escape(base) + r"/(Calls|Recordings|Conferences|IncomingPhoneNumbers)\b.*"
        )
        for method in ("GET", "POST", "DELETE"):
            self._http.add_callback(method, phones, self._ask_simulator)
        return self

    def _ask_simulator(self, request: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """What is asked about calls goes to the simulator's own REST resources."""
        self.rest.append(f"{request.method} {request.path_url}")
        answer = self.simulator.test_client().open(
            request.path_url,
            method=request.method,
            data=request.body,
            headers=dict(request.headers),
        )
        return answer.status_code, {"Content-Type": str(answer.content_type)}, answer.get_data()

    def __exit__(self, *_: object) -> None:
        self._http.stop(allow_assert=False)
        self.app.extensions["door"].engine.dispose()

    # People

    def volunteer(
        self, phone: str, name: str = "Sam Field", *, on: bool = True, **facts: str
    ) -> str:
        """A volunteer, on duty round the clock unless said otherwise; returns the phone."""
        cells = {"role": "peer", "languages": "en", "timezone": "UTC", **facts}
        row = ",".join(
            {"name": name, "phone": phone}.get(column) or cells.get(column, "")
            for column in VOLUNTEER_HEADER.split(",")
        )
        with self.wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            import_volunteers(desk, line_id, f"{VOLUNTEER_HEADER}\n{row}\n")
            if on:
                shifts = f"phone,starts,ends,timezone,repeats\n{phone},{ROUND_THE_CLOCK}\n"
                import_shifts(desk, line_id, shifts)
        self.settle()
        return phone

    # Texts

    def post(self, path: str, form: dict[str, str], *, token: str | None = None) -> TestResponse:
        """A webhook, signed as Twilio signs."""
        token = token or self.settings.twilio_auth_token[0]
        signature = sign(token, self.settings.public_url + path, form)
        return self.client.post(path, data=form, headers={"X-Twilio-Signature": signature})

    def drop_in(
        self, sender: str, words: str, *, to: str = LINE, sid: str | None = None, **more: str
    ) -> TestResponse:
        """A text comes in; nobody has looked yet."""
        form = {
            "MessageSid": sid or "SM" + uuid.uuid4().hex,
            "AccountSid": self.settings.twilio_account_sid,
            "From": sender,
            "To": to,
            "Body": words,
            "NumMedia": "0",
            **more,
        }
        return self.post("/twilio/sms", form)

    def text(self, sender: str, words: str, **more: str) -> None:
        """A text comes in and everything that follows from it is done."""
        answer = self.drop_in(sender, words, **more)
        assert answer.status_code == 200
        self.settle()

    def report(self, sent: Sent, status: str, **more: str) -> TestResponse:
        """The carrier reports on a text of ours."""
        path = sent.report_url.removeprefix(self.settings.public_url)
        return self.post(path, {"MessageSid": sent.sid, "MessageStatus": status, **more})

    # Time and work

    def settle(self, most: int = 2000) -> None:
        """Do all that is due at this moment."""
        for _ in range(most):
            if not self.do_one():
                return
        raise AssertionError("never settles")

    def do_one(self) -> bool:
        """One piece of work; False when nothing is due."""
        if self.told.do_due():
            return True
        with self.session() as session:
            if not outbox.is_due(session, self.now):
                return False
        if read_one(self.wires) or do_step(self.wires):
            return True
        ordered = claim_orders(self.wires, 1)
        for order in ordered:
            carry_out(self.wires, self._gateway, order)
        if ordered:
            return True
        claims = claim(self.wires, 1, urgent_only=False)
        for each in claims:
            send(self.wires, self._gateway, each)
        copies = claim_copies(self.wires, 1)
        for copy in copies:
            delete_copy(self.wires, self._gateway, copy)
        return bool(claims or copies)

    def wait(self, seconds: float, *, steps: int = 1) -> None:
        """Time goes by, in as many steps, and what falls due is done."""
        for _ in range(steps):
            self.now += timedelta(seconds=seconds / steps)
            self.settle()

    def pass_time(self, seconds: float) -> None:
        """Time goes by in seconds, as the clock and the exchange see it."""
        ends = self.now + timedelta(seconds=seconds)
        self.settle()
        with self.wires.desk() as desk:
            line_id = lines.only_line(desk.session).id
            steps.promise(desk.session, StepKind.SWEEP_CALLS, line_id, self.now + SWEEP_EVERY)
        while self.now < ends:
            due = self._next_due(ends)
            self.now = min(ends, due if due > self.now else self.now + timedelta(seconds=1))
            self.settle()

    def _next_due(self, ends: datetime) -> datetime:
        """When something is due next, here or at the exchange."""
        exchange = self.told.next_due()
        moments = [ends if exchange is None else datetime.fromtimestamp(exchange, UTC)]
        with self.session() as session:
            for due, is_open in (
                (Step.due_at, true()),
                (CallOrder.due_at, CallOrder.state.in_(OPEN_ORDERS)),
                (Inbound.due_at, Inbound.read_at.is_(None)),
                (OutgoingText.due_at, OutgoingText.state.in_(UNSENT_TEXT_STATES)),
            ):
                moments.append(session.scalar(select(func.min(due)).where(is_open)) or ends)
        return min(moments)

    # Phones

    def call(self, sender: str, *, to: str = LINE) -> SimCall:
        """Somebody calls; what follows at once is done."""
        call = self.exchange.dial_in(sender, to)
        self.settle()
        return call

    def ringing(self, phone: str) -> SimCall | None:
        """The call that rings at a phone just now."""
        return next(
            (
                call
                for call in self.exchange.calls.values()
                if call.to == phone and call.status == "ringing" and call.direction != "inbound"
            ),
            None,
        )

    def answer(self, phone: str, *keys: str, within: int = 30) -> SimCall:
        """A phone that rings, or will soon, is picked up, and keys are pressed."""
        for _ in range(within):
            if self.ringing(phone):
                break
            self.pass_time(1)
        call = self.ringing(phone)
        assert call is not None, f"{phone} does not ring"
        self.exchange.pick_up(call.sid)
        self.settle()
        for key in keys:
            self.press(call, key)
        return call

    def press(self, call: SimCall, key: str) -> None:
        """A key is pressed, and what follows is done."""
        self.exchange.press(call.sid, key)
        self.settle()

    def hang_up(self, call: SimCall) -> None:
        """A phone is put down, and what follows is done."""
        self.exchange.hang_up(call.sid)
        self.settle()

    def talking(self, *calls: SimCall) -> bool:
        """Whether these, and nobody else, are together in one room that has begun."""
        rooms = {call.room for call in calls}
        if len(rooms) != 1 or not all(rooms):
            return False
        room = self.exchange.rooms[rooms.pop()]
        return room.started and {each.call.sid for each in room.members} == {
            call.sid for call in calls
        }

    # What can be seen

    def inbox(self, phone: str) -> list[str]:
        """Every text that this phone got, in order."""
        return [sent.body for sent in self.carrier.taken if sent.to == phone]

    def news(self, phone: str) -> list[str]:
        """What this phone got since it was last asked."""
        got = self.inbox(phone)
        fresh = got[self._read.get(phone, 0) :]
        self._read[phone] = len(got)
        return fresh

    def last_sent(self, phone: str) -> Sent:
        """The newest text to this phone."""
        return [sent for sent in self.carrier.taken if sent.to == phone][-1]

    def together(self, person: str, peer: str, words: str = "hello there") -> Sent:
        """The person texts, the peer accepts; returns the first relayed text."""
        self.text(person, words)
        self.text(peer, "1")
        self.news(person)
        self.news(peer)
        return next(s for s in reversed(self.carrier.taken) if s.to == peer and words in s.body)

    def conversations(self) -> list[Conversation]:
        """All of them, oldest first."""
        with self.wires.sessions() as session:
            return list(session.scalars(select(Conversation).order_by(Conversation.id)))

    def states(self) -> list[State]:
        """The states of all conversations, oldest first."""
        return [State(conversation.state) for conversation in self.conversations()]

    def session(self) -> Session:
        """A session to look with."""
        return self.wires.sessions()

    def desk(self, session: Session) -> Desk:
        """A desk in this session."""
        return Desk(session, self.now, self.wires.house)
