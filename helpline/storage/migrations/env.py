"""Runs migrations over the connection it is given, one at a time, not waiting long for locks."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text

from helpline.storage.models import Base
from helpline.storage.sealed import Sealed

LOCK_ID = 4_242_001


def render_item(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Sealed columns are plain bytes to the schema."""
    if kind == "type" and isinstance(item, Sealed):
        return "sa.LargeBinary()"
    return False


def run(connection: Connection) -> None:
    """Upgrade in one transaction; of several that start at once, one does it."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        compare_server_default=False,
    )
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK_ID})
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        context.run_migrations()


run(context.config.attributes["connection"])
