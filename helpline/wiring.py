"""The one place where settings become objects."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from config.settings import Settings, key_bytes
from helpline.bell import RqBell
from helpline.carrier.gateway import TwilioCarrier
from helpline.domain.calls import Strategy
from helpline.domain.crisis.judge import Detector
from helpline.domain.crisis.lexicon import make_lexicon
from helpline.domain.crisis.opinion import make_opinion
from helpline.domain.crisis_lines import CrisisLines, make_line
from helpline.domain.escalation import Escalation, make_escalation
from helpline.domain.links import Links
from helpline.domain.policy import Policy
from helpline.domain.wishes import Vocabulary
from helpline.domain.wording import Wording
from helpline.ports import Bell, Carrier, Clock
from helpline.services.desk import Desk, House
from helpline.storage import lines
from helpline.storage.engine import (
    lost_a_deadlock,
    make_door_engine,
    make_engine,
    session_maker,
)
from helpline.storage.vault import Vault

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"
REDIS_TIMEOUT_SECONDS = 2
DOOR_CONNECTIONS = 8
PAGE_CONNECTIONS = 4
MOST_TRIES = 5
T = TypeVar("T")


def now() -> datetime:
    """The time: the only clock that doors read."""
    return datetime.now(UTC)  # noqa: TID251 - here and nowhere else


@cache
def load_wording(fallback: str) -> Wording:
    """Every language in `config/wording/`; a file's tables are only for its readers."""
    texts = {}
    for path in sorted((CONFIG / "wording").glob("*.toml")):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        texts[path.stem] = {
            key: text
            for name, table in tables.items()
            if name != "about"
            for key, text in table.items()
        }
    return Wording(texts, fallback)


@cache
def load_vocabulary() -> Vocabulary:
    """`config/topics.toml`."""
    tables = tomllib.loads((CONFIG / "topics.toml").read_text(encoding="utf-8"))
    return Vocabulary(
        topics=tables["topics"],
        genders=tables["genders"],
        languages=tables["languages"],
        common_words=tables["common_words"],
    )


@cache
def load_detector() -> Detector:
    """Every language in `config/lexicon/`, with the second opinions beside them."""
    folder = CONFIG / "lexicon"
    lexicons = [
        make_lexicon(tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("??.toml"))
    ]
    foreign = tomllib.loads((folder / "foreign.toml").read_text(encoding="utf-8"))
    opinions = {
        path.name.split(".")[1]: make_opinion(json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.glob("opinion.*.json"))
    }
    return Detector(
        lexicons,
        [words.split() for words in foreign["common_words"].values()],
        opinions,
        load_escalation().always,
    )


@cache
def load_escalation() -> Escalation:
    """`config/escalation.toml`; raises `BadEscalation`."""
    return make_escalation(tomllib.loads((CONFIG / "escalation.toml").read_text(encoding="utf-8")))


@cache
def load_crisis_lines() -> CrisisLines:
    """`config/crisis_lines.toml`."""
    tables = tomllib.loads((CONFIG / "crisis_lines.toml").read_text(encoding="utf-8"))
    lines = {country: make_line(country, facts) for country, facts in tables["lines"].items()}
    return CrisisLines(lines, make_line("", tables["finder"]))


def make_house(settings: Settings) -> House:
    """Policy, wording and vocabulary."""

    def seconds(value: float) -> timedelta:
        return timedelta(seconds=value)

    policy = Policy(
        public_url=settings.public_url,
        line_name=settings.helpline_name,
        privacy_url=settings.helpline_privacy_url,
        country=settings.helpline_country,
        timezone=settings.helpline_timezone,
        language=settings.helpline_language,
        offer=seconds(settings.helpline_offer_seconds),
        wait_text=seconds(settings.helpline_wait_text_seconds),
        wait_text_repeat=seconds(settings.helpline_wait_text_repeat_seconds),
        idle_close=seconds(settings.helpline_idle_close_seconds),
        wrap_up=seconds(settings.helpline_wrap_up_seconds),
        ack=seconds(settings.helpline_ack_seconds),
        reopen=seconds(settings.helpline_reopen_seconds),
        ring=seconds(settings.helpline_ring_seconds),
        call_wait=seconds(settings.helpline_call_wait_seconds),
        ring_strategy=Strategy(settings.helpline_ring_strategy),
        ring_at_once=settings.helpline_ring_at_once,
        ring_rounds=settings.helpline_ring_rounds,
        calls_per_second=settings.helpline_calls_per_second,
        records_calls=settings.helpline_record_calls,
        voicemail=seconds(settings.helpline_voicemail_seconds),
        voicemail_kept=timedelta(days=settings.helpline_voicemail_days),
        professional_number=settings.helpline_professional_number,
    )
    return House(
        policy=policy,
        wording=load_wording(settings.helpline_language),
        vocabulary=load_vocabulary(),
        detector=load_detector(),
        crisis_lines=load_crisis_lines(),
        escalation=load_escalation(),
        links=Links(key_bytes(settings.secret_key)),
    )


def make_vault(settings: Settings) -> Vault:
    """Seals with the first data key, opens with all."""
    keys = [key_bytes(key) for key in settings.helpline_keys]
    return Vault(keys, key_bytes(settings.helpline_lookup_key))


def make_redis(settings: Settings) -> Redis:
    """A connection that gives up soon: Redis only wakes."""
    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
    )


def make_carrier(settings: Settings) -> Carrier:
    """Twilio, or whatever speaks like it at `TWILIO_API_URL`."""
    return TwilioCarrier(
        settings.twilio_account_sid,
        settings.twilio_auth_token[0],
        settings.twilio_api_url,
        timeout_seconds=settings.twilio_timeout_seconds,
        connections=settings.helpline_send_lanes + 8,
    )


@dataclass(frozen=True, slots=True)
class Wires:
    """What a door needs: a worker, the clock, a command, a page."""

    settings: Settings
    house: House
    vault: Vault
    engine: Engine
    sessions: sessionmaker[Session]
    bell: Bell
    clock: Clock = now

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """One transaction: committed at the end, rolled back on an exception."""
        with self.sessions.begin() as session:
            yield Desk(session, self.clock(), self.house)

    def do(self, work: Callable[[Desk], T]) -> T:
        """Do work in one transaction; again, from the start, where it lost a deadlock."""
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                with self.desk() as desk:
                    return work(desk)
            except OperationalError as reason:
                if not (tries_left and lost_a_deadlock(reason)):
                    raise
        raise AssertionError("the last try returns or raises")


def make_wires(
    settings: Settings, *, connections: int = PAGE_CONNECTIONS, ping: bool = True
) -> Wires:
    """Connect to everything that the settings name; nothing is opened before it is used."""
    vault = make_vault(settings)
    engine = make_engine(settings.database_url, vault, connections=connections, ping=ping)
    return Wires(
        settings=settings,
        house=make_house(settings),
        vault=vault,
        engine=engine,
        sessions=session_maker(engine),
        bell=RqBell(make_redis(settings)),
    )


def make_door(settings: Settings, vault: Vault) -> Engine:
    """The engine of the webhooks: one statement, one transaction."""
    return make_door_engine(settings.database_url, vault, connections=DOOR_CONNECTIONS)


def sync_line(wires: Wires) -> None:
    """Make the line and its numbers as the settings say; run at every start."""
    with wires.desk() as desk:
        lines.sync_line(desk.session, "main", wires.settings.helpline_numbers)
