"""The traps of linking, each by name: what must not link by itself, beside what must."""

from datetime import date

import pytest
from tests.link.conftest import autos
from tests.models import kit
from tests.models.kit import event

from closedloop.link import linker

HOUSE = {"street": "12 Mill Road", "city": "Denver", "postal_code": "80201"}

#: Trap → (ledger customer, accounts as a mapping, the account that must link by itself).
COMPANIES = {
    "plain": ({"name": "Valmont Robotics Inc.", **HOUSE}, {"a": {"name": "Valmont Robotics", **HOUSE}}, "a"),
    "typing_error": (
        {"name": "Kestreline Optcs", "phone": "+1 303 555 1234"},
        {"a": {"name": "Kestreline Optics", "phone": "(303) 555-1234"}},
        "a",
    ),
    "non_ascii": (
        {"name": "Möller & Søn GmbH", "email": "ap@moeller-soen.de"},
        {"a": {"name": "Moeller and Son", "website": "www.moeller-soen.de"}},
        "a",
    ),
    "namesakes": (
        {"name": "Smithfield Partners", "city": "Leeds"},
        {"a": {"name": "Smithfield Partners", "city": "Leeds"}, "b": {"name": "Smithfield Partners"}},
        None,
    ),
    "franchise_numbers": (
        {"name": "Pizza Barnaby #12", "email": "x@pizzabarnaby.com"},
        {"a": {"name": "Pizza Barnaby #13", "website": "pizzabarnaby.com"}},
        None,
    ),
    "franchise_same_number": (
        {"name": "Quickclean #77", "phone": "212-555-7788"},
        {
            "a": {"name": "Quickclean #77", "phone": "212 555 7788"},
            "b": {"name": "Quickclean #78", "phone": "212 555 9999"},
        },
        "a",
    ),
    "subsidiary": (
        {"name": "Harlow Foods Real Estate", "phone": "+1 415 555 0101", **HOUSE, "street": "7 Bay Avenue"},
        {"a": {"name": "Harlow Foods", "phone": "+1 415 555 0101", **HOUSE, "street": "7 Bay Ave"}},
        None,
    ),
    "reused_phone": (
        {"name": "Bright Dental Studio", "phone": "+1 206 555 4321"},
        {"a": {"name": "Copperline Logistics", "phone": "+1 206 555 4321"}},
        None,
    ),
    "renamed_company": (
        {"name": "Oldname Trading", "website": "wexford-group.com"},
        {"a": {"name": "Wexford Group", "website": "wexford-group.com"}},
        None,
    ),
    "renamed_company_with_tax_id": (
        {"name": "Former Name Ltd", "tax_id": "GB 123 4567 82"},
        {"a": {"name": "Present Name Ltd", "tax_id": "123456782"}},
        "a",
    ),
    "free_mail": (
        {"name": "Larkin Bakery", "email": "larkin@gmail.com"},
        {"a": {"name": "Larkin Bakery", "email": "bakery@gmail.com"}},
        None,
    ),
    "trading_name": (
        {"name": "Sullivan Ventures LLC dba Sunnyvale Gym", **HOUSE, "street": "99 Oak Lane"},
        {"a": {"name": "Sunnyvale Gym", **HOUSE, "street": "99 Oak Ln"}},
        "a",
    ),
    "other_country": (
        {"name": "Nordlicht Werke", "website": "nordlicht.com", "country": "DE"},
        {"a": {"name": "Nordlicht Werke", "website": "nordlicht.com", "country": "Sweden"}},
        None,
    ),
    "other_legal_form": (
        {"name": "Tarn Holdings GmbH", "website": "tarn.eu"},
        {"a": {"name": "Tarn Holdings AG", "website": "tarn.eu"}},
        None,
    ),
    "other_tax_id": (
        {"name": "Ferris Wheelworks", "tax_id": "11-1111112", **HOUSE, "street": "5 Elm St"},
        {"a": {"name": "Ferris Wheelworks", "tax_id": "22-2222223", **HOUSE, "street": "5 Elm St"}},
        None,
    ),
    "stored_id_of_another": (
        {"name": "Wagonworks", "website": "wagonworks.com", "external_id": "b"},
        {"a": {"name": "Wagonworks", "website": "wagonworks.com"}, "b": {"name": "Carriages of Kent"}},
        None,
    ),
    "empty": ({"name": None}, {"a": {"name": None}}, None),
    "name_only": ({"name": "Onlyname Chandlers"}, {"a": {"name": "Onlyname Chandlers"}}, None),
}

#: Trap → (scan, people as a mapping, the person that must link by itself).
PEOPLE = {
    "plain": (
        {"name": "Ann Ashby", "email": "Ann.Ashby@lathe.com"},
        {"p": {"name": "Ann Ashby", "email": "ann.ashby@lathe.com"}},
        "p",
    ),
    "namesakes": (
        {"name": "John Miller", "email": "john.miller12@gmail.com"},
        {"p": {"name": "John Miller", "email": "john.miller13@gmail.com"}},
        None,
    ),
    "spouses_sharing_a_mailbox": (
        {"name": "Jim Oakley", "email": "oakleys@gmail.com"},
        {"p": {"name": "Kim Oakley", "email": "oakleys@gmail.com"}},
        None,
    ),
    "info_mailbox": (
        {"name": "Role Holder", "email": "info@quay.com"},
        {"p": {"name": "Other Person", "email": "info@quay.com"}},
        None,
    ),
    "info_mailbox_same_name": (
        {"name": "Maja Falk", "email": "info@pier.com"},
        {"p": {"name": "Maja Falk", "email": "maja.falk@pier.com"}},
        None,
    ),
    "swapped_names": (
        {"first_name": "Weber", "last_name": "Ulrike", "email": "u.weber@kiln.de"},
        {"p": {"first_name": "Ulrike", "last_name": "Weber", "email": "u.weber@kiln.de"}},
        "p",
    ),
    "last_name_first": (
        {"name": "Novák, Jiří", "email": "jn@sklo.cz"},
        {"p": {"first_name": "Jiri", "last_name": "Novak", "email": "jn@sklo.cz"}},
        "p",
    ),
    "nickname": (
        {"name": "Bob Harker", "phone": "+1 555 123 4568"},
        {"p": {"name": "Robert Harker", "mobile": "(555) 123-4568"}},
        "p",
    ),
    "reused_phone": (
        {"name": "Zoe Young", "phone": "+1 555 987 6543"},
        {"p": {"name": "Adam Old", "phone": "+1 555 987 6543"}},
        None,
    ),
    "free_mail_same_box_elsewhere": (
        {"name": "Ida Berg", "email": "idaberg77@gmail.com"},
        {"p": {"name": "Ida Berg", "email": "idaberg77@web.de"}},
        None,
    ),
    "job_changer": (
        {"name": "Paul Ito", "email": "paul.ito@new.com", "company": "New Works"},
        {"p": {"name": "Paul Ito", "email": "paul.ito@old.com", "company": "Old Works"}},
        None,
    ),
    "same_name_same_company": (
        {"name": "Sara Holt", "company": "Bigcorp"},
        {"p": {"name": "Sara Holt", "company": "Bigcorp"}},
        None,
    ),
    "empty": ({"name": None}, {"p": {"name": None}}, None),
}


@pytest.fixture(scope="module")
def companies(records):
    left = [{"key": name, "source_id": name, **stated} for name, (stated, _, _) in COMPANIES.items()]
    right = [
        {"key": f"{name}/{key}", "source_id": key, **account}
        for name, (_, accounts, _) in COMPANIES.items()
        for key, account in accounts.items()
    ]
    return records.link(linker.COMPANIES, left, right)


@pytest.fixture(scope="module")
def people(records):
    left = [{"key": name, **stated} for name, (stated, _, _) in PEOPLE.items()]
    right = [
        {"key": f"{name}/{key}", **person}
        for name, (_, known, _) in PEOPLE.items()
        for key, person in known.items()
    ]
    return records.link(linker.PEOPLE, left, right)


@pytest.mark.long  # the linker by itself, without the exact rules before it
@pytest.mark.parametrize("trap", COMPANIES)
def test_company(companies, trap):
    expected = COMPANIES[trap][2]
    assert autos(companies).get(trap) == (f"{trap}/{expected}" if expected else None)


@pytest.mark.long
@pytest.mark.parametrize("trap", PEOPLE)
def test_person(people, trap):
    expected = PEOPLE[trap][2]
    assert autos(people).get(trap) == (f"{trap}/{expected}" if expected else None)


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("subsidiary", "one name has more words: it may be a subsidiary"),
        ("franchise_numbers", "the store numbers or branches differ"),
        ("other_legal_form", "the legal forms differ"),
        ("other_tax_id", "the tax ids differ"),
        ("name_only", "the name agrees, but nothing beside it that few records share"),
    ],
)
def test_doubtful_company_waits_for_a_person_with_its_reason(product, trap, reason):
    assert waiting(product, "customer_account", trap) == [reason]


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("namesakes", "the e-mails differ by digits only: namesakes"),
        ("same_name_same_company", "the name agrees, but neither e-mail nor phone"),
    ],
)
def test_doubtful_person_waits_for_a_person_with_its_reason(product, trap, reason):
    assert waiting(product, "touch_person", trap) == [reason]


def waiting(product, kind, key):
    found = product.rows("select reason from marts.review_queue where kind = ? and left_key = ?", kind, key)
    return [row["reason"] for row in found]


def contact(**stated):
    return {"kind": "contact", "name": "Ann Ash", "email": "ann.ash@firm.com", "company": "Firm", **stated}


def lead(**stated):
    return contact(**{"kind": "lead", **stated})


#: Trap → (records of the CRM, the pairs of them that are one person, as (record, kept record)).
TWINS = {
    "plain": ((lead(), contact()), {"0": "1"}),
    "email_as_typed": ((lead(email=" ANN.ash@firm.com "), contact()), {"0": "1"}),
    "namesakes": (
        (lead(email="ann.ash12@gmail.com"), contact(email="ann.ash13@gmail.com")),
        {},
    ),
    "namesakes_at_two_companies": (
        (lead(email="ann@one.com", company="One Works"), contact(email="ann@two.com", company="Two Works")),
        {},
    ),
    "spouses_sharing_a_mailbox": (
        (lead(name="Jim Oakley", email="oak@gmail.com"), contact(name="Kim Oakley", email="oak@gmail.com")),
        {},
    ),
    "info_mailbox": (
        (lead(name="Role Holder", email="info@x.com"), contact(name="Other One", email="info@x.com")),
        {},
    ),
    "subscriber_without_a_name": ((lead(kind="subscriber", name=None), contact()), {"0": "1"}),
    "subscriber_to_a_shared_mailbox": (  # it agrees with both, and they are not one: nothing follows from two links
        (
            lead(kind="subscriber", name=None, email="elms@gmail.com"),
            contact(name="Jim Elm", email="elms@gmail.com"),
            contact(name="Kim Elm", email="elms@gmail.com"),
        ),
        {},
    ),
    "three_records": ((lead(), contact(), lead(kind="subscriber")), {"0": "1", "2": "1"}),
    "swapped_names": ((lead(name="Ash Ann"), contact()), {"0": "1"}),
    "non_ascii": (
        (lead(name="Jiri Novak", email="jn@sklo.cz"), contact(name="Jiří Novák", email="jn@sklo.cz")),
        {"0": "1"},
    ),
    "typing_error_and_phone": (
        (lead(email="ann.ahs@firm.com", phone="+1 303 555 8181"), contact(phone="303-555-8181")),
        {"0": "1"},
    ),
    "near_email_alone": ((lead(email="ann.ahs@firm.com"), contact()), {}),
    "reused_phone": (
        (
            lead(name="Zoe Young", email=None, phone="+1 303 555 9191"),
            contact(name="Adam Old", email=None, phone="+1 303 555 9191"),
        ),
        {},
    ),
    "job_changer": (
        (
            lead(email="paul@new.com", name="Paul Ito", company="New"),
            contact(email="paul@old.com", name="Paul Ito", company="Old"),
        ),
        {},
    ),
    "at_two_accounts": ((contact(account_key="acc-a"), contact(account_key="acc-b")), {}),
    "empty": ((lead(name=None, email=None), contact(name=None, email=None)), {}),
}

#: Trap → (lead, the account that it gets).
LEADS = {
    "company_and_domain": ({"company": "Acme Widgets, Inc.", "email": "x@acme-widgets.com"}, "acc-a"),
    "company_and_the_domain_of_its_people": ({"company": "Bolt Works", "email": "y@boltmail.com"}, "acc-b"),
    "company_alone": ({"company": "Acme Widgets"}, None),
    "domain_alone": ({"email": "z@acme-widgets.com"}, None),
    "free_mail": ({"company": "Acme Widgets", "email": "acme@gmail.com"}, None),
    "subsidiary": ({"company": "Acme Widgets Leasing", "email": "x@acme-widgets.com"}, None),
    "two_accounts_of_one_name": ({"company": "Carex", "email": "x@carex.com"}, None),
    "empty": ({}, None),
}


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    """Everything above as records of a CRM and a ledger, linked by the product as it is installed."""
    accounts = [
        {"key": f"{name}/{key}", **account}
        for name, (_, known, _) in COMPANIES.items()
        for key, account in known.items()
    ]
    people = [
        {"key": f"{name}/{key}", "kind": "contact", **person}
        for name, (_, known, _) in PEOPLE.items()
        for key, person in known.items()
    ]
    rows = {
        "campaign": [event("e", date(2026, 3, 10), date(2026, 3, 11))],
        "account": [
            *accounts,
            {"key": "acc-a", "name": "Acme Widgets", "website": "https://www.acme-widgets.com"},
            {"key": "acc-b", "name": "Bolt Works"},
            {"key": "acc-c", "name": "Carex", "website": "carex.com"},
            {"key": "acc-d", "name": "Carex", "website": "carex.com"},
        ],
        "customer": [
            {"key": name, **stated, **({"external_id": f"{name}/b"} if "external_id" in stated else {})}
            for name, (stated, _, _) in COMPANIES.items()
        ],
        "person": [
            *people,
            {
                "key": "bolt",
                "kind": "contact",
                "name": "Bo Bolt",
                "email": "bo@boltmail.com",
                "account_key": "acc-b",
            },
            *(
                {"key": f"{name}.{place}", **record, **apart(record, name)}
                for name, (records, _) in TWINS.items()
                for place, record in enumerate(records)
            ),
            *({"key": f"lead-{name}", "kind": "lead", **stated} for name, (stated, _) in LEADS.items()),
        ],
        "touch": [
            {"key": name, "campaign_key": "e", "status": "attended", **scanned(stated)}
            for name, (stated, _, _) in PEOPLE.items()
        ],
    }
    world = kit.build(tmp_path_factory.mktemp("traps"), rows, matching={})
    world.reconcile()
    yield world
    world.close()


def apart(record, trap):
    """Return who the record is, so that no trap's people meet another's."""
    named = record["name"] and {"name": record["name"] + f" {trap.replace('_', '').title()}"}
    mailed = record["email"] and {"email": record["email"].replace("@", f".{trap.replace('_', '')}@")}
    return {**(named or {}), **(mailed or {})}


def scanned(stated):
    """Return what a badge says: one name."""
    parts = [stated.get("first_name"), stated.get("last_name")]
    named = {"name": stated.get("name") or " ".join(part for part in parts if part) or None}
    return named | {name: stated.get(name) for name in ("email", "phone", "company")}


@pytest.mark.parametrize("trap", COMPANIES)
def test_company_as_installed(product, trap):
    expected = COMPANIES[trap][2]
    found = product.by("link.link_customer_account", "customer_key", "account_key")
    assert found.get(trap) == (f"{trap}/{expected}" if expected else None)


@pytest.mark.parametrize("trap", PEOPLE)
def test_person_as_installed(product, trap):
    expected = PEOPLE[trap][2]
    found = product.by("link.link_person", "identity_key", "person_key")
    assert found.get(trap) == (f"{trap}/{expected}" if expected else None)


@pytest.mark.parametrize("trap", TWINS)
def test_records_of_one_person(product, trap):
    found = product.by("link.person_twin", "key", "kept_key")
    expected = {f"{trap}.{one}": f"{trap}.{kept}" for one, kept in TWINS[trap][1].items()}
    assert {key: kept for key, kept in found.items() if key.startswith(f"{trap}.")} == expected


@pytest.mark.parametrize("trap", LEADS)
def test_account_of_a_lead(product, trap):
    found = product.by("link.link_person_account", "person_key", "account_key")
    assert found.get(f"lead-{trap}") == LEADS[trap][1]
