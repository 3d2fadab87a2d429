"""The public face of linking: two queries in, links and doubtful pairs out, each with what speaks for and against it.

Policy ``strict``: a pair links by itself only where a measured pattern of evidence is almost never wrong. No link follows
from two others: every record on the left is compared with records on the right and with nothing else.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from closedloop.link import engine, normal, tables
from closedloop.link.engine import COMPANIES, PEOPLE, Job, Scored
from closedloop.link.weights import Model, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["COMPANIES", "PEOPLE", "Job", "Model", "Scored", "link", "load"]


_NONE = "select cast(null as varchar) as {}, cast(null as varchar) as {} where 1 = 0"


def link(
    connection: DuckDBPyConnection,
    job: Job,
    *,
    left: str,
    right: str,
    rejected: str = _NONE.format("l", "r"),
    same: str = _NONE.format("r", "e"),
    model: Model | None = None,
) -> Scored:
    """Compare what changed since the last call, and decide about every pair anew.

    Args:
        connection: Where the records are; what is kept goes into its schema ``linkage``.
        job: `COMPANIES` (ledger customers ← accounts) or `PEOPLE` (touches or scans ← contacts, leads).
        left: Query with the columns of the job, one row per record that needs a link.
        right: The same for the records that it may link to; many on the left may belong to one on the right.
        rejected: Query with the pairs (l, r) that people rejected: they are no candidates and no rivals.
        same: Query with the records on the right that are known to be one company or person (r, e).
        model: The weights; none means those that ship with the product.

    Returns:
        How much there was to do. The table ``linkage.<job>_link`` has one row per candidate: `l`, `r`, `decision`
        (auto, review), `place`, `weight` (log2), `pattern`, `doubt`, `runner_up`, `gap`.
    """
    model = model or load(job.name)
    scored = engine.score(connection, job, left=left, right=right, model=model)
    decide(connection, job, rejected=rejected, same=same, model=model)
    return scored


def decide(connection: DuckDBPyConnection, job: Job, *, rejected: str, same: str, model: Model) -> None:
    """Bring ``linkage.<job>_link`` up to date: vetoes, gate, gap to the runner-up, at most one link each.

    Only the records on the left are judged again whose pairs are others, or about which people decided anew.
    """
    judge = normal.text(f"{job.name}_decide")
    gate = {name: str(value) for name, value in sorted(model.content["gate"].items())}
    for part, query in (
        ("rejected", f"select l, r from ({rejected})"),
        ("same", f"select r, e from ({same})"),
    ):
        connection.execute(f"create or replace temp table cl_{part} as select distinct * from ({query})")
    digest = hashlib.sha256((judge + repr(gate)).encode()).hexdigest()
    known, link, due = job.table("judged"), job.table("link"), job.table("due")
    whole = not tables.exists(connection, known) or connection.execute(
        f"select digest from {known}"
    ).fetchall() != [(digest,)]
    if not whole:
        _decided_anew(connection, job)
        connection.execute(f"create or replace temp table cl_due as select distinct l from {due}")
        connection.execute(
            f"create or replace temp table cl_judged as from {job.table('vector')} where l in (from cl_due)"
        )
    judged = judge.format(
        vector=job.table("vector") if whole else "cl_judged",
        pattern=job.table("pattern"),
        right=job.table("right"),
        rejected="cl_rejected",
        same="cl_same",
        **gate,
    )
    if whole:
        connection.execute(f"create or replace table {link} as {judged}")
    else:
        connection.execute(f"delete from {link} where l in (from cl_due)")
        connection.execute(f"insert into {link} {judged}")
    connection.execute(f"create or replace table {job.table('rejected')} as from cl_rejected")
    connection.execute(f"create or replace table {job.table('same')} as from cl_same")
    connection.execute(f"create or replace table {known} as select '{digest}' as digest")
    connection.execute(f"delete from {due}")
    tables.drop_temporary(connection)


def _decided_anew(connection: DuckDBPyConnection, job: Job) -> None:
    """Add the records to ``linkage.<job>_due`` about whose pairs people decided, or no longer do."""
    rejected, same = job.table("rejected"), job.table("same")
    connection.execute(
        f"insert into {job.table('due')} select l from ((from cl_rejected except from {rejected})"
        f" union all (from {rejected} except from cl_rejected))"
        f" union all select l from {job.table('vector')} where r in (select r from ((from cl_same except from {same})"
        f" union all (from {same} except from cl_same)))"
    )
