"""Streams of marketing: campaigns with what they may and did cost, and who took part in which event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Page, from_iso
from tap_hubspot.associations import HangingStream
from tap_hubspot.base import AGAIN, HubspotStream
from tap_hubspot.catalog import DEFAULT_STATUSES
from tap_hubspot.changed import Seen
from tap_hubspot.client import HISTORY_PAGE, LIST_PAGE
from tap_hubspot.listings import other_page
from tap_hubspot.values import instant, iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_hubspot.client import Listed, Row

CURSOR = "updatedAt"
_COUNTED_ON, _DAY = "counted_on", 24


class CampaignStream(HubspotStream):
    """The campaigns, newest change first: the listing is left where the bookmark is reached. It says its total."""

    def _listing(self) -> Iterator[Listed]:
        params = {
            "limit": str(LIST_PAGE),
            "sort": f"-{CURSOR}",
            "properties": ",".join(self.cols.properties),
        }
        yield from self.hubspot.all(self.hubspot.paths.campaigns, params, scope=self.source.scope)

    def pages(self) -> Iterator[Page]:
        """Yield what changed since the bookmark.

        Raises:
            StreamError: There are fewer campaigns than HubSpot counts.
        """
        state = self.stream_state if self.replication_method == "INCREMENTAL" else {}
        value, digest = state.get("replication_key_value"), self.cols.digest
        opens = from_iso(value) - self.overlap if value and state.get("columns") == digest else None
        ids, newest, rows, total = dict[str, None](), value or "", 0, 0
        for page in self._listing():
            total, rows = page.total or 0, rows + len(page.rows)
            fresh = [row for row in page.rows if opens is None or _changed(row) >= opens]
            batch = self.converted(fresh)
            ids |= {str(row.get("id")): None for row in fresh}
            newest = max([newest, *(record[CURSOR] or "" for record in batch.records)])
            yield Page(records=batch.records, bad=batch.bad, cursor=newest or None)
            if len(fresh) < len(page.rows):
                break
        else:
            self._check_whole(rows, total)
        self.counted = total
        self.changed.note("campaigns", Seen(opens=opens, until=self.until, newest=newest, ids=list(ids)))
        left = {"replication_key": CURSOR, "replication_key_value": newest or None, "columns": digest}
        yield Page(records=[], state={k: v for k, v in left.items() if v}, cursor=newest or None)

    def _check_whole(self, rows: int, total: int) -> None:
        if rows < total:
            message = f"incomplete: HubSpot counts {total} campaigns and listed {rows}"
            raise StreamError(message, where=self.name, fix=AGAIN)

    def source_cursor(self) -> str | None:
        """Return the bookmark: the listing itself begins with the newest change."""
        return self.stream_state.get("replication_key_value")

    def source_count(self, until: datetime) -> int | None:
        """Return how many campaigns there are."""
        del until
        if self.counted is None:
            self.counted = next(self._listing()).total
        return self.counted

    def keys(self) -> Iterator[str]:
        """Yield the id of every campaign."""
        for page in self._listing():
            self.counted = page.total
            yield from (str(row.get("id")) for row in page.rows)


def _changed(row: Row) -> datetime:
    found = instant(row.get(CURSOR))
    if found is None:
        message = f"a campaign without {CURSOR}"
        raise StreamError(message)
    return found


class CampaignPartStream(HangingStream):
    """Something that hangs on campaigns. A change of it may not stamp the campaign: all is read once a day."""

    size = HISTORY_PAGE

    @property
    def parent(self) -> str:
        """The campaigns."""
        return "campaigns"

    @property
    def hours(self) -> float | None:
        """How often all is read."""
        return float(self.config.get("associations_hours", 24))


class ItemStream(CampaignPartStream):
    """What was planned for a campaign, or what was spent on it."""

    #: Name of the list in the answer.
    part = ""

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the items of some campaigns."""
        for key in ids:
            found = self.hubspot.budget(key, scope=self.source.scope)
            for item in found.get(self.part) or ():
                yield {**item, "campaign_id": key, "currency_code": found.get("currencyCode")}


class BudgetItemStream(ItemStream):
    """What was planned for a campaign."""

    part = "budgetItems"


class SpendItemStream(ItemStream):
    """What was spent on a campaign."""

    part = "spendItems"


class AssetStream(CampaignPartStream):
    """What belongs to a campaign: its marketing events, forms, lists."""

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the assets of some campaigns."""
        path = f"{self.hubspot.paths.campaigns}/batch/read"
        body = {"inputs": [{"id": key} for key in ids]}
        for campaign in self.hubspot.batch(path, body, scope=self.source.scope):
            key = str(campaign.get("id"))
            for kind, found in (campaign.get("assets") or {}).items():
                yield from (_asset(key, kind, one) for one in found.get("results") or ())
                after = ((found.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    yield from self._more(key, kind)

    def _more(self, key: str, kind: str) -> Iterator[Row]:
        path = f"{self.hubspot.paths.campaigns}/{key}/assets/{kind}"
        for page in self.hubspot.all(path, {"limit": str(LIST_PAGE)}, scope=self.source.scope):
            yield from (_asset(key, kind, one) for one in page.rows)


def _asset(campaign: str, kind: str, one: Row) -> Row:
    return {
        "key": f"{campaign}/{kind}/{one.get('id')}",
        "campaign_id": campaign,
        "asset_type": kind,
        "id": one.get("id"),
        "name": one.get("name"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the state knows of an event: its counters when its participations were read, how many, and on which day."""

    counters: str
    total: int
    day: str


class ParticipationStream(HubspotStream):
    """Who took part in which marketing event.

    Participations cannot be asked for by change. The events' own counters tell which events to read again; those that
    ended lately, or have not, are read once a day besides.
    """

    def pages(self) -> Iterator[Page]:
        """Yield the participations of the events that moved.

        Raises:
            StreamError: There are fewer than HubSpot counts.
        """
        known = {
            key: _Known(counters=found[0], total=found[1], day=found[2])
            for key, found in (self.stream_state.get("events") or {}).items()
        }
        events = self._events()
        for key in known.keys() - {str(event.get("objectId")) for event in events}:
            if self.hubspot.exists(self.hubspot.paths.marketing_event(key), scope=self.source.scope):
                message = f"incomplete: HubSpot listed {len(events)} events, and has others"
                raise StreamError(message, where=self.name, fix=AGAIN)
        left: dict[str, _Known] = {}
        today = iso_ms(self._now())[:10]
        for event in events:
            key, counters = str(event.get("objectId")), _counters(event)
            before = known.get(key)
            if before and before.counters == counters and not self._is_watched(event, before, today):
                left[key] = before
                continue
            total = 0
            for rows, total in self._of_event(event):  # noqa: B007 (the last is wanted)
                batch = self.converted(rows)
                yield Page(records=batch.records, bad=batch.bad)
            left[key] = _Known(counters=counters, total=total, day=today)
        self.counted = sum(one.total for one in left.values())
        state = {key: [one.counters, one.total, one.day] for key, one in left.items()}
        counted_on = iso_ms(self._now()) if self._is_checked else self.stream_state.get(_COUNTED_ON)
        yield Page(records=[], state={"events": state, **({_COUNTED_ON: counted_on} if counted_on else {})})

    @property
    def _is_checked(self) -> bool:
        return bool(self._tap.protocol) and self.is_due(_COUNTED_ON, _DAY)

    def _events(self) -> list[Row]:
        """Return the events; once a day only after a second reading that agrees."""
        scope = self.source.scope
        events = self.hubspot.marketing_events(scope=scope)
        if self._is_checked:
            keys = {str(event.get("objectId")) for event in events}
            again = self.hubspot.marketing_events(scope=scope, size=other_page(keys))
            if {str(event.get("objectId")) for event in again} != keys:
                message = f"incomplete: HubSpot listed {len(keys)} events, and then {len(again)}"
                raise StreamError(message, where=self.name, fix=AGAIN)
        return events

    def _is_watched(self, event: Row, before: _Known, today: str) -> bool:
        if before.day == today:
            return False
        try:
            ended = instant(event.get("endDateTime") or event.get("startDateTime"))
        except ValueError:
            ended = None
        days = int(self.config.get("participation_days", 30))
        return ended is None or (self._now() - ended).days <= days

    def _of_event(self, event: Row) -> Iterator[tuple[list[Row], int]]:
        path = self.hubspot.paths.participations(str(event.get("objectId")))
        for page in self.hubspot.all(path, {"limit": str(LIST_PAGE)}, scope=self.source.scope):
            yield [self._row(event, row) for row in page.rows], page.total or 0

    def _row(self, event: Row, row: Row) -> Row:
        properties, joined = row.get("properties") or {}, row.get("associations") or {}
        contact = joined.get("contact") or {}
        state = properties.get("attendanceState")
        return {
            **{name: contact.get(name) for name in ("email", "firstname", "lastname")},
            **{name: value for name, value in properties.items() if name != "properties"},
            "id": row.get("id"),
            "createdAt": row.get("createdAt"),
            "marketing_event_id": event.get("objectId"),
            "contact_id": contact.get("contactId"),
            "touch_status": touch_status(self.config.get("member_statuses"), event.get("eventType"), state),
        }

    def keys(self) -> Iterator[str]:
        """Yield the id of every participation."""
        count = 0
        for event in self.hubspot.marketing_events(scope=self.source.scope):
            total = 0
            for rows, total in self._of_event(event):  # noqa: B007 (the last is wanted)
                yield from (str(row["id"]) for row in rows)
            count += total
        self.counted = count


def _counters(event: Row) -> str:
    names = ("registrants", "attendees", "cancellations", "noShows", CURSOR, "eventType")
    return json.dumps([event.get(name) for name in names], separators=(",", ":"))


#: What the status of a touch may be.
STATUSES = frozenset({"invited", "registered", "attended", "no_show", "responded", "cancelled"})


def touch_status(setting: Any, kind: Any, state: Any) -> str:
    """Return the status of a touch: by the event's type, then by any type's rule; what nobody maps was invited."""
    for rules in (setting or {}, DEFAULT_STATUSES):
        for name in (kind, "*"):
            found = (rules.get(name) or {}).get(state) if name is not None else None
            if found:
                return str(found)
    return "invited"
