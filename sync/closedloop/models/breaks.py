"""Remembers the breaks of the chain: when each was first seen, and when and by what it healed.

The memory is in the operational database, so that it outlives the analytical store. It is kept after the figures are
published, in one transaction, by comparing what was open with what is broken now: killed anywhere, the next reconcile finds
the same difference. A break has healed when its own link is broken no longer, not when an earlier link hides it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from closedloop.kit.failpoint import failpoint
from closedloop.log import get_logger
from closedloop.store.stamps import to_text
from closedloop.store.tables import break_history, break_watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = get_logger(__name__)

_KNOWN = ("id", "subject_kind", "subject_key", "link", "reason")
_NEW = (
    "subject_kind",
    "subject_key",
    "campaign_key",
    "account_key",
    "owner_key",
    "link",
    "reason",
    "since",
    "at_stake",
    "url",
)

#: Rows of the memory that are written at once.
_BATCH = 10_000

_BEGUN = f"""
select {", ".join("cast(broken.since as varchar)" if name == "since" else f"broken.{name}" for name in _NEW)}
from marts.chain_break as broken
left join breaks_known as known
    on known.subject_kind = broken.subject_kind and known.subject_key = broken.subject_key and known.reason = broken.reason
where known.id is null
order by broken.subject_kind, broken.subject_key
"""

#: A subject that is gone has healed only if others of its kind are there: an empty store says nothing.
_HEALED = """
with now as (
    select link.subject_kind, link.subject_key, link.link, link.state, link.reason
    from marts.chain_link as link
    inner join (select distinct subject_kind, subject_key from breaks_known) as subject
        on subject.subject_kind = link.subject_kind and subject.subject_key = link.subject_key
),

present as (
    select distinct subject_kind
    from marts.chain_link
)

select
    known.id,
    case
        when customer.customer_key is not null then fix.healed || ' ' || customer.evidence
        when now.subject_key is null then 'The record is there no longer.'
        when now.reason is not null then 'It is broken in another way now: ' || now.reason || '.'
        when now.state = 'not_applicable' then 'The link applies no longer: the chain has ended, or what it rests on is gone.'
        when now.state = 'pending' then 'It is inside its window again.'
        when known.link = 'in_crm' then concat_ws(' ', fix.healed, person.evidence)
        when known.link = 'customer' then concat_ws(' ', fix.healed, owned.evidence)
        else fix.healed
    end as healed_by
from breaks_known as known
inner join present on present.subject_kind = known.subject_kind
left join now
    on now.subject_kind = known.subject_kind and now.subject_key = known.subject_key and now.link = known.link
left join marts.break_fix as fix on fix.reason = known.reason
left join link.link_person as person on person.identity_key = known.subject_key and known.link = 'in_crm'
left join link.link_customer_account as customer
    on customer.customer_key = known.subject_key and known.reason = 'invoice_without_account'
left join (
    select account_key, min(evidence) as evidence
    from link.link_customer_account
    group by account_key
) as owned on owned.account_key = known.subject_key and known.link = 'customer'
where now.subject_key is null or now.reason is distinct from known.reason
order by known.id
"""

#: Equal while the same links are broken for the same reasons, of as many: then there is nothing to compare.
_DIGEST = """
select concat_ws(
    ':', count(*) filter (where subject_kind = 'attendee'), count(*) filter (where subject_kind = 'account'),
    count(reason), coalesce(bit_xor(hash(subject_kind, subject_key, link, reason)) filter (where reason is not null), 0)
)
from marts.chain_link
"""


def keep(store: Store, operations: Operations, *, as_of: date, run_id: str | None, now: datetime) -> None:
    """Compare the breaks just published with those remembered, and remember what began and what healed.

    Figures of a day before the last one kept teach nothing: nothing is written.

    Args:
        store: The analytical store, with the figures published.
        operations: Where the memory is.
        as_of: The day of the figures.
        run_id: The run that made them; none if it is no run of its own.
        now: When.
    """
    with operations.transaction() as database:
        watch = database.execute(select(break_watch)).one_or_none()
        if watch is not None and watch.as_of > as_of.isoformat():
            return
        [(digest,)] = store.query(_DIGEST)
        changed = watch is None or watch.digest != digest
        stamp = {"run_id": run_id, "moment": to_text(now)}
        begun, healed = 0, 0
        if changed:
            with _known(store, _open(database)):
                mended = store.query(_HEALED)
                begun = _begin(database, store.connection.execute(_BEGUN), stamp)
            healed = _heal(database, mended, stamp, last_seen=watch.at if watch else None)
        seen = {"as_of": as_of.isoformat(), "at": to_text(now), "digest": digest}
        database.execute(
            update(break_watch).values(seen) if watch else break_watch.insert().values(id=1, **seen)
        )
        failpoint("models.breaks_kept")
    if begun or healed:
        log.info("chain.breaks", begun=begun, healed=healed)


def _open(database: Connection) -> list[Any]:
    columns = [break_history.c[name] for name in _KNOWN]
    return list(database.execute(select(*columns).where(break_history.c.healed_at.is_(None))).all())


@contextmanager
def _known(store: Store, known: list[Any]) -> Iterator[None]:
    """Show the store what is remembered as broken, as ``breaks_known``."""
    import pyarrow as pa

    kinds = [pa.int64() if name == "id" else pa.string() for name in _KNOWN]
    columns = list(zip(*known, strict=True)) or [()] * len(_KNOWN)
    table = pa.table(
        [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)], names=list(_KNOWN)
    )
    store.connection.register("breaks_known", table)
    try:
        yield
    finally:
        store.connection.unregister("breaks_known")


def _begin(database: Connection, begun: DuckDBPyConnection, stamp: dict[str, Any]) -> int:
    """Write down what began, and return how much: a first run may find a million breaks."""
    names = (*_NEW, "first_run", "first_seen")
    insert = break_history.insert().compile(dialect=database.dialect, column_keys=names)
    count = 0
    while found := begun.fetchmany(_BATCH):
        rows = [(*row, stamp["run_id"], stamp["moment"]) for row in found]
        # Straight to the driver: as statements of SQLAlchemy they take three times as long.
        named = rows if insert.positional else [dict(zip(names, row, strict=True)) for row in rows]
        database.exec_driver_sql(insert.string, named)
        count += len(rows)
    return count


def _heal(database: Connection, healed: list[Any], stamp: dict[str, Any], *, last_seen: str | None) -> int:
    if healed:
        mended = (
            update(break_history)
            .where(break_history.c.id == bindparam("row"))
            .values(
                last_seen=last_seen,
                healed_run=stamp["run_id"],
                healed_at=stamp["moment"],
                healed_by=bindparam("fact"),
            )
        )
        database.execute(mended, [{"row": row, "fact": fact} for row, fact in healed])
    return len(healed)
