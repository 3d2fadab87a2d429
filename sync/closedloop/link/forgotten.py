"""Takes what the linker keeps of people's values out of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import engine, frequency, tables
from closedloop.link.engine import COMPANIES, PEOPLE
from closedloop.link.twins import TWINS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_JOBS = (COMPANIES, PEOPLE, TWINS)


def drop_records(connection: DuckDBPyConnection) -> None:
    """Drop the comparable records: the next run makes them of what has landed. How rare a value is stays as it was counted."""
    for job in _JOBS:
        engine.forget(connection, job, frequencies=False)


def drop_unused(connection: DuckDBPyConnection) -> None:
    """Drop what is kept of values that no record has any more. No number of another value changes."""
    for job in _JOBS:
        table = job.table("frequency")
        if not tables.exists(connection, table):
            continue
        if tables.exists(connection, job.table("left")) and tables.exists(connection, job.table("right")):
            connection.execute(f"delete from {table} where {frequency.unused(job)}")
        else:  # it had nothing to do: they are counted anew when it has
            tables.drop(connection, table)
    if tables.exists(connection, "linkage.phone_known"):
        connection.execute("delete from linkage.phone_known")  # what is asked about again is found again
