"""Which records of an object changed, for the streams that hang on them: associations, history, subscriptions.

Adding an association does not stamp the records it joins, and HubSpot lists associations by record only. So these
streams ask for the records that changed, and once in a while for all. Where the object's own stream has been read in the
same run its ids are taken from there, and nothing is asked twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import from_iso
from tap_hubspot.catalog import OBJECTS, STREAMS
from tap_hubspot.client import CAP, LIST_PAGE
from tap_hubspot.search import Search
from tap_hubspot.values import iso_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from tap_hubspot.client import Hubspot, Row

#: The one stream that others hang on and that is no CRM object.
CAMPAIGNS = "campaigns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Records of an object.

    Args:
        opens: Those that changed since then; none: all.
        until: Moment up to which this holds, ISO text.
        newest: Newest change among them, ISO text.
        ids: Theirs.
    """

    opens: datetime | None
    until: str
    newest: str
    ids: list[str]


@dataclass(slots=True, kw_only=True)
class Changed:
    """What changed, object by object.

    Args:
        hubspot: The account.
        overlap: How far before a bookmark is read again.
    """

    hubspot: Hubspot
    overlap: timedelta
    _seen: dict[str, Seen] = field(default_factory=dict)
    _whole: dict[str, Seen] = field(default_factory=dict)

    def note(self, name: str, seen: Seen) -> None:
        """Remember what the object's own stream has just read whole."""
        self._seen[name] = seen
        if seen.opens is None:
            self._whole[name] = seen

    def ids(self, name: str, since: str | None, until: datetime) -> Seen:
        """Return the records of an object that changed.

        Args:
            name: The object.
            since: The `until` of the last time, ISO text; none: all records.
            until: Later changes may still be on their way into HubSpot's search.
        """
        if since is None:
            if name not in self._whole:
                self._whole[name] = self._all(name, until)
            return self._whole[name]
        opens, known = from_iso(since) - self.overlap, self._seen.get(name)
        if known is None or (known.opens is not None and known.opens > opens):
            known = self._seen[name] = self._since(name, opens, until)
        return known

    def _all(self, name: str, until: datetime) -> Seen:
        if name == CAMPAIGNS:
            return self._campaigns(None, until)
        last, ids, newest, young = iso_ms(until), dict[str, None](), "", 0
        for rows in self._listed(name):
            found = {str(row.get("id")): None for row in rows}
            if ids.keys() & found.keys():
                raise StreamError("no progress: HubSpot repeated a page", where=name)
            ids |= found
            newest = max([newest, *(str(row.get("updatedAt") or "") for row in rows)])
            young += sum(str(row.get("createdAt") or "") > last for row in rows)
        self._check_whole(name, len(ids), young, last)
        return Seen(opens=None, until=last, newest=newest, ids=list(ids))

    def _listed(self, name: str, *, archived: bool = False) -> Iterator[list[Row]]:
        source, after = OBJECTS[name], None
        while True:
            page = self.hubspot.listing(
                name, [source.modified], after=after, archived=archived, scope=source.scope
            )
            yield page.rows
            if page.after is None:
                return
            if page.after == after:
                raise StreamError("no progress: HubSpot repeated a page", where=name)
            after = page.after

    def _check_whole(self, name: str, listed: int, young: int, last: str) -> None:
        """Compare a listing with what the search counts, which lags by moments."""
        source = OBJECTS[name]
        total = self.hubspot.count(name, sort=source.modified, scope=source.scope)
        fresh = 0
        if total > listed:  # records archived a moment ago may still be counted
            archived = (row for rows in self._listed(name, archived=True) for row in rows)
            fresh = sum(str(row.get("archivedAt") or "") > last for row in archived)
        if not listed - young <= total <= listed + fresh and not total == CAP < listed:
            message = f"incomplete: HubSpot counts {total} {name} and listed {listed}"
            raise StreamError(message, where=name, fix="run again")

    def _campaigns(self, opens: datetime | None, until: datetime) -> Seen:
        params = {"limit": str(LIST_PAGE), "sort": "-updatedAt"}
        first = iso_ms(opens) if opens else ""
        ids: list[str] = []
        pages = self.hubspot.all(self.hubspot.paths.campaigns, params, scope=STREAMS[CAMPAIGNS].scope)
        for page in pages:
            fresh = [str(row.get("id")) for row in page.rows if str(row.get("updatedAt") or "") >= first]
            ids += fresh
            if len(fresh) < len(page.rows):
                break
        return Seen(opens=opens, until=iso_ms(until), newest="", ids=ids)

    def _since(self, name: str, opens: datetime, until: datetime) -> Seen:
        if name == CAMPAIGNS:
            return self._campaigns(opens, until)
        source = OBJECTS[name]
        search = Search(
            hubspot=self.hubspot, name=name, modified=source.modified, properties=(), scope=source.scope
        )
        ids, newest = dict[str, None](), ""
        for rows in search.since(opens):
            ids |= {str(row["id"]): None for row in rows}
            newest = max([newest, *(iso_ms(search.time(row)) for row in rows)])
        return Seen(opens=opens, until=iso_ms(until), newest=newest, ids=list(ids))
