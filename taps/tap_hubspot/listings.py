"""Small listings, which come whole with every run.

Where a listing does not say how many rows it has, it is read a second time once a day with pages of another size: a row
that is left out at the border of a page, or a listing cut short, shows as a difference.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.stream import Page
from tap_hubspot.base import AGAIN, HubspotStream
from tap_hubspot.client import LIST_PAGE, listed
from tap_hubspot.values import iso_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from tap_hubspot.client import Row

_COUNTED_ON = "counted_on"
_DAY = 24
_KNOWN = "known"
#: So many keys are remembered, and so many missing ones asked for.
_MOST_KNOWN, _MOST_ASKED = 5000, 20


def other_page(keys: Collection[object]) -> int:
    """Return a size of the page for a second reading: the borders of its pages fall elsewhere."""
    return max(1, min(LIST_PAGE - 1, len(keys) // 2))


class ListingStream(HubspotStream):
    """A listing that comes whole."""

    @abc.abstractmethod
    def rows(self, size: int) -> Iterator[Row]:
        """Yield the rows as HubSpot has them, read in pages of ``size``."""

    #: Whether the rows come in pages that are worth reading twice.
    paged = True

    def pages(self) -> Iterator[Page]:
        """Yield the listing.

        Raises:
            StreamError: Two readings do not agree.
        """
        rows = list(self.rows(LIST_PAGE))
        batch = self.converted(rows)
        self.counted = len(rows)
        yield Page(records=batch.records, bad=batch.bad)
        if not self.paged or not self._tap.protocol:
            return
        keys = {record[self.source.key] for record in batch.records}
        self._check_missing(keys | {bad.key for bad in batch.bad})
        counted_on = self.stream_state.get(_COUNTED_ON)
        if self.is_due(_COUNTED_ON, _DAY):
            self._read_again(keys)
            counted_on = iso_ms(self._now())
        known = sorted(keys)[:_MOST_KNOWN] if self.addresses("0") else None
        state = {_COUNTED_ON: counted_on, _KNOWN: known}
        yield Page(records=[], state={name: value for name, value in state.items() if value})

    def addresses(self, key: str) -> list[str]:
        """Return where one row can be asked for by its key; none where that is not possible."""
        del key
        return []

    def _check_missing(self, keys: set[str]) -> None:
        """Ask for rows that the listing had the last time: one that is still there was kept from us."""
        for key in sorted(set(self.stream_state.get(_KNOWN) or ()) - keys)[:_MOST_ASKED]:
            if any(self.hubspot.exists(path, scope=self.source.scope) for path in self.addresses(key)):
                message = f"incomplete: HubSpot listed {len(keys)} rows, and has others"
                raise StreamError(message, where=self.name, fix=AGAIN)

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the listing has."""
        del until
        if self.counted is None:
            self.counted = sum(1 for _ in self.rows(LIST_PAGE))
        return self.counted

    def _read_again(self, keys: set[str]) -> None:
        again = {record[self.source.key] for record in self.converted(self.rows(other_page(keys))).records}
        if again != keys:
            message = f"incomplete: HubSpot listed {len(keys)} rows, and then {len(again)}"
            raise StreamError(message, where=self.name, fix=AGAIN)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        batch = self.converted(self.rows(LIST_PAGE))
        found = sorted({record[self.source.key] for record in batch.records})
        self.counted = len(found)
        yield from found


class OwnerStream(ListingStream):
    """Users and queues, those included who have left: records go on pointing to them."""

    def addresses(self, key: str) -> list[str]:
        """Return where an owner is, active or not."""
        return [f"{self.hubspot.paths.owners}/{key}?archived={archived}" for archived in ("false", "true")]

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the owners."""
        for archived in ("false", "true"):
            params = {"limit": str(size), "archived": archived}
            for page in self.hubspot.all(self.hubspot.paths.owners, params, scope=self.source.scope):
                if any(str(row.get("archived", archived)).lower() != archived for row in page.rows):
                    raise StreamError("no progress: HubSpot repeated a page", where=self.name, fix=AGAIN)
                yield from page.rows


class StageStream(ListingStream):
    """The stages of all pipelines of deals, tickets and leads."""

    paged = False

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the stages; objects that the account does not have are left out."""
        del size
        for name in ("deals", "tickets", "leads"):
            try:
                pipelines = self.hubspot.page(self.hubspot.paths.pipelines(name), scope=self.source.scope)
            except AccessError:
                if name == "deals":
                    raise
                continue
            for pipeline in pipelines.rows:
                yield from (_stage(name, pipeline, stage) for stage in pipeline.get("stages") or ())


def _stage(name: str, pipeline: Row, stage: Row) -> Row:
    metadata = stage.get("metadata") or {}
    probability = metadata.get("probability")
    return {
        **{key: stage.get(key) for key in ("id", "label", "archived", "createdAt", "updatedAt")},
        "key": f"{name}/{pipeline.get('id')}/{stage.get('id')}",
        "object_type": name,
        "pipeline_id": pipeline.get("id"),
        "pipeline_label": pipeline.get("label"),
        "pipeline_display_order": pipeline.get("displayOrder"),
        "display_order": stage.get("displayOrder"),
        "probability": probability,
        "is_closed": _is_closed(metadata),
        "archived": bool(stage.get("archived")) or bool(pipeline.get("archived")),
    }


def _is_closed(metadata: Row) -> Any:
    """Tickets say it in a word of their own."""
    state = metadata.get("ticketState")
    return metadata.get("isClosed", None if state is None else str(state).upper() == "CLOSED")


class AccountStream(ListingStream):
    """The account: its currency, its time zone, the host of its pages."""

    paged = False

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the account."""
        del size
        yield self.hubspot.account()


class CurrencyStream(ListingStream):
    """The currency of the company."""

    paged = False

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the currency; the account knows it where the answer does not name it."""
        del size
        path = f"{self.hubspot.paths.currencies}/company-currency"
        found = self.hubspot.get(path, scope=self.source.scope)
        code = found.get("currencyCode") or self.hubspot.account().get("companyCurrency")
        yield {**found, "id": found.get("id") or code, "currencyCode": code}


class RateStream(ListingStream):
    """The exchange rates, old ones included."""

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the rates."""
        path = f"{self.hubspot.paths.currencies}/exchange-rates"
        for page in self.hubspot.all(path, {"limit": str(size)}, scope=self.source.scope):
            yield from page.rows


class FormStream(ListingStream):
    """The forms."""

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the forms."""
        for page in self.hubspot.all(self.hubspot.paths.forms, {"limit": str(size)}, scope=self.source.scope):
            yield from page.rows


class ListStream(ListingStream):
    """The lists, which say how many they are."""

    paged = False

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the lists.

        Raises:
            StreamError: There are fewer than HubSpot counts.
        """
        offset = 0
        while True:
            body = {
                "query": "",
                "count": size,
                "offset": offset,
                "processingTypes": [],
                "listIds": [],
                "additionalProperties": ["hs_list_size"],
            }
            answer = self.hubspot.post(f"{self.hubspot.paths.lists}/search", body, scope=self.source.scope)
            page = listed(answer, "lists")
            for row in page.rows:
                yield {**row, "size": (row.get("additionalProperties") or {}).get("hs_list_size")}
            offset += len(page.rows)
            if answer.get("hasMore") and page.rows:
                continue
            if offset < (page.total or 0):
                message = f"incomplete: HubSpot counts {page.total} lists and listed {offset}"
                raise StreamError(message, where=self.name, fix=AGAIN)
            return


class MarketingEventStream(ListingStream):
    """The marketing events, with the properties that the admin gave them."""

    def addresses(self, key: str) -> list[str]:
        """Return where an event is."""
        return [self.hubspot.paths.marketing_event(key)]

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the events."""
        found = self.hubspot.marketing_events(
            scope=self.source.scope, size=None if size == LIST_PAGE else size
        )
        for row in found:
            app = row.get("appInfo") or {}
            own = {one.get("name"): one.get("value") for one in row.get("customProperties") or ()}
            yield {
                **row,
                "objectId": row.get("objectId"),
                "app_id": app.get("id"),
                "app_name": app.get("name"),
                "properties": own,
            }
