"""The last published figures, for verbs that look."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from closedloop.errors import PartlyFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from closedloop.service.session import Session
    from closedloop.store.analytical import Store

Row = dict[str, Any]

_LEAGUE = """
select * from marts.campaign_measures
order by roi_realised desc nulls last, attributed desc nulls last, campaign_key
"""


@contextmanager
def as_of(opened: Session, store: Store, day: datetime | None) -> Iterator[None]:
    """Show the figures of a past day meanwhile; none: those that were published last."""
    if day is None:
        yield
        return
    from closedloop.models import reconciled_as_of

    with reconciled_as_of(opened.settings, store, opened.operations, as_of=day.date(), clock=opened.clock):
        yield


def rows(store: Store, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    """Return a query's rows as dictionaries.

    Raises:
        PartlyFailedError: Nothing was published yet.
    """
    import duckdb

    try:
        cursor = store.connection.execute(sql, list(parameters))
    except duckdb.CatalogException as error:
        raise PartlyFailedError("nothing was reconciled yet", fix="closedloop run") from error
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def parameters(store: Store) -> Row:
    """Return what the figures rest on: as-of day, home currency and its digits, windows."""
    return rows(store, "select * from param.run")[0]


def league(store: Store) -> list[Row]:
    """Return the events, best realised ROI first, those without one last."""
    return rows(store, _LEAGUE)
