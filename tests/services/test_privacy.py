"""A whole conversation with failures in it leaves no number and no word where it should not."""

from __future__ import annotations

import logging
import os
import re
import subprocess
from pathlib import Path

import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from redis import Redis
from sqlalchemy import Engine, insert, inspect, text
from sqlalchemy.exc import IntegrityError

from helpline.embedded.postgres import INSTALL, EmbeddedPostgres, _wheel
from helpline.logs import ALLOWED, NoWordsFormatter, only_allowed, where
from helpline.services.rotate_keys import rotate_batch, sealed_columns
from helpline.storage.models import Base, Message, Place
from helpline.storage.sealed import Sealed, use_vault
from helpline.storage.vault import CannotOpen, Vault
from tests.world import World

PERSON, SAM = "+12025550150", "+12025550111"
SECRETS = ("harbourlight", "marzipan", "2025550150", "2025550111", "Samwise")


def a_hard_night(world: World) -> None:
    world.volunteer(SAM, "Samwise Field")
    world.together(PERSON, SAM, "the harbourlight is out")
    world.carrier.trouble = [429, 500]
    world.text(PERSON, "harbourlight, I said")
    world.wait(30, steps=10)
    world.carrier.refuse[PERSON] = 21614
    world.text(SAM, "marzipan")
    world.text(SAM, "#note marzipan again")
    world.text(SAM, "#done")
    world.text(SAM, "1 1 harbourlight")


def test_a_dump_of_the_database_holds_none_of_it(world: World, servers: tuple[str, str]) -> None:
    a_hard_night(world)
    folder = re.search(r"host=(\S+)", servers[0])
    assert folder is not None
    programs = Path(_programs())
    dump = subprocess.run(
        [programs / "pg_dump", "-h", folder[1], "-U", "postgres", "helpline"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "COPY public.message" in dump
    for secret in SECRETS:
        assert secret not in dump
        assert secret.encode().hex() not in dump


def _programs() -> str:
    return str(_wheel() / INSTALL / "bin")


def test_logs_and_metrics_hold_none_of_it(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        a_hard_night(world)
    said = "".join(capsys.readouterr()) + caplog.text
    said += world.client.get("/metrics").get_data(as_text=True)
    assert "text_not_sent" in said
    for secret in SECRETS:
        assert secret not in said


def test_every_key_that_is_logged_is_on_the_list(world: World) -> None:
    with structlog.testing.capture_logs() as events:
        a_hard_night(world)
    assert events
    for event in events:
        assert set(event) - {"log_level"} <= ALLOWED


def test_what_is_not_on_the_list_is_dropped() -> None:
    assert only_allowed(None, "", {"event": "x", "words": "secret"}) == {"event": "x"}


def test_an_exceptions_text_is_never_shown() -> None:
    try:
        raise ValueError("harbourlight")
    except ValueError as reason:
        assert "harbourlight" not in where(reason)
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            "",
            1,
            "went wrong",
            None,
            (type(reason), reason, reason.__traceback__),
        )
    assert "harbourlight" not in NoWordsFormatter("%(message)s").format(record)
    assert "ValueError" in NoWordsFormatter("%(message)s").format(record)


def test_a_database_error_does_not_repeat_what_was_to_be_stored(world: World) -> None:
    with world.session() as session, pytest.raises(IntegrityError) as caught:
        session.execute(insert(Message).values(words="harbourlight", media=[]))
    assert "harbourlight" not in str(caught.value)


class TestSealing:
    def vault(self, *keys: bytes) -> Vault:
        return Vault([key * 32 for key in keys], b"l" * 32)

    def test_what_is_sealed_opens_for_its_purpose_only(self) -> None:
        vault = self.vault(b"a")
        sealed = vault.seal(b"words", "message.words")
        assert b"words" not in sealed
        assert vault.open(sealed, "message.words") == b"words"
        with pytest.raises(CannotOpen):
            vault.open(sealed, "note.words")

    def test_equal_words_do_not_look_equal(self) -> None:
        vault = self.vault(b"a")
        assert vault.seal(b"x", "p") != vault.seal(b"x", "p")

    @pytest.mark.parametrize("place", [0, 1, 5, 20, -1])
    def test_a_changed_value_does_not_open(self, place: int) -> None:
        vault = self.vault(b"a")
        sealed = bytearray(vault.seal(b"words", "p"))
        sealed[place] ^= 1
        with pytest.raises(CannotOpen):
            vault.open(bytes(sealed), "p")

    def test_an_older_key_opens_and_a_lost_one_does_not(self) -> None:
        sealed = self.vault(b"a").seal(b"words", "p")
        assert self.vault(b"b", b"a").open(sealed, "p") == b"words"
        assert not self.vault(b"b", b"a").is_current(sealed)
        with pytest.raises(CannotOpen):
            self.vault(b"b").open(sealed, "p")

    def test_a_vault_shows_no_key(self) -> None:
        assert "aaaa" not in repr(self.vault(b"a"))


def test_keys_are_rotated_and_the_old_one_can_go(world: World, engine: Engine) -> None:
    a_hard_night(world)
    old = world.wires.vault
    new = Vault([os.urandom(32), b"k" * 32], b"k" * 32)
    use_vault(engine, new)
    try:
        for table, column in sealed_columns():
            with world.wires.desk() as desk:
                _, changed, after = rotate_batch(desk, table, column, None)
                assert after is None
            with world.wires.desk() as desk:
                assert rotate_batch(desk, table, column, None)[1] == 0
        with world.session() as session:
            assert changed >= 0
            words = session.execute(text("SELECT words FROM message")).scalars().all()
            assert words
            assert all(new.is_current(bytes(each)) for each in words)
    finally:
        use_vault(engine, old)


def test_a_text_whose_key_is_lost_holds_up_no_other(world: World, engine: Engine) -> None:
    world.drop_in(PERSON, "hi")
    while world.wires and not world.carrier.taken:
        with world.session() as session:
            if session.execute(text("SELECT count(*) FROM outgoing_text")).scalar_one():
                break
        world.do_one()
    with engine.begin() as connection:
        connection.execute(text("UPDATE outgoing_text SET body = '\\x01ffff' || body"))
    world.text("+12025550151", "hi")
    assert world.inbox("+12025550151") != []


def test_words_and_numbers_are_in_sealed_columns_only() -> None:
    open_columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if not isinstance(column.type, Sealed)
        and column.name in ("words", "body", "phone", "name", "answer", "payload", "media", "to")
    }
    assert open_columns == {"line.name", "lease.name"}


def test_the_cap_is_a_constraint(world: World) -> None:
    world.volunteer(SAM)
    world.together(PERSON, SAM)
    world.text("+12025550151", "hi")
    for slot in (1, 2):
        with world.session() as session, pytest.raises(IntegrityError):
            session.execute(
                insert(Place).values(volunteer_id=1, slot=slot, cap=1, conversation_id=2)
            )


def test_redis_holds_nothing_about_anybody(world: World, redis: Redis) -> None:
    a_hard_night(world)
    assert not any(secret.encode() in b"".join(redis.keys()) for secret in SECRETS)


def test_the_schema_is_what_the_models_say(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(connection).get_table_names()) >= set(Base.metadata.tables)


def test_the_embedded_server_listens_to_nobody_else(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    assert "listen_addresses=" in server.command
    socket_folder = Path(re.findall(r"host=(\S+)", server.url)[0])
    assert socket_folder.stat().st_mode & 0o077 == 0
    assert len(str(socket_folder)) < 90
