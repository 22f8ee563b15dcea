"""Structured logs by an allow-list: nothing that people wrote, no number and no name."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "role",
        "queue",
        "kind",
        "id",
        "count",
        "seconds",
        "attempts",
        "code",
        "fault",
        "status",
        "port",
        "path",
        "process",
        "pid",
        "signal",
        "exit_code",
        "holder",
        "where",
        "setting",
        "version",
    ]
)


def configure_logs() -> None:
    """One line of `key=value` per event on stderr; other libraries speak only of trouble."""
    structlog.configure(
        processors=[
            only_allowed,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(NoWordsFormatter("level=%(levelname)s logger=%(name)s event=%(message)r"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("twilio", "urllib3", "sqlalchemy", "rq"):
        logging.getLogger(name).setLevel(logging.WARNING)


def only_allowed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every key that is not on the list; tests fail on a key that would be dropped."""
    return {key: value for key, value in event.items() if key in ALLOWED}


def where(reason: BaseException) -> str:
    """Type and place of an exception, never its text: that may hold words or numbers."""
    frames = traceback.extract_tb(reason.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in ours[-3:]]
    return f"{type(reason).__name__} at {' > '.join(places)}"


class NoWordsFormatter(logging.Formatter):
    """Shows where an exception came from and its type, without its text."""

    def formatException(  # noqa: N802 - the name is logging's
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """The frames and the type."""
        kind, _, trace = ei
        if kind is None:
            return ""
        frames = [f"{each.filename}:{each.lineno}" for each in traceback.extract_tb(trace)]
        return f"fault={kind.__name__} where={' '.join(frames[-6:])!r}"
