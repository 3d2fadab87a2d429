"""The right to be the only writer, kept in the operational database.

A holder that was killed is replaced at once by a process of the same machine, and after its time by any other. The
holder's name is its fencing token: nobody ever had it before, and who lost the lease and wakes up late finds another's.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from closedloop.errors import ClosedloopError
from closedloop.store.stamps import to_text
from closedloop.store.tables import lease

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations

#: Who may change the store, the operational database's runs, and the CRM.
WRITER = "writer"


class LeaseLostError(ClosedloopError):
    """Another process may be writing now: stop at once."""


def lost(name: str) -> LeaseLostError:
    """Return the error of a holder that is none any more."""
    msg = f"the {name} lease was lost: another closedloop may be at work"
    return LeaseLostError(
        msg,
        fix="see `closedloop status`; a machine that sleeps or a database that does not answer loses it",
    )


def insist(connection: Connection, holder: str) -> None:
    """Do nothing if ``holder`` is the writer; until the transaction ends nobody can become it.

    Raises:
        LeaseLostError: It is not.
    """
    found = select(lease.c.holder).where(lease.c.name == WRITER)
    if connection.get_execution_options().get("closedloop_writes"):
        found = found.with_for_update(read=True)
    if connection.execute(found).scalar() != holder:
        raise lost(WRITER)


def new_holder() -> str:
    """Return a name for this process that no other process has, now or later."""
    return f"{_machine()}/{os.getpid()}/{_born(os.getpid())}/{secrets.token_hex(4)}"


def current(operations: Operations, name: str) -> tuple[str, str] | None:
    """Return who holds a lease and until when, as text; none if nobody does."""
    with operations.reading() as connection:
        row = connection.execute(
            select(lease.c.holder, lease.c.expires_at).where(lease.c.name == name)
        ).first()
    return (row.holder, row.expires_at) if row else None


def acquire(
    operations: Operations,
    name: str,
    *,
    holder: str,
    seconds: float,
    clock: Clock,
    silent: tuple[str, str] | None = None,
) -> bool:
    """Take the lease if it is free, ours, run out, or held by a dead process of this machine.

    Args:
        operations: Where it is kept.
        name: What it protects.
        holder: Who takes it, from `new_holder`.
        seconds: For how long.
        clock: Tells when it runs out.
        silent: From `current`: a holder that gave no sign of life for longer than its time, as we saw ourselves. Its
            lease has run out even if a clock that was set wrong says otherwise.

    Returns:
        Whether we hold it.
    """
    now = clock.real()
    values = {"holder": holder, "expires_at": to_text(now + timedelta(seconds=seconds))}
    try:
        with operations.transaction(fenced=False) as connection:
            found = connection.execute(select(lease.c.holder).where(lease.c.name == name)).scalar()
            if found is None:
                connection.execute(insert(lease).values(name=name, **values))
                return True
            free = or_(lease.c.holder == holder, lease.c.expires_at <= to_text(now))
            if _is_dead(found):
                free = or_(free, lease.c.holder == found)
            if silent is not None:
                free = or_(free, (lease.c.holder == silent[0]) & (lease.c.expires_at == silent[1]))
            return _swap(connection, name, free, values)
    except IntegrityError:  # another process inserted it between our look and our write
        return False


def renew(operations: Operations, name: str, *, holder: str, seconds: float, clock: Clock) -> bool:
    """Prolong the lease, and return whether we still held it: once lost, stop writing."""
    now = clock.real()
    values = {"holder": holder, "expires_at": to_text(now + timedelta(seconds=seconds))}
    ours = (lease.c.holder == holder) & (lease.c.expires_at > to_text(now))
    with operations.transaction(fenced=False) as connection:
        return _swap(connection, name, ours, values)


def release(operations: Operations, name: str, *, holder: str) -> bool:
    """Give the lease back, and return whether it was ours."""
    with operations.transaction(fenced=False) as connection:
        ours = (lease.c.name == name) & (lease.c.holder == holder)
        return connection.execute(delete(lease).where(ours)).rowcount == 1


def _swap(connection: Connection, name: str, condition: object, values: dict[str, str]) -> bool:
    statement = update(lease).where(lease.c.name == name, condition).values(values)  # type: ignore[arg-type]
    return connection.execute(statement).rowcount == 1


def _machine() -> str:
    # A process id means something only within one boot and one process namespace (two containers may share a host name).
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return "unknown"
    return f"{boot[:8]}:{space.strip('pid:[]')}"


def _born(process: int) -> str | None:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[19]


def _is_dead(holder: str) -> bool:
    machine, _, rest = holder.partition("/")
    process, _, rest = rest.partition("/")
    born = rest.partition("/")[0]
    if machine == "unknown" or machine != _machine() or not process.isdecimal():
        return False
    return _born(int(process)) != born
