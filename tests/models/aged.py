"""A world of events old enough to be compared; the numbers are worked out beside the tests that read it.

As of 30 June 2026. Every account is new, has one customer of its own tax id, and bought without a deal within thirty days:
its documents are new business and go whole to the one event that it was at.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count

from tests.models.kit import attended, event, paid, sale

MARCH = date(2025, 3, 1)


def noon(day):
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


@dataclass
class Rows:
    """Rows of a world under construction."""

    tables: dict = field(default_factory=dict)
    numbers: count = field(default_factory=lambda: count(1))

    def add(self, entity, *rows):
        self.tables.setdefault(entity, []).extend(rows)

    def account(self, key, country=None):
        """Add an account with its customer ``c-<key>`` and its contact ``p-<key>``."""
        tax_id = f"XX77{next(self.numbers):05d}"
        self.add("account", {"key": key, "name": f"Company {key}", "tax_id": tax_id, "country": country})
        self.add("customer", {"key": f"c-{key}", "name": f"Company {key}", "tax_id": tax_id})
        self.add("person", {"key": f"p-{key}", "kind": "contact", "name": f"Pat {key}", "email": f"p@{key}.example",
                            "account_key": key})  # fmt: skip
        return key

    def guest(self, campaign, key, country=None, *, status="attended"):
        """Add an account whose contact was at an event."""
        self.account(key, country)
        self.visit(campaign, key, status=status)
        return key

    def visit(self, campaign, key, *, status="attended"):
        self.add("touch", attended(f"t-{campaign}-{key}", campaign, f"p-{key}", status=status))

    def bill(self, key, account, day, net, **more):
        document, lines = sale(key, f"c-{account}", day, net, **more)
        self.add("document", document)
        self.add("line", *lines)


def add(made):
    """Add the rows of the world."""
    _ages(made)
    _outlook(made)
    _comparison(made)
    _scorecard(made)


def _ages(made):
    """The event `old`: its last day is 11 January 2025, so its ages are 10 February, 11 April, 10 July, 11 January 2026."""
    made.add(
        "campaign",
        event("old", date(2025, 1, 10), date(2025, 1, 11), actual_cost="100.00", kind="trade_show"),
        event("just", date(2026, 5, 30)),
        event("almost", date(2026, 5, 31)),
        {"key": "dateless", "name": "Some day", "actual_cost": "5.00"},
    )
    made.add(
        "stage",
        {"key": "new", "name": "New", "rank": 1, "is_won": False, "is_closed": False},
        {"key": "mid", "name": "Mid", "rank": 2, "is_won": False, "is_closed": False},
        {"key": "won", "name": "Won", "rank": 3, "is_won": True, "is_closed": True},
        {"key": "lost", "name": "Lost", "rank": 0, "is_won": False, "is_closed": True},
    )
    for key in ("a1", "a2", "a3"):
        made.guest("old", key)
    made.bill("i1", "a1", date(2025, 1, 31), "500.00", balance="0")
    made.bill(
        "n1", "a1", date(2025, 2, 20), "100.00", kind="credit_note", credited_document_key="i1", balance="0"
    )
    made.bill("i2", "a1", date(2025, 6, 1), "300.00", opportunity_ref="d2", balance="0")
    made.bill("i3", "a1", date(2026, 2, 1), "1000.00", opportunity_ref="d2", balance="1000.00")
    made.bill("i4", "a2", date(2025, 3, 1), "20.00", balance="20.00")
    made.bill("i5", "a3", date(2024, 12, 1), "50.00", balance="50.00")
    made.add(
        "allocation",
        paid("x1", "i1", date(2025, 2, 5), "200.00"),
        paid("x2", "i1", date(2025, 2, 20), "100.00", credit="n1"),
        paid("x3", "n1", date(2025, 2, 20), "100.00", credit="i1"),
        paid("x4", "i1", date(2025, 3, 1), "200.00"),
        paid("x5", "i2", date(2026, 1, 11), "150.00"),
        paid("x6", "i2", date(2026, 1, 12), "150.00"),
    )
    made.add(
        "opportunity",
        _deal("d2", "a1", date(2025, 2, 1), date(2025, 5, 15), "won", "300.00"),
        _deal("d3", "a1", date(2025, 1, 5), date(2025, 9, 1), "lost", "70.00"),
        _deal("d4", "a1", date(2025, 8, 1), date(2025, 12, 1), "lost", "80.00"),
    )
    made.add(
        "opportunity_change",
        {"key": "h1", "opportunity_key": "d3", "changed_at": noon(date(2025, 3, 15)), "field": "stage",
         "old_stage_key": "new", "new_stage_key": "mid"},
        {"key": "h2", "opportunity_key": "d3", "changed_at": noon(date(2025, 9, 1)), "field": "stage",
         "old_stage_key": "mid", "new_stage_key": "lost"},
    )  # fmt: skip


def _deal(key, account, created, closed, stage, amount):  # noqa: PLR0917 - reads as a row
    return {
        "key": key, "name": key, "account_key": account, "amount": amount, "currency": "USD", "stage_key": stage,
        "is_closed": closed is not None, "is_won": stage == "won", "created_at": noon(created),
        "closed_at": noon(closed) if closed else None, "number": key, "probability": "0.25",
    }  # fmt: skip


def _outlook(made):
    """One dinner with twenty paying accounts of twenty-four, and five webinars with two of three."""
    made.add("campaign", event("d1", MARCH, actual_cost="2000.00", kind="dinner"))
    for n in range(24):
        made.guest("d1", f"d1x{n:02d}")
        if n < 20:
            made.bill(f"i-d1-{n}", f"d1x{n:02d}", date(2025, 3, 11), "60.00")
    editions = (("w1", "Table", 2, "1.00"), ("w2", "Table", 1, "100.00"), ("w3", "Talks", 1, "10000.00"),
                ("w4", "Talks", 2, "11000.00"), ("w5", "Talks", 3, "12000.00"))  # fmt: skip
    for key, series, edition, cost in editions:
        start = date(2025, 2 * edition, 1)
        made.add(
            "campaign",
            event(key, start, actual_cost=cost, kind="webinar", series=series, edition=str(edition)),
        )
        for n, net in enumerate(("100.00", "300.00", None)):
            made.guest(key, f"{key}x{n}")
            if net:
                made.bill(f"i-{key}-{n}", f"{key}x{n}", date(2025, 2 * edition, 11), net)


def _comparison(made):
    """The event `c1`, without a cost: accounts of three countries that came, others that did not, and no-shows."""
    made.add("campaign", event("c1", MARCH, kind="conference"), event("c2", MARCH, kind="conference"))
    # Norway: nobody was a customer. Three of four guests bought afterwards, two of six others.
    for n in range(4):
        made.guest("c1", f"no{n}", "NO")
    for n in range(4, 10):
        made.account(f"no{n}", "NO")
    for n in (0, 1, 2, 4, 5):
        made.bill(f"i-no{n}", f"no{n}", date(2025, 4, 1), "10.00")
    # Sweden: all were customers with the same revenue. One of two guests bought again, one of five others.
    for n in range(7):
        (made.guest("c1", f"se{n}", "SE") if n < 2 else made.account(f"se{n}", "SE"))
        made.bill(f"i-se{n}", f"se{n}", date(2025, 1, 5), "100.00")
    for n in (0, 2):
        made.bill(f"j-se{n}", f"se{n}", date(2025, 4, 1), "10.00")
    # Finland: two guests and four others: too few.
    for n in range(6):
        (made.guest("c1", f"fi{n}", "FI") if n < 2 else made.account(f"fi{n}", "FI"))
    # Denmark: five who registered and did not come; two had bought the year before, one bought afterwards.
    for n in range(5):
        made.guest("c1", f"dk{n}", "DK", status="no_show")
    made.bill("i-dk0", "dk0", date(2025, 1, 5), "10.00")
    made.bill("i-dk1", "dk1", date(2025, 1, 5), "10.00")
    made.bill("i-dk2", "dk2", date(2025, 4, 1), "10.00")
    # Two of the three guests of `c2` had an open deal already.
    for n in range(3):
        made.guest("c2", f"is{n}", "IS")
    for n in range(2):
        made.add("opportunity", _deal(f"is-{n}", f"is{n}", date(2025, 1, 20), None, "new", "40.00"))


def _scorecard(made):
    """Events of New Year's Day 2026: too young for an outlook, old enough for a deal of that day to be due for a decision."""
    day = date(2026, 1, 1)
    made.add(
        "campaign",
        event("full", day, actual_cost="50.00", budget="60.00", expected_attendees=1),
        event("part", day, budget="60.00", expected_attendees=4),
        event("tardy", day),
        event("soon", date(2026, 7, 10), budget="1.00"),
    )
    made.guest("full", "f1")
    made.tables["touch"][-1]["created_at"] = noon(date(2026, 1, 4))
    made.guest("tardy", "h1")
    made.tables["touch"][-1]["created_at"] = noon(date(2026, 1, 12))
    made.guest("part", "g1")
    made.guest("part", "g2")
    made.add(
        "touch", attended("t-part-x", "part", name="W Ho", company="Nowhere", email="who@nowhere.example")
    )
    made.bill("i-f1", "f1", date(2026, 2, 5), "90.00", opportunity_ref="df1")
    made.add(
        "opportunity",
        _deal("df1", "f1", day, date(2026, 2, 1), "won", "90.00"),
        _deal("dg1", "g1", day, date(2026, 2, 1), "lost", "10.00"),
        _deal("dg2", "g1", day, None, "new", "20.00"),
        _deal("dg3", "g1", date(2026, 1, 2), None, "new", "30.00"),
        _deal("dg4", "g1", date(2026, 1, 2), date(2026, 3, 1), "won", "40.00"),
    )
