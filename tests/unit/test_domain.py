"""What the helpline decides in plain Python."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from zoneinfo import ZoneInfo

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from helpline.domain.alias import FIRST, SECOND, aliases
from helpline.domain.commands import (
    STOP_WORDS,
    Command,
    Reading,
    is_start,
    is_stop,
    read_command,
    read_minutes,
)
from helpline.domain.conversation import MOVES, Event, IllegalMove, Risk, State, after
from helpline.domain.matching import HEAD_START, queue_at
from helpline.domain.phone import NotAPhoneNumber, PhoneNumber, parse_phone
from helpline.domain.policy import Policy
from helpline.domain.segments import count_segments, split_body, utf16_units
from helpline.domain.shifts import BadShift, ShiftPlan, to_utc
from helpline.domain.wishes import read_wishes
from helpline.wiring import load_vocabulary

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class TestPhone:
    def test_only_two_digits_are_ever_printed(self) -> None:
        phone = PhoneNumber("+12025550123")
        for shown in (repr(phone), str(phone), f"{phone}", f"{phone!r:>30}", str([phone])):
            assert "23" in shown
            assert "2025550" not in shown

    @pytest.mark.parametrize(
        ("text", "country", "e164"),
        [
            ("+1 202-555-0123", "US", "+12025550123"),
            ("(202) 555-0123", "US", "+12025550123"),
            ("020 7946 0123", "GB", "+442079460123"),
            ("+34 612 34 56 78", "US", "+34612345678"),
        ],
    )
    def test_numbers_are_read_as_people_write_them(
        self, text: str, country: str, e164: str
    ) -> None:
        assert parse_phone(text, country).e164 == e164

    @pytest.mark.parametrize("text", ["", "12", "hello", "+1", "911", "+12025550123x9", "+0012"])
    def test_what_is_no_number_is_refused_and_not_repeated(self, text: str) -> None:
        with pytest.raises(NotAPhoneNumber) as caught:
            parse_phone(text, "US")
        assert str(caught.value) == ""

    @given(st.text())
    def test_no_text_at_all_breaks_the_reader(self, text: str) -> None:
        with contextlib.suppress(NotAPhoneNumber):
            assert parse_phone(text, "US").e164.startswith("+")


class TestConversation:
    @pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
    def test_every_pair_of_state_and_event_is_decided(self, state: State, event: Event) -> None:
        if (state, event) in MOVES:
            assert after(state, event) in State
        else:
            with pytest.raises(IllegalMove):
                after(state, event)

    def test_nothing_leaves_an_ended_conversation(self) -> None:
        assert not {state for state, _ in MOVES} & {State.CLOSED, State.ABANDONED}

    def test_whoever_waits_is_only_ever_abandoned_by_their_own_word(self) -> None:
        causes = {event for (_, event), then in MOVES.items() if then == State.ABANDONED}
        assert causes == {Event.OPTED_OUT, Event.HUNG_UP, Event.ERASED}


class TestQueue:
    def test_risk_goes_first_then_age(self) -> None:
        waits = [(Risk.NONE, 0), (Risk.HIGH, 20), (Risk.NONE, 10), (Risk.IMMINENT, 30)]
        keyed = sorted(waits, key=lambda w: queue_at(w[0], NOON + timedelta(minutes=w[1])))
        assert [risk for risk, _ in keyed] == [Risk.IMMINENT, Risk.HIGH, Risk.NONE, Risk.NONE]

    def test_no_one_starves_under_endless_higher_risk(self) -> None:
        longest = max(HEAD_START.values())
        assert queue_at(Risk.NONE, NOON) < queue_at(Risk.IMMINENT, NOON + longest + timedelta(1))

    def test_every_class_has_a_longer_head_start_than_the_one_below(self) -> None:
        starts = [HEAD_START[risk] for risk in Risk]
        assert starts == sorted(set(starts))


class TestCommands:
    @pytest.mark.parametrize(
        ("text", "reading"),
        [
            ("hello", Reading("hello")),
            ("  hello  ", Reading("  hello  ")),
            ("#done", Reading("", command=Command.DONE)),
            ("#DONE ", Reading("", command=Command.DONE)),
            ("#break 15", Reading("15", command=Command.BREAK)),
            ("#note two\nlines", Reading("two\nlines", command=Command.NOTE)),
            ("#a", Reading("", label="a")),
            ("#B hi you", Reading("hi you", label="b")),
            ("#me #done", Reading("", label="me", command=Command.DONE)),
            ("#a #note x", Reading("x", label="a", command=Command.NOTE)),
            ("#pass b", Reading("", label="b", command=Command.PASS)),
            ("#nope", Reading("#nope", command=Command.UNKNOWN)),
            ("#unknown", Reading("#unknown", command=Command.UNKNOWN)),
            ("# done", Reading("# done", command=Command.UNKNOWN)),
            ("#a #b hi", Reading("#a #b hi", command=Command.UNKNOWN)),
            ("#done.", Reading("", command=Command.DONE)),
            ("#a: hi", Reading("hi", label="a")),
            ("#a#done", Reading("", label="a", command=Command.DONE)),
            ("\u200b#note x", Reading("x", command=Command.NOTE)),
            ("\ufeff \u200e\uff03\uff44one", Reading("", command=Command.DONE)),
            ("#a \u200b#done", Reading("", label="a", command=Command.DONE)),
            ("not #done", Reading("not #done")),
        ],
    )
    def test_reading(self, text: str, reading: Reading) -> None:
        assert read_command(text) == reading

    @given(st.text())
    def test_a_text_without_a_hash_is_kept_to_the_letter(self, text: str) -> None:
        if not text.strip().startswith("#"):
            assert read_command(text) == Reading(text)

    @given(st.text())
    def test_a_text_with_a_hash_is_never_plain_words(self, text: str) -> None:
        reading = read_command("#" + text)
        assert reading.command is not None or reading.label is not None

    def test_no_control_word_is_one_that_carriers_act_on(self) -> None:
        carrier = STOP_WORDS | {"start", "unstop", "info"}
        assert not carrier & ({command.value for command in Command} - {"help"})

    @pytest.mark.parametrize(
        ("text", "is_it"), [("STOP", True), (" end\n", True), ("stop!", False)]
    )
    def test_stop(self, text: str, is_it: bool) -> None:
        assert is_stop(text) is is_it

    def test_start(self) -> None:
        assert is_start(" Start ")
        assert not is_start("start over")

    @pytest.mark.parametrize(
        ("text", "minutes"), [("15", 15), (" 5 ", 5), ("0", None), ("1441", None), ("٣", None)]
    )
    def test_minutes(self, text: str, minutes: int | None) -> None:
        assert read_minutes(text) == minutes


class TestSegments:
    @pytest.mark.parametrize(
        ("text", "segments"),
        [
            ("", 1),
            ("a" * 160, 1),
            ("a" * 161, 2),
            ("a" * 306, 2),
            ("a" * 307, 3),
            ("€" * 80, 1),
            ("€" * 81, 2),
            ("ç" * 70, 1),
            ("ç" * 71, 2),
            ("😭" * 35, 1),
            ("😭" * 36, 2),
            ("é" * 160, 1),
        ],
    )
    def test_counting(self, text: str, segments: int) -> None:
        assert count_segments(text) == segments

    @given(st.text(max_size=4000), st.integers(min_value=10, max_value=1600))
    def test_splitting_loses_nothing_and_keeps_within_the_limit(
        self, text: str, limit: int
    ) -> None:
        bodies = split_body(text, limit)
        assert "".join(bodies) == text
        assert all(0 < utf16_units(body) <= limit for body in bodies)

    @given(
        st.lists(st.sampled_from(["👩‍👩‍👧", "e\u0301", "🇪🇸", "a", " ", "नि", "\r\n"]), max_size=400)
    )
    def test_grapheme_clusters_stay_whole(self, clusters: list[str]) -> None:
        text = "".join(clusters)
        parts = [regex.findall(r"\X", body) for body in split_body(text, 40)]
        assert [cluster for part in parts for cluster in part] == regex.findall(r"\X", text)


class TestShifts:
    def plan(
        self, starts: str, ends: str, zone: str = "America/New_York", rule: str = ""
    ) -> ShiftPlan:
        wall = "%Y-%m-%d %H:%M"
        return ShiftPlan(datetime.strptime(starts, wall), datetime.strptime(ends, wall), zone, rule)

    def spans(self, plan: ShiftPlan, after: datetime, days: int) -> list[tuple[datetime, datetime]]:
        return list(plan.between(after, after + timedelta(days=days)))

    def test_a_night_shift_over_the_spring_change_is_an_hour_shorter(self) -> None:
        [(start, end)] = self.spans(
            self.plan("2027-03-13 22:00", "2027-03-14 06:00"), datetime(2027, 3, 13, tzinfo=UTC), 3
        )
        assert end - start == timedelta(hours=7)

    def test_and_over_the_autumn_change_an_hour_longer(self) -> None:
        [(start, end)] = self.spans(
            self.plan("2026-10-31 22:00", "2026-11-01 06:00"), datetime(2026, 10, 31, tzinfo=UTC), 3
        )
        assert end - start == timedelta(hours=9)

    def test_a_wall_time_that_does_not_exist_moves_on(self) -> None:
        assert to_utc(datetime(2027, 3, 14, 2, 30), "America/New_York") == datetime(
            2027, 3, 14, 7, 30, tzinfo=UTC
        )

    def test_the_29th_of_february_comes_every_four_years(self) -> None:
        plan = self.plan("2024-02-29 10:00", "2024-02-29 12:00", rule="FREQ=YEARLY")
        found = self.spans(plan, datetime(2025, 1, 1, tzinfo=UTC), 365 * 8)
        assert [start.year for start, _ in found] == [2028, 2032]

    @pytest.mark.parametrize("rule", ["UNTIL=20261125T230000Z", "UNTIL=20261125T180000", "COUNT=3"])
    def test_rules_end_as_they_say(self, rule: str) -> None:
        plan = self.plan("2026-11-23 18:00", "2026-11-23 20:00", rule=f"FREQ=DAILY;{rule}")
        assert len(self.spans(plan, NOON - timedelta(days=1), 30)) == 3

    @pytest.mark.parametrize(
        "rule", ["FREQ=HOURLY", "FREQ=SECONDLY", "nonsense", "FREQ=WEEKLY;BYDAY=XX", "FREQ="]
    )
    def test_bad_rules_are_refused(self, rule: str) -> None:
        with pytest.raises(BadShift, match="repeats"):
            self.plan("2026-11-23 18:00", "2026-11-23 20:00", rule=rule)

    @given(
        st.datetimes(datetime(2020, 1, 1), datetime(2039, 12, 31)),
        st.integers(min_value=15, max_value=24 * 60),
        st.sampled_from(["America/New_York", "Europe/Madrid", "Australia/Sydney", "Asia/Kolkata"]),
    )
    def test_every_occurrence_has_the_wall_times_that_were_planned(
        self, starts: datetime, minutes: int, zone: str
    ) -> None:
        starts = starts.replace(second=0, microsecond=0)
        plan = ShiftPlan(starts, starts + timedelta(minutes=minutes), zone, "FREQ=DAILY;COUNT=5")
        begin = starts.replace(tzinfo=UTC) - timedelta(days=2)
        here = ZoneInfo(zone)
        for start, end in plan.between(begin, begin + timedelta(days=10)):
            assert start < end
            wall = start.astimezone(here)
            moved = abs((wall.hour * 60 + wall.minute) - (starts.hour * 60 + starts.minute))
            assert moved in (0, 30, 60, 24 * 60 - 60)


class TestWishes:
    @pytest.mark.parametrize(
        ("words", "language", "gender"),
        [
            ("can I talk to a woman please?", None, "female"),
            ("Prefiero un hombre", None, "male"),
            ("do you speak spanish", "es", None),
            ("a woman I know told me to text", None, None),
            ("my spanish homework", None, None),
        ],
    )
    def test_only_what_is_asked_for_counts(
        self, words: str, language: str | None, gender: str | None
    ) -> None:
        wishes = read_wishes(words, load_vocabulary())
        assert (wishes.wants_language, wishes.wants_gender) == (language, gender)

    @pytest.mark.parametrize(
        ("words", "language"),
        [
            ("hola necesito ayuda", "es"),
            ("I need someone to talk to", "en"),
            ("hola", "es"),
            ("help", None),
            ("", None),
            ("👍", None),
        ],
    )
    def test_the_language_somebody_writes_in(self, words: str, language: str | None) -> None:
        assert read_wishes(words, load_vocabulary()).writes_in == language

    def test_topics(self) -> None:
        read = read_wishes("40 days SOBER and my anxiety is bad", load_vocabulary())
        assert read.topics == ("alcohol", "anxiety")
        assert read_wishes("soberly", load_vocabulary()).topics == ()

    @given(st.text())
    def test_no_text_breaks_the_reader(self, text: str) -> None:
        read_wishes(text, load_vocabulary())


class TestAlias:
    def test_aliases_do_not_repeat_within_a_round(self) -> None:
        total = len(FIRST) * len(SECOND)
        assert len(set(islice(aliases(7), total))) == total

    def test_later_rounds_add_a_number(self) -> None:
        total = len(FIRST) * len(SECOND)
        assert next(islice(aliases(7), total, None)).endswith(" 2")


@given(st.floats(min_value=0.1, max_value=1e6))
def test_the_idle_warning_comes_before_the_end(seconds: float) -> None:
    policy = Policy("", "", "", "US", "UTC", "en", idle_close=timedelta(seconds=seconds))
    assert timedelta(0) <= policy.idle_warning < policy.idle_close
