"""Runs the models in their order, in one transaction: readers see the old figures or the new ones."""

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
_FILLED: dict[str, Callable[[Store], None]] = {
    "group_measures": intervals.fill_win_rates,
    "campaign_at_age": partial(intervals.fill_win_rates, table="campaign_at_age"),
    "campaign_outlook": outlook.fill,
    "phone_check": phones.fill,
}


def reconcile(
    settings: Settings,
    store: Store,
    operations: Operations,
    *,
    as_of: date,
    automatic_links: bool,
    progress: Callable[[str, int, int], None] | None,
    prepare: Callable[[], object],
    insist: Callable[[], object],
) -> Reconciled:
    """Run everything; see `closedloop.models.reconcile`."""
    models = graph.load(settings.models_dir)
    with store.loose(), store.transaction():
        prepare()
        _fill(store, settings, operations, as_of=as_of, automatic_links=automatic_links)
        made = unchanged.basis(store, settings, models)
        if made is None:
            found = _compute(settings, store, models, as_of=as_of, progress=progress)
            unchanged.keep(store, settings, models, found.basis)
        else:
            log.info("models.unchanged")
            found = _standing(store, models, as_of=as_of, basis=made)
        insist()
        failpoint("models.before_commit")
    failpoint("models.committed")
    for check in found.checks:
        log.warning("models.check_failed", check=check.name, rows=check.rows)
    return found


@contextmanager
def passing(settings: Settings, store: Store, operations: Operations, *, as_of: date) -> Iterator[Reconciled]:
    """Show the figures of another day meanwhile; see `closedloop.models.reconciled_as_of`."""
    store.query("begin transaction")
    try:
        _fill(store, settings, operations, as_of=as_of, automatic_links=True)
        yield _compute(settings, store, graph.load(settings.models_dir), as_of=as_of, progress=None)
    finally:
        store.query("rollback")


def _fill(
    store: Store, settings: Settings, operations: Operations, *, as_of: date, automatic_links: bool
) -> None:
    """Put in place what the models read beside what has landed."""
    store.query("create schema if not exists param")
    store.query("create schema if not exists staging")
    parameters.fill(store, settings, operations, as_of=as_of, automatic_links=automatic_links)
    staging.create(store, settings)


def _compute(
    settings: Settings,
    store: Store,
    models: dict[str, Model],
    *,
    as_of: date,
    progress: Callable[[str, int, int], None] | None,
) -> Reconciled:
    """Make every table of the models; the caller owns the transaction."""
    order = graph.ordered(models)
    rows: dict[str, int] = {}
    checks: list[FailedCheck] = []
    _schemas(store)
    for done, model in enumerate(order, start=1):
        make(store, model, models)
        if model.name in matching.MODELS:
            matching.fill(store, settings, model.name)
        if not model.is_view:  # to count a view is to compute it once more
            rows[model.name] = _rows(store, model)
        if model.name in _FILLED:
            _FILLED[model.name](store)
        if model.layer == "checks" and rows[model.name]:
            checks.append(_failed(store, model, rows[model.name]))
        if progress is not None:
            progress(model.name, done, len(order))
    return Reconciled(as_of=as_of, basis=digest(store), checks=checks, rows=rows, **_told(store))


def _standing(store: Store, models: dict[str, Model], *, as_of: date, basis: str) -> Reconciled:
    """Return what the run that made the standing figures returned."""
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


def _schemas(store: Store) -> None:
    """Empty the models' schemas, so that nothing outlives the model that made it."""
    for schema in graph.LAYERS:
        store.query(f"drop schema if exists {schema} cascade")
        store.query(f"create schema {schema}")


def make(store: Store, model: Model, models: dict[str, Model]) -> None:
    """Make the table or view of one model.

    Raises:
        ConfigError: Its SQL does not fit what it reads.
    """
    creation = graph.creation(model, models, DuckdbEngine.dialect)
    try:
        store.query(creation)
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
