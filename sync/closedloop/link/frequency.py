"""How many records share a value: what a rare name, domain, telephone or address is worth more than a common one.

The frequencies are a table with versions. A value is counted when a record first brings it, over both sides, and then
its number stays: a run makes no known value rarer or more common, and so changes no link that it does not touch. All are
counted anew, as the next version, by `closedloop link refresh` or when the records are twice as many as at the last
count, because that is another world. Only a value that has become one of very many records is raised at once: it would
find too many pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from closedloop.link.engine import Job

#: Numbers that conditions of levels and of `sql/<job>_pairs.sql` may compare with: a record keeps the next of these.
CUTS = (1, 2, 3, 8, 40)

#: A value that more records of one side share needs a second one beside it to make a pair worth comparing.
MANY = CUTS[-1]

SIDES = ("left", "right")

#: Growth of the records after which all values are counted anew.
_GROWTH = 2


def bring_up_to_date(connection: DuckDBPyConnection, job: Job) -> None:
    """Count the values of the new records, and store these records with their numbers.

    Takes them from ``cl_made_<side>``. Makes ``cl_touched_<side>``: the keys of the records to compare again, which are
    those and the ones that got other numbers.
    """
    for side in SIDES:
        connection.execute(
            f"create or replace temp view cl_all_{side} as from {job.table(side)} union all from cl_made_{side}"
        )
        connection.execute(
            f"create or replace temp table cl_touched_{side} as select key from cl_made_{side}"
        )
    raised = bool(job.counted) and (_count_anew(connection, job) or _count_new(connection, job))
    for side in SIDES:
        if raised:
            _renumber(connection, job, side)
        _store(connection, job, side)


def version(connection: DuckDBPyConnection, job: Job) -> int:
    """Return the version of the frequencies; 0: nothing was counted yet."""
    table = job.table("counted")
    if not tables.exists(connection, table):
        return 0
    return tables.number(connection, f"select coalesce(max(version), 0) from {table}")


def _count_anew(connection: DuckDBPyConnection, job: Job) -> bool:
    """Count everything, if nothing is counted or the records have doubled."""
    table, counted = job.table("frequency"), job.table("counted")
    connection.execute(f"create table if not exists {counted} (version bigint, records bigint)")
    records = sum(tables.number(connection, f"select count(*) from cl_all_{side}") for side in SIDES)
    if tables.exists(connection, table):
        at_count = tables.number(connection, f"select coalesce(max_by(records, version), 0) from {counted}")
        if records < _GROWTH * at_count or records == 0:
            return False
    connection.execute(f"insert into {counted} values ({version(connection, job) + 1}, {records})")
    connection.execute(f"create or replace table {table} as {_counts(job)}")
    return True


def _count_new(connection: DuckDBPyConnection, job: Job) -> bool:
    """Count the values that new records bring; say whether a known one must be raised."""
    table = job.table("frequency")
    brought = " union all ".join(_values(job, f"from cl_made_{side}") for side in SIDES)
    connection.execute(
        f"create or replace temp table cl_brought as select distinct kind, value from ({brought})"
    )
    connection.execute(
        "create or replace temp table cl_counted as select now.*, known.n as was from ("
        + _counts(job, only="cl_brought")
        + f") as now left join {table} as known on known.kind = now.kind and known.value = now.value"
    )
    raised = f"now.was <= {MANY} and now.n > {MANY}"
    connection.execute(
        f"delete from {table} as known using cl_counted as now"
        f" where now.kind = known.kind and now.value = known.value and {raised}"
    )
    connection.execute(
        f"insert into {table} select kind, value, n from cl_counted as now where now.was is null or {raised}"
    )
    return bool(tables.number(connection, f"select count(*) from cl_counted as now where {raised}"))


def _renumber(connection: DuckDBPyConnection, job: Job, side: str) -> None:
    """Give the records that are stored already other numbers where they have others now."""
    kept = job.table(side)
    _number(connection, job, f"from {kept}")
    other = " or ".join(f"now.{kind} <> kept.{kind}" for kind in job.counted)
    connection.execute(
        f"create or replace temp table cl_other as select now.* from cl_number as now"
        f" inner join {kept} as kept on kept.key = now.key where {other}"
    )
    connection.execute(f"insert into cl_touched_{side} select key from cl_other")
    numbers = ", ".join(f"{kind} = now.{kind}" for kind in job.counted)
    connection.execute(f"update {kept} as kept set {numbers} from cl_other as now where now.key = kept.key")


def _store(connection: DuckDBPyConnection, job: Job, side: str) -> None:
    made = f"cl_made_{side}"
    if not job.counted:
        connection.execute(f"insert into {job.table(side)} from {made}")
        return
    _number(connection, job, f"from {made}")
    numbers = ", ".join(f"coalesce(now.{kind}, 1) as {kind}" for kind in job.counted)
    connection.execute(
        f"insert into {job.table(side)} select made.* replace ({numbers}) from {made} as made"
        " left join cl_number as now on now.key = made.key"
    )


def _number(connection: DuckDBPyConnection, job: Job, records: str) -> None:
    """Make ``cl_number``: of each of ``records`` that has a value, the next of `CUTS` above the number of its commonest."""
    cuts = " ".join(
        f"when max(known.n) filter (where known.kind = '{{kind}}') <= {cut} then {cut}" for cut in CUTS[1:]
    )
    numbers = ", ".join(
        f"cast(case when coalesce(max(known.n) filter (where known.kind = '{kind}'), 1) <= 1 then 1"
        f" {cuts.format(kind=kind)} else {MANY + 1} end as utinyint) as {kind}"
        for kind in job.counted
    )
    connection.execute(
        f"create or replace temp table cl_number as select one.key, {numbers} from ({_values(job, records, key='key, ')}) as one"
        f" inner join {job.table('frequency')} as known on known.kind = one.kind and known.value = one.value group by one.key"
    )


def _counts(job: Job, *, only: str | None = None) -> str:
    """Return the query (kind, value, n): by how many records of one side, at most, a value is shared."""
    parts = " union all ".join(
        f"select *, '{side}' as side from ({_values(job, f'from cl_all_{side}')})" for side in SIDES
    )
    asked = f" semi join {only} as asked on asked.kind = one.kind and asked.value = one.value" if only else ""
    return (
        "select kind, value, max(n) as n from (select kind, value, count(*) as n"
        f" from ({parts}) as one{asked} group by kind, value, side) group by kind, value"
    )


def _values(job: Job, records: str, *, key: str = "") -> str:
    return " union all ".join(
        f"select {key}'{kind}' as kind, {value} as value from ({records}) where {value} is not null"
        for kind, values in job.counted.items()
        for value in values
    )


def unused(job: Job) -> str:
    """Return the condition of values that no record brings any more."""
    held = " union ".join(_values(job, f"from {job.table(side)}") for side in SIDES)
    return f"(kind, value) not in (select kind, value from ({held}))"
