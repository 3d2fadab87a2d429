"""Reads one stream again, whole or from a day on, and leaves every bookmark where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.extract.reading import Reading
from closedloop.extract.source import Source
from closedloop.forget.rows import cleaner
from closedloop.store.bookmarks import read_state

if TYPE_CHECKING:
    import threading
    from datetime import datetime

    from closedloop.clock import Clock
    from closedloop.extract.reading import Progress
    from closedloop.extract.result import StreamResult
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations


def backfill(
    settings: Settings,
    *,
    connection: str,
    stream: str,
    store: Store,
    operations: Operations,
    run_id: str,
    clock: Clock,
    since: datetime | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> StreamResult:
    """Read a stream again and replace what we hold of it.

    Rows land by key as always, so nothing doubles and nothing newer is lost: what comes is the source's present
    version. No bookmark moves, neither this stream's nor another's; killed, it is simply started again.

    Args:
        settings: The configuration.
        connection: The connection's name.
        stream: The stream's name.
        store: Where rows land.
        operations: Where the result is kept.
        run_id: From `Operations.begin_run`.
        clock: Tells when.
        since: Only rows changed at or after this time; none for all.
        progress: As for `sync`.
        stop: As for `sync`.

    Raises:
        ConfigError: There is no such connection or stream, or ``since`` is given for a stream without a cursor.
        ClosedloopError: The connection cannot be read.
    """
    source = Source.of(settings, connection, stop=stop)
    bookmark: dict[str, object] = {}
    if since is not None:
        held = read_state(store, connection).get("bookmarks", {}).get(stream)
        cursor = held.get("replication_key") if isinstance(held, dict) else None
        if not cursor:
            raise ConfigError(
                "a time window needs a stream that has been read before and has a cursor",
                where=f"{connection}/{stream}",
                fix="leave the window out to read the stream whole",
            )
        value = since.isoformat().replace("+00:00", "Z")
        bookmark = {"replication_key": cursor, "replication_key_value": value}
    results = Reading(
        source=source,
        store=store,
        operations=operations,
        home=settings.home,
        run_id=run_id,
        clock=clock,
        streams=[stream],
        progress=progress,
        bookmark={stream: bookmark},
        cleaner=cleaner(settings, operations, connection),
    ).run()
    return next(one for one in results if one.stream == stream)
