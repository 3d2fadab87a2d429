"""Policies of fields, retry rules of refused records, guards by name, and what the audit tells."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from sqlalchemy import insert, update
from tests.contract.toy_target import ToyVendor
from tests.writeback.bench import EVENT, PARTNER, Bench

from closedloop.errors import ConfigError, GuardError
from closedloop.settings import Writeback
from closedloop.store import tables
from closedloop.store.bookmarks import write_shape
from closedloop.writeback import audit
from closedloop.writeback.journal import CUT
from closedloop.writeback.quarantine import listed, release
from closedloop.writeback.value import may_become

DAY = 86_400
#: The vendor's stamp beside each record, as a tap lands it.
STAMPS = """
alter table raw_crm.event_event add column write_date timestamptz;
insert into meta.stream (connection, stream, key_properties, cursor_column) values ('crm', 'event_event', '["id"]', 'write_date')
"""


@pytest.fixture
def make(tmp_path):
    made = []

    def of(**options):
        made.append(Bench(tmp_path, **options))
        made[-1].world(events=2, partners=1)
        return made[-1]

    yield of
    for one in made:
        one.close()


@pytest.fixture
def refused(make):
    """A company of which the CRM refuses one event, whose stamp is known."""
    bench = make()
    bench.store.connection.execute(STAMPS)
    stamp(bench, "2026-11-01")
    bench.vendor.refuse("2", "the budget is frozen")
    bench.apply()
    return bench


def stamp(bench, day):
    bench.store.connection.execute("update raw_crm.event_event set write_date = ?", [day])


def kind(bench, name):
    with bench.operations.transaction() as database:
        database.execute(update(tables.quarantine).values(kind=name))


def held_back(bench):
    return [row.slot.field for row in bench.plan().rows if row.action == "held_back"]


def test_a_field_that_may_only_be_filled_once_is_filled_once(make):
    bench = make(policy={"x_ltv": "if_empty"})
    bench.apply()
    bench.sync()
    bench.event(1, ltv=9999, attended=10, roi="0.100000")

    plan = bench.plan()

    assert bench.vendor.values(EVENT, "1")["x_ltv"] == "10.00"
    assert not plan.rows
    assert plan.counts["filled"] == 1


def test_what_a_person_emptied_is_filled_again_where_only_empty_fields_are(make):
    bench = make(policy={"x_ltv": "if_empty"})
    bench.apply()
    bench.vendor.edit(EVENT, "1", x_ltv=None)
    bench.sync()

    assert [(row.slot.field, row.action) for row in bench.plan().rows if row.measure != "as_of"] == [
        ("x_ltv", "write")
    ]


@pytest.mark.parametrize("policy", ["clear", pytest.param(["overwrite", "clear"], marks=pytest.mark.long)])
def test_a_figure_that_is_gone_empties_its_field_where_the_policy_clears(make, policy):
    bench = make(policy={"x_roi": policy})
    bench.apply()
    bench.sync()
    bench.event(1, ltv=1000, attended=10, roi=None)

    with pytest.raises(GuardError, match="max_to_zero"):
        bench.apply()
    bench.apply(allow=["max_to_zero"])

    assert bench.vendor.values(EVENT, "1")["x_roi"] is None


def test_policies_that_exclude_each_other_are_refused():
    with pytest.raises(ValueError, match="exclude each other"):
        Writeback(policy={"x": ["keep", "overwrite"]})


def test_each_row_of_a_plan_says_why(make):
    bench = make(policy={"x_ltv": "overwrite"})
    assert {row.why for row in bench.plan().rows} == {
        "never written before",
        "the day of the figures beside it",
    }
    bench.apply()
    bench.vendor.edit(EVENT, "1", x_ltv="777.00", x_att=5)
    bench.sync()

    assert {row.slot.field: (row.action, row.why) for row in bench.plan().rows if row.measure != "as_of"} == {
        "x_ltv": ("write", "edited since we wrote 10.00; policy overwrite"),
        "x_att": ("keep_theirs", "edited since we wrote 10; policy keep"),
    }


def test_a_record_that_was_not_allowed_waits_until_it_or_its_value_changes(refused):
    (row,) = listed(refused.operations)
    assert (row["kind"], row["version"][:10]) == ("validation", "2026-11-01")

    assert held_back(refused) == ["x_as_of", "x_att", "x_ltv", "x_roi"]
    assert refused.apply().held_back == 4
    assert len(refused.vendor.writes) == 2, "the two others, once each"

    stamp(refused, "2026-11-02")
    assert not held_back(refused)
    stamp(refused, "2026-11-01")
    refused.event(2, ltv=1, attended=20, roi="0.200000")
    assert not held_back(refused)


def test_a_refused_record_that_needs_no_write_any_more_waits_no_more(refused):
    refused.store.connection.execute("delete from marts.campaign_measures where source_id = '2'")

    refused.plan()

    assert listed(refused.operations) == []


@pytest.mark.parametrize(("name", "waits"), [("lock", False), ("validation", True), ("permission", True)])
def test_the_kind_of_refusal_says_when_it_is_tried_again(refused, name, waits):
    kind(refused, name)
    assert bool(held_back(refused)) is waits

    assert release(refused.operations, clock=refused.clock, connection="crm") == 1
    assert not held_back(refused)


def test_a_missing_right_is_tried_again_after_a_day(refused):
    kind(refused, "permission")
    refused.clock.moment += DAY
    assert not held_back(refused)


def test_a_guard_that_does_not_exist_is_refused_with_the_list(make):
    bench = make()
    with pytest.raises(ConfigError, match="no guard max_chnaged") as stopped:
        bench.apply(allow=["max_chnaged"])

    assert "max_changed" in stopped.value.fix
    assert not bench.vendor.writes


def test_a_source_that_was_not_read_for_long_stops_the_run(make):
    bench = make()
    bench.clock.moment += 3 * DAY

    with pytest.raises(GuardError, match="stale_source: crm was last read 72 hours ago"):
        bench.apply()


def read(bench, **row):
    """Note a read of a ledger's stream."""
    run_id = bench.operations.begin_run("sync", bench.clock)
    known = {
        "rows": 0,
        "keys": 0,
        "requests": 0,
        "bytes": 0,
        "verdict": "proven",
        "at": bench.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    with bench.operations.transaction() as database:
        database.execute(
            insert(tables.stream_run).values(
                run_id=run_id, connection="crm", **{"stream": "bills", **known, **row}
            )
        )


def test_a_source_that_shows_yesterday_stops_the_run_until_it_is_allowed(make):
    bench = make()
    read(bench, source_cursor="2026-11-20T18:00:00Z")
    bench.apply()
    read(bench, stream="rates", source_cursor="2026-11-21")  # asked for up to today, whatever changed
    read(bench, source_cursor="2026-11-19T18:00:00Z")

    for _ in range(2):
        with pytest.raises(GuardError, match="crm went back in time"):
            bench.apply()
    bench.apply(allow=["stale_source"])

    assert bench.apply().exit_code == 0, "what was allowed is what the next is measured by"


def test_a_source_that_lost_rows_stops_the_run(make):
    bench = make()
    read(bench, held_count=1000)
    bench.apply()
    read(bench, held_count=950)
    bench.apply()
    read(bench, held_count=500)

    with pytest.raises(GuardError, match="source_shrank: crm/bills fell from 950 rows to 500"):
        bench.apply()


def test_another_companys_books_stop_the_run(make):
    bench = make()
    bench.store.connection.execute(
        "create schema if not exists staging; create or replace table staging.company"
        " (source varchar, source_id varchar, name varchar, currency varchar, deleted_at timestamptz);"
        " insert into staging.company values ('crm', '1', 'Acme', 'USD', null)"
    )
    bench.apply()
    bench.store.connection.execute("update staging.company set name = 'Foo'")

    with pytest.raises(GuardError, match=r"other_company: crm was Acme \(USD, id 1\) and is Foo"):
        bench.apply()


@pytest.mark.parametrize(
    ("documents", "said"),
    [("select 0 as value where false", "not show|no ledger shows"), ("select 0 as value", "all 1 documents")],
)
def test_a_ledger_without_an_invoice_stops_even_the_first_run(make, documents, said):
    bench = make()
    bench.store.connection.execute(
        f"create schema stg_books; create view stg_books.document as select 1 as one; create table marts.document_value as {documents}"
    )

    with pytest.raises(GuardError, match=f"empty_source: ({said})"):
        bench.apply()

    assert not bench.vendor.writes


def test_a_revert_can_be_reverted_and_says_why_there_is_nothing_to_undo(make):
    bench = make()
    first = bench.apply()
    after = bench.vendor.state()
    undo = bench.revert(first.run_id)
    repeated = bench.revert(first.run_id)  # as after a kill at its end
    assert (repeated.exit_code, repeated.delivered, repeated.before) == (
        0,
        {},
        first.delivered.written,
    )
    bench.vendor.edit(EVENT, "2", x_att=3)

    again = bench.revert(undo.run_id)

    assert again.kept == ((EVENT, "2", "x_att"),)
    assert bench.vendor.values(PARTNER, "1") == after[PARTNER]["1"]
    assert bench.vendor.values(EVENT, "1") == after[EVENT]["1"]
    assert bench.vendor.values(EVENT, "2")["x_att"] == 3
    with pytest.raises(ConfigError, match="nothing that could be undone is compaign") as stopped:
        bench.revert(first.run_id, only=["compaign"])
    assert "campaign" in stopped.value.fix
    with pytest.raises(ConfigError, match="wrote nothing"):
        bench.revert("20260101T000000Z-000000")


def test_what_a_killed_run_wrote_and_did_not_read_back_is_read_back_by_the_next(make, monkeypatch):
    class KilledError(Exception):
        pass

    def killed(name):
        if name == "writeback.settled":
            raise KilledError

    bench = make()
    for again in (bench.apply, lambda: bench.revert(bench.journal()[0].run_id)):
        with monkeypatch.context() as patch:
            patch.setattr("closedloop.writeback.deliver.failpoint", killed)
            with pytest.raises(KilledError):
                again()
        assert not all(row.verified_at for row in bench.journal())

        assert again().exit_code == 0

        assert all(row.verified_at for row in bench.journal())
    assert float(bench.vendor.values(PARTNER, "1")["x_inv"]) == 0


def test_the_audit_tells_who_wrote_what_when_and_what_became_of_it(refused):
    rows = list(audit.entries(refused.operations))
    by_field = {(row["object"], row["record"], row["field"]): row for row in rows}

    assert by_field[EVENT, "1", "x_ltv"] | {"at": 0, "run": 0, "plan": 0, "entry": 0, "verified_at": 0} == {
        "at": 0, "run": 0, "verb": "apply", "by": None, "connection": "crm", "object": EVENT, "record": "1", "name": "",
        "url": None, "field": "x_ltv", "measure": "attendee_ltv", "before": "0.0", "after": "10.00", "outcome": "written",
        "reason": None, "request_id": None, "verified_at": 0, "plan": 0, "entry": 0, "reverts": None,
    }  # fmt: skip
    assert (by_field[EVENT, "2", "x_ltv"]["outcome"], by_field[EVENT, "2", "x_ltv"]["reason"]) == (
        "refused",
        "the budget is frozen",
    )
    assert {row["record"] for row in audit.entries(refused.operations, record=f"{EVENT}/1")} == {"1"}
    assert not list(audit.entries(refused.operations, since="9999"))

    text, lines = io.StringIO(), io.StringIO()
    assert audit.write_csv(rows, text) == audit.write_lines(rows, lines) == len(rows)
    assert next(csv.DictReader(text.getvalue().splitlines()))["after"] == str(rows[0]["after"])
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == rows


def test_a_field_that_the_crm_does_not_show_any_more_is_named_and_nobodys_edit(make):
    bench = make()
    bench.apply()
    bench.sync()
    write_shape(bench.store, "crm", "event_event", ["id", "x_ltv", "x_att", "x_as_of"])
    bench.store.connection.execute("update raw_crm.event_event set x_roi = null")

    with pytest.raises(ConfigError, match=r"event\.event was read without x_roi, which it had before"):
        bench.plan()

    write_shape(bench.store, "crm", "event_event", ["id", "x_ltv", "x_att", "x_roi", "x_as_of"])
    assert {row.action for row in bench.plan().rows} == {"keep_theirs"}


@pytest.mark.parametrize("fault", [None, "lost_answer"])
def test_what_a_field_rounds_or_cuts_is_our_own_write(make, monkeypatch, fault):
    def carried_out(vendor, stream, key, fields):
        if fields.get("x_ltv"):
            fields |= {
                "x_ltv": round(float(fields["x_ltv"]), 1),
                "x_roi": fields["x_roi"] and fields["x_roi"][:5],
            }
        keep(vendor, stream, key, fields)

    keep = ToyVendor.carry_out
    monkeypatch.setattr(ToyVendor, "carry_out", carried_out)
    bench = make()
    bench.event(1, ltv=1234, attended=7, roi="0.123456")
    before = bench.vendor.state()
    if fault:
        bench.vendor.fault(fault)

    done = bench.apply()

    if fault:
        assert done.exit_code == 4
        done = replace(bench.apply(), run_id=done.run_id)
    assert done.exit_code == 0
    assert bench.vendor.values(EVENT, "1")["x_ltv"] == 12.3
    (row,) = [one for one in bench.journal() if (one.record_id, one.field) == ("1", "x_ltv") and one.shown]
    assert (json.loads(row.after), json.loads(row.shown), row.reason) == ("12.34", "12.3", CUT)
    for landed in (False, True):
        if landed:
            bench.sync()
        assert bench.plan().rows == (), "neither to be written again, nor edited by somebody"
    bench.event(1, ltv=1298, attended=7, roi="0.123456")
    assert [(one.slot.field, one.action) for one in bench.plan().rows] == [("x_ltv", "write")]
    bench.vendor.edit(EVENT, "1", x_ltv=12)
    bench.sync()
    assert [one.action for one in bench.plan().rows if one.slot.field == "x_ltv"] == ["keep_theirs"]
    bench.vendor.edit(EVENT, "1", x_ltv=12.3)

    undone = bench.revert(row.run_id)

    assert (undone.exit_code, undone.kept) == (0, ())
    assert bench.vendor.values(EVENT, "1")["x_ltv"] == before[EVENT]["1"]["x_ltv"]
    assert bench.plan()


@pytest.mark.parametrize(
    ("kept", "shown", "may"),
    [
        ("12.345", "12.35", True),
        ("12.345", "12", True),
        ("12.345", "13", True),
        ("0.004", "0", True),
        ("2026-11-21", "2026-11", True),
        ("12.30", "12.35", False),
        ("12.345", "12.37", False),
        (100, 99, False),
        ("149.00", "100", False),
        ("12.345", None, False),
        ("a text", "another", False),
    ],
)
def test_only_what_lost_digits_or_its_end_may_be_the_fields_own_doing(kept, shown, may):
    assert may_become(kept, shown) is may
