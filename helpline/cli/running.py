"""`helpline run`, `helpline demo` and `helpline db`: the whole helpline on one machine."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import click

from config.settings import Settings
from helpline.cli import demonstration
from helpline.cli.machine import Machine
from helpline.embedded.folders import CannotStart
from helpline.storage import migrate
from helpline.supervisor import Child, Supervisor
from helpline.wiring import make_wires, sync_line

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = ("web", "worker-urgent", "worker", "clock")


@click.command()
def run() -> None:
    """Serve a line on this machine: database, web, workers and clock, in the foreground.

    Settings come from the environment and from .env (see .env.example). PostgreSQL and Valkey
    are started from their wheels unless DATABASE_URL and REDIS_URL are set. What dies is started
    again; Ctrl-C stops everything in order.

    \b
    Example:
      helpline run
    """
    machine = Machine()
    machine.use_own_keys(make=True)
    serve(machine, _nothing, say=_say_running)


@click.command()
@click.option("--script", is_flag=True, help="Play one whole conversation, print it, and end.")
def demo(*, script: bool) -> None:
    """The whole helpline with phones in the browser: nothing to set, no account needed.

    \b
    Example:
      helpline demo
      helpline demo --script
    """
    machine = Machine()
    if script and machine.is_running():
        machine.use_running_demo()
        raise SystemExit(demonstration.play(machine.environment))
    demonstration.prepare(machine)
    machine.use_own_keys(make=True)
    extra = [demonstration.simulator_child(machine)]
    if script:
        outcome: list[int] = []
        serve(
            machine,
            demonstration.add_people,
            extra=extra,
            say=_nothing,
            once=lambda: outcome.append(demonstration.play(machine.environment)),
        )
        raise SystemExit(outcome[0] if outcome else 1)
    serve(machine, demonstration.add_people, extra=extra, say=demonstration.say_hello)


@click.group()
def db() -> None:
    """The database's schema.

    \b
    Example:
      helpline db upgrade
    """


@db.command()
def upgrade() -> None:
    """Bring the database to this release's schema; safe to run at every start.

    \b
    Example:
      helpline db upgrade
    """
    machine = Machine()
    machine.use_running_demo()
    machine.use_own_keys(make=not machine.has("DATABASE_URL"))
    supervisor = Supervisor()
    embedded = [child for child in machine.embedded_children() if child.name == "postgres"]
    try:
        if embedded and not embedded[0].is_ready():
            supervisor.start(embedded)
        make_current(machine.settings())
    finally:
        supervisor.stop()
    click.echo("The database is at this release's schema.")


def make_current(settings: Settings) -> None:
    """Migrations, then the line and its numbers as the settings say."""
    wires = make_wires(settings)
    try:
        migrate.upgrade(wires.engine)
        sync_line(wires)
    finally:
        wires.engine.dispose()


def serve(
    machine: Machine,
    add_data: Callable[[Settings], None],
    *,
    say: Callable[[Settings], None],
    extra: list[Child] | None = None,
    once: Callable[[], object] | None = None,
) -> None:
    """Start everything, keep it running until told to stop (or `once` is done), stop in order."""
    supervisor = Supervisor()
    supervisor.stop_on_signals()
    with machine.locked():
        try:
            servers = machine.embedded_children()
            settings = machine.settings()
            require_free_port(settings.port)
            supervisor.start(servers)
            make_current(settings)
            add_data(settings)
            supervisor.start(children(settings) + (extra or []))
            say(settings)
            if once is not None:
                once()
            else:
                supervisor.run()
        finally:
            supervisor.stop()
            machine.forget_sockets()
    click.echo("Stopped.", err=True)


def children(settings: Settings) -> list[Child]:
    """The processes of the Procfile, `worker` as often as HELPLINE_WORKERS says."""
    lines = _procfile()
    made = []
    for name in PROCESSES:
        count = settings.helpline_workers if name == "worker" else 1
        for place in range(count):
            label = name if place == 0 else f"{name}-{place + 1}"
            command = shlex.split(lines[name])
            command[0] = sys.executable
            environment = {"PORT": str(settings.port)} if name == "web" else {}
            is_ready = _answers_on(settings.port) if name == "web" else _always
            made.append(
                Child(label, command, environment=environment, is_ready=is_ready, folder=None)
            )
    return made


def _procfile() -> dict[str, str]:
    """The Procfile's lines by name."""
    pairs = (line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines())
    return {name.strip(): command.strip() for name, _, command in pairs if command}


def _nothing(_: Settings) -> None:
    """No data to add, nothing to say."""


def _always() -> bool:
    return True


def _answers_on(port: int) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    return answers


def require_free_port(port: int) -> None:
    """Raises `CannotStart` when something else listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - as the web server will
        except OSError:
            raise CannotStart(f"port {port} is taken: set PORT to another") from None


def _say_running(settings: Settings) -> None:
    click.echo(
        f"The helpline is up. Web on port {settings.port}; Twilio calls "
        f"{settings.public_url}/twilio/sms. Ctrl-C stops it.",
        err=True,
    )
