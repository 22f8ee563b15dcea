"""Seal anew, under the current key, whatever is sealed under an older one."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, LargeBinary, Table, bindparam, select, type_coerce, update

from helpline.services.desk import Desk
from helpline.storage.engine import vault_of_session
from helpline.storage.models import Base
from helpline.storage.sealed import Sealed

BATCH = 500


def sealed_columns() -> Iterator[tuple[Table, Column[object]]]:
    """Every sealed column of every table."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Sealed):
                yield table, column


def rotate_batch(
    desk: Desk, table: Table, column: Column[object], after: tuple[object, ...] | None
) -> tuple[int, int, tuple[object, ...] | None]:
    """One batch of one column, in order of the primary key, from behind `after`.

    Returns how many rows were read, how many were sealed anew, and where to go on (None at the
    end). Safe to stop and to run again: what is current is left alone.
    """
    vault = vault_of_session(desk.session)
    key = next(iter(table.primary_key.columns))
    sealed = type_coerce(column, LargeBinary).label("sealed")
    wanted = select(key.label("key"), sealed).where(column.is_not(None)).order_by(key).limit(BATCH)
    if after is not None:
        wanted = wanted.where(key > after[0])
    rows = desk.session.execute(wanted.with_for_update()).all()
    purpose = column.type.purpose  # type: ignore[attr-defined]
    stale = [
        {"its_key": row.key, "sealed": vault.seal(vault.open(bytes(row.sealed), purpose), purpose)}
        for row in rows
        if not vault.is_current(bytes(row.sealed))
    ]
    if stale:
        anew = update(table).where(key == bindparam("its_key"))
        anew = anew.values({column.name: bindparam("sealed", type_=LargeBinary)})
        desk.session.connection().execute(anew, stale)
    return len(rows), len(stale), (rows[-1].key,) if len(rows) == BATCH else None
