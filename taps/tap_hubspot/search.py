"""What changed since a moment, oldest first, by HubSpot's search.

HubSpot answers 400 past the 10,000th row of one search, and pages are cut by position: a row that somebody edits while
we read moves to the end, every later row moves up, and the next page begins one row too late. So no page but the first is
ever asked for: each search begins at the change the one before ended with. Where one millisecond holds more than a
page, as HubSpot's own batch jobs leave it, its rows are asked for by ascending id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from closedloop.kit.policy import StreamError
from tap_hubspot.client import SEARCH_PAGE, Listed
from tap_hubspot.values import instant, millis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_hubspot.client import Hubspot, Row

ID = "hs_object_id"
_STEP = timedelta(milliseconds=1)
_AGAIN = "run again; if it persists, ask HubSpot's support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The changes of one object.

    Args:
        hubspot: The account.
        name: The object.
        modified: Property that stamps changes.
        properties: Asked for.
        scope: What the token must have.
    """

    hubspot: Hubspot
    name: str
    modified: str
    properties: Sequence[str]
    scope: str

    def newest(self) -> Listed:
        """Return the records that changed last, the newest first, and how many records there are in all."""
        found = self.hubspot.search(
            self.name, (), self.modified, self._asked, descending=True, scope=self.scope
        )
        self._check_whole(found)
        if self._in_order(found.rows, descending=True):
            return found
        return self.newest()

    def since(self, opens: datetime) -> Iterator[list[Row]]:
        """Yield what changed since a moment; rows of the moments between pages come twice.

        Raises:
            StreamError: A page came short, was repeated or is not in order.
        """
        low = opens
        while True:
            rows = self._page([_filter(self.modified, "GTE", millis(low))], self.modified)
            if not self._in_order(rows.rows):
                continue
            self._check_progress(rows.rows, low)
            yield rows.rows
            if (rows.total or 0) <= SEARCH_PAGE:
                return
            last = self.time(rows.rows[-1])
            if last >= low + _STEP:
                low = last
            else:  # the whole page is of one millisecond
                yield from self._of_one_moment(low)
                low += _STEP

    def _of_one_moment(self, moment: datetime) -> Iterator[list[Row]]:
        last = "0"
        while True:
            filters = [
                _filter(self.modified, "EQ", millis(moment)),
                _filter(ID, "GT", last),
            ]
            found = self._page(filters, ID)
            if found.rows and int(found.rows[0]["id"]) <= int(last):
                raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=_AGAIN)
            yield found.rows
            if (found.total or 0) <= SEARCH_PAGE:
                return
            last = str(found.rows[-1]["id"])

    def time(self, row: Row) -> datetime:
        """Return when a record changed.

        Raises:
            StreamError: It does not say.
        """
        stamp = (row.get("properties") or {}).get(self.modified) or row.get("updatedAt")
        try:
            found = instant(stamp)
        except ValueError:
            found = None
        if found is None:
            msg = f"a record without {self.modified}"
            raise StreamError(msg, where=self.name)
        return found

    @property
    def _asked(self) -> list[str]:
        return list(dict.fromkeys([self.modified, *self.properties]))

    def _page(self, filters: list[dict[str, str]], sort: str) -> Listed:
        found = self.hubspot.search(self.name, filters, sort, self._asked, scope=self.scope)
        self._check_whole(found)
        return found

    def _check_whole(self, found: Listed) -> None:
        wanted = min(found.total or 0, SEARCH_PAGE)
        if len(found.rows) < wanted:
            message = f"incomplete: HubSpot finds {found.total} records and gave {len(found.rows)}"
            raise StreamError(message, where=self.name, fix=_AGAIN)

    def _in_order(self, rows: list[Row], *, descending: bool = False) -> bool:
        """Return whether a page is in order; if not, it is asked for again with the order's long form, once."""
        times = [self.time(row) for row in rows]
        if times == sorted(times, reverse=descending):
            return True
        if self.hubspot.sorts_by_object:
            raise StreamError("the page is not in the order asked for", where=self.name, fix=_AGAIN)
        self.hubspot.sorts_by_object = True
        return False

    def _check_progress(self, rows: list[Row], low: datetime) -> None:
        if rows and self.time(rows[0]) < low.replace(microsecond=low.microsecond // 1000 * 1000):
            raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=_AGAIN)


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}
