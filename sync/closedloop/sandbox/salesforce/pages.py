"""Query results in pages, cursors that end, and listings under faults of the data."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.salesforce.errors import RefusedError
from closedloop.sandbox.salesforce.soql import walks

if TYPE_CHECKING:
    from collections.abc import Callable

    from closedloop.sandbox.odoo.faults import Fault, Faults
    from closedloop.sandbox.salesforce.database import Database, Row
    from closedloop.sandbox.salesforce.options import Options
    from closedloop.sandbox.salesforce.soql import Column, Statement

DATABASE = "salesforce"
_LEAST_PAGE = 200


@dataclass(slots=True, kw_only=True)
class Cursor:
    """A query that was not read to its end.

    Args:
        name: Its locator.
        entity: The object.
        columns: What is selected.
        keys: The ids of all rows.
        size: Rows a page.
        used: When it was last used.
        deleted: Whether it came from queryAll.
        last: The page shown last.
    """

    name: str
    entity: str
    columns: tuple[Column, ...]
    keys: list[str]
    size: int
    used: datetime
    deleted: bool = False
    last: list[str] = field(default_factory=list)


class Pages:
    """Cursors, and what faults make of listings.

    Args:
        database: The rows.
        options: Sizes and lives.
        faults: The faults that are on.
        now: Tells the time.
    """

    def __init__(
        self, database: Database, options: Options, faults: Faults, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._options = options
        self._faults = faults
        self._now = now
        self._cursors: dict[str, Cursor] = {}
        self._random = random.Random(options.seed)  # noqa: S311 - sizes of pages, no secret
        self._number = 0
        self._lock = threading.Lock()
        self._last: dict[str, list[Row]] = {}

    def size(self, headers: dict[str, str]) -> int:
        """Return how many rows a page has."""
        wanted = self._options.page_size
        for part in headers.get("sforce-query-options", "").split(","):
            name, _, value = part.strip().partition("=")
            if name.lower() == "batchsize" and value.isdigit():
                wanted = min(max(int(value), min(_LEAST_PAGE, wanted)), wanted)
        return wanted

    def drawn(self, size: int) -> int:
        """Return how many rows this very page has: at most ``size``."""
        if not self._options.small_pages:
            return size
        return self._random.randint(max(1, size // 4), size)

    def open(
        self, entity: str, columns: tuple[Column, ...], keys: list[str], size: int, *, deleted: bool
    ) -> Cursor:
        """Begin a cursor; the oldest ends where there are too many."""
        with self._lock:
            self._number += 1
            made = Cursor(
                name=f"01g{self._number:012d}AAA",
                entity=entity,
                columns=columns,
                keys=keys,
                size=size,
                used=self._now(),
                deleted=deleted,
            )
            self._cursors[made.name] = made
            while len(self._cursors) > self._options.most_cursors:
                self._cursors.pop(min(self._cursors.values(), key=lambda one: one.used).name)
        return made

    def find(self, name: str) -> Cursor:
        """Return a cursor by its locator.

        Raises:
            RefusedError: It has ended.
        """
        with self._lock:
            found = self._cursors.get(name)
            life = timedelta(seconds=self._options.locator_seconds)
            if found is None or found.used + life < self._now():
                self._cursors.pop(name, None)
                raise RefusedError("INVALID_QUERY_LOCATOR", "invalid query locator")
            found.used = self._now()
        return found

    def close(self, cursor: Cursor) -> None:
        """Forget a cursor that was read to its end."""
        with self._lock:
            self._cursors.pop(cursor.name, None)

    def end_all(self) -> None:
        """End every cursor."""
        with self._lock:
            self._cursors.clear()

    def strikes(self, entity: str, method: str) -> list[Fault]:
        """Return the faults of the data that strike this page."""
        return [one for one in self._faults.of_the_data(DATABASE, entity, method) if one.strikes()]

    def shape(self, statement: Statement, rows: list[Row], entity: str, method: str = "query") -> list[Row]:
        """Return what a listing shows under the faults that are on."""
        if statement.limit == 1:
            return rows
        continued = bool(statement.offset) or any(
            one.path[-1].lower() == "id" and one.operator in {">", ">="} for one in walks(statement.where)
        )
        for fault in self.strikes(entity, method):
            rows = self._struck(fault, rows, entity, continued=continued)
        self._last[entity] = rows
        return rows

    def _struck(self, fault: Fault, rows: list[Row], entity: str, *, continued: bool) -> list[Row]:
        if fault.kind == "drop_row":
            hidden = self._dropped(fault, entity)
            return [row for row in rows if row["Id"] not in hidden]
        if fault.kind == "freeze_cursor":
            return self._stuck(fault, rows, entity)
        if fault.kind == "short_page":
            begun, fault.ended = fault.ended, True
            return [] if continued and begun else rows[: len(rows) // 2]
        return self._last.get(entity, rows) if continued else rows

    def _stuck(self, fault: Fault, rows: list[Row], entity: str) -> list[Row]:
        if fault.mode == "hide":
            until = self._frozen(fault, entity)
            return [row for row in rows if _stamp(row) <= until]
        held: Any = fault
        held.page = held.page or rows
        return list(held.page)

    def _dropped(self, fault: Fault, entity: str) -> set[str]:
        held: Any = fault
        if not held.ids:
            known = [key for key, row in self._database.tables[entity].items() if not row.get("IsDeleted")]
            held.ids = known[len(known) // 2 : len(known) // 2 + 1]
        return {str(key) for key in held.ids}

    def _frozen(self, fault: Fault, entity: str) -> datetime:
        if fault.since is None:
            stamps = sorted(_stamp(row) for row in self._database.tables[entity].values())
            fault.since = (stamps[(len(stamps) - 1) // 2] if stamps else self._now()).isoformat()
        return datetime.fromisoformat(fault.since)


def _stamp(row: Row) -> datetime:
    found: datetime = row.get("SystemModstamp") or row["CreatedDate"]
    return found
