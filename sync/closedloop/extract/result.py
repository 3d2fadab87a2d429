"""What a sync says about each stream, and where that is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert

from closedloop.store.tables import stream_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.store.operations import Operations

#: Verdicts after which nothing may be computed or written.
BAD = ("incomplete", "failed")


@dataclass(slots=True, kw_only=True, frozen=True)
class StreamResult:
    """One stream in one run: the columns of `closedloop.store.tables.stream_run`, where they are explained.

    Args:
        run_id: The run.
        connection: The connection's name.
        stream: The stream's name.
        rows: Records received.
        keys: Distinct keys among them.
        requests: Requests the tap made.
        bytes: Bytes of their replies.
        source_count: Rows the source says it has; none where it cannot count.
        held_count: Rows we hold, counted the same way.
        cursor: Newest cursor held.
        source_cursor: Newest cursor the source has.
        deleted: Rows found to be deleted at the source.
        quarantined: Records refused in this run.
        verdict: ``proven``, ``unproven``, ``stale``, ``incomplete`` or ``failed``.
        reason: Why, where that needs saying.
        at: When, as text.
    """

    run_id: str
    connection: str
    stream: str
    rows: int = 0
    keys: int = 0
    requests: int = 0
    bytes: int = 0
    source_count: int | None = None
    held_count: int | None = None
    cursor: str | None = None
    source_cursor: str | None = None
    deleted: int = 0
    quarantined: int = 0
    verdict: str
    reason: str | None = None
    at: str

    @property
    def is_bad(self) -> bool:
        """Whether figures may not rest on this stream."""
        return self.verdict in BAD


def keep(operations: Operations, results: Sequence[StreamResult]) -> None:
    """Write the results; a stream read again in the same run replaces its row."""
    if not results:
        return
    columns = stream_run.c
    with operations.transaction() as database:
        for one in results:
            same = (columns.run_id == one.run_id) & (columns.connection == one.connection)
            database.execute(delete(stream_run).where(same & (columns.stream == one.stream)))
        database.execute(insert(stream_run), [asdict(one) for one in results])
