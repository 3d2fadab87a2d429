"""Exact evidence links, with a sentence; what is doubtful is listed and not linked; people decide over rules."""

from datetime import UTC, date, datetime

import pytest
from tests.models import kit
from tests.models.kit import attended, event

#: Ledger customer → (what it says, what the CRM's accounts say, the account it must get, the rule).
CUSTOMERS = {
    "tax": (
        {"name": "Zeta", "tax_id": "DE 111.222.333"},
        [{"name": "Other name", "tax_id": "DE111222333"}],
        "tax-0",
        "tax_id",
    ),
    "tax_twice": (
        {"name": "Twin", "tax_id": "DE444555666"},
        [{"name": "Twin", "tax_id": "DE444555666"}, {"name": "Twin branch", "tax_id": "DE444555666"}],
        None,
        None,
    ),
    "stored": (
        {"name": "Stored Inc.", "external_id": "stored-0"},
        [{"name": "STORED"}],
        "stored-0",
        "stored_id",
    ),
    "stored_alone": (
        {"name": "One thing", "external_id": "stored_alone-0"},
        [{"name": "Quite another"}],
        None,
        None,
    ),
    "stored_against": (
        {"name": "Against", "external_id": "stored_against-1", "website": "against.example"},
        [{"name": "Against", "website": "www.against.example"}, {"name": "Somebody else"}],
        None,
        None,
    ),
    "email": (
        {"name": "Emailia GmbH", "email": " Ann@Emailia.example "},
        [{"name": "Emailia", "email": "ann@emailia.example"}],
        "email-0",
        "email",
    ),
    "email_other_name": (
        {"name": "Daughter company", "email": "ann@mother.example"},
        [{"name": "Mother", "email": "ann@mother.example"}],
        None,
        None,
    ),
    "role_mailbox": (
        {"name": "Rolemodel", "email": "info@shared.example"},
        [{"name": "Rolemodels", "email": "info@shared.example"}],
        None,
        None,
    ),
    "domain": (
        {"name": "Domain Works, Inc.", "email": "billing@domainworks.example"},
        [{"name": "Domain Works", "website": "https://www.domainworks.example/en"}],
        "domain-0",
        "domain_name",
    ),
    "free_mail": (
        {"name": "Freeby", "email": "bob@gmail.com"},
        [{"name": "Freeby", "email": "ann@gmail.com"}],
        None,
        None,
    ),
    "legal_form": (
        {"name": "Formal Ltd", "website": "formal.example"},
        [{"name": "Formal LLC", "website": "formal.example"}],
        None,
        None,
    ),
    "store_number": (
        {"name": "Grand Market 12", "email": "boss@grandmarket.example"},
        [{"name": "Grand Market 13", "email": "boss@grandmarket.example"}],
        None,
        None,
    ),
    "country": (
        {"name": "Abroad", "website": "abroad.example", "country": "FR"},
        [{"name": "Abroad", "website": "abroad.example", "country": "DE"}],
        None,
        None,
    ),
    "other_tax": (
        {"name": "Taxed", "website": "taxed.example", "tax_id": "FR12345678"},
        [{"name": "Taxed", "website": "taxed.example", "tax_id": "FR87654321"}],
        None,
        None,
    ),
    "duplicate": (
        {"name": "Doubled", "website": "doubled.example"},
        [
            {"name": "Doubled", "website": "doubled.example"},
            {"name": "Doubled", "website": "doubled.example"},
        ],
        None,
        None,
    ),
    "name_only": ({"name": "Nameless"}, [{"name": "Nameless"}], None, None),
}

#: Touch → (what the registration says, whom it must be, the rule).
TOUCHES = {
    "same": ({"email": "Ann.Ash@one.example ", "name": "Ann Ash"}, "ann", "email"),
    "turned": ({"email": "ann.ash@one.example", "name": "Ash, Ann"}, "ann", "email"),
    "typo": ({"email": "ann.ash@one.example", "name": "Ann-Ash Ash"}, None, None),
    "near": ({"email": "ann.ash@one.example", "name": "Annn Ashe"}, "ann", "email"),
    "initial": ({"email": "ann.ash@one.example", "name": "A. Ash"}, "ann", "email"),
    "unnamed": ({"email": "ann.ash@one.example"}, "ann", "email"),
    "assistant": ({"email": "ann.ash@one.example", "name": "Zoe Young"}, None, None),
    "spouse": ({"email": "kim@gmail.com", "name": "Jim Oak"}, None, None),
    "role": ({"email": "info@one.example", "name": "Role Holder"}, None, None),
    "two_contacts": ({"email": "twin@one.example", "name": "Tom Twin"}, "tom1", "email"),
    "lead_and_contact": ({"email": "both@one.example", "name": "Bo Both"}, "bo", "email"),
    "converted": ({"email": "old@one.example", "name": "Con Verted"}, "con", "email"),
    "booker": ({"person_key": "ann", "email": "guest@two.example", "name": "Guest Two"}, None, None),
    "booked_self": (
        {"person_key": "ann", "email": "ann@home.example", "name": "Ann Ash"},
        "ann",
        "stored_id",
    ),
    "member": ({"person_key": "ann"}, "ann", "stored_id"),
    "stranger": ({"email": "new@three.example", "name": "New Three"}, None, None),
    "decided": ({"email": "new@four.example", "name": "New Four"}, "ann", "decision"),
    "rejected": ({"email": "kim@gmail.com", "name": "Kim Oak"}, None, None),
}

PEOPLE = [
    {
        "key": "ann",
        "kind": "contact",
        "name": "Ann Ash",
        "email": "ann.ash@one.example",
        "account_key": "email-0",
    },
    {"key": "kim", "kind": "contact", "name": "Kim Oak", "email": "kim@gmail.com"},
    {"key": "role", "kind": "contact", "name": "Role Holder", "email": "info@one.example"},
    {"key": "tom1", "kind": "contact", "name": "Tom Twin", "email": "twin@one.example"},
    {"key": "tom2", "kind": "contact", "name": "Tom Twin", "email": "twin@one.example"},
    {"key": "bo", "kind": "contact", "name": "Bo Both", "email": "both@one.example"},
    {"key": "bo_lead", "kind": "lead", "name": "Bo Both", "email": "both@one.example"},
    {"key": "con", "kind": "contact", "name": "Con Verted", "email": "new@one.example"},
    {
        "key": "con_lead",
        "kind": "lead",
        "name": "Con Verted",
        "email": "old@one.example",
        "converted_person_key": "con",
        "account_key": "email-0",
    },
]


def rows():
    accounts = [
        {"key": f"{name}-{n}", "created_at": datetime(2026, 1, 1, tzinfo=UTC), **account}
        for name, (_, found, _, _) in CUSTOMERS.items()
        for n, account in enumerate(found)
    ]
    touches = [
        {"key": f"t-{name}", "campaign_key": f"e-{name}", "status": "attended", **stated}
        for name, (stated, _, _) in TOUCHES.items()
    ]
    late = datetime(2026, 3, 13, 3, tzinfo=UTC)  # still March 12 in Chicago
    return {
        "campaign": [event(f"e-{name}", date(2026, 3, 10), date(2026, 3, 11)) for name in TOUCHES] + [event("e", date(2026, 3, 10), date(2026, 3, 11))],
        "account": accounts,
        "customer": [{"key": name, **customer} for name, (customer, *_) in CUSTOMERS.items()],
        "person": PEOPLE,
        "touch": [
            *touches,
            {**attended("d1", "e", email="d1@x.example"), "occurred_at": late},
            {**attended("d2", "e", email="d2@x.example"), "occurred_at": datetime(2026, 3, 11, 20, tzinfo=UTC)},
            {**attended("d3", "e", email="d3@x.example"), "occurred_at": datetime(2026, 3, 20, tzinfo=UTC)},
            {**attended("d4", "e", email="d4@x.example"), "occurred_at": datetime(2026, 3, 9, 20, tzinfo=UTC)},
            {**attended("d5", "e", email="d5@x.example"), "status": "registered"},
            {**attended("d6", "e", email=" D5@x.example"), "status": "no_show"},
            {**attended("d7", "e", email="d7@x.example"), "status": "cancelled"},
            attended("d8", "e", name="Only A. Name"),
            attended("d9", "e", email="ann.ash@one.example", company="Domain Works Inc"),
            attended("d10", "e", email="x@domainworks.example", company="Domain Works Inc"),
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = kit.build(tmp_path_factory.mktemp("links"), rows())
    world.decide("touch_person", "t-decided", "ann")
    world.decide("touch_person", "t-rejected", "kim", "accept")
    world.decide("touch_person", "t-rejected", "kim", "reject")
    world.decide("customer_account", "name_only", "name_only-0")
    world.reconcile()
    yield world
    world.close()


@pytest.fixture(scope="module")
def customers(world):
    return {row["customer_key"]: row for row in world.rows("select * from link.link_customer_account")}


@pytest.mark.parametrize("name", [name for name in CUSTOMERS if name != "name_only"])
def test_customer_gets_the_account_that_exact_evidence_names(customers, name):
    _, _, account, rule = CUSTOMERS[name]
    found = customers.get(name, {})
    assert (found.get("account_key"), found.get("rule")) == (account, rule)


def test_every_link_says_why(customers):
    assert customers["tax"]["evidence"] == "The tax id DE111222333 is on both records."
    assert customers["domain"]["evidence"] == "The domain domainworks.example and the name agree."
    assert "and the names agree" in customers["stored"]["evidence"]
    assert customers["name_only"]["evidence"] == "Decided by Ann."
    assert customers["name_only"]["decided"] is True


def test_doubtful_customers_are_listed_with_their_reason(world):
    reasons = {
        row["left_key"]: (row["reason"], row["candidates"])
        for row in world.rows("select * from link.link_ambiguous where kind = 'customer_account'")
    }
    assert reasons["tax_twice"] == ("several candidates", 2)
    assert reasons["duplicate"] == ("several candidates", 2)
    assert reasons["stored_alone"] == ("nothing but the stored id agrees", 1)
    assert reasons["email_other_name"] == ("the e-mail agrees but the names do not", 1)
    assert reasons["legal_form"] == ("the legal forms differ", 1)
    assert reasons["stored_against"] == ("candidates contradict each other", 2)
    assert not {"role_mailbox", "free_mail", "tax"} & set(reasons)


@pytest.mark.parametrize("name", TOUCHES)
def test_touch_is_the_person_that_exact_evidence_names(world, name):
    _, person, rule = TOUCHES[name]
    found = world.rows("select * from link.link_person where identity_key = ?", f"t-{name}")
    assert [(row["person_key"], row["rule"]) for row in found] == ([(person, rule)] if person else [])


def test_converted_lead_is_its_contact_and_lends_it_the_account(world):
    found = world.one("select * from link.link_person where identity_key = 'con_lead'")
    assert (found["person_key"], found["rule"]) == ("con", "converted")
    assert world.by("marts.touch_resolved", "touch_key", "account_key")["t-converted"] == "email-0"


@pytest.mark.parametrize(
    ("touch", "day"),
    [
        ("d1", date(2026, 3, 11)),  # a day late: the nearest event day
        ("d2", date(2026, 3, 11)),
        ("d3", date(2026, 3, 10)),  # a late import: the first day
        ("d4", date(2026, 3, 10)),
    ],
)
def test_day_of_a_touch(world, touch, day):
    assert world.by("marts.touch_resolved", "touch_key", "touch_date")[touch] == day


def test_one_person_at_one_event_is_one_touch_with_the_highest_status(world):
    found = world.by("marts.touch_resolved", "touch_key", "status")
    assert "d5" not in found
    assert found["d6"] == "no_show"
    assert "d7" not in found


def test_a_name_alone_attends_but_is_no_lead(world):
    figures = world.one("select * from marts.campaign_measures where campaign_key = 'e'")
    assert (figures["attended"], figures["leads_captured"]) == (7, 6)


def test_company_and_domain_on_the_scan_outrank_the_persons_account(world):
    found = world.by("marts.touch_resolved", "touch_key", "account_key")
    assert found["d10"] == "domain-0"
    assert found["d9"] == "email-0"  # the company alone says nothing


def test_without_automatic_links_only_decisions_count(tmp_path):
    world = kit.build(tmp_path, rows())
    world.decide("account_account", "duplicate-1", "duplicate-0")
    world.decide("customer_account", "duplicate", "duplicate-1")
    world.reconcile(automatic_links=False)
    assert world.by("link.link_customer_account", "customer_key", "account_key") == {
        "duplicate": "duplicate-0"
    }
    assert "duplicate-1" not in world.by("marts.account_measures", "account_key", "name")
    world.close()
