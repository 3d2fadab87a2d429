"""The first broken link of each attendee and each account, with the reason, the money and the record to open."""

from datetime import UTC, date, datetime

import pytest
from tests.models import kit
from tests.models.conftest import at, day, deal
from tests.models.kit import attended, event, paid, sale

OWNED = {"owner_key": "u", "account_key": "whole"}

#: Attendee → (the person in the CRM, what the registration adds, the reason of its break).
ATTENDEES = {
    "whole": (OWNED, {}, None),
    "nobody": (None, {"name": "Only A. Name", "phone": "312 555 0100"}, "identity_missing"),
    "silent": (None, {"name": "Si Lent", "company": "Quiet"}, "no_contact_data"),
    "mistyped": (None, {"email": "miss@typed"}, "invalid_email"),
    "misdialled": (None, {"name": "Mis Dial", "company": "Quiet", "phone": "12"}, "invalid_phone"),
    "absent": (None, {"email": "absent@x.example", "name": "Ab Sent"}, "not_in_crm"),
    "assistant": (OWNED, {"name": "Zoe Young"}, "ambiguous_person"),
    "unowned": ({"account_key": "bare"}, {}, "no_owner"),
    "left": ({"owner_key": "gone"}, {}, "inactive_owner"),
    "queued": ({"owner_key": "queue"}, {}, "in_queue"),
    "untouched": ({**OWNED, "idle": True}, {}, "untouched_past_sla"),
    "homeless": ({"owner_key": "u"}, {}, "contact_without_account"),
    "lead": ({"owner_key": "u", "kind": "lead"}, {}, "lead_not_converted"),
    "bystander": (OWNED, {}, "not_on_opportunity"),
    "dealless": ({"owner_key": "u", "account_key": "dealless"}, {}, "no_opportunity"),
    "unsourced": ({"owner_key": "u", "account_key": "unsourced"}, {}, "opportunity_without_campaign"),
    "disqualified": ({"owner_key": "u", "account_key": "dealless", "status": "disqualified"}, {}, None),
}


def rows():
    people, touches, activities = [], [], []
    for name, (person, stated, _) in ATTENDEES.items():
        email = f"{name}@x.example"
        touches.append(
            attended(f"t-{name}", "e", **({"email": email, "name": f"P {name}"} if person else {}) | stated)
        )
        if person is not None:
            idle = person.get("idle", False)
            known = {key: value for key, value in person.items() if key != "idle"}
            people.append({"key": name, "kind": "contact", "name": f"P {name}", "email": email, **known})
            if not idle:
                activities.append({"key": f"act-{name}", "kind": "call", "person_key": name, "at": at(1, 13)})
    won = {"closed": at(2, 1), "won": True}
    sales = [
        sale(
            "late",
            "c-late",
            day(2, 5),
            "100.00",
            tax="10.00",
            due_date=day(3, 1),
            balance="55.00",
            opportunity_ref="w-late",
        ),
        sale("stray", "c-stray", day(2, 5), "77.00"),
        sale("part", "c-part", date(2025, 2, 5), "50.00", opportunity_ref="w-part", balance="0"),
    ]
    return {
        "campaign": [event("e", day(1, 10))],
        "owner": [
            {"key": "u", "name": "Uma", "is_active": True, "kind": "user"},
            {"key": "gone", "name": "Gus", "is_active": False, "kind": "user"},
            {"key": "queue", "name": "Queue", "is_active": True, "kind": "queue"},
        ],
        "account": [
            {"key": key, "name": f"Account {key}", "tax_id": f"XX1234{n:03d}"}
            for n, key in enumerate(
                ("whole", "bare", "dealless", "unsourced", "orphan", "silent", "late", "part")
            )
        ],
        "customer": [
            {"key": f"c-{key}", "name": key, "tax_id": f"XX1234{n:03d}"}
            for n, key in ((5, "silent"), (6, "late"), (7, "part"), (9, "stray"))
        ],
        "person": people,
        "touch": touches,
        "activity": activities,
        "opportunity": [
            deal("o-whole", "whole", at(1, 20), person_key="whole", campaign_key="e", amount="800.00"),
            deal("o-unsourced", "unsourced", at(1, 20), person_key="unsourced"),
            deal("w-orphan", "orphan", at(1, 20), amount="500.00", **won),
            deal("w-silent", "silent", at(1, 20), amount="300.00", **won),
            deal("w-late", "late", at(1, 20), amount="100.00", **won),
            deal(
                "w-part",
                "part",
                datetime(2025, 1, 1, tzinfo=UTC),
                closed=datetime(2025, 2, 1, tzinfo=UTC),
                won=True,
            ),
        ],
        "document": [one for one, _ in sales],
        "line": [line for _, lines in sales for line in lines],
        "allocation": [paid("x", "late", day(2, 20), "55.00"), paid("y", "part", date(2025, 2, 6), "50.00")],
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from closedloop.settings import Events

    world = kit.build(tmp_path_factory.mktemp("chain"), rows(), events=Events(follow_up_days=100))
    world.reconcile()
    yield world
    world.close()


@pytest.mark.parametrize("name", ATTENDEES)
def test_first_broken_link_of_an_attendee(world, name):
    found = world.rows("select reason from marts.chain_break where subject_key = ?", f"t-{name}")
    reason = ATTENDEES[name][2]
    assert [row["reason"] for row in found] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("subject", "link", "reason", "since", "at_stake", "url"),
    [
        ("orphan", "customer", "won_without_customer", date(2026, 2, 1), 50000, "u/orphan"),
        ("silent", "invoiced", "won_not_invoiced", date(2026, 3, 4), 30000, "u/w-silent"),
        ("part", "invoiced", "invoice_amount_differs", date(2026, 3, 12), 5000, "u/w-part"),
        ("late", "paid", "overdue_invoice", date(2026, 3, 2), 5500, "u/late"),
        ("c-stray", "invoiced", "invoice_without_account", date(2026, 2, 5), 7700, "u/c-stray"),
    ],
)
def test_first_broken_link_of_an_account(world, *, subject, link, reason, since, at_stake, url):
    found = world.one("select * from marts.chain_break where subject_key = ?", subject)
    assert found["subject_kind"] == "account"
    assert (link, reason, since, at_stake, url) == tuple(
        found[name] for name in ("link", "reason", "since", "at_stake", "url")
    )
    assert found["fix"].endswith(".")


def test_money_at_stake_of_an_attendee_is_its_accounts(world):
    found = world.one("select * from marts.chain_break where subject_key = 't-bystander'")
    assert (found["at_stake"], found["campaign_key"], found["account_key"]) == (80000, "e", "whole")


def test_accounts_without_a_break_are_not_listed(world):
    assert world.rows("select * from marts.chain_break where subject_key in ('whole', 'dealless')") == []


def test_every_reason_has_a_fix(world):
    reasons = {
        row["reason"] for row in world.rows("select reason from marts.chain_link where state = 'broken'")
    }
    assert reasons <= set(world.by("marts.break_fix", "reason", "fix"))
