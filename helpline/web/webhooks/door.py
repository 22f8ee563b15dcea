"""Where events from the carrier are kept, each in one statement, before anything else is done."""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog
from flask import abort, current_app
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from config.queues import DEFAULT
from helpline.ports import Bell, Clock
from helpline.storage import inbound
from helpline.storage.vault import Vault

# Twilio gives up after 15 s: a database that restarts is waited for that long and no longer.
KEEP_TRYING_SECONDS = 10.0
PAUSE_SECONDS = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Door:
    """Keeps events and rings; `engine` commits each statement by itself."""

    engine: Engine
    vault: Vault
    bell: Bell
    clock: Clock

    def take(
        self,
        kind: str,
        natural_key: str,
        sender: str,
        payload: dict[str, object],
        *,
        seconds: float = KEEP_TRYING_SECONDS,
    ) -> None:
        """Keep one event and ring, unless it was kept before; 503 if it cannot be kept in time."""
        if self._keep(kind, natural_key, sender, payload, seconds):
            self.bell.ring(DEFAULT)

    def _keep(
        self,
        kind: str,
        natural_key: str,
        sender: str,
        payload: dict[str, object],
        seconds: float,
    ) -> bool:
        """Keep one event, through a restart of the database if need be; False for a repeat."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with self.engine.connect() as connection:
                    return inbound.keep(
                        connection,
                        kind=kind,
                        natural_key=natural_key,
                        sender_key=self.vault.sender_key(sender),
                        payload=payload,
                        now=self.clock(),
                    )
            except (DBAPIError, PoolTimeout) as reason:
                if time.monotonic() > deadline:
                    log.error("event_not_kept", kind=kind, fault=type(reason).__name__)
                    abort(503)
                time.sleep(PAUSE_SECONDS)


def the_door() -> Door:
    """The door of this application."""
    door: Door = current_app.extensions["door"]
    return door
