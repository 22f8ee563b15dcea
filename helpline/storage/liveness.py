"""Who is alive, and who of several clocks holds the lease. Times are the database's own."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpline.storage.models import Heartbeat, Lease

ALIVE_FOR = timedelta(seconds=10)
FORGOTTEN_AFTER = timedelta(days=1)


def beat(session: Session, role: str, holder: str) -> None:
    """Write that this process is alive."""
    row = insert(Heartbeat).values(holder=holder, role=role, beaten_at=func.now())
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Heartbeat.holder], set_={"beaten_at": func.now(), "role": role}
        )
    )


def stop_beating(session: Session, holder: str) -> None:
    """This process ends in order; beats of those that died are swept up as well."""
    session.execute(
        delete(Heartbeat).where(
            (Heartbeat.holder == holder) | (Heartbeat.beaten_at < func.now() - FORGOTTEN_AFTER)
        )
    )


def alive_roles(session: Session) -> set[str]:
    """The roles of which a process was alive a moment ago."""
    return set(
        session.scalars(
            select(Heartbeat.role).where(Heartbeat.beaten_at > func.now() - ALIVE_FOR).distinct()
        )
    )


def take_lease(session: Session, name: str, holder: str, lasts: timedelta) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    row = insert(Lease).values(name=name, holder=holder, expires_at=func.now() + lasts)
    taken = session.execute(
        row.on_conflict_do_update(
            index_elements=[Lease.name],
            set_={"holder": holder, "expires_at": func.now() + lasts},
            where=(Lease.holder == holder) | (Lease.expires_at < func.now()),
        ).returning(Lease.name)
    )
    return taken.one_or_none() is not None


def give_up_lease(session: Session, name: str, holder: str) -> None:
    """Let the next one take it at once."""
    session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
