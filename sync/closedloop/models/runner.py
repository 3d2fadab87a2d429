"""Runs the models in their order; what they make takes its place in one transaction: readers see old figures or new ones."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import duckdb

from closedloop.engines.duckdb import DuckdbEngine
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.log import get_logger
from closedloop.models import (
    FailedCheck,
    Reconciled,
    graph,
    intervals,
    matching,
    outlook,
    parameters,
    phones,
    staging,
    unchanged,
)
from closedloop.models.draft import MARK, Draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from closedloop.models.graph import Model
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = get_logger(__name__)

#: Rows of a failed check that are told.
_EXAMPLES = 5
#: The figures that a plan rests on, and the column that differs every day without a figure having changed.
_BASIS = {"campaign_measures": "campaign_key", "account_measures": "account_key"}

#: What SQL cannot compute, by the table that it is written into as soon as that is made.
_FILLED: dict[str, Callable[[Draft, Settings], None]] = {
    "group_measures": lambda draft, _: intervals.fill_win_rates(draft),
    "campaign_at_age": lambda draft, _: intervals.fill_win_rates(draft, "campaign_at_age"),
    "campaign_outlook": lambda draft, _: outlook.fill(draft),
    "phone_check": lambda draft, _: phones.fill(draft),
    **{name: partial(matching.fill, model=name) for name in matching.MODELS},
}


def reconcile(
    settings: Settings,
    store: Store,
    operations: Operations,
    *,
    as_of: date,
    automatic_links: bool,
    progress: Callable[[str, int, int], None] | None,
    prepare: Callable[[], object] | None,
    insist: Callable[[], object],
) -> Reconciled:
    """Run everything; see `closedloop.models.reconcile`."""
    models = graph.load(settings.models_dir)
    draft = Draft(store=store, mark="" if prepare else MARK)
    with store.loose(), store.transaction():
        if prepare:
            prepare()
        draft.discard()
        _fill(draft, settings, operations, as_of=as_of, automatic_links=automatic_links)
        content = unchanged.content(draft, settings, models)
        basis = unchanged.basis(store, content)
        if basis is None:
            _make(settings, draft, models, progress=progress)
            draft.publish(models)
            basis = digest(store)
            unchanged.keep(store, content, basis)
        else:
            log.info("models.unchanged")
            draft.discard()
        found = _standing(store, models, as_of=as_of, basis=basis)
        insist()
        failpoint("models.before_commit")
    failpoint("models.committed")
    for check in found.checks:
        log.warning("models.check_failed", check=check.name, rows=check.rows)
    return found


@contextmanager
def passing(settings: Settings, store: Store, operations: Operations, *, as_of: date) -> Iterator[Reconciled]:
    """Show the figures of another day meanwhile; see `closedloop.models.reconciled_as_of`."""
    models, draft = graph.load(settings.models_dir), Draft(store=store)
    store.query("begin transaction")
    try:
        _fill(draft, settings, operations, as_of=as_of, automatic_links=True)
        _make(settings, draft, models, progress=None)
        yield _standing(store, models, as_of=as_of, basis=digest(store))
    finally:
        store.query("rollback")


def _fill(
    draft: Draft, settings: Settings, operations: Operations, *, as_of: date, automatic_links: bool
) -> None:
    """Put in place what the models read beside what has landed."""
    draft.store.query("create schema if not exists param")
    draft.store.query("create schema if not exists staging")
    parameters.fill(draft, settings, operations, as_of=as_of, automatic_links=automatic_links)
    staging.create(draft.store, settings)


def _make(
    settings: Settings,
    draft: Draft,
    models: dict[str, Model],
    *,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """Make every table and view of the models."""
    order = graph.ordered(models)
    draft.begin()
    for done, model in enumerate(order, start=1):
        rows = make(draft, model, models)
        if model.name in _FILLED:
            _FILLED[model.name](draft, settings)
        draft.settle(rows)
        failpoint("models.made")
        if progress is not None:
            progress(model.name, done, len(order))


def _standing(store: Store, models: dict[str, Model], *, as_of: date, basis: str) -> Reconciled:
    """Return what is to be said of the figures that stand."""
    rows = {model.name: _rows(store, model) for model in graph.ordered(models) if not model.is_view}
    checks = [
        _failed(store, model, rows[name])
        for name, model in models.items()
        if model.layer == "checks" and rows[name]
    ]
    return Reconciled(as_of=as_of, basis=basis, checks=checks, rows=rows, **_told(store))


def _told(store: Store) -> dict[str, list[str]]:
    """Return what the admin must know although nothing failed."""
    return {"left_out": _left_out(store), "unknown": _unknown(store)}


def _unknown(store: Store) -> list[str]:
    """Return the campaigns that name another one which nobody knows, in words."""
    found = store.query("select name, campaign_key, same_as from link.campaign_unknown order by all")
    return [f"{name} ({key}) names {same_as}" for name, key, same_as in found]


def _left_out(store: Store) -> list[str]:
    """Return the documents that are in no figure, in words."""
    found = store.query(
        "select replace(kind, '_', ' '), number, date, reason from marts.document_left_out order by all"
    )
    return [f"{kind} {number} of {day}: {reason}" for kind, number, day, reason in found]


def digest(store: Store) -> str:
    """Return the digest of the published figures: equal figures, equal digest, whatever order the rows came in."""
    whole = hashlib.sha256()
    for table, key in _BASIS.items():
        [(text,)] = store.query(
            f"select sha256(coalesce(string_agg(cast(figure as varchar), chr(10) order by figure.{key}), ''))"
            f" from (select * exclude (as_of) from marts.{table}) as figure"
        )
        whole.update(str(text).encode())
    return whole.hexdigest()


def make(draft: Draft, model: Model, models: dict[str, Model]) -> int:
    """Make the table or view of one model, and return how many rows it got; a view has none.

    Raises:
        ConfigError: Its SQL does not fit what it reads.
    """
    creation = graph.creation(model, models, DuckdbEngine.dialect, mark=draft.mark)
    try:
        return sum(int(rows) for (rows,) in draft.store.query(creation))
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        msg = f"this SQL does not fit the models it reads: {str(error).splitlines()[0]}"
        raise ConfigError(msg, where=model.where, fix="mend the statement") from error
    except duckdb.DataError as error:
        # The engine's message would quote the value, which may be a person's.
        msg = f"a value cannot be used: {type(error).__name__}"
        raise ConfigError(
            msg, where=model.where, fix="run the statement by hand to see the record"
        ) from error


def _rows(store: Store, model: Model) -> int:
    return int(store.query(f'select count(*) from {model.layer}."{model.name}"')[0][0])


def _failed(store: Store, model: Model, rows: int) -> FailedCheck:
    found = store.query(f'select * from checks."{model.name}" order by all limit {_EXAMPLES}')
    example = "; ".join(": ".join(str(value) for value in row if value is not None) for row in found)
    return FailedCheck(name=model.name, rows=rows, example=example)
