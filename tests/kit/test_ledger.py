"""Months of a ledger: which are over, and which of them a report leaves out."""

from datetime import UTC, date, datetime

import pytest
from singer_sdk import typing as th

from closedloop.kit.ledger import (
    INCOME,
    RECEIVABLE,
    LedgerMonths,
    MisreadError,
    Month,
    end_of,
    missing,
    months,
)
from closedloop.kit.policy import StreamError
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS, ClosedloopTap


@pytest.mark.parametrize(
    ("first", "today", "found"),
    [
        (date(2026, 1, 31), date(2026, 3, 31), ["2026-01", "2026-02"]),  # March is not over on its last day
        (date(2026, 1, 31), date(2026, 4, 1), ["2026-01", "2026-02", "2026-03"]),
        (date(2026, 3, 1), date(2026, 3, 15), []),
        (date(2027, 1, 1), date(2026, 3, 15), []),  # a document of the future alone
        (date(2025, 12, 5), date(2026, 1, 1), ["2025-12"]),
    ],
)
def test_the_months_that_are_over(first, today, found):
    assert [f"{month:%Y-%m}" for month in months(first, today)] == found


def test_a_month_ends_with_its_last_day_in_leap_years_too():
    ends = [end_of(date(year, 2, 1)).day for year in (2023, 2024, 2100, 2400)]
    assert ends == [28, 29, 28, 29]
    assert end_of(date(2026, 12, 1)) == date(2026, 12, 31)


def test_what_a_report_leaves_out_is_named():
    def told(report, month):
        return Month(report=report, start=date(2026, month, 1), end=end_of(date(2026, month, 1)))

    found = [told(INCOME, 1), told(INCOME, 2), told(RECEIVABLE, 1)]
    wanted = [date(2026, 1, 1), date(2026, 2, 1)]
    assert missing(found, wanted) == ["BalanceSheet/2026-02"]
    assert missing([*found, told(RECEIVABLE, 2)], wanted) == []


class Books(ClosedloopTap):
    """A ledger that is read on 15 April 2026."""

    name = "tap-books"
    config_jsonschema = th.PropertiesList(*CLOSEDLOOP_SETTINGS).to_dict()

    def discover_streams(self):
        """Return no stream."""
        return []

    def source_now(self):
        """Return the day."""
        return datetime(2026, 4, 15, tzinfo=UTC)


class Months(LedgerMonths):
    """Months as a test tells them."""

    def __init__(self, told):
        columns = th.PropertiesList(th.Property("id", th.StringType), th.Property("read_on", th.DateType))
        super().__init__(Books(config={}, parse_env_config=False), name="months", schema=columns.to_dict())
        self.told = told

    def oldest(self):
        """Return a day in February."""
        return date(2026, 2, 3)

    def read(self, first, last):
        """Return what was told."""
        with self.understood("ProfitAndLoss"):
            return self.told(first, last)


def both(*starts):
    return [
        Month(report=report, start=start, end=end_of(start))
        for report in (INCOME, RECEIVABLE)
        for start in starts
    ]


def test_a_report_that_leaves_a_month_out_fails_the_stream():
    [page] = Months(both).pages()
    assert [row["id"] for row in page.records] == [
        "ProfitAndLoss/2026-02", "ProfitAndLoss/2026-03", "BalanceSheet/2026-02", "BalanceSheet/2026-03",
    ]  # fmt: skip
    with pytest.raises(StreamError, match=r"incomplete.*BalanceSheet/2026-03"):
        list(Months(lambda *starts: both(*starts)[:-1]).pages())


@pytest.mark.parametrize(
    ("error", "words"),
    [(MisreadError("rows and total differ"), "rows and total differ"), (KeyError("Ann"), r"KeyError\n")],
)
def test_a_report_of_another_shape_fails_the_stream_and_is_not_quoted(error, words):
    def told(*_):
        raise error

    with pytest.raises(StreamError, match=f"ProfitAndLoss is not understood: {words}"):
        list(Months(told).pages())
