"""Scores pairs of records: normalises what changed, finds the pairs worth comparing, and lets Splink weigh them.

Everything that a later run can use again is kept in the schema ``linkage`` of the store: the comparable records, the
frequencies, and every scored pair. A run touches only the records that changed, and the pairs that they are part of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.link import normal
from closedloop.link.weights import Model, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "linkage"

#: A value that more records of one side share needs a second one beside it to make a pair worth comparing.
_MANY = 40

#: Pairs that are scored in one statement: more would need more memory than a small machine has.
_CHUNK = 1_500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One kind of linking.

    Args:
        name: ``company`` or ``person``: its files in ``sql/`` and ``weights/``.
        columns: What a record must have, in this order, `key` first.
        hosts: Expressions that give the host names in a raw record.
        counted: Column of the comparable record → what is counted to say how many records share it.
    """

    name: str
    columns: tuple[str, ...]
    hosts: tuple[str, ...]
    counted: dict[str, tuple[str, ...]] = field(default_factory=dict)


COMPANIES = Job(
    name="company",
    columns=(
        "key", "name", "other_name", "email", "website", "phone", "street", "city", "postal_code", "country", "tax_id",
        "external_id", "source_id",
    ),
    hosts=("cl_host(website)", "split_part(cl_email(email), '@', 2)"),
    counted={
        "name_n": ("s1", "s2"),
        "domain_n": ("d1", "d2"),
        "phone_n": ("phone",),
        "place_n": ("house || ' ' || way || ' ' || postal",),
    },
)  # fmt: skip

PEOPLE = Job(
    name="person",
    columns=(
        "key", "name", "first_name", "last_name", "email", "phone", "mobile", "company", "website", "city", "country",
    ),
    hosts=("cl_host(website)", "split_part(cl_email(email), '@', 2)"),
    counted={"name_n": ("bag",), "mail_n": ("mail",), "phone_n": ("phone1", "phone2")},
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What one scoring did.

    Args:
        left: Records on the left, and how many of them were new or changed.
        right: The same on the right.
        pairs: Pairs that are known now, and how many of them were scored in this run.
    """

    left: tuple[int, int]
    right: tuple[int, int]
    pairs: tuple[int, int]


def score(
    connection: DuckDBPyConnection, job: Job, *, left: str, right: str, model: Model | None = None
) -> Scored:
    """Bring the scored pairs of ``job`` up to date.

    Args:
        connection: Where the records are and the pairs will be, in the schema ``linkage``.
        job: What is linked.
        left: Query that gives the records on the left (customers, touches) with the columns of the job.
        right: The same on the right (accounts, people).
        model: The weights; none means the ones that ship with the product.

    Returns:
        How much there was to do. The pairs are in ``linkage.<job>_pair``.
    """
    model = model or load(job.name)
    normal.prepare(connection)
    connection.execute(f"create schema if not exists {SCHEMA}")
    _same_version(connection, job, model)
    counts = [_refresh(connection, job, side, query) for side, query in (("left", left), ("right", right))]
    _count(connection, job)
    touched = _changed(connection, job)
    scored = _pairs(connection, job, model) if touched else 0
    _settle(connection, job)
    known = connection.execute(f"select count(*) from {SCHEMA}.{job.name}_pair").fetchall()[0][0]
    return Scored(left=counts[0], right=counts[1], pairs=(known, scored))


def forget(connection: DuckDBPyConnection, job: Job) -> None:
    """Drop what is kept of ``job``, frequencies too: the next run scores everything again."""
    for table in ("left", "right", "pair", "link", "frequency", "version"):
        connection.execute(f"drop table if exists {SCHEMA}.{job.name}_{table}")


def _same_version(connection: DuckDBPyConnection, job: Job, model: Model) -> None:
    """Forget the pairs when the weights or the statements that made them are others now."""
    text = model.fingerprint + "".join(normal.text(f"{job.name}_{part}") for part in ("normal", "pairs"))
    version = hashlib.sha256((text + normal.text("macros") + normal.lists()).encode()).hexdigest()
    table = f"{SCHEMA}.{job.name}_version"
    connection.execute(f"create table if not exists {table} (version varchar)")
    known = connection.execute(f"select version from {table}").fetchall()
    if known != [(version,)]:
        for part in ("left", "right", "pair"):
            connection.execute(f"drop table if exists {SCHEMA}.{job.name}_{part}")
        connection.execute(f"delete from {table}")
        connection.execute(f"insert into {table} values ('{version}')")


def _refresh(connection: DuckDBPyConnection, job: Job, side: str, query: str) -> tuple[int, int]:
    """Normalise what is new or changed on one side; return (records, changed ones)."""
    kept = f"{SCHEMA}.{job.name}_{side}"
    columns = ", ".join(job.columns)
    connection.execute(
        f"create or replace temp table cl_in_{side} as select {columns}, hash({columns}) as fingerprint from ({query})"
    )
    normalised = normal.sql(f"{job.name}_normal", source=f"cl_new_{side}")
    connection.execute(f"create or replace temp table cl_new_{side} as select * from cl_in_{side} limit 0")
    normal.domains(connection, "select null::varchar where false")
    extra = "".join(f", cast(0 as bigint) as {column}" for column in job.counted)
    connection.execute(
        f"create table if not exists {kept} as select *, cast(0 as ubigint) as fingerprint{extra} from ({normalised})"
    )
    connection.execute(
        f"create or replace temp table cl_new_{side} as select one.* from cl_in_{side} as one"
        f" left join {kept} as kept on kept.key = one.key and kept.fingerprint = one.fingerprint where kept.key is null"
    )
    connection.execute(f"create or replace temp table cl_gone_{side} as select key from {kept} where key not in"
                       f" (select key from cl_in_{side}) union select key from cl_new_{side}")  # fmt: skip
    connection.execute(f"delete from {kept} where key in (select key from cl_gone_{side})")
    hosts = " union all ".join(f"select {host} as host from cl_new_{side}" for host in job.hosts)
    normal.domains(connection, f"select distinct host from ({hosts})")
    connection.execute(
        f"insert into {kept} select made.*, one.fingerprint{', 0' * len(job.counted)} from ({normalised}) as made"
        f" inner join cl_new_{side} as one on one.key = made.key"
    )
    [(all_of,), (new,)] = connection.execute(
        f"select count(*) from {kept} union all select count(*) from cl_new_{side}"
    ).fetchall()
    return int(all_of), int(new)


def _count(connection: DuckDBPyConnection, job: Job) -> None:
    """Raise the frequencies to what the records now say: how many of one side share a value, at most.

    They never fall by themselves, so a deleted record does not make another link stronger; `forget` starts them anew.
    """
    table = f"{SCHEMA}.{job.name}_frequency"
    connection.execute(
        f"create table if not exists {table} (kind varchar, value varchar, n bigint, version bigint)"
    )
    parts = [
        f"select '{kind}' as kind, {value} as value, '{side}' as side from {SCHEMA}.{job.name}_{side} where {value} is not null"
        for kind, values in job.counted.items()
        for value in values
        for side in ("left", "right")
    ]
    connection.execute(
        "create or replace temp table cl_frequency as select kind, value, max(n) as n from ("
        f"select kind, value, side, count(*) as n from ({' union all '.join(parts)}) group by kind, value, side)"
        " where n > 1 group by kind, value"
    )
    connection.execute(
        f"create or replace temp table cl_raised as select now.* from cl_frequency as now left join {table} as kept"
        " on kept.kind = now.kind and kept.value = now.value where kept.n is null or now.n > kept.n"
    )
    connection.execute(
        f"delete from {table} as kept using cl_raised as now where now.kind = kept.kind and now.value = kept.value"
    )
    connection.execute(
        f"insert into {table} select kind, value, n, (select coalesce(max(version), 0) + 1 from {table}) from cl_raised"
    )


def _changed(connection: DuckDBPyConnection, job: Job) -> bool:
    """Give every record its frequencies; what got others must be compared again like what is new."""
    pair = f"{SCHEMA}.{job.name}_pair"
    for side in ("left", "right"):
        kept = f"{SCHEMA}.{job.name}_{side}"
        numbers = ", ".join(
            "greatest(" + ", ".join(f"coalesce({kind}_{place}.n, 1)" for place in range(len(values))) + f", 1) as {kind}"
            for kind, values in job.counted.items()
        )  # fmt: skip
        joins = " ".join(
            f"left join {SCHEMA}.{job.name}_frequency as {kind}_{place} on {kind}_{place}.kind = '{kind}'"
            f" and {kind}_{place}.value = {value}"
            for kind, values in job.counted.items()
            for place, value in enumerate(values)
        )
        connection.execute(
            f"create or replace temp table cl_numbers as select one.key, {numbers} from {kept} as one {joins}"
        )
        other = " or ".join(
            f"least(now.{kind}, 3) <> least(kept.{kind}, 3) or (now.{kind} > {_MANY}) <> (kept.{kind} > {_MANY})"
            for kind in job.counted
        )
        connection.execute(
            f"create or replace temp table cl_touched_{side} as select now.key from cl_numbers as now"
            f" inner join {kept} as kept on kept.key = now.key where {other}"
        )
        connection.execute(
            f"update {kept} as kept set {', '.join(f'{kind} = now.{kind}' for kind in job.counted)}"
            f" from cl_numbers as now inner join cl_touched_{side} as touched on touched.key = now.key where now.key = kept.key"
        )
    known = connection.execute(
        f"select count(*) from information_schema.tables where table_schema = '{SCHEMA}' and table_name = '{job.name}_pair'"
    ).fetchall()[0][0]
    if known:
        for side, column in (("left", "l"), ("right", "r")):
            connection.execute(
                f"delete from {pair} where {column} in (select key from cl_gone_{side} union all select key from cl_touched_{side})"
            )
    touched = connection.execute(
        "select count(*) from (select key from cl_touched_left union all select key from cl_touched_right)"
    ).fetchall()[0][0]
    return bool(touched) or not known


def _pairs(connection: DuckDBPyConnection, job: Job, model: Model) -> int:
    """Find the pairs of what was touched with everything else, and score them."""
    left, right = f"{SCHEMA}.{job.name}_left", f"{SCHEMA}.{job.name}_right"
    connection.execute(
        f"create or replace temp table cl_touched_l as select * from {left} where key in (from cl_touched_left)"
    )
    connection.execute(
        f"create or replace temp table cl_touched_r as select * from {right} where key in (from cl_touched_right)"
    )
    connection.execute(
        f"create or replace temp table cl_other_l as select * from {left} where key not in (from cl_touched_left)"
    )
    halves = [
        normal.sql(f"{job.name}_pairs", left=one, right=other, many=str(_MANY))
        for one, other in (("cl_touched_l", right), ("cl_other_l", "cl_touched_r"))
    ]
    connection.execute(
        f"create or replace temp table cl_pair as select * from ({halves[0]}) union select * from ({halves[1]})"
    )
    [(count,)] = connection.execute("select count(*) from cl_pair").fetchall()
    chunks = count // _CHUNK + 1
    for chunk in range(chunks):
        where = f"where hash(l) % {chunks} = {chunk}" if chunks > 1 else ""
        connection.execute(f"create or replace temp table cl_chunk as select l, r from cl_pair {where}")
        model.predict(connection, left=left, right=right, pairs="cl_chunk", into="cl_scored")
        connection.execute(
            f"create table if not exists {SCHEMA}.{job.name}_pair as select * from cl_scored limit 0"
        )
        connection.execute(f"insert into {SCHEMA}.{job.name}_pair select * from cl_scored")
    return int(count)


def _settle(connection: DuckDBPyConnection, job: Job) -> None:
    for table in (
        "in_left",
        "in_right",
        "new_left",
        "new_right",
        "pair",
        "chunk",
        "scored",
        "touched_l",
        "touched_r",
        "other_l",
        "numbers",
    ):
        connection.execute(f"drop table if exists cl_{table}")
    _ = job
