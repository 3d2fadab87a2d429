"""Streams of marketing assets: channels with what their statuses mean, and programs with their tags and costs.

Marketo counts no assets. So a listing is read a second time once a day with pages of another size, and an asset that the
listing had the last time is asked for by its id: what is left out shows as a difference.
"""

from __future__ import annotations

import abc
import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page
from tap_marketo.base import MarketoStream
from tap_marketo.client import ASSET_PAGE
from tap_marketo.faults import AGAIN
from tap_marketo.salesforce import full_id
from tap_marketo.values import decimal, instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from tap_marketo.client import Row

_COUNTED_ON, _KNOWN, _DETAILS_AT, _COLUMNS = "counted_on", "known", "details_at", "columns"
_DAY = 24
#: So many keys are remembered, and so many missing ones asked for.
_MOST_KNOWN, _MOST_ASKED = 5000, 20
#: Programs read one by one before they are handed on.
_BATCH = 50
_TRADE_SHOWS = frozenset({"tradeshow", "trade_show", "tradeshows"})


def other_page(keys: Collection[object]) -> int:
    """Return a size of the page for a second reading: the borders of its pages fall elsewhere."""
    return max(1, min(ASSET_PAGE - 1, len(keys) // 2))


class AssetStream(MarketoStream):
    """A listing of assets that comes whole."""

    counted: int | None = None

    @abc.abstractmethod
    def listed(self, size: int) -> list[Row]:
        """Return the rows, read in pages of ``size``."""

    def pages(self) -> Iterator[Page]:
        """Yield the listing."""
        rows = self.listed(ASSET_PAGE)
        batch = self.converted(rows)
        self.counted = len(rows)
        yield Page(records=batch.records, bad=batch.bad)
        counted_on = self.read_again({record[self.source.key] for record in batch.records})
        yield Page(records=[], state={_COUNTED_ON: counted_on} if counted_on else {})

    def read_again(self, keys: set[str]) -> str | None:
        """Read the listing a second time if it is due, and return when that was done last.

        Raises:
            StreamError: Two readings do not agree.
        """
        counted_on: str | None = self.stream_state.get(_COUNTED_ON)
        if not self._tap.protocol or not self.is_due(counted_on, _DAY):
            return counted_on
        again = {str(row.get(self.source.key)) for row in self.listed(other_page(keys))}
        if again != keys:
            message = f"incomplete: Marketo listed {len(keys)} rows, and then {len(again)}"
            raise StreamError(message, where=self.name, fix=AGAIN)
        return self.stamp()

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the listing has."""
        del until
        if self.counted is None:
            self.counted = len(self.listed(ASSET_PAGE))
        return self.counted

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows the listing had when its keys were read."""
        del last_id
        return self.counted

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        found = sorted({str(row.get(self.source.key)) for row in self.listed(ASSET_PAGE)})
        self.counted = len(found)
        yield from found


class ChannelStream(AssetStream):
    """The channels."""

    def listed(self, size: int) -> list[Row]:
        """Return the channels."""
        return self.ours.channels(size=size)


class StatusStream(AssetStream):
    """The statuses of all channels, with what they mean."""

    def listed(self, size: int) -> list[Row]:
        """Return the statuses."""
        found: list[Row] = []
        for channel in self.ours.channels(size=size):
            meanings = self.ours.statuses.of_channel(channel)
            for step in channel.get("progressionStatuses") or ():
                name = str(step.get("name"))
                own = {"key": f"{channel.get('id')}/{name}", "channel_id": channel.get("id")}
                found.append(
                    {**step, **own, "channel": channel.get("name"), "touch_status": meanings.get(name)}
                )
        return found


class ProgramStream(AssetStream):
    """The programs that are campaigns, each with its tags and costs, which the listing leaves out."""

    def listed(self, size: int) -> list[Row]:
        """Return the programs as the listing has them."""
        rows = self.marketo.listed_programs() if size == ASSET_PAGE else self.marketo.programs(size=size)
        return [row for row in rows if self.ours.is_campaign(row)]

    def pages(self) -> Iterator[Page]:
        """Yield the programs that changed, or all of them where that is due.

        Raises:
            StreamError: The listing is not whole.
        """
        rows = self.listed(ASSET_PAGE)
        keys = {str(row.get("id")) for row in rows}
        self.counted = len(keys)
        self._check_missing(keys)
        counted_on = self.read_again(keys)
        details_at, newest = self.held.get(_DETAILS_AT), self.bookmark or ""
        is_whole = self._is_whole(details_at)
        began = self.stamp()
        fresh = rows if is_whole else [row for row in rows if self._has_changed(row)]
        for start in range(0, len(fresh), _BATCH):
            batch = self.converted(self._detailed(fresh[start : start + _BATCH]))
            newest = max([newest, *(record["updatedAt"] or "" for record in batch.records)])
            yield Page(records=batch.records, bad=batch.bad, cursor=newest or None)
        state = {
            _DETAILS_AT: began if is_whole else details_at,
            _COLUMNS: self._digest,
            _COUNTED_ON: counted_on,
            _KNOWN: sorted(keys)[:_MOST_KNOWN] or None,
        }
        yield Page(records=[], state=self.marked(newest or None, **state), cursor=newest or None)

    def _check_missing(self, keys: set[str]) -> None:
        """Ask for programs that the listing had the last time: one that is still there was kept from us."""
        for key in sorted(set(self.held.get(_KNOWN) or ()) - keys)[:_MOST_ASKED]:
            row = self.marketo.program(key)
            if row is not None and self.ours.is_campaign(row):
                message = f"incomplete: Marketo listed {len(keys)} programs, and has others"
                raise StreamError(message, where=self.name, fix=AGAIN)

    def _is_whole(self, details_at: str | None) -> bool:
        is_same = self.held.get(_COLUMNS) == self._digest
        return not is_same or self.is_due(details_at, float(self.config.get("details_hours", 24)))

    def _has_changed(self, row: Row) -> bool:
        opens = self.opens_at()
        try:
            changed = instant(row.get("updatedAt"))
        except ValueError:
            changed = None
        return opens is None or changed is None or changed >= opens

    @property
    def _digest(self) -> str:
        """What the settings make of a program, in a few characters: others mean that all are read again."""
        names = ("campaign_fields", "campaigns", "kinds", "program_types", "time_zone")
        plain = repr([(name, self.config.get(name)) for name in names])
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    def _detailed(self, rows: list[Row]) -> Iterator[Row]:
        """Yield programs as they are one by one; one that is gone meanwhile is left out."""
        for row in rows:
            found = self.marketo.program(str(row.get("id")))
            if found is not None:
                yield self._program({**row, **found})
            elif self.counted is not None:
                self.counted -= 1

    def _program(self, row: Row) -> Row:
        tags = {
            str(tag.get("tagType")): tag.get("tagValue")
            for tag in row.get("tags") or ()
            if isinstance(tag, dict)
        }
        named = {column: tags.get(tag) for column, tag in self.ours.campaign_fields.items()}
        own: Mapping[str, str] = self.config.get("campaigns") or {}
        return {
            **row,
            **named,
            "kind": self._kind(row, named.get("kind")),
            "cost": _sum(row.get("costs")),
            "sfdcId": full_id(row.get("sfdcId")) or row.get("sfdcId"),
            "same_as": own.get(str(row.get("id"))) or own.get(str(row.get("name"))),
            "time_zone": self.config.get("time_zone") or "UTC",
        }

    def _kind(self, row: Row, tag: Any) -> str:
        own: Mapping[str, str] = self.config.get("kinds") or {}
        name = str(own.get(str(row.get("channel"))) or tag or row.get("channel") or row.get("type") or "")
        kind = "_".join(name.lower().replace("-", " ").split())
        return "trade_show" if kind in _TRADE_SHOWS else kind


def _sum(costs: Any) -> str | None:
    """Return the sum of period costs; none was entered where there is no row."""
    found = [decimal(one.get("cost")) for one in costs or () if isinstance(one, dict)]
    amounts = [Decimal(one) for one in found if one is not None]
    return format(sum(amounts, Decimal(0)), "f") if amounts else None
