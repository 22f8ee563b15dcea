"""Connections to PostgreSQL."""

from __future__ import annotations

from psycopg.errors import DeadlockDetected
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from helpline.storage.sealed import use_vault, vault_of
from helpline.storage.vault import Vault

POOL_TIMEOUT_SECONDS = 5
CONNECT_TIMEOUT_SECONDS = 5


def make_engine(database_url: str, vault: Vault, *, connections: int, ping: bool = True) -> Engine:
    """An engine whose sealed columns use `vault`; `connections` at most are open at once.

    With `ping`, connections that died (a restarted server) are noticed before they are used.
    Workers do without: their first failure drops all dead ones, and what failed is tried again.
    """
    engine = create_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=ping,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": "-c timezone=UTC -c jit=off -c idle_in_transaction_session_timeout=60000",
        },
    )
    use_vault(engine, vault)
    return engine


def make_door_engine(database_url: str, vault: Vault, *, connections: int) -> Engine:
    """An engine for single statements that are each their own transaction (the webhooks).

    No ping and no roll-back per checkout: the door tries again by itself, its insert is
    idempotent, and so a text costs one round trip.
    """
    engine = create_engine(
        database_url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": "-c timezone=UTC -c jit=off -c statement_timeout=8000",
        },
    )
    use_vault(engine, vault)
    return engine


def session_maker(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def vault_of_session(session: Session) -> Vault:
    """The vault that this session's engine seals with."""
    return vault_of(session.get_bind().dialect)


def lost_a_deadlock(reason: OperationalError) -> bool:
    """Whether two transactions waited for each other and this one was chosen to give way."""
    return isinstance(reason.orig, DeadlockDetected)
