"""Where embedded servers keep data and sockets: private, and with a path short enough."""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
import tempfile
from pathlib import Path

# A Unix socket's path holds 107 characters at most, wherever the checkout is.
LONGEST_FOLDER = 80
SERVER_USERS = ("postgres", "nobody")


class CannotStart(Exception):
    """The embedded servers cannot be started; the text says why and what to do."""


def is_root() -> bool:
    """Whether we run as root; PostgreSQL refuses to."""
    return os.geteuid() == 0


def server_user() -> pwd.struct_passwd | None:
    """The user that PostgreSQL runs as when we are root; None when we are not."""
    if not is_root():
        return None
    for name in SERVER_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise CannotStart("run this as an ordinary user: there is no user that PostgreSQL could run as")


def runtime_folder(var: Path) -> Path:
    """The private folder of the sockets of the helpline whose data are under `var`."""
    name = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:12]
    preferred = os.environ.get("XDG_RUNTIME_DIR", "")
    for base in (preferred, tempfile.gettempdir(), "/tmp"):  # noqa: S108 - made private below
        folder = Path(base or "/nowhere") / f"helpline-{os.geteuid()}-{name}"
        if len(str(folder)) <= LONGEST_FOLDER and os.access(folder.parent, os.W_OK):
            return private_folder(folder)
    raise CannotStart("no folder for sockets: set XDG_RUNTIME_DIR to one that is short and yours")


def private_folder(folder: Path) -> Path:
    """Make `folder` if need be; raises `CannotStart` unless it is ours alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    user = server_user()
    ours = {os.geteuid(), user.pw_uid if user else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise CannotStart(f"{folder} belongs to somebody else: remove it")
    folder.chmod(0o700)
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def is_reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether this user may pass through every folder above `path`."""
    return all(
        parent.stat().st_mode & 0o001 or parent.stat().st_uid == user.pw_uid
        for parent in path.absolute().parents
    )
