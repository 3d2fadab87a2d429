"""Records with their history, and what the search knows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import not_found
from closedloop.sandbox.hubspot.wire import EPOCH, PORTAL, stamp, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from closedloop.sandbox.hubspot.schema import ObjectType

_STEP = 37
#: Properties that are no values of their own.
_KEPT = frozenset({"hs_object_id", "createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate"})


@dataclass(slots=True, kw_only=True, frozen=True)
class Value:
    """One value that a property had, from a time on.

    Args:
        value: The text; empty when it was cleared.
        at: Since when.
        source: ``CRM_UI``, ``INTEGRATION``, ``CALCULATED``, ``IMPORT`` …
        source_id: Who, in the words of the source.
    """

    value: str
    at: datetime
    source: str = "CRM_UI"
    source_id: str = "userId:88842095"

    def wire(self) -> dict[str, Any]:
        """Return it as ``propertiesWithHistory`` lists it."""
        return {
            "value": self.value,
            "timestamp": stamp(self.at),
            "sourceType": self.source,
            "sourceId": self.source_id,
        }


@dataclass(slots=True, kw_only=True)
class Record:
    """A record as the account holds it.

    Attributes:
        values: Properties that are not empty.
        history: Earlier values of a property and the present one, oldest first; a property without an entry has had
            its value since the record was made.
        seen: What the search shows until ``fresh``: the state before the last write; none if there was none.
    """

    id: str
    values: dict[str, str]
    created: datetime
    updated: datetime
    fresh: datetime
    archived: datetime | None = None
    history: dict[str, list[Value]] = field(default_factory=dict)
    seen: Record | None = None
    written: datetime | None = None

    def snapshot(self) -> Record:
        """Return the record as it is now."""
        return Record(
            id=self.id,
            values=dict(self.values),
            created=self.created,
            updated=self.updated,
            fresh=self.fresh,
            archived=self.archived,
        )


class Table:
    """The records of one object, by ascending id.

    Args:
        kind: The object.
        first: Before the first id.
        lag: Seconds until the search sees a write.
    """

    def __init__(self, kind: ObjectType, first: int, lag: float) -> None:
        self.kind = kind
        self.rows: dict[str, Record] = {}
        self.merged: dict[str, str] = {}
        self.rollups: dict[str, Callable[[Record], str]] = {}
        self._index: dict[str, tuple[int, dict[str, Record]]] = {}
        self._ghosts: list[Record] = []
        self._writes = 0
        self._next = first
        self._lag = timedelta(seconds=lag)

    def new(self, values: Mapping[str, str], at: datetime, *, now: datetime | None = None) -> Record:
        """Add a record made at ``at``; without ``now`` it has long been there, and the search knows it."""
        self._next += _STEP
        moment = whole(at)
        record = Record(
            id=str(self._next),
            values={name: value for name, value in values.items() if value},
            created=moment,
            updated=moment,
            fresh=EPOCH if now is None else now + self._lag,
            written=now,
        )
        self.rows[record.id] = record
        for name, (_, held) in self._index.items():
            value = record.values.get(name, "")
            if value and (value not in held or held[value].archived is not None):
                held[value] = record
        return record

    def get(self, record_id: str, *, archived: bool = False) -> Record:
        """Return a record by its id, or by the id of one that was merged into it.

        Raises:
            HubError: There is none, or it is archived and that was not asked for, or the other way round.
        """
        record = self.rows.get(self.merged.get(record_id, record_id))
        if record is None or (record.archived is not None) != archived:
            raise not_found()
        return record

    def find(self, name: str, value: str) -> Record | None:
        """Return the live record with that value of a unique property."""
        if name == "hs_object_id":
            found = self.rows.get(self.merged.get(value, value))
            return found if found is not None and found.archived is None else None
        if self._index.get(name, (-1, {}))[0] != self._writes:
            self._index[name] = self._writes, self._indexed(name)
        found = self._index[name][1].get(value.strip().lower() if name == "email" else value)
        return found if found is not None and found.archived is None and found.id in self.rows else None

    def _indexed(self, name: str) -> dict[str, Record]:
        """Return live records by a unique property; a contact is found by its additional e-mails too."""
        found: dict[str, Record] = {}
        for row in self.rows.values():
            texts = [row.values.get(name, "")]
            if name == "email":
                texts += row.values.get("hs_additional_emails", "").split(";")
            for text in texts:
                if text and row.archived is None:
                    found.setdefault(text, row)
        return found

    def live(self, *, archived: bool = False) -> list[Record]:
        """Return records by ascending id."""
        return [row for row in self.rows.values() if (row.archived is not None) == archived]

    def write(
        self,
        record: Record,
        values: Mapping[str, str],
        now: datetime,
        *,
        source: tuple[str, str] = ("CRM_UI", "userId:88842095"),
        touches: bool = True,
    ) -> None:
        """Set properties (empty clears them); ``touches`` is false for what does not move the modified date."""
        moment = whole(now)
        self._writes += any(name in self._index or name == "hs_additional_emails" for name in values)
        self.before(record, moment)
        for name, value in values.items():
            old = record.values.get(name, "")
            if old == value:
                continue
            held = record.history.setdefault(name, [Value(value=old, at=record.created)] if old else [])
            held.append(Value(value=value, at=moment, source=source[0], source_id=source[1]))
            if value:
                record.values[name] = value
            else:
                record.values.pop(name, None)
        if touches:
            record.updated = moment
            record.written = now

    def before(self, record: Record, now: datetime) -> None:
        """Keep for the search what it knows of a record that is about to change."""
        if now >= record.fresh:
            record.seen = record.snapshot()
        record.fresh = now + self._lag

    def archive(self, record: Record, now: datetime) -> None:
        """Archive a record."""
        self.before(record, now)
        record.archived = whole(now)

    def drop(self, record: Record, now: datetime) -> None:
        """Take a record away for good: merged into another one, or deleted."""
        self.before(record, now)
        del self.rows[record.id]
        self._ghosts.append(record)

    def indexed(self, now: datetime, *, lingers: bool = False) -> Iterable[Record]:
        """Return what the search knows; ``lingers`` says whether it has to learn that a record is archived or gone."""
        if lingers:
            self._ghosts = [row for row in self._ghosts if now < row.fresh]
            yield from (
                row.seen for row in self._ghosts if row.seen is not None and row.seen.archived is None
            )
        for row in self.rows.values():
            seen = row if now >= row.fresh else row.seen
            if seen is not None and seen.archived is None and (lingers or row.archived is None):
                yield seen

    def value(self, record: Record, name: str) -> str | None:
        """Return a property; none if it is empty."""
        if name not in _KEPT:
            rollup = self.rollups.get(name)
            return record.values.get(name) if rollup is None else rollup(record)
        if name == "hs_object_id":
            return record.id
        if name in {"createdate", "hs_createdate"}:
            return stamp(record.created)
        return stamp(record.updated) if name == self.kind.modified else None

    def wire(
        self, record: Record, names: Iterable[str], histories: Iterable[str] = (), *, empty: bool = True
    ) -> dict[str, Any]:
        """Return a record as answers have it; ``empty`` says whether properties without a value are named."""
        values = {name: self.value(record, name) for name in _ordered(tuple(names), self.kind.modified)}
        found: dict[str, Any] = {
            "id": record.id,
            "properties": values if empty else {name: one for name, one in values.items() if one is not None},
        }
        wanted = [*histories]
        if wanted:
            found["propertiesWithHistory"] = {name: self._history(record, name) for name in wanted}
        found |= {
            "createdAt": stamp(record.created),
            "updatedAt": stamp(record.updated),
            "archived": record.archived is not None,
        }
        if record.archived is not None:
            found["archivedAt"] = stamp(record.archived)
        base = f"https://app-eu1.hubspot.com/contacts/{PORTAL}/record"
        found["url"] = f"{base}/{self.kind.type_id}/{record.id}"
        return found

    def _history(self, record: Record, name: str) -> list[dict[str, Any]]:
        """Newest first."""
        held = record.history.get(name)
        if held is None:
            value = self.value(record, name)
            held = [] if value is None else [Value(value=value, at=record.created)]
        return [one.wire() for one in reversed(held)]


@lru_cache(maxsize=1 << 10)
def _ordered(names: tuple[str, ...], modified: str) -> list[str]:
    """Return the properties of an answer: those asked for and those that are always there, by name."""
    return sorted({*names, "createdate", modified, "hs_object_id"})
