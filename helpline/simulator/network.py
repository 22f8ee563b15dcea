"""The simulated network: phones, texts and their states, opt-outs, calls, and who is told."""

from __future__ import annotations

import heapq
import itertools
import queue
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from typing import Any

import requests

from helpline.simulator.exchange import Exchange, Outside, SimCall, shown
from helpline.simulator.faults import Faults
from helpline.simulator.signing import sign

STOP_WORDS = frozenset(
    {"stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"}
)
START_WORDS = frozenset({"start", "unstop", "yes"})
WEBHOOK_SECONDS = 15.0
# How long a network takes to carry a text, to be late with a webhook, to try one again.
REPORT_PAUSE_SECONDS = 0.15
LATE_SECONDS = 3.0
RETRY_SECONDS = 0.5
MOST_KEPT = 20_000


@dataclass
class Text:
    """One text on the network; `direction` as Twilio's, seen from our account."""

    sid: str
    direction: str
    sender: str
    to: str
    body: str
    media: list[str]
    status: str
    made_at: float
    number: int
    callback: str = ""
    error_code: int | None = None


@dataclass(frozen=True)
class Account:
    """Whose network this is, and where its webhooks go: `webhook` for texts, `voice` for calls."""

    sid: str
    token: str
    numbers: tuple[str, ...]
    webhook: str
    voice: str = ""
    voice_status: str = ""
    fallback: str = ""


@dataclass
class Phone:
    """A phone in the browser."""

    number: str
    name: str
    role: str


@dataclass
class Network:
    """All of it. Every public method may be called from any thread."""

    account: Account
    phones: list[Phone] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    texts: dict[str, Text] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _listeners: list[queue.Queue[dict[str, Any]]] = field(default_factory=list)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(32))
    _http: requests.Session = field(default_factory=requests.Session)

    outside: Outside | None = None
    exchange: Exchange = field(init=False)

    def __post_init__(self) -> None:
        self._http.trust_env = False
        outside = self.outside or RealOutside(self)
        account = self.account
        self.exchange = Exchange(
            account.sid, account.voice, outside, status_url=account.voice_status
        )

    def _add(self, text: Text) -> Text:
        with self._lock:
            self.texts[text.sid] = text
            while len(self.texts) > MOST_KEPT:
                self.texts.pop(next(iter(self.texts)))
        self._tell(text)
        return text

    def accept(self, sender: str, to: str, body: str, media: list[str], callback: str) -> Text:
        """A text that the account sends; its states are reported to `callback` in a moment."""
        text = self._add(
            Text(
                sid=("MM" if media else "SM") + uuid.uuid4().hex,
                direction="outbound-api",
                sender=sender,
                to=to,
                body=body,
                media=media,
                status="queued",
                made_at=time.time(),
                number=next(self._numbers),
                callback=callback,
            )
        )
        self._pool.submit(self._carry, text)
        return text

    def _carry(self, text: Text) -> None:
        """Bring the text to its phone and report, in order unless a fault says otherwise."""
        fails = self.faults.happens("report_failed")
        states = ["sent", "undelivered" if fails else "delivered"]
        if fails:
            text.error_code = 30003
        if self.faults.happens("reports_reordered"):
            states.reverse()
        for state in states:
            time.sleep(REPORT_PAUSE_SECONDS)
            with self._lock:
                text.status = states[-1] if state == "delivered" else state
            self._tell(text)
            if text.callback:
                self._post(text.callback, self._report(text, state))

    def _report(self, text: Text, state: str) -> dict[str, str]:
        form = {
            "AccountSid": self.account.sid,
            "ApiVersion": "2010-04-01",
            "From": text.sender,
            "To": text.to,
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "MessageStatus": state,
            "SmsStatus": state,
        }
        if text.error_code and state in ("failed", "undelivered"):
            form["ErrorCode"] = str(text.error_code)
        return form

    def write(self, sender: str, to: str, body: str, media: list[str] | None = None) -> Text:
        """Somebody texts one of the account's numbers from their phone."""
        media = media or []
        text = self._add(
            Text(
                sid=("MM" if media else "SM") + uuid.uuid4().hex,
                direction="inbound",
                sender=sender,
                to=to,
                body=body,
                media=media,
                status="received",
                made_at=time.time(),
                number=next(self._numbers),
            )
        )
        word = body.strip().lower()
        with self._lock:
            if word in STOP_WORDS:
                self.opted_out.add(sender)
            elif word in START_WORDS:
                self.opted_out.discard(sender)
        self._pool.submit(self._deliver, text)
        return text

    def _deliver(self, text: Text) -> None:
        if self.faults.happens("webhook_late"):
            time.sleep(LATE_SECONDS)
        form = {
            "ToCountry": "US",
            "MessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsMessageSid": text.sid,
            "AccountSid": self.account.sid,
            "ApiVersion": "2010-04-01",
            "SmsStatus": "received",
            "From": text.sender,
            "To": text.to,
            "Body": text.body,
            "NumSegments": "1",
            "NumMedia": str(len(text.media)),
        }
        for place, url in enumerate(text.media):
            form[f"MediaUrl{place}"] = url
            form[f"MediaContentType{place}"] = "image/svg+xml"
        times = 2 if self.faults.happens("webhook_twice") else 1
        for _ in range(times):
            if not self._post(self.account.webhook, form):
                with self._lock:
                    text.status = "not received by the helpline"
                self._tell(text)

    def _post(self, url: str, form: dict[str, str]) -> bool:
        return 200 <= self.ask(url, form)[0] < 300

    def ask(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        """Call a webhook, signed; once more if it fails, as Twilio may. 0 for no answer."""
        headers = {
            "X-Twilio-Signature": sign(self.account.token, url, form),
            "User-Agent": "TwilioProxy/1.1",
        }
        status, text = 0, ""
        for _ in range(2):
            try:
                answer = self._http.post(url, data=form, headers=headers, timeout=WEBHOOK_SECONDS)
            except requests.RequestException:
                time.sleep(RETRY_SECONDS)
                continue
            status, text = answer.status_code, answer.text
            if answer.ok:
                break
        return status, text

    def soon(self, work: Callable[[], None]) -> None:
        """Do work in another thread."""
        self._pool.submit(work)

    def tell_call(self, call: SimCall) -> None:
        """A call has changed."""
        self._broadcast({"call": shown(call)})

    def listed(self, to: str, sender: str) -> list[Text]:
        """The texts of the account, newest first."""
        with self._lock:
            return [
                text
                for text in reversed(self.texts.values())
                if (not to or text.to == to) and (not sender or text.sender == sender)
            ]

    def forget(self, sid: str) -> bool:
        """Delete the account's copy; False when there is none."""
        with self._lock:
            text = self.texts.pop(sid, None)
        if text is not None:
            text.status = "deleted"
            self._tell(text)
        return text is not None

    def _tell(self, text: Text) -> None:
        self._broadcast(public(text))

    def _broadcast(self, news: dict[str, Any]) -> None:
        with self._lock:
            for listener in self._listeners:
                listener.put(news)

    def listen(self) -> queue.Queue[dict[str, Any]]:
        """A queue that gets every change from now on."""
        listener: queue.Queue[dict[str, Any]] = queue.Queue()
        with self._lock:
            self._listeners.append(listener)
        return listener

    def stop_listening(self, listener: queue.Queue[dict[str, Any]]) -> None:
        """No more changes to this queue."""
        with self._lock:
            self._listeners.remove(listener)


class RealOutside:
    """The exchange's outside in a process of its own: threads, real time, signed webhooks."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        threading.Thread(target=self._tick, name="timers", daemon=True).start()

    def post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        """A signed webhook; a report may come twice."""
        is_report = url.endswith(("/status", "/conference"))
        if is_report and self._network.faults.happens("call_reports_twice"):
            self._network.ask(url, form)
        return self._network.ask(url, form)

    def run(self, work: Callable[[], None]) -> None:
        """In another thread."""
        self._network.soon(work)

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """In another thread, after that long."""
        with self._wake:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), work))
            self._wake.notify()

    def _tick(self) -> None:
        while True:
            with self._wake:
                while not self._due or self._due[0][0] > time.monotonic():
                    wait = self._due[0][0] - time.monotonic() if self._due else None
                    self._wake.wait(wait)
                work = heapq.heappop(self._due)[2]
            self._network.soon(work)

    def now(self) -> float:
        """The time."""
        return time.time()

    def tell(self, call: SimCall) -> None:
        """To every browser."""
        self._network.tell_call(call)


def public(text: Text) -> dict[str, Any]:
    """A text as the browser gets it."""
    return {name: value for name, value in asdict(text).items() if name != "callback"}


def rfc2822(moment: float) -> str:
    """As Twilio writes times."""
    return formatdate(moment, usegmt=False).replace("-0000", "+0000")
