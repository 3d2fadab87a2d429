"""Streams that hang on CRM records: associations with their labels, history of deals and contacts, subscriptions to e-mails.

None of them can be listed by itself. Each asks for the records that changed; associations, which come and go without a
stamp on the record, are asked for all of it once a day (`associations_hours`). Only a whole pass can count.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, cast

from closedloop.kit.policy import AccessError, StreamError
from closedloop.kit.stream import Page
from tap_hubspot.base import AGAIN, HubspotStream
from tap_hubspot.catalog import HISTORY, OBJECTS
from tap_hubspot.client import ASSOCIATION_PAGE, HISTORY_PAGE, READ_PAGE, chunks
from tap_hubspot.values import iso_ms, moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_hubspot.client import Row
    from tap_hubspot.columns import Columns
    from tap_hubspot.kinds import Association, Source
    from tap_hubspot.tap import TapHubspot

_READ_UNTIL, _WHOLE_ON = "read_until", "whole_on"


class HangingStream(HubspotStream):
    """A stream that is read for the records of an object that changed."""

    #: Records a piece.
    size = ASSOCIATION_PAGE

    @property
    @abc.abstractmethod
    def parent(self) -> str:
        """The object that the stream hangs on."""

    @property
    def hours(self) -> float | None:
        """How often all of it is read; none: once."""
        return None

    @abc.abstractmethod
    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of some records."""

    def missed(self, ids: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """Yield records that a whole pass has missed, where there is a second way to know of them."""
        del ids
        yield from ()

    def source_cursor(self) -> str | None:
        """Return the newest change up to which the object was read: there is no other proof of freshness."""
        return self.stream_state.get(_READ_UNTIL)

    def pages(self) -> Iterator[Page]:
        """Yield the rows of the records that changed, or of all."""
        state = dict(self.stream_state)
        due = _READ_UNTIL not in state or (self.hours is not None and self.is_due(_WHOLE_ON, self.hours))
        seen = self.changed.ids(self.parent, None if due else state[_READ_UNTIL], self.count_until)
        is_whole = seen.opens is None
        count = 0
        for ids in chunks(seen.ids, self.size):
            batch = self.converted(self.rows(ids))
            count += len({record[self.source.key] for record in batch.records})
            yield Page(records=batch.records, bad=batch.bad)
        if is_whole and self._tap.protocol:
            for records in self.missed(seen.ids):
                count += len(records)
                yield Page(records=records)
        self.counted = count if is_whole else None
        whole_on = iso_ms(self._now()) if is_whole else state.get(_WHOLE_ON)
        left = {_READ_UNTIL: seen.until, _WHOLE_ON: whole_on}
        yield Page(records=[], state={k: v for k, v in left.items() if v}, cursor=seen.until)

    def keys(self) -> Iterator[str]:
        """Yield the key of every row."""
        seen = self.changed.ids(self.parent, None, self.count_until)
        found = {
            record[self.source.key]
            for ids in chunks(seen.ids, self.size)
            for record in self.converted(self.rows(ids)).records
        }
        self.counted = len(found)
        yield from sorted(found)


class AssociationStream(HangingStream):
    """The associations from one object to another: one row for each label."""

    def __init__(self, tap: TapHubspot, name: str, source: Source, *, columns: Columns) -> None:
        super().__init__(tap, name, source, columns=columns)
        self._pairs: set[tuple[str, str]] = set()

    @property
    def pair(self) -> Association:
        """The two objects."""
        return cast("Association", self.source)

    @property
    def parent(self) -> str:
        """The object that the associations start from."""
        return self.pair.origin

    @property
    def hours(self) -> float | None:
        """How often all are read."""
        return float(self.config.get("associations_hours", 24))

    def missed(self, ids: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """Yield what only the other object's side tells; nothing counts associations, so both sides are asked.

        Raises:
            StreamError: This side does not tell it when asked again either.
        """
        live = set(ids)
        missing = {(one, other) for one, other in self._other_side() if one in live} - self._pairs
        again = sorted({one for one, _ in missing})
        for chunk in chunks(again, ASSOCIATION_PAGE):
            yield self.converted(self.rows(chunk)).records
        if missing - self._pairs:
            message = f"incomplete: {len(missing - self._pairs)} associations are told by one side only"
            raise StreamError(message, where=self.name, fix=AGAIN)

    def _other_side(self) -> set[tuple[str, str]]:
        pair = self.pair
        try:
            others = self.changed.ids(pair.to, None, self.count_until).ids
        except AccessError:
            return set()
        return {
            (str(other.get("toObjectId")), key)
            for chunk in chunks(others, ASSOCIATION_PAGE)
            for key, other in self.hubspot.associated(pair.to, pair.origin, chunk, scope=pair.scope)
        }

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the associations of some records."""
        pair = self.pair
        for key, other in self.hubspot.associated(pair.origin, pair.to, ids, scope=pair.scope):
            to = other.get("toObjectId")
            self._pairs.add((key, str(to)))
            for kind in other.get("associationTypes") or ():
                category, number = kind.get("category"), kind.get("typeId")
                yield {
                    "key": f"{key}/{to}/{category}/{number}",
                    "from_id": key,
                    "to_id": to,
                    "type_id": number,
                    "category": category,
                    "label": kind.get("label"),
                }


class HistoryStream(HangingStream):
    """What stage and amount of each deal were, or the company of each contact: 50 records a call is the most."""

    size = HISTORY_PAGE

    @property
    def parent(self) -> str:
        """The object whose history it is."""
        return HISTORY[self.name][0]

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the values of some records, old and new."""
        name, names = HISTORY[self.name]
        for row in self.hubspot.read(name, ids, (), history=names, scope=OBJECTS[name].scope):
            key, history = row.get("id"), row.get("propertiesWithHistory") or {}
            for property_name in names:
                for entry in history.get(property_name) or ():
                    yield _entry(name, str(key), property_name, entry)


def _entry(name: str, key: str, property_name: str, entry: Row) -> Row:
    at, value = entry.get("timestamp"), entry.get("value")
    return {
        "key": f"{name}/{key}/{property_name}/{_stamp(at)}/{value}",
        "object": name,
        "id": key,
        "property": property_name,
        "value": value,
        "timestamp": at,
        "source_type": entry.get("sourceType"),
        "source_id": entry.get("sourceId"),
    }


class SubscriptionStream(HangingStream):
    """Who gets which e-mails: of the contacts that changed."""

    size = READ_PAGE

    @property
    def parent(self) -> str:
        """The object whose addresses are asked for."""
        return "contacts"

    def rows(self, ids: Sequence[str]) -> Iterator[Row]:
        """Yield the subscriptions of some contacts."""
        contacts = self.hubspot.read("contacts", ids, ("email",), scope=OBJECTS["contacts"].scope)
        emails = [email for row in contacts if (email := (row.get("properties") or {}).get("email"))]
        if not emails:
            return
        path = f"{self.hubspot.paths.subscriptions}?channel=EMAIL"
        answer = self.hubspot.post(path, {"inputs": emails}, scope=self.source.scope)
        for person in answer.get("results") or ():
            yield from (_subscription(person, one) for one in person.get("statuses") or ())


def _subscription(person: Row, one: Row) -> dict[str, Any]:
    email, number = person.get("subscriberIdString"), one.get("subscriptionId")
    return {
        "key": f"{email}/{number}",
        "email": email,
        "subscription_id": number,
        "subscription_name": one.get("subscriptionName"),
        "status": one.get("status"),
        "source": one.get("source"),
        "timestamp": one.get("timestamp"),
    }


def _stamp(value: Any) -> str:
    try:
        return moment(value) or ""
    except ValueError:
        return str(value)
