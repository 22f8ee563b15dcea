"""The entry points that RQ calls, an id each."""

from __future__ import annotations

import threading

import structlog

from helpline.logs import where
from workers.station import Station

log = structlog.get_logger()
_station: list[Station] = []
_one_look = threading.Lock()


def serve(station: Station) -> None:
    """Let this process's jobs be done by `station`."""
    _station[:] = [station]


def look(queue: str) -> None:
    """Do all that is due; the queue is only the bell's name. Safe to run twice, and at once.

    Never raises: RQ would log and keep the exception's text, which may hold words or numbers.
    What was not done stays due, and the clock rings again.
    """
    try:
        with _one_look:
            for station in _station:
                station.look()
    except Exception as reason:  # noqa: BLE001 - see above
        log.error("look_failed", queue=queue, fault=where(reason))
