"""Small listings, which come whole with every run.

Where a listing does not say how many rows it has, it is read a second time once a day with pages of another size: a row
that is left out at the border of a page, or a listing cut short, shows as a difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.stream import Page
from tap_hubspot.base import AGAIN, HubspotStream
from tap_hubspot.client import LIST_PAGE, listed
from tap_hubspot.values import iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_hubspot.client import Row

_COUNTED_ON = "counted_on"
#: A second reading uses pages of this size.
_OTHER_PAGE = 73
_DAY = 24


class ListingStream(HubspotStream):
    """A listing that comes whole."""

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the rows as HubSpot has them, read in pages of ``size``."""
        raise NotImplementedError

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
        if self.paged and self._tap.protocol and self.is_due(_COUNTED_ON, _DAY):
            self._read_again({record[self.source.key] for record in batch.records})
            yield Page(records=[], state={_COUNTED_ON: iso_ms(self._now())})

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the listing has."""
        del until
        if self.counted is None:
            self.counted = sum(1 for _ in self.rows(LIST_PAGE))
        return self.counted

    def _read_again(self, keys: set[str]) -> None:
        again = {record[self.source.key] for record in self.converted(self.rows(_OTHER_PAGE)).records}
        if again - keys:
            message = f"incomplete: HubSpot listed {len(keys)} rows, and then {len(again)}"
            raise StreamError(message, where=self.name, fix=AGAIN)
        # Rows that are only in the first reading may be gone meanwhile: the next run shows it.

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        batch = self.converted(self.rows(LIST_PAGE))
        found = sorted({record[self.source.key] for record in batch.records})
        self.counted = len(found)
        yield from found


class OwnerStream(ListingStream):
    """Users and queues, those included who have left: records go on pointing to them."""

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the owners."""
        for archived in ("false", "true"):
            params = {"limit": str(size), "archived": archived}
            for page in self.hubspot.all(self.hubspot.paths.owners, params, scope=self.source.scope):
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

    def rows(self, size: int) -> Iterator[Row]:
        """Yield the events."""
        scope = self.source.scope
        if size == LIST_PAGE:
            found = self.hubspot.marketing_events(scope=scope)
        else:
            pages = self.hubspot.all(self.hubspot.paths.marketing_events, {"limit": str(size)}, scope=scope)
            found = [row for page in pages for row in page.rows]
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
