"""Months of a ledger: which are over, and which of them a report leaves out."""

from datetime import date

import pytest

from closedloop.kit.ledger import INCOME, RECEIVABLE, Month, end_of, missing, months


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
    assert missing(found, date(2026, 1, 1), date(2026, 2, 1)) == ["BalanceSheet/2026-02"]
    assert missing([*found, told(RECEIVABLE, 2)], date(2026, 1, 1), date(2026, 2, 1)) == []
