"""Whatever is written, answered, redelivered, delayed or refused, in whatever order: no text is
lost, doubled, out of order or at the wrong phone; caps hold; nobody waits while a peer is free."""

from __future__ import annotations

import os
import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select, text

from config.settings import Settings
from helpline.domain.conversation import State
from helpline.storage.models import Base, Contact, Conversation, Duty, Place, Volunteer
from tests.conftest import NUMBERS, make_settings
from tests.world import World

PEOPLE = [f"+1202555{2000 + place}" for place in range(4)]
PEERS = [f"+1202555{3000 + place}" for place in range(3)]
person, peer = st.sampled_from(PEOPLE), st.sampled_from(PEERS)
WRITTEN = re.compile(r"\d{4} wrote \d+")
EXAMPLES = int(os.environ.get("HELPLINE_TEST_EXAMPLES", "12"))


class Helpline(RuleBasedStateMachine):
    """People and peers write at random; what everybody gets is compared with what was written."""

    engine: Engine
    settings_used: Settings

    def __init__(self) -> None:
        super().__init__()
        tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        self.world = World(self.engine, self.settings_used).__enter__()
        self.count = 0
        self.written: dict[str, list[str]] = {phone: [] for phone in PEOPLE}
        self.expected: dict[str, list[str]] = {phone: [] for phone in PEOPLE}
        self.sids: list[tuple[str, str, str]] = []

    @initialize(caps=st.lists(st.integers(1, 2), min_size=3, max_size=3))
    def begin(self, caps: list[int]) -> None:
        for phone, cap in zip(PEERS, caps, strict=True):
            self.world.volunteer(phone, f"Peer {phone[-1]}", max_conversations=str(cap))

    def words(self, sender: str) -> str:
        self.count += 1
        return f"{sender[-4:]} wrote {self.count}"

    def post(self, sender: str, words: str, to: str = NUMBERS[0]) -> None:
        sid = f"SM{len(self.sids)}"
        self.sids.append((sender, words, sid))
        self.world.text(sender, words, sid=sid, to=to)

    @rule(phone=person)
    def a_person_writes(self, phone: str) -> None:
        words = self.words(phone)
        self.written[phone].append(words)
        self.post(phone, words)

    @rule(phone=peer, answer=st.sampled_from(["1", "2"]))
    def a_peer_answers_an_offer(self, phone: str, answer: str) -> None:
        if self.has_offer(phone):
            self.post(phone, answer)

    @rule(phone=peer)
    def a_peer_writes(self, phone: str) -> None:
        held = self.held(phone)
        if held:
            relay, contact = held[0]
            words = self.words(phone)
            self.expected[contact].append(words)
            self.post(phone, words, to=relay)

    @rule(phone=peer, command=st.sampled_from(["#done", "#pass"]))
    def a_peer_ends_or_hands_on(self, phone: str, command: str) -> None:
        held = self.held(phone)
        if held:
            self.post(phone, command, to=held[0][0])

    @rule(phone=peer, command=st.sampled_from(["#off", "#on", "#break 10", "#status", "#what"]))
    def a_peer_commands(self, phone: str, command: str) -> None:
        self.post(phone, command)

    @rule(phone=peer)
    def a_peer_wraps_up(self, phone: str) -> None:
        if self.wraps_up(phone):
            self.post(phone, "1 1")

    @rule(seconds=st.sampled_from([1, 30, 61, 301, 700]))
    def time_goes_by(self, seconds: int) -> None:
        self.world.wait(seconds, steps=3)

    @rule(data=st.data())
    def a_text_is_redelivered(self, data: st.DataObject) -> None:
        if self.sids:
            sender, words, sid = data.draw(st.sampled_from(self.sids))
            self.world.text(sender, words, sid=sid)

    @rule(trouble=st.lists(st.sampled_from([429, 500, 503]), min_size=1, max_size=4))
    def the_carrier_is_in_trouble(self, trouble: list[int]) -> None:
        self.world.carrier.trouble = list(trouble)

    # What is so

    def volunteer_id(self, phone: str) -> int:
        return PEERS.index(phone) + 1

    def has_offer(self, phone: str) -> bool:
        with self.world.session() as session:
            asked = text("SELECT 1 FROM offer WHERE volunteer_id = :id AND state = 'pending'")
            return session.execute(asked, {"id": self.volunteer_id(phone)}).first() is not None

    def wraps_up(self, phone: str) -> bool:
        with self.world.session() as session:
            asked = text("SELECT 1 FROM wrap_up WHERE volunteer_id = :id AND ended_at IS NULL")
            return session.execute(asked, {"id": self.volunteer_id(phone)}).first() is not None

    def held(self, phone: str) -> list[tuple[str, str]]:
        """The relay number and the person's phone of each conversation of this peer."""
        with self.world.session() as session:
            rows = session.execute(
                select(Conversation.relay_number_id, Contact)
                .join(Contact, Contact.id == Conversation.contact_id)
                .where(
                    Conversation.volunteer_id == self.volunteer_id(phone),
                    Conversation.state == State.ACTIVE,
                )
                .order_by(Conversation.id)
            )
            return [(NUMBERS[relay - 1], contact.phone.e164) for relay, contact in rows if relay]

    @invariant()
    def caps_hold(self) -> None:
        with self.world.session() as session:
            rows = session.execute(
                select(func.count(Place.slot), Volunteer.max_conversations)
                .join(Volunteer, Volunteer.id == Place.volunteer_id)
                .group_by(Volunteer.id)
            )
            assert all(places <= cap for places, cap in rows)

    @invariant()
    def nobody_gets_what_is_not_for_them(self) -> None:
        for phone in PEOPLE:
            got = [body for body in self.world.inbox(phone) if WRITTEN.fullmatch(body)]
            assert got == self.expected[phone][: len(got)], phone
        for phone in PEERS:
            got = [body for body in self.world.inbox(phone) if WRITTEN.fullmatch(body)]
            assert all(count == 1 for count in Counter(got).values()), got
            for sender in PEOPLE:
                theirs = [body for body in got if body.startswith(sender[-4:])]
                assert theirs == sorted(theirs, key=lambda body: int(body.split()[-1]))

    @invariant()
    def nobody_waits_while_a_peer_is_free(self) -> None:
        with self.world.session() as session:
            free = set(session.scalars(select(Duty.volunteer_id).where(Duty.free)))
            waiting = session.scalars(
                select(Conversation.id).where(Conversation.state == State.WAITING)
            ).all()
            for conversation_id in waiting:
                asked = session.execute(
                    text(
                        "SELECT volunteer_id FROM offer WHERE conversation_id = :id"
                        " AND ended_at IS NOT NULL"
                    ),
                    {"id": conversation_id},
                )
                never_asked = free - {row[0] for row in asked}
                assert not never_asked, (conversation_id, never_asked, free)

    def teardown(self) -> None:
        """In the end, with time and a carrier that works, everything has arrived, once."""
        try:
            self.world.carrier.trouble = []
            self.world.wait(120, steps=12)
            for phone in PEOPLE:
                got = [body for body in self.world.inbox(phone) if WRITTEN.fullmatch(body)]
                assert got == self.expected[phone]
            everything = Counter(
                body for phone in PEERS for body in self.world.inbox(phone) if "\n" not in body
            )
            with self.world.session() as session:
                unread = text("SELECT count(*) FROM message WHERE relayed_at IS NULL")
                missing = session.execute(unread).scalar_one()
            lines = [words for written in self.written.values() for words in written]
            assert sum(everything[words] == 0 for words in lines) == missing
            assert all(everything[words] <= 1 for words in lines)
        finally:
            self.world.__exit__()


@pytest.mark.timeout(600)
def test_whatever_happens(database: Engine, servers: tuple[str, str]) -> None:
    Helpline.engine = database
    Helpline.settings_used = make_settings(servers)
    run_state_machine_as_test(
        Helpline,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            print_blob=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
