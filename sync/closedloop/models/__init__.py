"""The models: canonical entities, links and marts in SQL, and the runner that joins them.

`reconcile` computes every figure; `closedloop.models.measures` says what the figures are;
`explain` shows what a figure is made of. Importing this package loads no engine.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from closedloop.clock import Clock
    from closedloop.models.evidence_node import Node
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

__all__ = ["FailedCheck", "Reconciled", "explain", "reconcile", "reconciled_as_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedCheck:
    """A check that returned rows: a rule that the figures break.

    Args:
        name: The check's file name.
        rows: How many rows it returned.
        example: The first rows in words: the record and what is wrong with it.
    """

    name: str
    rows: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What one reconcile did.

    Args:
        as_of: The day through which documents are counted, in the company's zone.
        basis: Digest of the published figures, independent of row order: equal figures, equal digest.
        checks: The checks that failed; empty is good.
        rows: Rows of each table made, by name; views are not counted.
        left_out: Documents that are in no figure because their worth in the home currency is not known, in words.
        unknown: Campaigns that name a campaign of another system which has not landed, in words.
    """

    as_of: date
    basis: str
    checks: list[FailedCheck] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def reconcile(
    settings: Settings,
    store: Store,
    operations: Operations,
    *,
    as_of: date | None = None,
    clock: Clock,
    automatic_links: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
    run_id: str | None = None,
    prepare: Callable[[], object] | None = None,
    insist: Callable[[], object] = lambda: None,
) -> Reconciled:
    """Compute links, figures and breaks from what has landed; then remember which breaks healed.

    The figures that stood are read until the new ones take their place, all at once.

    Args:
        settings: The admin's configuration.
        store: The analytical store, opened for writing.
        operations: The operational database: people's decisions come from it.
        as_of: Documents dated later do not count; none means today in the company's zone.
        clock: What time it is.
        automatic_links: False leaves only the links that people decided; the breaks are not remembered then.
        progress: Called with (model name, done, all) after each model.
        run_id: The run that this is a part of.
        prepare: Changes what has landed, before anything is computed: then all is one transaction.
        insist: Looks at what was computed; what it raises leaves the old figures, and undoes what was prepared.

    Returns:
        The figures' digest, the failed checks and the row counts. Failed checks do not stop the publication.

    Raises:
        ConfigError: A model, a staging file or a setting must be changed; the old figures stay.
    """
    from closedloop.models import breaks, runner

    found = runner.reconcile(
        settings,
        store,
        operations,
        as_of=as_of or clock.today(settings.company.time_zone),
        automatic_links=automatic_links,
        progress=progress,
        prepare=prepare,
        insist=insist,
    )
    if automatic_links:
        breaks.keep(store, operations, as_of=found.as_of, run_id=run_id, now=clock.now())
    return found


@contextmanager
def reconciled_as_of(
    settings: Settings, store: Store, operations: Operations, *, as_of: date, clock: Clock
) -> Iterator[Reconciled]:
    """Show the figures of a past day meanwhile (definition 16); afterwards the published ones stand as before.

    Documents dated later do not count; links, decisions, cost and deals are as known now.

    Args:
        settings: The admin's configuration.
        store: The analytical store: what is read from it meanwhile is as of that day.
        operations: The operational database.
        as_of: The day; not after today.
        clock: What time it is.

    Raises:
        ConfigError: The day is still to come.
    """
    from closedloop.errors import ConfigError
    from closedloop.models import runner

    if as_of > clock.today(settings.company.time_zone):
        raise ConfigError("this day is still to come", where="--as-of", fix="name today or a past day")
    with runner.passing(settings, store, operations, as_of=as_of) as found:
        yield found


def explain(store: Store, kind: str, name: str, measures: Sequence[str] = (), *, limit: int = 0) -> Node:
    """Return the evidence behind a campaign, account, invoice, person or opportunity; see `closedloop.models.evidence`."""
    from closedloop.models import evidence

    return evidence.explain(store, kind, name, measures, limit=limit)
