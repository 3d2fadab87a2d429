"""The traps of linking, each by name: what must not link by itself, beside what must."""

import pytest
from tests.link.conftest import autos

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


@pytest.mark.parametrize("trap", COMPANIES)
def test_company(companies, trap):
    expected = COMPANIES[trap][2]
    assert autos(companies).get(trap) == (f"{trap}/{expected}" if expected else None)


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
def test_doubtful_company_waits_for_a_person_with_its_reason(companies, trap, reason):
    [found] = [row for row in companies if row["l"] == trap]
    assert (found["decision"], found["doubt"]) == ("review", reason)


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("namesakes", "the e-mails differ by digits only: namesakes"),
        ("same_name_same_company", "the name agrees, but neither e-mail nor phone"),
    ],
)
def test_doubtful_person_waits_for_a_person_with_its_reason(people, trap, reason):
    [found] = [row for row in people if row["l"] == trap]
    assert (found["decision"], found["doubt"]) == ("review", reason)
