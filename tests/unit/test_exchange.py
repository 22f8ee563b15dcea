"""The simulated exchange by itself: each verb, each way a phone behaves, rooms and their rules."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

import pytest

from helpline.simulator.exchange import TROUBLE, Exchange, NotPossible, SimCall, shown

HERE, THERE, LINE = "+12025550150", "+12025550151", "+12025550100"
ROOM = (
    '<Response><Dial action="/after"><Conference statusCallback="/room" '
    'statusCallbackEvent="start end join leave" {}>r</Conference></Dial></Response>'
)


class Outside:
    """Documents by address, and time that is told."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.told: list[SimCall] = []
        self.time = 1000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def post(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        path = url.removeprefix("http://h")
        self.asked.append((path, form))
        page = self.pages.get(path)
        return (0, "") if page is None else (200, page)

    def run(self, work: Callable[[], None]) -> None:
        work()

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.time + seconds, next(self._order), work))

    def now(self) -> float:
        return self.time

    def tell(self, call: SimCall) -> None:
        self.told.append(call)

    def wait(self, seconds: float) -> None:
        ends = self.time + seconds
        while self._due and self._due[0][0] <= ends:
            self.time, _, work = heapq.heappop(self._due)
            work()
        self.time = ends

    def events(self, path: str) -> list[str]:
        names = ("StatusCallbackEvent", "CallStatus")
        return [
            next(form[name] for name in names if name in form)
            for asked, form in self.asked
            if asked == path
        ]


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def exchange(outside: Outside) -> Exchange:
    return Exchange("AC" + "0" * 32, "http://h/voice", outside, status_url="http://h/number")


def page(inner: str) -> str:
    return f"<Response>{inner}</Response>"


def test_words_take_time_and_then_the_call_ends(outside: Outside, exchange: Exchange) -> None:
    outside.pages["/voice"] = page(
        "<Say>one two three four</Say><Pause length='3'/><Say>five</Say>"
    )
    call = exchange.dial_in(HERE, LINE)
    assert (call.status, call.heard) == ("in-progress", ["one two three four"])
    outside.wait(4)
    assert call.heard[-1] == "one two three four"
    outside.wait(2)
    assert call.heard[-1] == "five"
    outside.wait(2)
    assert call.status == "completed"
    assert outside.events("/number") == ["completed"]


def test_a_key_goes_to_the_action_and_silence_goes_on(outside: Outside, exchange: Exchange) -> None:
    ask = "<Gather numDigits='1' timeout='5' action='/key'><Say>press</Say></Gather>"
    outside.pages["/voice"] = page(ask + "<Say>nothing pressed</Say>")
    outside.pages["/key"] = page("<Say>thanks</Say>")
    pressed, silent = exchange.dial_in(HERE, LINE), exchange.dial_in(THERE, LINE)
    exchange.press(pressed.sid, "7")
    outside.wait(7)
    assert pressed.heard == ["press", "thanks"]
    assert outside.asked[-1][0] != "/key"
    assert [form["Digits"] for path, form in outside.asked if path == "/key"] == ["7"]
    assert silent.heard == ["press", "nothing pressed"]


def test_silence_can_be_an_answer(outside: Outside, exchange: Exchange) -> None:
    outside.pages["/voice"] = page("<Gather actionOnEmptyResult='true' timeout='1' action='/key'/>")
    outside.pages["/key"] = page("<Say>silence</Say>")
    call = exchange.dial_in(HERE, LINE)
    outside.wait(2)
    assert call.heard == ["silence"]


@pytest.mark.parametrize("verb", ["<Reject/>", "<Reject reason='busy'/>"])
def test_a_rejected_call_was_never_answered(
    outside: Outside, exchange: Exchange, verb: str
) -> None:
    outside.pages["/voice"] = page(verb)
    call = exchange.dial_in(HERE, LINE)
    assert (call.status, call.started_at) == ("busy", None)


@pytest.mark.parametrize("broken", [None, "<Response>", "<Response><Dance/></Response>"])
def test_what_cannot_be_run_is_an_apology_and_the_end(
    outside: Outside, exchange: Exchange, broken: str | None
) -> None:
    if broken is not None:
        outside.pages["/voice"] = broken
    call = exchange.dial_in(HERE, LINE)
    assert call.heard == [TROUBLE]
    assert call.is_over


def test_a_redirect_without_end_ends(outside: Outside, exchange: Exchange) -> None:
    outside.pages["/voice"] = page("<Redirect>/voice</Redirect>")
    assert exchange.dial_in(HERE, LINE).heard == [TROUBLE]


def test_a_queue_plays_its_music_until_the_call_is_moved(
    outside: Outside, exchange: Exchange
) -> None:
    outside.pages["/voice"] = page("<Enqueue waitUrl='/music'>q</Enqueue>")
    outside.pages["/music"] = page("<Play>/a.wav</Play><Say>wait</Say><Redirect/>")
    outside.pages["/other"] = page("<Say>moved</Say>")
    call = exchange.dial_in(HERE, LINE)
    outside.wait(30)
    assert call.heard[:4] == ["♪", "wait", "♪", "wait"]
    exchange.move(call.sid, "http://h/other")
    assert call.heard[-1] == "moved"


@pytest.mark.parametrize("way", ["key", "hang up", "time"])
def test_a_recording_ends_by_key_by_hanging_up_or_by_time(
    outside: Outside, exchange: Exchange, way: str
) -> None:
    outside.pages["/voice"] = page(
        "<Record action='/left' maxLength='9' finishOnKey='#' recordingStatusCallback='/rec'/>"
    )
    outside.pages["/left"] = page("<Say>kept</Say>")
    call = exchange.dial_in(HERE, LINE)
    exchange.press(call.sid, "1")
    assert call.doing == "is being recorded"
    {
        "key": lambda: exchange.press(call.sid, "#"),
        "hang up": lambda: exchange.hang_up(call.sid),
        "time": lambda: outside.wait(10),
    }[way]()
    asked = [path for path, _ in outside.asked]
    assert asked.count("/left") == 1
    assert asked.count("/rec") == 1
    assert len(exchange.recordings) == 1
    assert ("kept" in call.heard) == (way != "hang up")


@pytest.mark.parametrize(
    ("behaviour", "statuses"),
    [
        ("busy", ["initiated", "busy"]),
        ("failed", ["initiated", "failed"]),
        ("no-answer", ["initiated", "ringing", "no-answer"]),
        ("voicemail", ["initiated", "ringing", "in-progress", "completed"]),
    ],
)
def test_how_phones_behave_is_reported(
    outside: Outside, exchange: Exchange, behaviour: str, statuses: list[str]
) -> None:
    outside.pages["/answer"] = page("<Pause length='600'/>")
    exchange.behaviours[HERE] = behaviour
    exchange.place(
        LINE,
        HERE,
        "http://h/answer",
        ring_seconds=20,
        report_url="http://h/leg",
        report_events=("initiated", "ringing", "answered", "completed"),
    )
    outside.wait(60)
    assert outside.events("/leg") == statuses
    sequence = [form["SequenceNumber"] for path, form in outside.asked if path == "/leg"]
    assert sequence == [str(place) for place in range(len(statuses))]


def test_a_declined_call_is_busy_and_a_cancelled_one_is_cancelled(
    outside: Outside, exchange: Exchange
) -> None:
    first, second = (exchange.place(LINE, HERE, "http://h/x") for _ in range(2))
    outside.wait(1)
    exchange.decline(first.sid)
    exchange.end(second.sid)
    assert (first.status, second.status) == ("busy", "canceled")
    with pytest.raises(NotPossible):
        exchange.end(second.sid)
    with pytest.raises(NotPossible):
        exchange.move(second.sid, "http://h/x")


def test_a_dialled_number_is_rung_and_then_the_action_is_asked(
    outside: Outside, exchange: Exchange
) -> None:
    outside.pages["/voice"] = page(
        f"<Dial callerId='{LINE}' action='/after'><Number>988</Number></Dial>"
    )
    outside.pages["/after"] = page("<Say>back</Say>")
    call = exchange.dial_in(HERE, LINE)
    child = next(each for each in exchange.calls.values() if each.to == "988")
    assert (child.sender, child.status) == (LINE, "ringing")
    exchange.pick_up(child.sid)
    exchange.hang_up(child.sid)
    assert call.heard == ["back"]
    assert [form["DialCallStatus"] for path, form in outside.asked if path == "/after"] == [
        "completed"
    ]


class TestRooms:
    def two(self, outside: Outside, exchange: Exchange, first: str, second: str) -> list[SimCall]:
        calls = []
        for sender, how in ((HERE, first), (THERE, second)):
            outside.pages["/voice"] = ROOM.format(how)
            calls.append(exchange.dial_in(sender, LINE))
        outside.pages["/after"] = page("<Say>out</Say>")
        return calls

    def test_it_begins_with_somebody_who_may_begin_it(
        self, outside: Outside, exchange: Exchange
    ) -> None:
        self.two(outside, exchange, *['startConferenceOnEnter="false"'] * 2)
        assert "conference-start" not in outside.events("/room")
        outside.pages["/voice"] = ROOM.format("")
        exchange.dial_in("+12025550152", LINE)
        assert outside.events("/room") == ["participant-join"] * 3 + ["conference-start"]
        assert exchange.rooms["r"].started

    def test_it_ends_with_somebody_whose_leaving_ends_it(
        self, outside: Outside, exchange: Exchange
    ) -> None:
        caller, peer = self.two(outside, exchange, 'endConferenceOnExit="true"', "")
        exchange.hang_up(caller.sid)
        assert peer.heard == ["out"]
        assert "r" not in exchange.rooms
        leaves = [form for _, form in outside.asked if "ReasonParticipantLeft" in form]
        assert [form["ReasonParticipantLeft"] for form in leaves] == [
            "participant_hung_up",
            "moderator_ended_conference",
        ]
        assert leaves[0]["ParticipantCallStatus"] == "completed"

    def test_it_goes_on_without_somebody_else(self, outside: Outside, exchange: Exchange) -> None:
        caller, peer = self.two(outside, exchange, 'endConferenceOnExit="true"', "")
        exchange.hang_up(peer.sid)
        assert caller.room == "r"
        assert caller.heard == []

    def test_star_leaves_it_where_that_was_asked_for(
        self, outside: Outside, exchange: Exchange
    ) -> None:
        caller, peer = self.two(outside, exchange, "", "")
        exchange.press(peer.sid, "*")
        assert peer.room == "r"
        outside.pages["/star"] = ROOM.format("").replace("<Dial", '<Dial hangupOnStar="true"')
        exchange.move(peer.sid, "http://h/star")
        exchange.press(peer.sid, "*")
        assert (peer.room, peer.heard) == ("", ["out"])
        assert caller.room == "r"

    def test_a_label_is_there_once(self, outside: Outside, exchange: Exchange) -> None:
        _, second = self.two(outside, exchange, *['participantLabel="x"'] * 2)
        assert "16025" in second.heard[0]

    def test_hold_mute_coach_announce_and_removal(
        self, outside: Outside, exchange: Exchange
    ) -> None:
        caller, peer = self.two(outside, exchange, 'participantLabel="caller"', "")
        room = exchange.rooms["r"].sid
        outside.pages |= {"/hold": page("<Say>held</Say>"), "/news": page("<Say>news</Say>")}
        exchange.change(room, "caller", {"Hold": "true", "HoldUrl": "http://h/hold"})
        assert caller.heard == ["held"]
        exchange.change(room, "caller", {"Hold": "false"})
        assert caller.doing == "talks"
        exchange.change(room, "caller", {"AnnounceUrl": "http://h/news"})
        assert caller.heard[-1] == "news"
        changed = exchange.change(
            room, peer.sid, {"CallSidToCoach": caller.sid, "EndConferenceOnExit": "true"}
        )
        assert (changed.coach, changed.ends) == (caller.sid, True)
        exchange.change(room, peer.sid, {"Muted": "true"})
        assert "participant-mute" not in outside.events("/room")
        exchange.kick(room, peer.sid)
        assert peer.heard == ["out"]
        assert caller.heard[-1] == "out"
        with pytest.raises(NotPossible):
            exchange.participant(room, "caller")


def test_what_a_browser_sees_names_the_call(outside: Outside, exchange: Exchange) -> None:
    outside.pages["/voice"] = page("<Say>hello</Say>")
    call = exchange.dial_in(HERE, LINE)
    assert shown(call)["heard"] == ["hello"]
    assert outside.told[-1] is call
