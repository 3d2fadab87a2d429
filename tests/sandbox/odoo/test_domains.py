"""What a domain means: the same six leads, made on the simulator and on a real server, and the ones it finds."""

from __future__ import annotations

import pytest

LEADS = {
    "a": {
        "name": "zz Chair",
        "referred": "603 1",
        "expected_revenue": 10.0,
        "color": 1,
        "date_deadline": "2026-01-05",
    },
    "b": {"name": "zz chair", "referred": False, "expected_revenue": 0.0, "color": 2},
    "c": {"name": "zz Table", "referred": "x", "expected_revenue": 30.0, "color": 3, "type": "opportunity"},
    "d": {"name": "zz Lamp 100%", "referred": "603 2", "expected_revenue": 40.5, "active": False},
    "e": {"name": "zz_Bed", "expected_revenue": 7.0, "date_deadline": "2026-03-01", "type": "opportunity"},
    "f": {"name": "zz Sofa", "expected_revenue": -1.0},
}


@pytest.fixture(scope="module")
def made(odoo):
    partner = odoo.call("res.partner", "create", vals_list=[{"name": "zz Owner"}])
    values = [{"type": "lead"} | lead for lead in LEADS.values()]
    values[0]["partner_id"] = values[2]["partner_id"] = partner[0]
    ids = odoo.call("crm.lead", "create", vals_list=values)
    for key, lead in zip(ids, values, strict=True):  # a real server completes some of these by itself
        kept = {name: lead.get(name, False) for name in ("date_deadline", "partner_id")}
        odoo.call("crm.lead", "write", ids=[key], vals=kept)
    yield dict(zip(LEADS, ids, strict=True))
    odoo.call("crm.lead", "unlink", ids=ids)
    odoo.call("res.partner", "unlink", ids=partner)


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ([["name", "=", "zz chair"]], "b"),
        ([["name", "!=", "zz chair"]], "acdef"),
        ([["name", "like", "Chair"]], "a"),
        ([["name", "ilike", "chair"]], "ab"),
        ([["name", "not ilike", "chair"]], "cdef"),
        ([["name", "=like", "zz%"]], "abcdef"),
        ([["name", "=ilike", "ZZ CHAIR"]], "ab"),
        ([["name", "like", "zz_B"]], "e"),
        ([["referred", "=", False]], "bef"),
        ([["referred", "!=", False]], "acd"),
        ([["referred", "!=", "x"]], "abdef"),
        ([["referred", "in", [False, "x"]]], "bcef"),
        ([["referred", "not in", ["x"]]], "abdef"),
        ([["referred", "not ilike", "603"]], "bcef"),
        ([["expected_revenue", ">", 7]], "acd"),
        ([["expected_revenue", ">=", 7], ["expected_revenue", "<", 40]], "ace"),
        ([["expected_revenue", "=", False]], "b"),
        ([["expected_revenue", "<=", 0]], "bf"),
        ([["color", "in", [1, 3]]], "ac"),
        ([["color", "=", 0]], "def"),
        ([["date_deadline", "=", "2026-01-05"]], "a"),
        ([["date_deadline", "=", False]], "bcdf"),
        ([["date_deadline", "<", "2026-03-01"]], "a"),
        ([["date_deadline", ">=", "2026-01-05"]], "ae"),
        ([["partner_id", "=", "zz Owner"]], "ac"),
        ([["partner_id", "=", False]], "bdef"),
        ([["partner_id", "!=", False]], "ac"),
        ([["partner_id.name", "ilike", "owner"]], "ac"),
        ([["partner_id", "any", [["name", "=", "zz Owner"]]]], "ac"),
        ([["partner_id", "not any", [["name", "=", "zz Owner"]]]], "bdef"),
        ([["active", "=", False]], "d"),
        ([["active", "!=", False]], "abcef"),
        ([["id", "in", []]], ""),
        ([["id", "not in", []]], "abcdef"),
        ([[1, "=", 1]], "abcdef"),
        ([[0, "=", 1]], ""),
        (["|", ["color", "=", 1], ["color", "=", 2]], "ab"),
        (["!", ["color", "=", 1]], "bcdef"),
        (["|", "&", ["color", "=", 1], ["type", "=", "lead"], ["color", "=", 3]], "ac"),
        (["!", "|", ["color", "=", 1], ["color", "=", 2]], "cdef"),
        ([["type", "=", "opportunity"], ["color", ">", 0]], "c"),
        ([["referred", "=?", False]], "abcdef"),
        ([["create_date", ">=", "2020-01-01"]], "abcdef"),
        ([["create_date", "<", "2020-01-01"]], ""),
    ],
)
def test_a_domain_finds_what_odoo_finds(odoo, made, domain, found):
    within = ["&", ["id", "in", list(made.values())], *(domain if len(domain) < 2 else _joined(domain))]
    ids = odoo.call("crm.lead", "search", domain=within, order="id", context={"active_test": False})
    assert ids == [made[letter] for letter in found]
    count = odoo.call("crm.lead", "search_count", domain=within, context={"active_test": False})
    assert count == len(found)


def _joined(domain):
    """Several conditions without a connective between them are joined by an explicit one."""
    return domain if isinstance(domain[0], str) else ["&", *domain]


def test_archived_records_hide_unless_asked_for(odoo, made):
    mine = [["id", "in", list(made.values())]]
    visible = odoo.call("crm.lead", "search", domain=mine, order="id")
    assert visible == [made[letter] for letter in "abcef"]
    both = [*mine, ["active", "in", [True, False]]]
    assert odoo.call("crm.lead", "search_count", domain=both) == 6
    assert odoo.call("crm.lead", "read", ids=[made["d"]], fields=["name"])[0]["name"] == "zz Lamp 100%"


def test_order_offset_and_limit(odoo, made):
    mine = {"domain": [["id", "in", list(made.values())]], "context": {"active_test": False}}

    def letters(**page):
        ids = odoo.call("crm.lead", "search", **mine, **page)
        return "".join(letter for key in ids for letter, known in made.items() if known == key)

    assert letters(order="id desc") == "fedcba"
    assert letters(order="expected_revenue") == "fbeacd"
    assert letters(order="expected_revenue desc, id") == "dcaebf"
    assert letters(order="date_deadline, id") == "aebcdf"
    assert letters(order="date_deadline desc, id") == "bcdfea"
    assert letters(order="id", offset=2, limit=3) == "cde"
    assert letters(order="id", limit=0) == "abcdef"


def test_times_compare_by_whole_seconds(odoo, made):
    """The database keeps microseconds; a cursor by `>` skips what is written later in the same second."""
    mine = ["id", "=", made["a"]]
    [row] = odoo.call("crm.lead", "read", ids=[made["a"]], fields=["write_date"])
    found = {
        operator: odoo.call(
            "crm.lead", "search_count", domain=[mine, ["write_date", operator, row["write_date"]]]
        )
        for operator in (">", ">=", "=", "<=", "<")
    }
    assert found == {">": 0, ">=": 1, "=": 1, "<=": 1, "<": 0}


def test_a_group_counts_and_sums(odoo, made):
    mine = {"domain": [["id", "in", list(made.values())]], "context": {"active_test": False}}
    aggregates = ["__count", "expected_revenue:sum", "date_deadline:max"]
    [whole] = odoo.call("crm.lead", "formatted_read_group", **mine, groupby=[], aggregates=aggregates)
    del whole["__extra_domain"]
    assert whole == {"__count": 6, "expected_revenue:sum": 86.5, "date_deadline:max": "2026-03-01"}
    groups = odoo.call("crm.lead", "formatted_read_group", **mine, groupby=["type"], aggregates=["__count"])
    assert {group["type"]: group["__count"] for group in groups} == {"lead": 4, "opportunity": 2}
