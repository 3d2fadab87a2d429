"""Streams that QuickBooks has no list of: exchange rates by the day, and the admin's own rules about lines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import Page, from_iso
from tap_quickbooks.streams import QuickBooksStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from tap_quickbooks.records import Row

_ENTITY = "ExchangeRate"
#: Rates that are older than this convert nothing any more.
_DAYS = 7
#: Setting → the class that the lines it names belong to.
CLASSES = {"revenue": "revenue", "pass_through": "pass_through", "write_off": "write_off"}


class RateStream(QuickBooksStream):
    """Exchange rates of the last days, each day asked for once; nothing where the company has one currency."""

    replication_key = "as_of_date"

    def pages(self) -> Iterator[Page]:
        """Yield the rates of each day since the bookmark."""
        if not self._tap.is_multi_currency:
            return
        today = self._tap.source_now().date()
        held = self.stream_state.get("replication_key_value")
        day = (
            max(from_iso(held).date(), today - timedelta(days=_DAYS))
            if held
            else today - timedelta(days=_DAYS)
        )
        while day <= today:
            yield self._page(day)
            day += timedelta(days=1)

    def source_cursor(self) -> str | None:
        """Return today: every day up to it is asked for, and a day without a rate is an answer too."""
        return self._tap.source_now().date().isoformat() if self._tap.is_multi_currency else None

    def source_count(self, until: datetime) -> int | None:
        """Return that a company with one currency has no rates; QuickBooks cannot count them otherwise."""
        del until
        return None if self._tap.is_multi_currency else 0

    def _page(self, day: date) -> Page:
        rows = self.api.rows(_ENTITY, where=f"AsOfDate = '{day.isoformat()}'", limit=self._tap.page_size)
        batch = self.converted([_keyed(row) for row in rows])
        state = {"replication_key": self.replication_key, "replication_key_value": day.isoformat()}
        return Page(records=batch.records, bad=batch.bad, state=state, cursor=day.isoformat())


class RuleStream(QuickBooksStream):
    """What the settings say about the class of lines, by item or account, so that it takes effect at once."""

    def _rows(self) -> list[dict[str, Any]]:
        found: dict[str, str] = {}
        for setting, line_class in CLASSES.items():
            for name in self.config.get(setting) or ():
                found[str(name)] = line_class
        return [{"id": name, "name": name, "line_class": found[name]} for name in sorted(found)]

    def pages(self) -> Iterator[Page]:
        """Yield the rules."""
        yield Page(records=self._rows())

    def source_count(self, until: datetime) -> int:
        """Return how many rules there are."""
        del until
        return len(self._rows())

    def source_total(self, last_id: str | None) -> int:
        """Return how many rules there are."""
        del last_id
        return len(self._rows())

    def keys(self) -> Iterator[str]:
        """Yield each rule's name."""
        yield from (row["id"] for row in self._rows())


def _keyed(row: Row) -> Row:
    """A rate has no id of its own."""
    return {
        **row,
        "Id": f"{row.get('SourceCurrencyCode')}/{row.get('TargetCurrencyCode')}/{row.get('AsOfDate')}",
    }
