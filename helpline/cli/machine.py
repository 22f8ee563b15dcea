"""What a command finds on this machine: settings, keys, and servers where none are set."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
from dotenv import dotenv_values
from sqlalchemy.exc import OperationalError

from config.settings import Settings, read_settings
from helpline.embedded.folders import CannotStart, runtime_folder
from helpline.embedded.postgres import EmbeddedPostgres
from helpline.embedded.valkey import EmbeddedValkey
from helpline.keys import new_key
from helpline.storage import migrate
from helpline.storage.vault import CannotOpen
from helpline.supervisor import Child, Supervisor
from helpline.wiring import Wires, make_wires, sync_line

KEY_SETTINGS = ("HELPLINE_KEYS", "HELPLINE_LOOKUP_KEY", "SECRET_KEY")


class Machine:
    """This machine, as the current folder, the environment and `.env` describe it."""

    def __init__(self) -> None:
        self.environment = {**_filled(dotenv_values(".env")), **_filled(dict(os.environ))}
        self.var = Path(self.environment.get("HELPLINE_VAR", "var")).absolute()
        self.overlay: dict[str, str] = {}

    def give(self, values: dict[str, str]) -> None:
        """Add settings where nothing else says anything."""
        for name, value in values.items():
            if name not in self.environment:
                self.environment[name] = self.overlay[name] = value

    def settings(self) -> Settings:
        """The settings, with what this machine added; raises `BadSetting`."""
        os.environ.update(self.overlay)
        return read_settings()

    def has(self, name: str) -> bool:
        """Whether a setting is given."""
        return name in self.environment

    def use_own_keys(self, *, make: bool) -> None:
        """Keys from `var/keys.env`; made there once, if `make`, and said so."""
        path = self.var / "keys.env"
        if all(self.has(name) for name in KEY_SETTINGS):
            return
        if not path.exists() and make:
            self._check_the_rest()
            self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines = "".join(f"{name}={new_key()}\n" for name in KEY_SETTINGS)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(lines)
            click.echo(
                f"Made keys of its own in {path}: keep a copy safe, without them no text "
                "that is stored can be read.",
                err=True,
            )
        if path.exists():
            self.give(_filled(dotenv_values(path)))

    def _check_the_rest(self) -> None:
        """Whether all is well but for the keys; raises `BadSetting` before any are made."""
        os.environ.update(self.overlay)
        lacking = {name.lower(): new_key() for name in KEY_SETTINGS if not self.has(name)}
        read_settings(**lacking)

    def use_running_demo(self) -> None:
        """The settings of a demo that runs here, so that commands reach it."""
        path = self.var / "demo.env"
        if path.exists() and self.is_running():
            self.give(_filled(dotenv_values(path)))

    def embedded_children(self) -> list[Child]:
        """The servers that are not configured, as children to be started."""
        children = []
        if not self.has("DATABASE_URL"):
            children.append(postgres_child(EmbeddedPostgres(self.var)))
            self.give({"DATABASE_URL": EmbeddedPostgres(self.var).url})
        if not self.has("REDIS_URL"):
            valkey = EmbeddedValkey(self.var)
            children.append(
                Child(
                    "valkey",
                    valkey.command,
                    is_ready=valkey.answers,
                    log_path=valkey.log_path,
                )
            )
            self.give({"REDIS_URL": valkey.url})
        return children

    def forget_sockets(self) -> None:
        """After the embedded servers have stopped: their sockets and logs outside `var` go."""
        shutil.rmtree(runtime_folder(self.var), ignore_errors=True)

    def is_running(self) -> bool:
        """Whether a helpline runs in this folder."""
        try:
            with open(self.var / "lock") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one helpline runs in a folder; raises `CannotStart`."""
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self.var / "lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotStart(
                    f"a helpline runs in this folder already (data in {self.var}); stop it "
                    "first, or set HELPLINE_VAR to another folder"
                ) from None
            yield


def postgres_child(server: EmbeddedPostgres) -> Child:
    """The embedded PostgreSQL, prepared, to be started."""
    server.prepare()
    return Child(
        "postgres",
        server.command,
        identity=server.identity(),
        stop_signal=signal.SIGINT,
        is_ready=server.answers,
        log_path=server.log_path,
        folder=Path("/"),
    )


def _filled(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value}


@contextmanager
def open_wires() -> Iterator[Wires]:
    """What a command needs: settings, and the database up, at the newest schema, with its line.

    The embedded database is started for the length of the command if it does not run.
    """
    machine = Machine()
    machine.use_running_demo()
    embedded = not machine.has("DATABASE_URL")
    machine.use_own_keys(make=embedded)
    supervisor = Supervisor()
    if embedded:
        server = EmbeddedPostgres(machine.var)
        if not server.answers():
            supervisor.start([postgres_child(server)])
        machine.give({"DATABASE_URL": server.url})
    if not machine.has("REDIS_URL"):
        machine.give({"REDIS_URL": EmbeddedValkey(machine.var).url})
    try:
        wires = make_wires(machine.settings())
        _make_ready(wires, embedded=embedded)
        yield wires
    except OperationalError:
        raise CannotStart("the database does not answer: check DATABASE_URL") from None
    except CannotOpen:
        raise CannotStart(
            "what is stored was sealed under a key that is not in HELPLINE_KEYS: put that key "
            "back, behind the current one"
        ) from None
    finally:
        with suppress(NameError):
            wires.engine.dispose()
        supervisor.stop()


def _make_ready(wires: Wires, *, embedded: bool) -> None:
    if embedded:
        migrate.upgrade(wires.engine)
    elif not migrate.is_current(wires.engine):
        raise CannotStart("the database is not at this release's schema: run `helpline db upgrade`")
    sync_line(wires)


def fail(message: str) -> None:
    """Say what is wrong on stderr and end with 1."""
    sys.stderr.write(f"helpline: {message}\n")
    raise SystemExit(1)
