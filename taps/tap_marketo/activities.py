"""What people did, and what was done to their status: the activities of the types that are wanted.

A paging token begins at a moment, and reading goes on until Marketo says that there is no more, also past pages that are
short or empty. What is older than a bulk extract may span at once is extracted in bulk, where that can be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso, iso
from closedloop.log import get_logger
from tap_marketo.base import MarketoStream
from tap_marketo.bulk import Bulk
from tap_marketo.catalog import CHANGE_STATUS
from tap_marketo.client import MOST_TYPES, REST
from tap_marketo.faults import AGAIN, NoBulkError, QuotaError
from tap_marketo.values import named
from tap_marketo.windows import LONGEST, span, windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_marketo.client import Row

log = get_logger(__name__)

_FIELDS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
_TYPES = "types"


class _ManyError(Exception):
    """There are more pages than one wants to read one by one."""


class ActivityStream(MarketoStream):
    """Activities, from a paging token or in bulk."""

    _is_empty = False

    def pages(self) -> Iterator[Page]:
        """Yield the activities since the bookmark."""
        until = self.now()
        types = sorted(self.ours.activity_types)
        known = self.held.get(_TYPES)
        mark = self.bookmark if known is None or set(types) <= set(known) else None
        since = from_iso(mark) - self.overlap if mark else from_iso(self.ours.start_date)
        rows = 0
        for page in self._since(types, since, until):
            rows += len(page.records) + len(page.bad)
            yield page
        self._is_empty = not rows and mark is None
        yield Page(records=[], state=self.marked(iso(until), types=types), cursor=iso(until))

    def _since(self, types: Sequence[int], since: datetime, until: datetime) -> Iterator[Page]:
        """Yield activities page by page; where they are very many and go far back, what is old comes in bulk."""
        may_bulk = self.ours.may_bulk and until - since > LONGEST
        try:
            yield from self._paged(types, since, most=self.ours.bulk_after if may_bulk else None)
        except _ManyError:
            recent = until - LONGEST
            try:
                for opens, end in windows(since, recent):
                    yield from self._extracted(types, opens, end)
                    yield Page(records=[], state=self.marked(iso(end), types=list(types)))
            except (NoBulkError, QuotaError) as error:
                log.warning("bulk.not_used", stream=self.name, reason=error.message)
                recent = since
            yield from self._paged(types, recent)

    def _paged(self, types: Sequence[int], since: datetime, *, most: int | None = None) -> Iterator[Page]:
        path, count = f"{REST}/activities.json", 0
        for start in range(0, len(types), MOST_TYPES):
            chosen = ",".join(map(str, types[start : start + MOST_TYPES]))
            params = {"activityTypeIds": chosen, "batchSize": str(self.marketo.page_size)}
            before: set[str] = set()
            for found in self.marketo.tokens(path, params, token=self.marketo.paging_token(since)):
                keys = {str(row.get("marketoGUID") or row.get("id")) for row in found.rows}
                if keys and keys <= before:
                    raise StreamError("no progress: Marketo repeated a page", where=self.name, fix=AGAIN)
                before, count = keys, count + 1
                yield self._page(found.rows)
                if found.more and most is not None and count >= most:
                    raise _ManyError

    def _extracted(self, types: Sequence[int], start: datetime, end: datetime) -> Iterator[Page]:
        bulk = Bulk(marketo=self.marketo, kind="activities", fields=_FIELDS, patience=self.ours.bulk_patience)
        bulk.start({"createdAt": span(start, end), "activityTypeIds": list(types)})
        for rows in bulk.rows():
            yield self._page(rows)

    def _page(self, rows: Iterable[Row]) -> Page:
        batch = self.converted(self._activity(row) for row in rows)
        newest = max((record["activityDate"] or "" for record in batch.records), default=None)
        return Page(records=batch.records, bad=batch.bad, cursor=newest or None)

    def _activity(self, row: Row) -> Row:
        """Return an activity; its number is its key only where it has no other."""
        try:
            attributes = named(row.get("attributes")) or {}
            kind = int(str(row.get("activityTypeId")))
        except ValueError:  # the columns say what is wrong
            attributes, kind = {}, 0
        own: dict[str, Any] = {"activity_type": self.ours.activity_types.get(kind)}
        if kind == CHANGE_STATUS:
            own["old_status"], own["new_status"] = attributes.get("Old Status"), attributes.get("New Status")
            own["success"] = attributes.get("Success")
        return {**row, **own, "marketoGUID": row.get("marketoGUID") or row.get("id")}

    def source_count(self, until: datetime) -> int | None:
        """Return that there is nothing, where the read has shown it; else Marketo cannot say."""
        del until
        return 0 if self._is_empty else None
