"""Reads connections into the store, one after the other, each failing alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from structlog.contextvars import bound_contextvars

from closedloop.errors import ClosedloopError
from closedloop.extract.reading import Reading
from closedloop.extract.source import Source
from closedloop.forget.rows import cleaner

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Iterable

    from closedloop.clock import Clock
    from closedloop.extract.reading import Progress
    from closedloop.extract.result import StreamResult
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = structlog.get_logger(__name__)


def sync(
    settings: Settings,
    *,
    connections: Iterable[str],
    store: Store,
    operations: Operations,
    run_id: str,
    clock: Clock,
    progress: Progress | None = None,
    streams: Collection[str] | None = None,
    stop: threading.Event | None = None,
    on_budget: Callable[[str, dict[str, Any]], None] | None = None,
) -> list[StreamResult]:
    """Read what is new in each connection.

    Args:
        settings: The configuration.
        connections: Names of the connections to read, in order.
        store: Where rows land; only one process can have it open.
        operations: Where results and refused records are kept.
        run_id: From `Operations.begin_run`.
        clock: Tells when.
        progress: Told the connection, the stream and how many rows came so far.
        streams: Read only these; none for what the configuration names, or all.
        stop: When set, the running tap is asked to end and no other is started. What it said until then lands.
        on_budget: Told a connection and what is left of its vendor's calls, where its tap knows.

    Returns:
        One result a stream. A connection's failed or incomplete stream raises nothing: its verdict says so.

    Raises:
        ClosedloopError: A connection could not be read at all (credential, configuration, no answer). The others
            were read all the same, and their results are in the operational database.
    """

    def read(name: str) -> list[StreamResult]:
        reading = Reading(
            source=Source.of(settings, name, stop=stop),
            store=store,
            operations=operations,
            home=settings.home,
            run_id=run_id,
            clock=clock,
            streams=streams if streams is not None else settings.connections[name].streams,
            progress=progress,
            cleaner=cleaner(settings, operations, name),
        )
        try:
            return reading.run()
        finally:
            if reading.budget and on_budget is not None:
                on_budget(name, reading.budget)

    results: list[StreamResult] = []
    failures: list[ClosedloopError] = []
    for name in connections:
        if stop is not None and stop.is_set():
            break
        with bound_contextvars(connection=name):
            try:
                results += read(name)
            except ClosedloopError as error:
                log.error("extract.connection_failed", reason=error.message, fix=error.fix)  # noqa: TRY400 (its text is the whole story)
                failures.append(error)
    if failures:
        raise failures[0]
    return results
