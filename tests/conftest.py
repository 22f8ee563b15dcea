"""Real servers from the wheels, one pair per test process, and a world to play in."""

from __future__ import annotations

import base64
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from config.settings import Settings
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.valkey import EmbeddedValkey
from helpline.storage import migrate
from helpline.storage.engine import make_engine
from helpline.storage.models import Base
from helpline.supervisor import Child, Supervisor
from helpline.wiring import make_vault
from tests.world import World

KEY = base64.b64encode(b"k" * 32).decode()
TOKEN = "t" * 32
ACCOUNT = "AC" + "a" * 32
NUMBERS = ("+12025550100", "+12025550101", "+12025550102")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """Nothing of the developer's own environment or `.env` reaches a test."""
    kept = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("HELPLINE_", "TWILIO_", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL")):
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[str, str]]:
    """Addresses of a PostgreSQL and a Valkey of this test process's own.

    Their folder is not pytest's: another run of pytest would close that to the server's user.
    """
    with tempfile.TemporaryDirectory(prefix="helpline-test-") as folder:
        Path(folder).chmod(0o711)
        yield from run_servers(Path(folder))


def run_servers(var: Path) -> Iterator[tuple[str, str]]:
    """Both servers, until the generator is closed."""
    postgres, valkey = EmbeddedPostgres(var), EmbeddedValkey(var)
    postgres.prepare()
    supervisor = Supervisor()
    supervisor.start(
        [
            Child(
                "postgres",
                [*postgres.command, "-c", "fsync=off", "-c", "max_connections=100"],
                identity=postgres.identity(),
                stop_signal=signal.SIGINT,
                is_ready=postgres.answers,
                log_path=postgres.log_path,
            ),
            Child("valkey", valkey.command, is_ready=valkey.answers, log_path=valkey.log_path),
        ]
    )
    yield postgres.url, valkey.url
    supervisor.stop()


@pytest.fixture(scope="session")
def settings(servers: tuple[str, str]) -> Settings:
    """The settings of the test line."""
    return make_settings(servers)


def make_settings(servers: tuple[str, str], **changed: object) -> Settings:
    """Settings over these servers, with changes."""
    given: dict[str, object] = {
        "_env_file": None,
        "database_url": servers[0],
        "redis_url": servers[1],
        "public_url": "https://help.example.org",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": (TOKEN,),
        "helpline_numbers": NUMBERS,
        "helpline_keys": (KEY,),
        "helpline_lookup_key": KEY,
        "secret_key": KEY,
        "helpline_timezone": "UTC",
    }
    return Settings(**{**given, **changed})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    """The migrated database."""
    engine = make_engine(settings.database_url, make_vault(settings), connections=20)
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def database(engine: Engine) -> Engine:
    """The database, empty."""
    tables = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    return engine


@pytest.fixture
def redis(servers: tuple[str, str]) -> Redis:
    """Valkey, empty."""
    client = Redis.from_url(servers[1])
    client.flushall()
    return client


@pytest.fixture
def world(database: Engine, servers: tuple[str, str]) -> Iterator[World]:
    """A line with two relay numbers and nobody in it yet."""
    with World(database, make_settings(servers)) as world:
        yield world


@pytest.fixture
def one_number(database: Engine, servers: tuple[str, str]) -> Iterator[World]:
    """A line with one number alone."""
    with World(database, make_settings(servers, helpline_numbers=NUMBERS[:1])) as world:
        yield world
