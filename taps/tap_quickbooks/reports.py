"""QuickBooks' own reports, for the tie-out: income by month and receivables at each month's end, each in one call.

A report is a tree of rows: a section has a header, rows and a summary, and may stand in another; an account that has
accounts below it shows its own amount in its header. The columns tell their first and last day. What the rows of a section
sum to must be what its summary says: otherwise a row was not understood, and the stream fails.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.kit.ledger import INCOME, RECEIVABLE, LedgerMonths, MisreadError, Month, end_of
from closedloop.kit.policy import StreamError
from tap_quickbooks.catalog import MONTHS, schema
from tap_quickbooks.client import select

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_quickbooks.client import QuickBooks
    from tap_quickbooks.tap import TapQuickBooks

#: Report → the sections that the tie-out needs. What else stands there is nobody's business here.
GROUPS: Mapping[str, tuple[str, ...]] = {INCOME: ("Income", "OtherIncome"), RECEIVABLE: ("AR",)}
#: Where the first documents of a company are looked for.
_DATED = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")


class MonthStream(LedgerMonths):
    """Income and receivables as QuickBooks reports them."""

    _tap: TapQuickBooks

    def __init__(self, tap: TapQuickBooks) -> None:
        super().__init__(tap, name=MONTHS, schema=schema(MONTHS))

    @property
    def api(self) -> QuickBooks:
        """The company."""
        return self._tap.api

    def oldest(self) -> date | None:
        """Return the day of the oldest sales document: one batch.

        Raises:
            StreamError: QuickBooks refuses to say.
        """
        statements = [select(entity, order="TxnDate", limit=1) for entity in _DATED]
        days: list[str] = []
        for entity, answer in zip(_DATED, self.api.batch(statements), strict=True):
            if isinstance(answer, StreamError):
                raise answer
            days += [row["TxnDate"] for row in answer.get(entity, []) if row.get("TxnDate")]
        return date.fromisoformat(min(days)) if days else None

    def read(self, first: date, last: date) -> list[Month]:
        """Return both reports of each month, in one call each.

        Raises:
            StreamError: A report is not understood.
        """
        return [month for report in GROUPS for month in self._report(report, first, last)]

    def _report(self, report: str, first: date, last: date) -> list[Month]:
        body = self.api.report(report, start=first.isoformat(), end=end_of(last).isoformat())
        with self.understood(report):
            return _months(report, body)


def _months(report: str, body: Mapping[str, Any]) -> list[Month]:
    """Return what a report says of each month; a column without days (the total) is none."""
    columns = body["Columns"]["Column"]
    days = {place: found for place, column in enumerate(columns) if (found := _days(column)) is not None}
    currency = body["Header"].get("Currency")
    made = {
        place: Month(report=report, start=start, end=end, currency=currency)
        for place, (start, end) in days.items()
    }
    for group in GROUPS[report]:
        for section in _sections(body.get("Rows"), group):
            lines = list(_lines(section))
            for place, month in made.items():
                amounts = [_line(cells, group, place) for cells in lines]
                _agree(section, place, sum((amount for _, amount in amounts), Decimal(0)), group)
                month.accounts.extend(line for line, amount in amounts if amount)
    return list(made.values())


def _days(column: Mapping[str, Any]) -> tuple[date, date] | None:
    told = {one.get("Name"): one.get("Value") for one in column.get("MetaData") or []}
    if column.get("ColType") != "Money" or "StartDate" not in told:
        return None
    start, end = date.fromisoformat(told["StartDate"]), date.fromisoformat(told["EndDate"])
    return start.replace(day=1), end


def _sections(rows: Any, group: str) -> Iterator[Mapping[str, Any]]:
    """Yield the sections of a name, wherever they stand."""
    for row in _listed(rows):
        if row.get("group") == group:
            yield row
        else:
            yield from _sections(row.get("Rows"), group)


def _lines(row: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, str]]]:
    """Yield the cells of every account under a row: of a row of data, and of a header with an amount of its own."""
    if "ColData" in row:
        yield row["ColData"]
    header = (row.get("Header") or {}).get("ColData") or []
    if header and header[0].get("id"):
        yield header
    for below in _listed(row.get("Rows")):
        yield from _lines(below)


def _line(
    cells: Sequence[Mapping[str, str]], group: str, place: int
) -> tuple[dict[str, str | None], Decimal]:
    amount = _amount(cells, place)
    line = {
        "id": cells[0].get("id"),
        "name": cells[0].get("value"),
        "group": group,
        "amount": format(amount, "f"),
    }
    return line, amount


def _agree(section: Mapping[str, Any], place: int, total: Decimal, group: str) -> None:
    summary = (section.get("Summary") or {}).get("ColData")
    if summary is not None and _amount(summary, place) != total:
        message = f"the rows of {group} do not sum to its total"
        raise MisreadError(message)


def _amount(cells: Sequence[Mapping[str, str]], place: int) -> Decimal:
    """Return an amount; an empty cell is none booked."""
    text = str(cells[place].get("value") or "0") if place < len(cells) else "0"
    return Decimal(text.replace(",", ""))


def _listed(rows: Any) -> list[Mapping[str, Any]]:
    found = (rows or {}).get("Row") or []
    return found if isinstance(found, list) else [found]
