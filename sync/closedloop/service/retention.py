"""Throws away what nobody needs any more, so that nothing grows for ever but what is precious.

Runs, proofs, plans and news older than `service.keep` go; what was written, decided or published stays, and with it the
run it belongs to. The newest proof of each stream and the newest plan of each connection stay whatever their age. Of people, what
waits for nobody goes after the same time: records that were refused and have landed since, and the rows of imported files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, select

from closedloop.log import get_logger
from closedloop.store import tables
from closedloop.store.stamps import to_text
from closedloop.units import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Delete

    from closedloop.service.session import Session
    from closedloop.store.analytical import Store

log = get_logger(__name__)

_TIDY = "tidy"
#: Numbers of landed segments kept for each connection: only the highest ones are ever asked for.
SEGMENTS = 1_000


def tidy(opened: Session, store: Store) -> None:
    """Throw away what is old, once a day; the caller is the only writer."""
    now = opened.clock.now()
    today, before = to_text(now)[:10], to_text(now - span(opened.settings.service.keep))
    job = tables.job
    with opened.operations.transaction() as connection:
        last = connection.execute(select(job.c.tick).where(job.c.key == _TIDY)).scalar()
        if last is not None and last[:10] == today:
            return
        gone = {name: connection.execute(one).rowcount for name, one in _old(before)}
        runs = _old_runs(connection, before)
        connection.execute(delete(job).where(job.c.key == _TIDY))
        connection.execute(job.insert().values(key=_TIDY, tick=to_text(now), failures=0))
    store.query(
        "delete from meta.load_log as old using (select connection, max(segment) as newest from meta.load_log group by all)"
        " as held where held.connection = old.connection and old.segment <= held.newest - ?",
        [SEGMENTS],
    )
    _outcomes(opened, runs)
    log.info("retention.tidied", **gone, run=len(runs))


def _old(before: str) -> Iterator[tuple[str, Delete]]:
    """Yield what to delete, what refers to others first."""
    read, plan, row, news = tables.stream_run, tables.plan, tables.plan_row, tables.incident
    later = read.alias()
    newer = exists().where(
        later.c.connection == read.c.connection,
        later.c.stream == read.c.stream,
        later.c.run_id > read.c.run_id,
    )
    yield read.name, delete(read).where(read.c.at < before, newer)
    newest = select(func.max(plan.c.id)).group_by(plan.c.connection)
    old = (plan.c.created_at < before) & plan.c.id.not_in(newest) & plan.c.state.not_in(["open", "applying"])
    yield row.name, delete(row).where(row.c.plan_id.in_(select(plan.c.id).where(old)))
    yield plan.name, delete(plan).where(old)
    yield news.name, delete(news).where(news.c.closed_at < before)
    refused, line, file = tables.quarantine, tables.import_row, tables.import_plan
    yield refused.name, delete(refused).where(refused.c.resolved_at < before)
    done = select(file.c.id).where(file.c.created_at < before, file.c.state != "applying")
    yield line.name, delete(line).where(line.c.plan_id.in_(done))


def _old_runs(connection: Connection, before: str) -> list[str]:
    """Delete the runs that nothing refers to, and return the ids of those whose writes are all settled."""
    run, entry = tables.run, tables.journal
    old = (run.c.started_at < before) & (run.c.state != "running")
    unsettled = exists().where(entry.c.run_id == run.c.id, entry.c.state.in_(["intent", "unknown"]))
    found = list(connection.execute(select(run.c.id).where(old, ~unsettled)).scalars())
    referring = [
        exists().where(column == run.c.id)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if any(key.column is run.c.id for key in column.foreign_keys)
    ]
    connection.execute(delete(run).where(old, *(~one for one in referring)))
    return found


def _outcomes(opened: Session, runs: list[str]) -> None:
    """Remove the outcome files of settled runs: the journal has what they say."""
    names = {f"{run}.jsonl" for run in runs}
    for file in (opened.settings.home / "outcomes").glob("*/*.jsonl"):
        if file.name in names:
            file.unlink(missing_ok=True)
