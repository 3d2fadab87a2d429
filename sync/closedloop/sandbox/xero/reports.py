"""The reports of an organisation: sections of rows over columns of months, the newest first, as Xero prints them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.xero.listing import QueryError
from closedloop.sandbox.xero.postings import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.xero.books import Books, Row
    from closedloop.sandbox.xero.options import Options

_NIL, _CENT = Decimal(0), Decimal("0.01")
_MOST_PERIODS = 12
#: Section → class of its accounts, and the sign of what it shows.
_INCOME = {"Income": ("REVENUE", -1), "Less Operating Expenses": ("EXPENSE", 1)}
_ASSETS = {"Current Assets": ("ASSET", 1)}
Span = tuple[date, date]


def report(
    books: Books, name: str, query: Mapping[str, str], options: Options, now: datetime
) -> dict[str, Any] | None:
    """Return a report; none where there is no such one.

    Raises:
        QueryError: The query is wrong.
    """
    if name not in {"ProfitAndLoss", "BalanceSheet"}:
        return None
    is_income = name == "ProfitAndLoss"
    spans = _spans(query, now.date(), is_income=is_income)
    held = _Held(books, revalues=options.revalues)
    cells = held.booked if is_income else held.balance
    sections = [
        _section(books, title, told, spans, cells)
        for title, told in (_INCOME if is_income else _ASSETS).items()
    ]
    shown = "%d %b %y" if is_income else "%d %b %Y"
    titles = [end.strftime(shown if options.month_titles == "day" else "%b-%y") for _, end in spans]
    header = {"RowType": "Header", "Cells": [{"Value": value} for value in ("", *titles)]}
    empty: dict[str, Any] = {"RowType": "Section", "Title": "" if is_income else "Assets", "Rows": []}
    return {
        "ReportID": name,
        "ReportName": "Profit and Loss" if is_income else "Balance Sheet",
        "ReportType": name,
        "ReportTitles": ["Profit & Loss" if is_income else "Balance Sheet", books.world.company, titles[0]],
        "ReportDate": now.strftime("%d %B %Y"),
        "UpdatedDateUTC": now,
        "Fields": [],
        "Rows": [header, empty, *(section for section in sections if section["Rows"])],
    }


def _spans(query: Mapping[str, str], today: date, *, is_income: bool) -> list[Span]:
    """Return first and last day of each column; a month before is cut to the day on which the last one ends."""
    last = _day(query, "toDate" if is_income else "date", today)
    first = _day(query, "fromDate", last.replace(day=1)) if is_income else last.replace(day=1)
    more = int(query.get("periods") or 0)
    if not 0 <= more < _MOST_PERIODS or (more and query.get("timeframe") != "MONTH"):
        raise QueryError("ValidationException", "periods may be 1 to 11, with a timeframe of MONTH")
    # A balance stands at the end of its month, whatever day is asked for.
    cut = last.day if is_income else 31
    spans = [(first, last if is_income else _end(last))]
    for _ in range(more):
        before = spans[-1][0].replace(day=1) - timedelta(days=1)
        spans.append((before.replace(day=1), before.replace(day=min(cut, before.day))))
    return spans


def _day(query: Mapping[str, str], name: str, default: date) -> date:
    try:
        return date.fromisoformat(query.get(name) or default.isoformat())
    except ValueError as error:
        raise QueryError("ValidationException", f"{name} is no date") from error


def _end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


class _Held:
    """Every account's postings."""

    def __init__(self, books: Books, *, revalues: bool) -> None:
        self._books, self._revalues = books, revalues
        self._postings = defaultdict(list)
        for one in Ledger(books).postings():
            self._postings[one.account].append(one)

    def booked(self, account: str, span: Span) -> Decimal:
        """Return what was booked between two days."""
        return sum((one.amount for one in self._postings[account] if span[0] <= one.day <= span[1]), _NIL)

    def balance(self, account: str, span: Span) -> Decimal:
        """Return what stands on a day; what is open in a foreign currency at that day's rate, if this Xero does so."""
        until = [one for one in self._postings[account] if one.day <= span[1]]
        total = sum((one.amount for one in until), _NIL)
        if not self._revalues:
            return total
        open_: dict[str, Decimal] = defaultdict(Decimal)
        for one in until:
            if one.currency is not None and one.currency != self._books.world.home_currency:
                open_[one.currency] += one.foreign
                total -= one.amount
        return total + sum((self._base(code, amount, span[1]) for code, amount in open_.items()), _NIL)

    def _base(self, code: str, amount: Decimal, day: date) -> Decimal:
        known = [one for one in self._books.world.rates if one.currency == code and one.day <= day]
        rate = max(known, key=lambda one: one.day).rate if known else Decimal(1)
        return (amount / rate).quantize(_CENT, ROUND_HALF_UP)


def _section(
    books: Books, title: str, told: tuple[str, int], spans: list[Span], cells: Callable[[str, Span], Decimal]
) -> dict[str, Any]:
    """Return a section with an account a row and its total; accounts with nothing booked are not shown."""
    kind, sign = told
    rows: list[tuple[Row, list[Decimal]]] = [
        (account, [sign * cells(key, span) for span in spans])
        for key, account in books.tables["Accounts"].items()
        if account["Class"] == kind
    ]
    rows = [(account, amounts) for account, amounts in rows if any(amounts)]
    shown = [_row(account, amounts) for account, amounts in rows]
    totals = [sum(column, _NIL) for column in zip(*(amounts for _, amounts in rows), strict=True)]
    summary = {"RowType": "SummaryRow", "Cells": [{"Value": f"Total {title}"}, *map(_cell, totals)]}
    return {"RowType": "Section", "Title": title, "Rows": [*shown, summary] if shown else []}


def _row(account: Row, amounts: list[Decimal]) -> dict[str, Any]:
    told = [{"Value": account["AccountID"], "Id": "account"}]
    cells = [{"Value": account["Name"]}, *map(_cell, amounts)]
    return {"RowType": "Row", "Cells": [{**cell, "Attributes": told} for cell in cells]}


def _cell(amount: Decimal) -> dict[str, str]:
    return {"Value": format(amount, ".2f")}
