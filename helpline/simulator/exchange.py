"""The simulated exchange: calls that run TwiML, and the rooms in which they meet.

It follows Twilio's pages as `TWILIO.md` names them; what was assumed where they are silent stands
in `docs/architecture.md`. The network and time are given to it, so that it runs in a process of
its own at any speed, and in a test step by step.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError, fromstring

# How long things take, in seconds of the exchange's own time.
WORDS_PER_SECOND = 2.8
PLAY_SECONDS = 12.0
SETUP_SECONDS = 0.3
BOX_ANSWERS_SECONDS = 4.0
BOX_LISTENS_SECONDS = 40.0
DEFAULT_GATHER_SECONDS = 5.0
DEFAULT_RECORD_SECONDS = 3600
MOST_REDIRECTS = 10
OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
TROUBLE = "We are sorry, an application error has occurred. Goodbye."
# How a phone behaves when it is called: a person holds it, or what happens by itself.
BEHAVIOURS = ("person", "busy", "no-answer", "failed", "voicemail")


class Outside(Protocol):
    """What the exchange needs: somebody who posts, time, and somebody to tell of changes."""

    def post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        """Post a signed form; the status and the text of the answer, 0 for none."""
        ...

    def run(self, work: Callable[[], None]) -> None:
        """Do work that may post, soon and apart."""
        ...

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do work after that long."""
        ...

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def tell(self, call: SimCall) -> None:
        """A call has changed."""
        ...


class NotPossible(Exception):
    """What was asked for cannot be done with a call in this state; `code` is Twilio's."""

    def __init__(self, code: int) -> None:
        super().__init__(f"not possible: {code}")
        self.code = code


@dataclass
class SimCall:
    """One leg, seen from the account. `heard` is what its phone hears, the newest last."""

    sid: str
    direction: str
    sender: str
    to: str
    made_at: float
    status: str = "queued"
    url: str = ""
    report_url: str = ""
    report_events: tuple[str, ...] = ()
    ring_seconds: float = 60.0
    heard: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    heard_until: float = 0.0
    answered_in: float = 0.0
    doing: str = ""
    room: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    script: deque[Element] = field(default_factory=deque)
    base: str = ""
    gather: Element | None = None
    record: Element | None = None
    dial: Element | None = None
    child: str = ""
    parent: str = ""
    turn: int = 0
    redirects: int = 0
    sequence: int = 0

    @property
    def phone(self) -> str:
        """The phone at the far end."""
        return self.sender if self.direction == "inbound" else self.to

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in OVER


@dataclass
class Member:
    """Somebody in a room."""

    call: SimCall
    starts: bool
    ends: bool
    label: str
    coach: str
    muted: bool = False
    hold: bool = False


@dataclass
class Room:
    """A conference: the first to come fixes who is told of it (TWILIO.md 1.5)."""

    name: str
    sid: str
    report_url: str
    report_events: frozenset[str]
    members: list[Member] = field(default_factory=list)
    started: bool = False
    sequence: int = 0

    def member(self, who: str) -> Member | None:
        """By call or by label."""
        return next((each for each in self.members if who in (each.call.sid, each.label)), None)


class Exchange:
    """Every call and room of one account. All methods may be called from any thread."""

    def __init__(
        self,
        account_sid: str,
        voice_url: str,
        outside: Outside,
        *,
        status_url: str = "",
        pace: float = 1.0,
    ) -> None:
        self.account_sid, self.voice_url, self.status_url = account_sid, voice_url, status_url
        self.calls: dict[str, SimCall] = {}
        self.rooms: dict[str, Room] = {}
        self.recordings: dict[str, str] = {}
        self.behaviours: dict[str, str] = {}
        self.pace = pace
        self._outside = outside
        self._lock = threading.RLock()

    # What people do

    def dial_in(self, sender: str, to: str) -> SimCall:
        """Somebody calls one of the account's numbers."""
        with self._lock:
            call = self._make("inbound", sender, to, status="ringing")
            call.url, call.report_url = self.voice_url, self.status_url
            call.report_events = ("completed",)
            self._ask(call, self.voice_url, {})
        return call

    def pick_up(self, sid: str) -> None:
        """A ringing phone is answered, by a person or a box."""
        with self._lock:
            call = self.calls[sid]
            if call.direction == "inbound" or call.status != "ringing":
                return
            self._answered(call)
            if call.parent:
                self._bridged(call)
            else:
                self._ask(call, call.url, {})

    def decline(self, sid: str) -> None:
        """A ringing phone is declined: busy to the caller."""
        with self._lock:
            call = self.calls[sid]
            if call.status == "ringing" and call.direction != "inbound":
                self._end(call, "busy")

    def press(self, sid: str, key: str) -> None:
        """A key is pressed; where nothing listens for it, nothing happens."""
        with self._lock:
            call = self.calls[sid]
            if call.is_over:
                return
            call.pressed.append(key)
            if call.gather is not None:
                gather, call.gather = call.gather, None
                self._ask(call, self._address(call, gather), {"Digits": key})
            elif call.record is not None and key in call.record.get("finishOnKey", "1234567890*#"):
                self._recorded(call, key)
            elif key == "*" and call.dial is not None and call.dial.get("hangupOnStar") == "true":
                self._leave_room(call, "participant_hung_up")
                self._dial_is_over(call, "answered")
            else:
                self._tell(call)

    def hang_up(self, sid: str) -> None:
        """The phone is put down, ringing or not."""
        with self._lock:
            call = self.calls[sid]
            if not call.is_over:
                ended = "canceled" if call.status in ("queued", "ringing") else "completed"
                self._end(call, "completed" if call.direction == "inbound" else ended)

    # What the account asks for

    def place(
        self,
        sender: str,
        to: str,
        url: str,
        *,
        ring_seconds: float = 60.0,
        report_url: str = "",
        report_events: Iterable[str] = ("completed",),
    ) -> SimCall:
        """The account calls a phone."""
        with self._lock:
            call = self._make("outbound-api", sender, to)
            call.url, call.report_url = url, report_url
            call.report_events = tuple(report_events)
            call.ring_seconds = ring_seconds
            self._later(call, SETUP_SECONDS, lambda: self._ring(call))
        return call

    def end(self, sid: str) -> SimCall:
        """`Status=completed` or `canceled`: over, whatever it was doing; 21220 if it was."""
        with self._lock:
            call = self._find(sid)
            if call.is_over:
                raise NotPossible(21220)
            self._end(call, "completed" if call.status == "in-progress" else "canceled")
            return call

    def move(self, sid: str, url: str) -> SimCall:
        """`Url=`: run another document; only a call in progress can (21220)."""
        with self._lock:
            call = self._find(sid)
            if call.status != "in-progress":
                raise NotPossible(21220)
            self._leave_room(call, "participant_updated_via_api")
            self._drop_child(call)
            call.gather = call.record = call.dial = None
            self._ask(call, url, {})
            return call

    def _find(self, sid: str) -> SimCall:
        if sid not in self.calls:
            raise NotPossible(20404)
        return self.calls[sid]

    # A call's life

    def _make(self, direction: str, sender: str, to: str, status: str = "queued") -> SimCall:
        call = SimCall(
            sid="CA" + uuid.uuid4().hex,
            direction=direction,
            sender=sender,
            to=to,
            made_at=self._outside.now(),
            status=status,
        )
        self.calls[call.sid] = call
        self._tell(call)
        return call

    def _ring(self, call: SimCall) -> None:
        self._report(call, "initiated", "initiated")
        behaviour = self.behaviours.get(call.to, "person")
        if behaviour in ("busy", "failed"):
            self._end(call, behaviour)
            return
        call.status = "ringing"
        self._report(call, "ringing", "ringing")
        self._later(call, call.ring_seconds, lambda: self._end(call, "no-answer"))
        self._tell(call)
        if behaviour == "voicemail":
            self._later(call, BOX_ANSWERS_SECONDS, lambda: self.pick_up(call.sid))
            listens = BOX_ANSWERS_SECONDS + BOX_LISTENS_SECONDS
            self._outside.later(listens * self.pace, lambda: self.hang_up(call.sid))

    def _answered(self, call: SimCall) -> None:
        call.turn += 1
        call.status, call.started_at = "in-progress", self._outside.now()
        self._report(call, "answered", "in-progress")
        self._tell(call)

    def _end(self, call: SimCall, status: str) -> None:
        if call.is_over:
            return
        call.turn += 1
        dial, record = call.dial, call.record
        call.status, call.ended_at, call.doing = status, self._outside.now(), ""
        call.gather = call.record = call.dial = None
        self._leave_room(call, "participant_hung_up")
        self._drop_child(call)
        self._report(call, "completed", status)
        if dial is not None and dial.get("action"):
            self._post(call, self._address(call, dial), {"DialCallStatus": "answered"})
        if record is not None:
            url = self._keep_recording(call, record)
            told = {"Digits": "hangup", "RecordingUrl": url, "RecordingDuration": "7"}
            self._post(call, self._address(call, record), told)
        if call.parent:
            self._child_over(call, status)
        self._tell(call)

    # Documents

    def _ask(self, call: SimCall, url: str, extra: Mapping[str, str]) -> None:
        """Fetch the next document; what was going on is over."""
        call.turn += 1
        call.heard_until = min(call.heard_until, self._outside.now())
        turn, form = call.turn, {**self._form(call), **extra}
        call.doing = "waiting for the helpline"

        def work() -> None:
            asked_at = self._outside.now()
            status, text = self._outside.post(url, form)
            with self._lock:
                call.answered_in = self._outside.now() - asked_at
                if call.turn == turn and not call.is_over:
                    self._start_document(call, url, status, text)

        self._outside.run(work)

    def _start_document(self, call: SimCall, url: str, status: int, text: str) -> None:
        try:
            document = fromstring(text) if status == 200 else None  # noqa: S314 - our own
        except ParseError:
            document = None
        if document is None or call.redirects > MOST_REDIRECTS:
            self._hear(call, TROUBLE)
            self._end(call, "completed")
            return
        if call.direction == "inbound" and call.status == "ringing":
            if len(document) and document[0].tag == "Reject":
                self._end(call, "busy")
                return
            self._answered(call)
        call.base, call.script = url, deque(document)
        self._go_on(call)

    def _go_on(self, call: SimCall) -> None:
        """The next verb of the document; none left ends the call."""
        call.gather = call.record = call.dial = None
        if not call.script:
            self._end(call, "completed")
            return
        verb = call.script.popleft()
        call.redirects = call.redirects + 1 if verb.tag == "Redirect" else 0
        verbs: dict[str, Callable[[SimCall, Element], None]] = {
            "Say": self._speak,
            "Play": self._speak,
            "Pause": self._speak,
            "Gather": self._gather,
            "Dial": self._dial,
            "Enqueue": self._enqueue,
            "Record": self._start_record,
            "Redirect": lambda call, verb: self._ask(call, self._text(call, verb), {}),
            "Hangup": lambda call, _: self._end(call, "completed"),
            "Reject": lambda call, _: self._end(call, "completed"),
        }
        run = verbs.get(verb.tag)
        if run is None:
            self._hear(call, TROUBLE)
            self._end(call, "completed")
            return
        run(call, verb)
        self._tell(call)

    def _speak(self, call: SimCall, verb: Element) -> None:
        self._later(call, self._utter(call, verb), lambda: self._go_on(call))

    def _utter(self, call: SimCall, verb: Element) -> float:
        """Let a phone hear a verb; returns how long it takes."""
        if verb.tag == "Pause":
            return float(verb.get("length", "1"))
        words = " ".join("".join(verb.itertext()).split())
        seconds = PLAY_SECONDS if verb.tag == "Play" else len(words.split()) / WORDS_PER_SECOND
        self._hear(call, "♪" if verb.tag == "Play" else words, seconds)
        return seconds

    def _gather(self, call: SimCall, verb: Element) -> None:
        call.gather, call.doing = verb, "may press a key"
        seconds = sum(self._utter(call, each) for each in verb)
        seconds += float(verb.get("timeout", DEFAULT_GATHER_SECONDS))
        self._later(call, seconds, lambda: self._nothing_pressed(call, verb))

    def _nothing_pressed(self, call: SimCall, verb: Element) -> None:
        if verb.get("actionOnEmptyResult") == "true":
            call.gather = None
            self._ask(call, self._address(call, verb), {"Digits": ""})
        else:
            self._go_on(call)

    def _start_record(self, call: SimCall, verb: Element) -> None:
        call.record, call.doing = verb, "is being recorded"
        self._hear(call, "(tone)")
        longest = float(verb.get("maxLength", DEFAULT_RECORD_SECONDS))
        self._later(call, longest, lambda: self._recorded(call, ""))

    def _recorded(self, call: SimCall, key: str) -> None:
        record = call.record
        if record is None:
            return
        call.record = None
        url = self._keep_recording(call, record)
        self._ask(
            call,
            self._address(call, record),
            {"Digits": key, "RecordingUrl": url, "RecordingDuration": "7"},
        )

    def _keep_recording(self, call: SimCall, record: Element) -> str:
        sid = "RE" + uuid.uuid4().hex
        url = f"https://api.twilio.com/2010-04-01/Accounts/{self.account_sid}/Recordings/{sid}"
        self.recordings[sid] = call.sid
        report_url = record.get("recordingStatusCallback")
        if report_url:
            form = {
                "RecordingSid": sid,
                "RecordingUrl": url,
                "RecordingStatus": "completed",
                "RecordingDuration": "7",
                "RecordingChannels": "1",
                "RecordingSource": "RecordVerb",
            }
            self._post(call, urljoin(call.base, report_url), form)
        return url

    def _dial(self, call: SimCall, verb: Element) -> None:
        call.dial = verb
        for noun in verb:
            if noun.tag == "Conference":
                self._enter_room(call, noun)
                return
            if noun.tag == "Number":
                self._dial_number(call, verb, (noun.text or "").strip())
                return
        self._dial_number(call, verb, (verb.text or "").strip())

    def _dial_number(self, call: SimCall, verb: Element, to: str) -> None:
        child = self._make("outbound-dial", verb.get("callerId", call.sender), to)
        child.parent, call.child = call.sid, child.sid
        child.ring_seconds = float(verb.get("timeout", "30"))
        call.doing = f"is being connected to {to}"
        self._ring(child)

    def _bridged(self, child: SimCall) -> None:
        parent = self.calls[child.parent]
        parent.doing, child.doing = f"talks with {child.to}", "talks with a caller"
        self._tell(parent)

    def _child_over(self, child: SimCall, status: str) -> None:
        parent = self.calls[child.parent]
        if parent.child == child.sid and not parent.is_over:
            parent.child = ""
            self._dial_is_over(parent, "completed" if status == "canceled" else status)

    def _drop_child(self, call: SimCall) -> None:
        child = self.calls.get(call.child)
        call.child = ""
        if child is not None:
            child.parent = ""
            self._end(child, "completed")

    def _dial_is_over(self, call: SimCall, status: str) -> None:
        """On with the action, or with the verbs behind the dial (TWILIO.md 3)."""
        dial, call.dial = call.dial, None
        if dial is not None and dial.get("action"):
            self._ask(call, self._address(call, dial), {"DialCallStatus": status})
        else:
            call.turn += 1
            self._go_on(call)

    def _enqueue(self, call: SimCall, verb: Element) -> None:
        """A queue without anybody who takes from it: its music, until the call is moved."""
        call.doing = "waits in a queue"
        wait_url = verb.get("waitUrl")
        if wait_url:
            self._music(call, urljoin(call.base, wait_url))

    # Rooms

    def _enter_room(self, call: SimCall, noun: Element) -> None:
        name = (noun.text or "").strip()
        room = self.rooms.get(name)
        if room is None:
            events = frozenset(noun.get("statusCallbackEvent", "").split())
            report_url = noun.get("statusCallback", "")
            address = urljoin(call.base, report_url) if report_url else ""
            room = self.rooms[name] = Room(name, "CF" + uuid.uuid4().hex, address, events)
        label = noun.get("participantLabel", "")
        if label and room.member(label) is not None:
            self._hear(call, f"(16025: {label} is in the room already)")
            call.dial = None
            self._go_on(call)
            return
        member = Member(
            call,
            starts=noun.get("startConferenceOnEnter", "true") != "false",
            ends=noun.get("endConferenceOnExit", "false") == "true",
            label=label,
            coach=noun.get("coach", ""),
            muted=noun.get("muted") == "true",
        )
        room.members.append(member)
        call.room = name
        self._report_room(room, "participant-join", member)
        if room.started or any(each.starts for each in room.members):
            self._start_room(room)
        else:
            call.doing = "waits in a room"
        if len(room.members) == 1 and noun.get("waitUrl"):
            self._music(call, urljoin(call.base, noun.get("waitUrl", "")))

    def _start_room(self, room: Room) -> None:
        if len(room.members) > 1 and not room.started:
            room.started = True
            self._report_room(room, "conference-start", None)
        if room.started:
            for member in room.members:
                member.call.turn += 1
                member.call.doing = "talks"
                self._tell(member.call)

    def _music(self, call: SimCall, url: str) -> None:
        """Wait music: a document of its own, which runs until somebody comes."""
        call.turn += 1
        turn, form = call.turn, self._form(call)

        def work() -> None:
            status, text = self._outside.post(url, form)
            with self._lock:
                if call.turn != turn or call.is_over:
                    return
                try:
                    document = fromstring(text) if status == 200 else None  # noqa: S314
                except ParseError:
                    document = None
                if document is None:
                    self._hear(call, "(silence)")
                    return
                self._play_on(call, url, deque(document))

        self._outside.run(work)

    def _play_on(self, call: SimCall, url: str, rest: deque[Element]) -> None:
        """The next verb of wait music; a redirect asks for more, and without one it is silent."""
        if not rest:
            call.doing = "hears nothing"
        elif rest[0].tag == "Redirect":
            self._music(call, urljoin(url, (rest[0].text or "").strip()) or url)
        else:
            seconds = self._utter(call, rest.popleft())
            self._later(call, seconds, lambda: self._play_on(call, url, rest))
        self._tell(call)

    def _leave_room(self, call: SimCall, reason: str) -> None:
        room = self.rooms.get(call.room)
        call.room = ""
        member = room.member(call.sid) if room is not None else None
        if room is None or member is None:
            return
        room.members.remove(member)
        self._report_room(
            room,
            "participant-leave",
            member,
            ReasonParticipantLeft=reason,
            ParticipantCallStatus=call.status,
        )
        if member.ends:
            for other in list(room.members):
                room.members.remove(other)
                other.call.room = ""
                self._report_room(
                    room,
                    "participant-leave",
                    other,
                    ReasonParticipantLeft="moderator_ended_conference",
                    ParticipantCallStatus=other.call.status,
                )
                self._dial_is_over(other.call, "answered")
        if not room.members:
            self.rooms.pop(room.name, None)
            self._report_room(
                room, "conference-end", None, ReasonConferenceEnded="last-participant-left"
            )

    def kick(self, room_sid: str, who: str) -> None:
        """A participant is removed; their call goes on with what follows the dial."""
        with self._lock:
            room, member = self.participant(room_sid, who)
            self._leave_room(member.call, "conference_ended_via_api")
            self._dial_is_over(member.call, "answered")
            self._tell(member.call)
            del room

    def change(self, room_sid: str, who: str, asked: Mapping[str, str]) -> Member:
        """Hold, mute, coach, or whether leaving ends the room."""
        with self._lock:
            room, member = self.participant(room_sid, who)
            for name, key, event in (("hold", "Hold", "hold"), ("muted", "Muted", "mute")):
                if key in asked:
                    wanted = asked[key] == "true"
                    setattr(member, name, wanted)
                    told = f"participant-{'' if wanted else 'un'}{event}"
                    self._report_room(room, told, member)
            if "EndConferenceOnExit" in asked:
                member.ends = asked["EndConferenceOnExit"] == "true"
            if "CallSidToCoach" in asked:
                member.coach = asked["CallSidToCoach"]
            if asked.get("AnnounceUrl"):
                self._announce(member.call, asked["AnnounceUrl"])
            if "Hold" in asked:
                member.call.turn += 1
                member.call.doing = "is on hold" if member.hold else "talks"
                if member.hold and asked.get("HoldUrl"):
                    self._music(member.call, asked["HoldUrl"])
            self._tell(member.call)
            return member

    def _announce(self, call: SimCall, url: str) -> None:
        """A document that one participant hears in the room; nothing else changes."""
        form, room = self._form(call), call.room

        def work() -> None:
            status, text = self._outside.post(url, form)
            with self._lock:
                if status == 200 and call.room == room and not call.is_over:
                    for verb in fromstring(text):  # noqa: S314 - our own
                        self._utter(call, verb)
                    self._tell(call)

        self._outside.run(work)

    def participant(self, room_sid: str, who: str) -> tuple[Room, Member]:
        """Somebody in a room, by call or label; 20404 when there is nobody."""
        room = next((each for each in self.rooms.values() if each.sid == room_sid), None)
        member = room.member(who) if room is not None else None
        if room is None or member is None:
            raise NotPossible(20404)
        return room, member

    # Telling

    def _hear(self, call: SimCall, words: str, seconds: float = 0.0) -> None:
        call.heard.append(words)
        begins = max(self._outside.now(), call.heard_until)
        call.heard_until = begins + seconds * self.pace

    def _tell(self, call: SimCall) -> None:
        self._outside.tell(call)

    def _form(self, call: SimCall) -> dict[str, str]:
        return {
            "CallSid": call.sid,
            "AccountSid": self.account_sid,
            "From": call.sender,
            "To": call.to,
            "CallStatus": call.status,
            "ApiVersion": "2010-04-01",
            "Direction": call.direction,
        }

    def _post(self, call: SimCall, url: str, extra: Mapping[str, str]) -> None:
        """Tell the account something whose answer nobody runs."""
        form = {**self._form(call), **extra}
        self._outside.run(lambda: self._posted(url, form))

    def _posted(self, url: str, form: dict[str, str]) -> None:
        self._outside.post(url, form)

    def _report(self, call: SimCall, event: str, status: str) -> None:
        """A call-progress callback (TWILIO.md 1.4)."""
        if not call.report_url or event not in call.report_events:
            return
        extra = {
            "CallStatus": status,
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(call.sequence),
        }
        if event == "completed":
            extra["CallDuration"] = str(
                int(self._outside.now() - (call.started_at or call.made_at))
            )
        call.sequence += 1
        self._post(call, call.report_url, extra)

    def _report_room(self, room: Room, event: str, member: Member | None, **extra: str) -> None:
        """A conference callback (TWILIO.md 1.5)."""
        kind = event.partition("-")[2]
        if not room.report_url or kind not in room.report_events:
            return
        form = {
            "AccountSid": self.account_sid,
            "ConferenceSid": room.sid,
            "FriendlyName": room.name,
            "SequenceNumber": str(room.sequence),
            "StatusCallbackEvent": event,
            **extra,
        }
        room.sequence += 1
        if member is not None:
            form |= {
                "CallSid": member.call.sid,
                "Muted": str(member.muted).lower(),
                "Hold": str(member.hold).lower(),
                "Coaching": str(bool(member.coach)).lower(),
                "EndConferenceOnExit": str(member.ends).lower(),
                "StartConferenceOnEnter": str(member.starts).lower(),
                "ParticipantLabel": member.label,
            }
        self._outside.run(lambda: self._posted(room.report_url, form))

    def _address(self, call: SimCall, verb: Element) -> str:
        return urljoin(call.base, verb.get("action", "")) or call.base

    def _text(self, call: SimCall, verb: Element) -> str:
        return urljoin(call.base, (verb.text or "").strip()) or call.base

    def _later(self, call: SimCall, seconds: float, work: Callable[[], None]) -> None:
        """Do work with a call after that long, unless something else happened to it."""
        call.turn += 1
        turn = call.turn

        def due() -> None:
            with self._lock:
                if call.turn == turn and not call.is_over:
                    work()

        if seconds <= 0:
            due()
        else:
            self._outside.later(seconds * self.pace, due)


def shown(call: SimCall) -> dict[str, Any]:
    """A call as the browser gets it."""
    return {
        "sid": call.sid,
        "direction": call.direction,
        "sender": call.sender,
        "to": call.to,
        "status": call.status,
        "heard": call.heard[-30:],
        "pressed": call.pressed,
        "heard_until": call.heard_until,
        "answered_in": call.answered_in,
        "doing": call.doing,
        "room": call.room,
        "made_at": call.made_at,
        "is_over": call.is_over,
    }
