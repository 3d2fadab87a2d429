"""The right to be the only writer, kept in the operational database.

A holder that was killed is replaced at once by a process of the same machine, and after its time by any other.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from closedloop.store.stamps import to_text
from closedloop.store.tables import lease

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations


def new_holder() -> str:
    """Return a name for this process that no other process has, now or later."""
    return f"{_machine()}/{os.getpid()}/{_born(os.getpid())}/{secrets.token_hex(4)}"


def acquire(operations: Operations, name: str, *, holder: str, seconds: float, clock: Clock) -> bool:
    """Take the lease if it is free, ours, run out, or held by a dead process of this machine.

    Args:
        operations: Where it is kept.
        name: What it protects.
        holder: Who takes it, from `new_holder`.
        seconds: For how long.
        clock: Tells when it runs out.

    Returns:
        Whether we hold it.
    """
    now = clock.now()
    values = {"holder": holder, "expires_at": to_text(now + timedelta(seconds=seconds))}
    try:
        with operations.transaction() as connection:
            found = connection.execute(select(lease.c.holder).where(lease.c.name == name)).scalar()
            if found is None:
                connection.execute(insert(lease).values(name=name, **values))
                return True
            free = or_(lease.c.holder == holder, lease.c.expires_at <= to_text(now))
            if _is_dead(found):
                free = or_(free, lease.c.holder == found)
            return _swap(connection, name, free, values)
    except IntegrityError:  # another process inserted it between our look and our write
        return False


def renew(operations: Operations, name: str, *, holder: str, seconds: float, clock: Clock) -> bool:
    """Prolong the lease, and return whether we still held it: once lost, stop writing."""
    now = clock.now()
    values = {"holder": holder, "expires_at": to_text(now + timedelta(seconds=seconds))}
    ours = (lease.c.holder == holder) & (lease.c.expires_at > to_text(now))
    with operations.transaction() as connection:
        return _swap(connection, name, ours, values)


def release(operations: Operations, name: str, *, holder: str) -> bool:
    """Give the lease back, and return whether it was ours."""
    with operations.transaction() as connection:
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
