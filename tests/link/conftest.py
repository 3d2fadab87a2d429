"""Small sets of records for the linker, in memory; what was prepared for a connection is used by every test."""

import duckdb
import pytest

from closedloop.link import engine, linker

COMPANY = linker.COMPANIES.columns
PERSON = linker.PEOPLE.columns


class Records:
    def __init__(self, connection):
        self.connection = connection

    def link(self, job, left, right, **options):
        engine.forget(self.connection, job)
        return self.again(job, left, right, **options)

    def again(self, job, left, right, **options):
        self.scored = linker.link(
            self.connection, job, left=values(job, left), right=values(job, right), **options
        )
        found = self.connection.execute(
            f"select l, r, decision, weight, pattern, doubt from linkage.{job.name}_link order by l, place"
        ).fetchall()
        return [
            dict(zip(("l", "r", "decision", "weight", "pattern", "doubt"), row, strict=True)) for row in found
        ]


def values(job, rows):
    """Return a query with one row per record; what a record does not say is null."""
    if not rows:
        return f"select {', '.join(f'cast(null as varchar) as {name}' for name in job.columns)} where 1 = 0"
    return " union all ".join(
        "select " + ", ".join(f"cast({quoted(row.get(name))} as varchar) as {name}" for name in job.columns)
        for row in rows
    )


def quoted(value):
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"


@pytest.fixture(scope="session")
def records():
    connection = duckdb.connect()
    yield Records(connection)
    connection.close()


def autos(found):
    return {row["l"]: row["r"] for row in found if row["decision"] == "auto"}
