"""What somebody must know: kept from its beginning to its end, so that it is told once and not with every run.

An incident outlives restarts and takes the standby with it. It names connections, streams, guards and counts; never a
secret, and nothing of a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import insert, select, update

from closedloop.errors import ClosedloopError, GuardError
from closedloop.kit.redact import vendor_text
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Row

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations

FAILURE, GUARD, STALE, TOKEN, RELOAD = "failure", "guard", "stale", "token", "reload"
QUARANTINE = "quarantine"
_LONGEST = 400
_table = tables.incident


@dataclass(slots=True, kw_only=True, frozen=True)
class News:
    """Why there is an incident.

    Args:
        message: What happened.
        fix: What to do.
        run_id: In which run.
    """

    message: str
    fix: str | None = None
    run_id: str | None = None

    @classmethod
    def of(cls, error: Exception) -> News:
        """Return what may be told of an error."""
        if not isinstance(error, ClosedloopError):
            return cls(message=f"closedloop itself failed: {type(error).__name__}", fix="see the log")
        said = f"{error.where}: {error.message}" if error.where else error.message
        return cls(
            message=vendor_text(said, limit=_LONGEST), fix=vendor_text(error.fix, limit=_LONGEST) or None
        )


@dataclass(slots=True, kw_only=True, frozen=True)
class Incidents:
    """The incidents of one company.

    Args:
        operations: Where they are kept.
        clock: Tells when.
    """

    operations: Operations
    clock: Clock

    def open(self, kind: str, subject: str, news: News) -> None:
        """Note that something goes wrong, or still does."""
        now = to_text(self.clock.now())
        values = {"last_seen": now, "message": news.message, "fix": news.fix}
        with self.operations.transaction() as connection:
            known = connection.execute(
                update(_table).where(_is_open(kind), _table.c.subject_key == subject).values(values)
            )
            if not known.rowcount:
                fixed = {"kind": kind, "subject_key": subject, "run_id": news.run_id, "opened_at": now}
                connection.execute(insert(_table).values(**fixed, **values, told="[]", told_end="[]"))

    def close(self, subject: str, *kinds: str) -> None:
        """Note that it is over."""
        with self.operations.transaction() as connection:
            which = (
                _table.c.closed_at.is_(None) & _table.c.kind.in_(kinds) & (_table.c.subject_key == subject)
            )
            connection.execute(update(_table).where(which).values(closed_at=to_text(self.clock.now())))

    def settle(self, kind: str, present: Mapping[str, News]) -> None:
        """Let the open incidents of a kind be exactly these."""
        for subject, news in present.items():
            self.open(kind, subject, news)
        with self.operations.transaction() as connection:
            gone = _is_open(kind) & _table.c.subject_key.not_in(list(present))
            connection.execute(update(_table).where(gone).values(closed_at=to_text(self.clock.now())))

    def failed(self, subject: str, error: Exception) -> None:
        """Note that a job did not end well. A guard that stops it did so after everything else went well."""
        if isinstance(error, GuardError):
            self.close(subject, FAILURE)
        self.open(GUARD if isinstance(error, GuardError) else FAILURE, subject, News.of(error))

    def went_well(self, subject: str) -> None:
        """Note that a job ended well."""
        self.close(subject, FAILURE, GUARD)

    def current(self) -> Sequence[Row[tuple[object, ...]]]:
        """Return what goes on, oldest first."""
        with self.operations.reading() as connection:
            return connection.execute(
                select(_table).where(_table.c.closed_at.is_(None)).order_by(_table.c.id)
            ).all()

    def untold(
        self, hook: str, kinds: Collection[str], *, recovery: bool
    ) -> list[tuple[Row[tuple[object, ...]], bool]]:
        """Return what a hook has not heard yet, oldest first, each with whether it is the news of its end.

        Args:
            hook: Its name.
            kinds: What it wants to hear of.
            recovery: Whether it wants to hear of ends. It is told those of what it was told to have begun.
        """
        with self.operations.reading() as connection:
            waiting = select(_table).where(
                _table.c.closed_at.is_(None) | (_table.c.told != _table.c.told_end)
            )
            rows = connection.execute(waiting.order_by(_table.c.id)).all()
        found = []
        for row in rows:
            knows = hook in msgspec.json.decode(row.told)
            if row.closed_at is None and not knows and row.kind in kinds:
                found.append((row, False))
            elif row.closed_at and knows and recovery and hook not in msgspec.json.decode(row.told_end):
                found.append((row, True))
        return found

    def told(self, number: int, hook: str, *, end: bool) -> None:
        """Note that a hook took the news."""
        column = _table.c.told_end if end else _table.c.told
        with self.operations.transaction() as connection:
            names = msgspec.json.decode(
                connection.execute(select(column).where(_table.c.id == number)).scalar() or "[]"
            )
            text = msgspec.json.encode(sorted({*names, hook})).decode()
            connection.execute(update(_table).where(_table.c.id == number).values({column: text}))


def _is_open(kind: str) -> ColumnElement[bool]:
    return (_table.c.kind == kind) & _table.c.closed_at.is_(None)
