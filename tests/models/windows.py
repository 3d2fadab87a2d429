"""Attendees and customers on either side of every window of the chain; part of the world of `aged`.

As of 30 June 2026, with the windows as shipped: first touch 5 days, opportunity 365, stage 90, invoice 30, patience with a
partly invoiced deal 400.
"""

from datetime import date

from tests.models import kit
from tests.models.aged import noon
from tests.models.kit import event

#: Attendee, one an event → (first day, link, state or reason, since).
ATTENDEES = {
    "fresh": (
        date(2026, 6, 25),
        "worked",
        "pending",
        date(2026, 6, 25),
    ),  # five days are over at the end of today
    "late": (date(2026, 6, 24), "worked", "untouched_past_sla", date(2026, 6, 30)),
    "busy": (date(2025, 1, 10), "worked", "ok", date(2025, 1, 15)),  # called on 15 January
    "slow": (date(2025, 1, 10), "worked", "untouched_past_sla", date(2025, 1, 16)),  # called on 16 January
    "soon": (date(2025, 6, 30), "opportunity", "pending", date(2025, 6, 30)),
    "never": (date(2025, 6, 29), "opportunity", "no_opportunity", date(2026, 6, 30)),
    "calm": (date(2026, 3, 1), "won", "pending", date(2026, 4, 1)),  # in its stage for 90 days, since 1 April
    "stuck": (date(2026, 3, 1), "won", "stalled_opportunity", date(2026, 6, 30)),  # for 91
    "today": (date(2026, 3, 1), "won", "pending", date(2026, 6, 1)),
    "past": (date(2026, 3, 1), "won", "close_date_past", date(2026, 6, 30)),
    "lost": (date(2026, 3, 1), "won", "not_applicable", None),  # a lost deal ends the chain
    "victor": (date(2026, 3, 1), "won", "ok", date(2026, 6, 20)),
}
#: Account → (link, state or reason, since).
ACCOUNTS = {
    "in1": (
        "invoiced",
        "pending",
        date(2026, 5, 31),
    ),  # won on 31 May: thirty days are over at the end of today
    "in2": ("invoiced", "won_not_invoiced", date(2026, 6, 30)),
    "in3": ("invoiced", "invoice_amount_differs", date(2026, 6, 30)),  # 97.99 of 100.00, 400 days old
    "in4": ("invoiced", "pending", date(2025, 5, 1)),  # the same, 399 days old
    "in5": ("invoiced", "ok", date(2025, 5, 26)),  # 98.00 is within two per cent
    "in6": ("invoiced", "pending", date(2025, 5, 1)),  # half, but a repeating invoice
    "in7": ("invoiced", "pending", date(2025, 5, 1)),  # half, but a document is dated in July
    "in8": (
        "invoiced",
        "ok",
        date(2025, 5, 26),
    ),  # whole; that half was credited neither makes nor mends the break
    "due": ("paid", "ok", date(2026, 6, 1)),  # due today
    "overdue": ("paid", "overdue_invoice", date(2026, 6, 30)),
    "again": (
        "repeat",
        None,
        date(2026, 5, 16),
    ),  # gaps of 30 and 40 days: 45 days from 16 May are over at the end of today
    "gone": ("repeat", "no_repeat_past_cycle", date(2026, 6, 30)),
}
WON = {"is_closed": True, "is_won": True}


def _deal(key, account, created, **more):
    return {
        "key": key, "name": key, "account_key": account, "amount": "100.00", "currency": "USD", "is_closed": False,
        "is_won": False, "created_at": noon(created), "number": key, **more,
    }  # fmt: skip


def _won(account, closed, **more):
    return _deal(f"d-{account}", account, date(2025, 1, 5), **WON, closed_at=noon(closed), **more)


def add(made):
    """Add the rows; everybody in the world gets an owner."""
    for name, (start, *_) in ATTENDEES.items():
        made.add("campaign", event(f"e-{name}", start))
        made.guest(f"e-{name}", name)
    _deals_of_attendees(made)
    for name in ACCOUNTS:
        made.account(name)
    _invoices(made)
    _stakes(made)
    made.add("owner", {"key": "u", "name": "Uma", "is_active": True, "kind": "user"})
    for person in made.tables["person"]:
        person["owner_key"] = "u"


def _deals_of_attendees(made):
    for name, day in (("busy", date(2025, 1, 15)), ("slow", date(2025, 1, 16))):
        made.add(
            "activity", {"key": f"call-{name}", "kind": "call", "person_key": f"p-{name}", "at": noon(day)}
        )
    for name, created, more in (
        ("calm", date(2026, 4, 1), {}),
        ("stuck", date(2026, 3, 31), {}),
        ("today", date(2026, 6, 1), {"expected_close": date(2026, 6, 30)}),
        ("past", date(2026, 6, 1), {"expected_close": date(2026, 6, 29)}),
        ("lost", date(2026, 3, 10), {"is_closed": True, "closed_at": noon(date(2026, 4, 1))}),
        ("victor", date(2026, 3, 10), WON | {"closed_at": noon(date(2026, 6, 20))}),
    ):
        made.add(
            "opportunity",
            _deal(f"d-{name}", name, created, person_key=f"p-{name}", campaign_key=f"e-{name}", **more),
        )

    made.add(
        "opportunity_change",
        {"key": "h-victor", "opportunity_key": "d-victor", "changed_at": noon(date(2026, 4, 1)), "field": "stage",
         "old_stage_key": "new", "new_stage_key": "mid"},
    )  # fmt: skip


def _invoices(made):
    old, spring = date(2025, 5, 26), date(2025, 5, 1)
    made.add("opportunity", _won("in1", date(2026, 5, 31)), _won("in2", date(2026, 5, 30)))
    made.add("opportunity", *(_won(f"in{n}", spring) for n in range(3, 9)))
    made.bill("b3", "in3", old, "97.99", opportunity_ref="d-in3", balance="0")
    made.bill("b4", "in4", date(2025, 5, 27), "97.99", opportunity_ref="d-in4", balance="0")
    made.bill("b5", "in5", old, "98.00", opportunity_ref="d-in5", balance="0")
    made.bill("b6", "in6", old, "50.00", opportunity_ref="d-in6", balance="0", repeating_key="R")
    made.bill("b7", "in7", old, "50.00", opportunity_ref="d-in7", balance="0")
    made.bill("c7", "in7", date(2026, 7, 15), "50.00", opportunity_ref="d-in7")
    made.bill("b8", "in8", old, "100.00", opportunity_ref="d-in8", balance="0")
    made.bill("c8", "in8", old, "50.00", kind="credit_note", credited_document_key="b8", balance="0")
    made.bill("b-due", "due", date(2026, 6, 1), "70.00", tax="7.00", due_date=date(2026, 6, 30))
    made.bill("b-overdue", "overdue", date(2026, 6, 1), "70.00", tax="7.00", due_date=date(2026, 6, 29))
    for name, days in (
        ("again", (date(2026, 3, 7), date(2026, 4, 6), date(2026, 5, 16))),
        ("gone", (date(2026, 3, 6), date(2026, 4, 5), date(2026, 5, 15))),
    ):
        for n, day in enumerate(days):
            made.bill(f"b-{name}-{n}", name, day, "100.00", balance="0")


def _stakes(made):
    """Two guests of `rich` and one of `other`, at one event, none on the deal of the company."""
    made.add("campaign", event("m", date(2026, 6, 1)))
    for account, amount in (("rich", "800.00"), ("other", "30.00")):
        made.guest("m", account)
        made.add(
            "opportunity", _deal(f"d-{account}", account, date(2026, 6, 10), amount=amount, campaign_key="m")
        )
    made.add(
        "person",
        {"key": "p-second", "kind": "contact", "name": "Sec Ond", "email": "second@rich.example", "account_key": "rich"},
    )  # fmt: skip
    made.add("touch", kit.attended("t-m-second", "m", "p-second"))
    for person in ("p-rich", "p-second", "p-other"):
        made.add(
            "activity",
            {"key": f"call-{person}", "kind": "call", "person_key": person, "at": noon(date(2026, 6, 2))},
        )


#: Subject → (link, the last day on which it may wait).
UNTIL = {
    "t-e-fresh-fresh": ("worked", date(2026, 6, 30)),
    "t-e-soon-soon": ("opportunity", date(2026, 6, 30)),
    "t-e-calm-calm": ("won", None),  # a stage has its pace, and no last day
    "in1": ("invoiced", date(2026, 6, 30)),
    "in4": ("invoiced", date(2026, 6, 30)),
    "in6": ("invoiced", None),  # it goes on repeating
}
