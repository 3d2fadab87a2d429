"""Definitions 6 to 9 by hand, on the event of 10, 11 and 12 March of `examples`."""

from datetime import date

import pytest
from tests.models.examples import Example


def touch(of, key, column, expected):
    return Example(
        of=of,
        sql=f"select {column} from marts.touch_resolved where touch_key = '{key}'",
        expected=(expected,),
    )


def event(of, column, expected):
    return Example(
        of=of,
        sql=f"select {column} from marts.campaign_measures where campaign_key = 't1'",
        expected=(expected,),
    )


EXAMPLES = (
    # 6: one person with three records is one touch, with the highest status.
    Example(
        of="6 one person, one touch",
        sql="select touch_key, status from marts.touch_resolved where touch_key like 't-g%'",
        expected=(("t-g3", "attended"),),
    ),
    touch("6 a no-show only where the source says so", "t-h", "status", "no_show"),
    touch("6 a raw identity where nobody is resolved", "t-i", "person_key", None),
    Example(
        of="6 who cancelled has no touch",
        sql="select count(*) from marts.touch_resolved where touch_key = 't-m'",
        expected=(0,),
    ),
    # 7: the event is on 10, 11 and 12 March.
    touch("7 on one of its days", "t-ta", "touch_date", date(2026, 3, 11)),
    touch("7 one day late: the nearest day", "t-tb", "touch_date", date(2026, 3, 12)),
    touch("7 three days late: the first day", "t-tc", "touch_date", date(2026, 3, 10)),
    touch("7 one day early: the nearest day", "t-td", "touch_date", date(2026, 3, 10)),
    # 04:00 UTC of the 12th is 23:00 of the 11th in Chicago.
    touch("7 the day of the company's zone", "t-te", "touch_date", date(2026, 3, 11)),
    touch("7 without a scan: the first day", "t-tf", "touch_date", date(2026, 3, 10)),
    # 8
    touch("8 the person's account", "t-ta", "account_key", "a-tou"),
    touch("8 the scan's own company and mailbox", "t-k", "account_key", "a-tou"),
    touch("8 a decision goes before them", "t-l", "account_key", "a-oth"),
    touch("8 nothing points to an account", "t-i", "account_key", None),
    # 9: ta to tg are 7, and j, k, l: 10 attended. Credit statuses also have i, but j has no identity: 10 leads.
    # Accounts of the attended: Touchstone and Other Works.
    event("9 attended", "attended", 10),
    event("9 leads captured", "leads_captured", 10),
    event("9 accounts reached", "accounts_reached", 2),
    touch("9 responded earns credit", "t-i", "is_credit", True),
    touch("9 a no-show earns none", "t-h", "is_credit", False),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.of)
def test_touches(books, example):
    assert example.found(books) == example.expected
