"""How Zendesk's listings are read.

Exports by cursor go on with the cursor of the page before, also in the next run: Zendesk orders them by when it last
generated a record, which moves without `updated_at`, so that no time of ours could take the cursor's place. Exports by
time begin a page where the one before ended; a row at the edge comes twice. Neither shows the last minute, and a start
within it is refused. What was deleted comes with the exports, marked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import BadRecord, ClosedloopStream, Page, from_iso
from tap_zendesk.catalog import CURSOR
from tap_zendesk.client import CursorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_zendesk.catalog import Endpoint
    from tap_zendesk.client import Zendesk
    from tap_zendesk.columns import Columns
    from tap_zendesk.tap import TapZendesk

#: The last minute is in no export, and a start within it is refused.
_SAFE = timedelta(seconds=61)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Rows of a plain listing and of `show_many`; the most Zendesk gives.
_LISTED = 100
_AGAIN = "run again; if it persists, ask Zendesk's support"


class ZendeskStream(ClosedloopStream):
    """A listing that comes whole."""

    primary_keys = ("id",)
    replication_key: str | None = None

    def __init__(self, tap: TapZendesk, name: str, endpoint: Endpoint, *, columns: Columns) -> None:
        super().__init__(tap, schema=columns.schema, name=name)
        self.endpoint = endpoint
        self._columns_of = columns
        self._count: int | None = None

    @property
    def zendesk(self) -> Zendesk:
        """The account."""
        zendesk: Zendesk = self._tap.zendesk  # type: ignore[attr-defined] # our tap, not the SDK's
        return zendesk

    def probe(self) -> int:
        """Ask for one page, and return how many rows it has."""
        answer = self.ask(self.endpoint.path, {"page[size]": "1"})
        return len(self.zendesk.rows(answer, self.name))

    def pages(self) -> Iterator[Page]:
        """Yield the listing."""
        for rows in self._listing(self.endpoint.path):
            yield self._page(rows)

    def ask(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """Return an answer."""
        return self.zendesk.get(path, {**self.endpoint.params, **params}, scope=self.endpoint.scope)

    def _listing(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[list[dict[str, Any]]]:
        """Yield the pages of a plain listing."""
        answer = self.ask(path, {"page[size]": str(_LISTED), **(params or {})})
        before = None
        while True:
            yield self.zendesk.rows(answer, self.name)
            meta = answer.get("meta") or {}
            after = (answer.get("links") or {}).get("next")
            if not meta.get("has_more") or not after:
                return
            if after == before:
                raise StreamError("no progress: Zendesk repeated a page", where=self.name, fix=_AGAIN)
            before, answer = after, self.zendesk.next(after, scope=self.endpoint.scope)

    def _page(self, rows: list[dict[str, Any]], state: Mapping[str, Any] | None = None) -> Page:
        records, bad = [], []
        for row in rows:
            try:
                records.append(self._columns_of.record(row))
            except ValueError as error:
                bad.append(BadRecord(key=str(row.get("id") or ""), reason=str(error), record=row))
        newest = max((record[CURSOR] for record in records if record[CURSOR]), default=None)
        return Page(records=records, bad=bad, state=state, cursor=newest)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row that the plain listing has.

        Raises:
            StreamError: There is none that shows everything.
        """
        if self.endpoint.plain is None:
            raise StreamError("Zendesk has no listing of all of these", where=self.name)
        rows = [row for page in self._listing(self.endpoint.plain) for row in page]
        self._count = len(rows)
        yield from sorted(record["id"] for record in self._page(rows).records)

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows the listing had when its keys were read."""
        del last_id
        return self._count


class ChangedStream(ZendeskStream):
    """A listing that is gone on with where the last run ended."""

    replication_key = CURSOR
    count_column: ClassVar[str | None] = "created_at"

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows were made up to ``until``, where the search counts them and nothing was left out."""
        if (
            self.endpoint.sought is None
            or self.config.get("start_date")
            or not self.config.get("count", True)
        ):
            return None
        return self.zendesk.count(self.endpoint.sought, until)

    @property
    def _held(self) -> Mapping[str, Any]:
        return self.stream_state if self.replication_method == "INCREMENTAL" else {}

    def _opens_at(self) -> int:
        """Return the second to begin with, where no cursor is kept."""
        value, start = self._held.get("replication_key_value"), self.config.get("start_date")
        overlap = timedelta(seconds=int(self.config.get("overlap_seconds", 300)))
        moment = from_iso(value) - overlap if value else from_iso(start) if start else _EPOCH
        return max(0, int(min(moment, self._tap.source_now() - _SAFE).timestamp()))

    def _state(self, page: Page, **position: Any) -> dict[str, Any]:
        before = self._held.get("replication_key_value")
        quarantined = {bad.key for bad in page.bad if bad.key} | set(self._held.get("quarantined") or ())
        quarantined -= {record["id"] for record in page.records}
        state = {
            "replication_key": CURSOR,
            "replication_key_value": max(filter(None, (before, page.cursor)), default=None),
            "quarantined": sorted(quarantined)[:_LISTED] or None,
            **position,
        }
        return {name: value for name, value in state.items() if value is not None}

    def _again(self) -> Iterator[Page]:
        """Read the quarantined records once more; what is gone is given up."""
        keys = self._held.get("quarantined")
        if not keys:
            return
        answer = self.ask(f"/api/v2/{self.name}/show_many.json", {"ids": ",".join(keys)})
        page = self._page(self._joined(answer))
        kept = {bad.key for bad in page.bad}
        state = {**self._held, "quarantined": sorted(kept)}
        if not kept:
            del state["quarantined"]
        yield Page(records=page.records, bad=page.bad, state=state, cursor=page.cursor)

    def _joined(self, answer: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the rows with what came beside them."""
        rows = self.zendesk.rows(answer, self.name)
        solved = {one.get("ticket_id"): one.get("solved_at") for one in answer.get("metric_sets") or ()}
        return [{**row, "solved_at": solved.get(row.get("id"))} for row in rows] if solved else rows


class CursorStream(ChangedStream):
    """An export by cursor."""

    def probe(self) -> int:
        """Ask for one page."""
        return len(self.zendesk.rows(self._first(None), self.name))

    def pages(self) -> Iterator[Page]:
        """Yield what was generated since the last run.

        Raises:
            StreamError: The export does not advance.
        """
        yield from self._again()
        cursor = self._held.get("cursor")
        answer = self._first(cursor)
        while True:
            after, is_last = answer.get("after_cursor"), bool(answer.get("end_of_stream"))
            if not is_last and (not after or after == cursor):
                raise StreamError(
                    "no progress: the export's cursor stands still", where=self.name, fix=_AGAIN
                )
            cursor = after or cursor
            page = self._page(self._joined(answer))
            yield Page(
                records=page.records, bad=page.bad, cursor=page.cursor, state=self._state(page, cursor=cursor)
            )
            if is_last:
                return
            answer = self._at(cursor)

    def _first(self, cursor: str | None) -> dict[str, Any]:
        if cursor:
            try:
                return self._at(cursor)
            except CursorError:
                self.logger.warning("the kept cursor was refused: beginning at the newest time we hold")
        return self.ask(self.endpoint.path, {"start_time": str(self._opens_at()), **self._size})

    def _at(self, cursor: str | None) -> dict[str, Any]:
        return self.ask(self.endpoint.path, {"cursor": str(cursor), **self._size})

    @property
    def _size(self) -> dict[str, str]:
        return {"per_page": str(self.config.get("page_size", 1000))}


class TimeStream(ChangedStream):
    """An export by time."""

    def probe(self) -> int:
        """Ask for one page."""
        return len(self.zendesk.rows(self._from(self._opens_at()), self.name))

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the last run.

        Raises:
            StreamError: More rows share one second than a page holds.
        """
        yield from self._again()
        start, before = self._opens_at(), set[tuple[Any, Any]]()
        while True:
            answer = self._from(start)
            rows = self._joined(answer)
            end, is_last = answer.get("end_time"), bool(answer.get("end_of_stream"))
            fresh = [row for row in rows if (row.get("id"), row.get(CURSOR)) not in before]
            page = self._page(fresh)
            yield Page(records=page.records, bad=page.bad, cursor=page.cursor, state=self._state(page))
            if is_last:
                return
            if not isinstance(end, int) or end <= start:
                message = "no progress: more rows share one second than a page holds"
                raise StreamError(
                    message, where=self.name, fix="raise page_size to 1000, or ask Zendesk's support"
                )
            start, before = end, {(row.get("id"), row.get(CURSOR)) for row in rows}

    def _from(self, start: int) -> dict[str, Any]:
        size = str(self.config.get("page_size", 1000))
        return self.ask(self.endpoint.path, {"start_time": str(start), "per_page": size})


class SinceStream(ChangedStream):
    """A plain listing that takes the time from which on."""

    def probe(self) -> int:
        """Ask for one page."""
        answer = self.ask(self.endpoint.path, {"page[size]": "1"})
        return len(self.zendesk.rows(answer, self.name))

    def pages(self) -> Iterator[Page]:
        """Yield what was made or changed since the last run."""
        newest, is_whole = self._held.get("replication_key_value"), True
        for rows in self._listing(self.endpoint.path, {"start_time": str(self._opens_at())}):
            page = self._page(rows)
            newest = max(filter(None, (newest, page.cursor)), default=None)
            is_whole = is_whole and not page.bad
            yield Page(records=page.records, bad=page.bad, cursor=page.cursor)
        # Its order is not by change: only the whole of it moves the bookmark, and a bad row is read again with it.
        if is_whole and newest:
            yield Page(records=[], state={"replication_key": CURSOR, "replication_key_value": newest})
