"""The public face of linking: two queries in, links and doubtful pairs out, each with what speaks for and against it.

Policy ``strict``: a pair links by itself only where a measured pattern of evidence is almost never wrong. No link follows
from two others: every record on the left is compared with records on the right and with nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.link import engine, normal
from closedloop.link.engine import COMPANIES, PEOPLE, SCHEMA, Job, Scored
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
    """Make ``linkage.<job>_link`` from the scored pairs: vetoes, gate, gap to the runner-up, at most one each."""
    connection.execute(f"create or replace temp table cl_rejected as select l, r from ({rejected})")
    connection.execute(f"create or replace temp table cl_same as select r, e from ({same})")
    gate = {name: str(value) for name, value in model.content["gate"].items()}
    connection.execute(
        f"create or replace table {SCHEMA}.{job.name}_link as "
        + normal.sql(f"{job.name}_decide", schema=SCHEMA, rejected="cl_rejected", same="cl_same", **gate)
    )
    connection.execute("drop table cl_rejected")
    connection.execute("drop table cl_same")
