"""The pairs worth comparing, and what each comes to: `l`, `r` and a code that says how alike they are in everything.

A pair is kept as three columns. What Splink says of a code is kept once, however many pairs come to it, so a later run
asks Splink only about ways of being alike that it has not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import normal, tables
from closedloop.link.frequency import MANY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from closedloop.link.engine import Job
    from closedloop.link.weights import Model


def bring_up_to_date(connection: DuckDBPyConnection, job: Job, model: Model) -> int:
    """Compare the records in ``cl_touched_<side>`` with everything else; return how many pairs that were.

    What is left of a comparison: ``linkage.<job>_vector`` (l, r, code), ``linkage.<job>_pattern`` (code, weight and
    what every comparison adds), both together as the view ``linkage.<job>_pair``, and in ``linkage.<job>_due`` the
    records on the left whose pairs are others than before.
    """
    vector = job.table("vector")
    _make(connection, job, model)
    gone = " union all ".join(
        f"select l from {vector} where {column} in (from cl_gone_{side} union all from cl_touched_{side})"
        for side, column in (("left", "l"), ("right", "r"))
    )
    connection.execute(f"insert into {job.table('due')} select distinct l from ({gone})")
    for side, column in (("left", "l"), ("right", "r")):
        connection.execute(
            f"delete from {vector} where {column} in (from cl_gone_{side} union all from cl_touched_{side})"
        )
    left = _found(connection, job)
    compared = model.compared(left=left, right=job.table("right"), pairs="cl_found")
    connection.execute(f"create or replace temp table cl_vector as {compared}")
    _weigh(connection, job, model)
    connection.execute(f"insert into {vector} from cl_vector")
    connection.execute(f"insert into {job.table('due')} select distinct l from cl_vector")
    return tables.number(connection, "select count(*) from cl_vector")


def _make(connection: DuckDBPyConnection, job: Job, model: Model) -> None:
    if tables.exists(connection, job.table("vector")):
        return
    pattern = job.table("pattern")
    columns = ", ".join(f"{one['name']} varchar, w_{one['name']} double" for one in model.comparisons)
    connection.execute(f"create table {job.table('vector')} (l varchar, r varchar, code bigint)")
    connection.execute(f"create table {pattern} (code bigint, weight double, {columns})")
    connection.execute(f"create table if not exists {job.table('due')} (l varchar)")
    connection.execute(
        f"create view {job.table('pair')} as select vector.l, vector.r, pattern.* exclude (code)"
        f" from {job.table('vector')} as vector inner join {pattern} as pattern on pattern.code = vector.code"
    )


def _found(connection: DuckDBPyConnection, job: Job) -> str:
    """Make ``cl_found``, the pairs worth comparing that have a touched record in them; return where their left side is."""
    touched, count = {}, {}
    for side in ("left", "right"):
        kept, count[side] = (
            job.table(side),
            tables.number(connection, f"select count(*) from cl_touched_{side}"),
        )
        if count[side] == tables.number(connection, f"select count(*) from {kept}"):
            touched[side] = kept
            continue
        touched[side] = f"cl_part_{side}"
        connection.execute(
            f"create temp table cl_part_{side} as from {kept} where key in (from cl_touched_{side})"
        )
    halves = [(touched["left"], job.table("right"))] if count["left"] else []
    if count["right"] and touched["left"] != job.table("left"):
        rest = f"from {job.table('left')} where key not in (from cl_touched_left)"
        connection.execute(f"create temp table cl_rest as {rest}")
        halves.append(("cl_rest", touched["right"]))
    known = {"frequency": job.table("frequency"), "many": str(MANY)}
    found = " union all ".join(
        f"from ({normal.sql(f'{job.name}_pairs', left=left, right=right, **known)})" for left, right in halves
    )
    nothing = "select cast(null as varchar) as l, cast(null as varchar) as r where false"
    connection.execute(f"create or replace temp table cl_found as {found or nothing}")
    return job.table("left") if len(halves) > 1 or not halves else halves[0][0]


def _weigh(connection: DuckDBPyConnection, job: Job, model: Model) -> None:
    """Ask Splink about the codes that were never met before."""
    pattern = job.table("pattern")
    codes = connection.execute(
        f"select distinct code from cl_vector where code not in (select code from {pattern})"
    ).fetchall()
    if not codes:
        return
    connection.register("cl_weighed", model.weighed(code for (code,) in codes))
    connection.execute(f"insert into {pattern} from cl_weighed")
    connection.unregister("cl_weighed")
