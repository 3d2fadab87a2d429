"""What QuickBooks says it has, for all streams at once: batches of up to 30 statements instead of 30 calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import iso
from tap_quickbooks.client import counting, rows_of, select, total_of
from tap_quickbooks.values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_quickbooks.catalog import Entity
    from tap_quickbooks.client import QuickBooks

#: The column of QuickBooks that every change moves.
CURSOR = "MetaData.LastUpdatedTime"
_BORN = "MetaData.CreateTime"
_NEWEST = f"{CURSOR} DESC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What QuickBooks says of one entity.

    Args:
        newest: Newest change, ISO text in UTC; none where there is no object.
        count: Objects created up to the bound.
        window: Objects changed since the window's start and before the bound; none where there is no window.
    """

    newest: str | None
    count: int
    window: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked about one entity.

    Args:
        entity: The entity.
        until: Bound of both counts.
        since: Start of the window, where one is to be read.
    """

    entity: Entity
    until: datetime
    since: datetime | None = None

    @property
    def statements(self) -> list[str]:
        """The statements, the newest change first."""
        entity = self.entity
        found = [
            select(entity.name, where=entity.every, order=_NEWEST, limit=1),
            counting(entity.name, born_until(entity, self.until)),
        ]
        if self.since is not None:
            found.append(counting(entity.name, changed(entity, self.since, self.until)))
        return found

    def read(self, answers: Sequence[Mapping[str, Any] | StreamError]) -> Head | StreamError:
        """Return what the answers to the statements say."""
        for answer in answers:
            if isinstance(answer, StreamError):
                return answer
        whole = [answer for answer in answers if not isinstance(answer, StreamError)]
        try:
            totals = [total_of(answer, self.entity.name) for answer in whole[1:]]
            return Head(
                newest=newest_of(rows_of(whole[0], self.entity.name, self.entity.name)),
                count=totals[0],
                window=totals[1] if len(totals) > 1 else None,
            )
        except StreamError as error:
            return error


def ask(api: QuickBooks, asked: Sequence[Asked]) -> list[Head | StreamError]:
    """Return the head of each entity."""
    statements = [one.statements for one in asked]
    answers = api.batch([statement for some in statements for statement in some])
    found: list[Head | StreamError] = []
    place = 0
    for one, some in zip(asked, statements, strict=True):
        found.append(one.read(answers[place : place + len(some)]))
        place += len(some)
    return found


def newest(api: QuickBooks, entity: Entity) -> str | None:
    """Return the newest change of one entity."""
    return newest_of(api.rows(entity.name, where=entity.every, order=_NEWEST, limit=1))


def newest_of(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the newest change among objects."""
    times = ((row.get("MetaData") or {}).get("LastUpdatedTime") for row in rows)
    try:
        return max(filter(None, map(moment, times)), default=None)
    except ValueError as error:
        raise StreamError("QuickBooks' newest object has no time that can be read") from error


def born_until(entity: Entity, until: datetime) -> str:
    """Return the condition on objects created up to a second, that second included."""
    return both(entity.every, f"{_BORN} <= '{quoted(until)}'")


def changed(entity: Entity, since: datetime | None, until: datetime | None = None) -> str:
    """Return the condition on objects changed since a time and before another."""
    return both(
        entity.every,
        f"{CURSOR} >= '{quoted(since)}'" if since is not None else "",
        f"{CURSOR} < '{quoted(until)}'" if until is not None else "",
    )


def both(*conditions: str) -> str:
    """Return the condition that all hold."""
    return " AND ".join(filter(None, conditions))


def quoted(moment: datetime) -> str:
    """Return a time as a statement takes it: ISO with an offset."""
    return iso(moment).replace("Z", "+00:00")
