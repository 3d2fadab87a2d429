"""Scores pairs of records: normalises what changed, finds the pairs worth comparing, and lets Splink weigh them.

Everything that a later run can use again is kept in the schema ``linkage`` of the store: the comparable records, the
frequencies, the pairs, and what Splink says of each way to compare alike. A run touches only the records that changed,
and the pairs that they are part of.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.link import frequency, normal, pairs, tables
from closedloop.link.weights import Model, load

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = tables.SCHEMA


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

    def table(self, part: str) -> str:
        """Return the name of what is kept of this job, such as its ``pair``."""
        return f"{SCHEMA}.{self.name}_{part}"


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
        How much there was to do. The pairs are in ``linkage.<job>_pair``, and the records on the left whose pairs are
        others than before in ``linkage.<job>_due``.
    """
    model = model or load(job.name)
    normal.prepare(connection)
    connection.execute(f"create schema if not exists {SCHEMA}")
    version = _begin(connection, job, model)
    counts = [
        _refresh(connection, job, side, query)
        for side, query in zip(frequency.SIDES, (left, right), strict=True)
    ]
    frequency.bring_up_to_date(connection, job)
    scored = pairs.bring_up_to_date(connection, job, model)
    tables.drop_temporary(connection)
    connection.execute(f"insert into {job.table('version')} values (?)", [version])
    known = tables.number(connection, f"select count(*) from {job.table('vector')}")
    return Scored(left=counts[0], right=counts[1], pairs=(known, scored))


def forget(connection: DuckDBPyConnection, job: Job, *, frequencies: bool = True) -> None:
    """Drop what is kept of ``job``: the next run scores everything again.

    Args:
        connection: Where it is kept.
        job: What is linked.
        frequencies: Count how many records share a value anew too. That makes the next version of the frequencies.
    """
    tables.drop(connection, job.table("pair"))
    for part in (
        "left",
        "right",
        "vector",
        "pattern",
        "due",
        "link",
        "version",
        "judged",
        "rejected",
        "same",
    ):
        tables.drop(connection, job.table(part))
    if frequencies:
        tables.drop(connection, job.table("frequency"))


def _begin(connection: DuckDBPyConnection, job: Job, model: Model) -> str:
    """Forget the pairs if other weights or statements made them, or if the run that did never came to its end."""
    text = model.fingerprint + "".join(normal.text(f"{job.name}_{part}") for part in ("normal", "pairs"))
    version = hashlib.sha256((text + normal.text("macros") + normal.lists()).encode()).hexdigest()
    table = job.table("version")
    connection.execute(f"create table if not exists {table} (version varchar)")
    if connection.execute(f"select version from {table}").fetchall() != [(version,)]:
        forget(connection, job, frequencies=False)
        connection.execute(f"create table {table} (version varchar)")
    connection.execute(f"delete from {table}")
    return version


def _refresh(connection: DuckDBPyConnection, job: Job, side: str, query: str) -> tuple[int, int]:
    """Normalise what is new or changed on one side into ``cl_made_<side>``; return (records, changed ones)."""
    kept, columns = job.table(side), ", ".join(job.columns)
    read = f"select {columns}, hash({columns}) as fingerprint from ({query}) where key is not null"
    if not tables.exists(connection, kept):
        connection.execute(f"create or replace temp table cl_new as from ({read})")
        connection.execute(f"create or replace temp table cl_made_{side} as {_normalised(connection, job)}")
        connection.execute(f"create table {kept} as from cl_made_{side} limit 0")
        connection.execute(f"create or replace temp table cl_gone_{side} as select key from {kept}")
        new = tables.number(connection, f"select count(*) from cl_made_{side}")
        return new, new
    connection.execute(f"create or replace temp table cl_in as select key, fingerprint from ({read})")
    connection.execute(
        "create or replace temp table cl_key as select one.key from cl_in as one"
        f" anti join {kept} as kept on kept.key = one.key and kept.fingerprint = one.fingerprint"
    )
    connection.execute(
        f"create or replace temp table cl_gone_{side} as select key from {kept} where key not in (select key from cl_in)"
        " or key in (select key from cl_key)"
    )
    connection.execute(f"delete from {kept} where key in (select key from cl_gone_{side})")
    new = tables.number(connection, "select count(*) from cl_key")
    if new:
        connection.execute(
            f"create or replace temp table cl_new as from ({read}) semi join cl_key using (key)"
        )
        made = _normalised(connection, job)
    else:
        made = f"from {kept} limit 0"
    connection.execute(f"create or replace temp table cl_made_{side} as {made}")
    return new + tables.number(connection, f"select count(*) from {kept}"), new


def _normalised(connection: DuckDBPyConnection, job: Job) -> str:
    """Return the query that gives the comparable records of ``cl_new``, with frequencies of one."""
    hosts = " union all ".join(f"select {host} as host from cl_new" for host in job.hosts)
    normal.domains(connection, f"select distinct host from ({hosts})")
    made = normal.sql(f"{job.name}_normal", source="cl_new")
    counted = "".join(f", cast(1 as utinyint) as {column}" for column in job.counted)
    return f"select made.*, one.fingerprint{counted} from ({made}) as made inner join cl_new as one on one.key = made.key"
