"""What `closedloop breaks` finds: by name, filtered, summed, in a file, and what healed."""

import csv
from datetime import UTC, date, datetime

import pytest
from tests.models import kit

from closedloop.cli import chain, show, tables
from closedloop.cli.chain import Filter
from closedloop.errors import ConfigError
from closedloop.models import breaks

NOW = datetime(2026, 7, 1, 18, tzinfo=UTC)
FILTERS = (Filter(event="e"), Filter(event="f"), Filter(reason="overdue_invoice"), Filter(owner="u"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Ann of Acme is not on its deal of 80.00, nobody knows Bo, and Acme owes 110.00; Beta has nothing to do with it."""
    document, lines = kit.sale(
        "i", "c", date(2026, 6, 1), "100.00", tax="10.00", due_date=date(2026, 6, 15), balance="110.00"
    )
    deal = {
        "key": "d", "name": "Deal", "account_key": "a", "amount": "80.00", "currency": "USD", "is_closed": False,
        "is_won": False, "created_at": datetime(2026, 6, 21, 18, tzinfo=UTC),
    }  # fmt: skip
    world = kit.build(
        tmp_path_factory.mktemp("breaks"),
        {
            "campaign": [
                kit.event("e", date(2026, 6, 20), name="Expo", code="X1"),
                kit.event("f", date(2026, 6, 22), name="=Fair", code="F1"),
                kit.event("g", date(2026, 6, 22), name="Expo", code="X2"),
            ],
            "owner": [{"key": "u", "name": "Uma", "email": "uma@x.example", "is_active": True, "kind": "user"}],
            "account": [{"key": "a", "name": "Acme", "tax_id": "XX1234567", "owner_key": "u"}, {"key": "b", "name": "Beta"}],
            "customer": [{"key": "c", "name": "Acme", "tax_id": "XX1234567"}],
            "person": [{"key": "ann", "kind": "contact", "name": "Ann", "email": "ann@x.example", "account_key": "a"}],
            "touch": [
                kit.attended("t-ann", "e", "ann"),
                kit.attended("t-bo", "f", None, name="Bo", email="bo@x.example"),
            ],
            "opportunity": [deal],
            "document": [document],
            "line": lines,
            "allocation": [],
        },
    )  # fmt: skip
    world.reconcile()
    yield world
    world.close()


def reasons(world, **filters):
    wanted = chain.chosen(world.store, **{"reason": None, "event": None, "owner": None} | filters)
    return [(row["reason"], row["who"]) for row in chain.breaks(world.store, wanted)], chain.total(
        world.store, wanted
    )


def test_breaks_by_event_owner_and_reason(world):
    mine = [("not_on_opportunity", "Ann"), ("overdue_invoice", "Acme")]
    everything, total = reasons(world)
    assert sorted(everything) == sorted([*mine, ("not_in_crm", "Bo")])
    assert total == {"breaks": 3, "at_stake": 11000}  # what is overdue, the larger part, once
    assert sorted(reasons(world, event="x1")[0]) == sorted(mine)  # its attendees, and the accounts it reached
    assert reasons(world, event="=Fair")[0] == [("not_in_crm", "Bo")]
    assert sorted(reasons(world, owner="UMA@x.example")[0]) == sorted(mine)
    assert reasons(world, reason="not_in_crm", event="e") == ([], {"breaks": 0, "at_stake": 0})
    assert [row["broken"] for row in chain.totals(world.store, "all")] == [3]


@pytest.mark.parametrize(
    ("filters", "message", "fix"),
    [
        ({"reason": "not_in_crn"}, "no break has the reason", "did you mean not_in_crm"),
        ({"event": "Fare"}, "there is no event Fare", "did you mean =Fair"),
        ({"event": "Expo"}, "2 events are called Expo", "name one by its key: e, g"),
        ({"owner": "zzz"}, "there is no owner zzz", "without it"),
    ],
)
def test_a_name_that_is_none_or_several_is_said(world, filters, message, fix):
    with pytest.raises(ConfigError, match=message) as error:
        reasons(world, **filters)
    assert fix in error.value.fix


def test_the_file_has_every_break_and_no_formula(world, tmp_path):
    found = chain.breaks(world.store, Filter())
    chain.write_csv(found, tmp_path / "breaks.csv", currency="USD", digits=2)
    listed = {
        row["who"]: row
        for row in csv.DictReader((tmp_path / "breaks.csv").read_text(encoding="utf-8").splitlines())
    }
    assert (listed["Acme"]["at_stake"], listed["Acme"]["currency"]) == ("110.00", "USD")
    assert (listed["Bo"]["campaign"], listed["Ann"]["account"]) == ("'=Fair", "Acme")
    with pytest.raises(ConfigError, match="cannot be written"):
        chain.write_csv(found, tmp_path, currency="USD", digits=2)


def test_what_healed_is_shown_with_names_when_and_by_what(world, capsys):
    assert chain.healed(world.store, world.operations, Filter()) == []
    world.store.query("begin")
    try:
        world.store.query("update marts.chain_attendee set opportunity = 'ok' where touch_key = 't-ann'")
        world.store.query("update marts.chain_account set paid = 'ok' where subject_key = 'a'")
        world.store.query("delete from marts.chain_break where subject_key in ('a', 't-ann')")
        breaks.keep(world.store, world.operations, as_of=NOW.date(), run_id="r", now=NOW)
        found = chain.healed(world.store, world.operations, Filter())
        listed = [len(chain.healed(world.store, world.operations, wanted)) for wanted in FILTERS]
        assert len(chain.healed(world.store, world.operations, Filter(), limit=1)) == 1
    finally:
        world.store.query("rollback")
    assert [
        (row["who"], row["account"], row["campaign"], row["reason"], row["healed_by"]) for row in found
    ] == [
        ("Acme", "Acme", None, "overdue_invoice", "No invoice is past due."),
        ("Ann", "Acme", "Expo", "not_on_opportunity", "The attendee is on the opportunity, or disqualified."),
    ]
    assert listed == [2, 0, 1, 2]
    tables.healed(found)
    printed = capsys.readouterr().out
    assert "Ann, Acme" in printed
    assert "2026-07-01" in printed
    assert show.clean(found[0]["first_seen"]).startswith("20")
