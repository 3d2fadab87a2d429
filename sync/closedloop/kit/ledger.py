"""What a ledger itself booked, month by month: for the tie-out of its documents with its own accounts.

Read from the ledger's own reports, which give all months in few calls. So each reading takes every month that is over,
once a day: a month that was closed and changes after all is seen the day after. The running month is left for later. Only
the accounts that the tie-out needs are kept of a report, and each month is one row: what its report no longer shows is gone
with it.
"""

from __future__ import annotations

import abc
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import InvalidOperation
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from closedloop.kit.stream import ClosedloopStream, Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

INCOME, RECEIVABLE = "ProfitAndLoss", "BalanceSheet"
#: How far back: older months are told apart as not read.
_MOST_MONTHS = 120
_READ_ON = "read_on"
#: More than the days of any month.
_A_MONTH = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a report says of one month.

    Args:
        report: ``ProfitAndLoss``: booked in the month; ``BalanceSheet``: standing at its end.
        start: Its first day.
        end: Its last day.
        currency: The ledger's home currency, where the report says it.
        accounts: What the tie-out needs: id, name and group of an account, and its amount as decimal text.
    """

    report: str
    start: date
    end: date
    currency: str | None = None
    accounts: list[dict[str, str | None]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Report and month: ``BalanceSheet/2026-03``."""
        return _id(self.report, self.start)


class MisreadError(ValueError):
    """A report does not say what it should if it was understood. Its message quotes no amount."""


class LedgerMonths(ClosedloopStream):
    """Every month that is over, read whole once a day."""

    primary_keys = ("id",)
    replication_key = _READ_ON

    @abc.abstractmethod
    def oldest(self) -> date | None:
        """Return the day of the oldest document; none where there is none."""

    @abc.abstractmethod
    def read(self, first: date, last: date) -> list[Month]:
        """Return both reports of each month from ``first`` to ``last``, their first days.

        Raises:
            StreamError: A report is not understood: read it within `understood`.
        """

    @contextmanager
    def understood(self, report: str) -> Iterator[None]:
        """Fail the stream where a report is built otherwise than its reader takes it to be.

        Args:
            report: Its name.

        Raises:
            StreamError: It is.
        """
        try:
            yield
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, InvalidOperation) as error:
            reason = str(error) if isinstance(error, MisreadError) else type(error).__name__
            message = f"the report {report} is not understood: {reason}"
            raise StreamError(message, where=self.name, fix="report it with the log") from error

    @property
    def _today(self) -> date:
        return self._tap.source_now().date()

    def pages(self) -> Iterator[Page]:
        """Yield the months, unless they were read today.

        Raises:
            StreamError: A month is missing, or a report is not understood.
        """
        today = self._today.isoformat()
        if self.stream_state.get("replication_key_value") == today:
            return
        wanted = self._wanted()
        found = self.read(wanted[0], wanted[-1]) if wanted else []
        if left_out := missing(found, wanted):
            message = f"incomplete: the ledger's own report leaves out {left_out[0]}"
            raise StreamError(message, where=self.name)
        records = [_record(month, today) for month in found]
        state = {
            "replication_key": _READ_ON,
            "replication_key_value": today,
            "first": wanted[0].isoformat() if wanted else None,
            "rows": len(records),
        }
        state = {name: value for name, value in state.items() if value is not None}
        yield Page(records=records, state=state, cursor=today)

    def _first(self) -> date | None:
        """Return the first month: that of the oldest document, and never later than it was."""
        held, oldest = self.stream_state.get("first"), self.oldest()
        known = [day for day in (date.fromisoformat(held) if held else None, oldest) if day]
        if not known:
            return None
        reach = self._today.replace(day=1)
        for _ in range(_MOST_MONTHS):
            reach = (reach - timedelta(days=1)).replace(day=1)
        return max(min(known).replace(day=1), reach)

    def _wanted(self) -> list[date]:
        first = self._first()
        return months(first, self._today) if first else []

    def source_cursor(self) -> str | None:
        """Return today: the ledger is asked for every month on each day."""
        return self._today.isoformat()

    def source_count(self, until: datetime) -> int:
        """Return how many rows the months give."""
        del until
        return int(self.stream_state.get("rows", 0))

    def source_total(self, last_id: str | None) -> int:
        """Return how many rows the months give."""
        del last_id
        return len(_ids(self._wanted()))

    def keys(self) -> Iterator[str]:
        """Yield report and month of every row."""
        yield from _ids(self._wanted())


def months(first: date, today: date) -> list[date]:
    """Return the first day of each month from that of ``first`` on that is over ``today``."""
    found, month = [], first.replace(day=1)
    while end_of(month) < today:
        found.append(month)
        month = end_of(month) + timedelta(days=1)
    return found


def end_of(month: date) -> date:
    """Return the last day of a month, given its first."""
    return (month + _A_MONTH).replace(day=1) - timedelta(days=1)


def missing(found: Sequence[Month], wanted: Sequence[date]) -> list[str]:
    """Return the rows of the wanted months, given by their first days, that a ledger's reports leave out."""
    held = {month.id for month in found}
    return [one for one in _ids(wanted) if one not in held]


def _ids(wanted: Sequence[date]) -> list[str]:
    return sorted(_id(report, month) for report in (INCOME, RECEIVABLE) for month in wanted)


def _id(report: str, start: date) -> str:
    return f"{report}/{start:%Y-%m}"


def _record(month: Month, today: str) -> dict[str, Any]:
    return {
        "id": month.id,
        "report": month.report,
        "start_date": month.start.isoformat(),
        "end_date": month.end.isoformat(),
        "currency": month.currency,
        "accounts": month.accounts,
        _READ_ON: today,
    }
