"""What the tap reads, how often it asks, and where it stands afterwards."""

import json

import pytest
from tests.taps.odoo.fake import row


def ids(run, stream="crm_lead"):
    return [record["id"] for record in run.records(stream)]


def test_pages_by_ascending_id_with_one_request_a_page(odoo, tap):
    odoo.tables["crm.lead"] = [row(n) for n in (7, 3, 9, 1, 5)]

    run = tap(page_size=2)

    assert run.code == 0
    assert ids(run) == [1, 3, 5, 7, 9]
    reads = [c for c in odoo.calls("crm.lead", "search_read") if c["order"] == "id"]
    assert [c["domain"] for c in reads] == [[["id", ">", 0]], [["id", ">", 3]], [["id", ">", 7]]]


def test_a_full_last_page_costs_one_more_request_and_loses_nothing(odoo, tap):
    odoo.tables["crm.lead"] = [row(n) for n in (1, 2, 3, 4)]

    run = tap(page_size=2)

    assert ids(run) == [1, 2, 3, 4]


def test_reads_archived_rows_of_all_companies_without_display_names_where_they_cost(odoo, tap):
    odoo.tables["crm.lead"] = [row(1, active=False)]

    run = tap()

    assert run.records("crm_lead")[0]["active"] is False
    (read,) = [c for c in odoo.calls("crm.lead", "search_read") if c["order"] == "id"]
    assert read["context"] == {"active_test": False, "lang": "en_US", "allowed_company_ids": [1, 3]}
    assert "load" not in read
    stages = [c for c in odoo.calls("crm.stage", "search_read") if c["order"] == "id"]
    assert stages[0]["load"] == ""


def test_asks_only_for_fields_the_database_has_and_keeps_every_column(odoo, tap):
    del odoo.fields["crm.lead"]["mobile"]
    odoo.tables["crm.lead"] = [row(1, mobile="is not asked for")]

    run = tap()

    assert "mobile" not in odoo.calls("crm.lead", "search_read")[-1]["fields"]
    assert run.records("crm_lead")[0]["mobile"] is None
    assert "mobile" in run.of("SCHEMA", "crm_lead")[0]["schema"]["properties"]


def test_values_become_what_the_schema_says(odoo, tap):
    odoo.tables["crm.lead"] = [
        row(
            4,
            name="Fair",
            email_from=False,
            partner_id=[9, "Azure"],
            campaign_id=False,
            expected_revenue=0.1 + 0.2,
            probability=61.58,
            recurring_revenue=-0.0,
            date_deadline="2026-05-01",
            date_closed=False,
            active=True,
            source_id=[3, "Trade fair"],
        )
    ]

    (record,) = tap().records("crm_lead")

    expected = {
        "id": 4,
        "create_date": "2026-02-01T10:00:00Z",
        "write_date": "2026-02-01T10:00:00Z",
        "name": "Fair",
        "email_from": None,
        "partner_id": 9,
        "partner_id_name": "Azure",
        "campaign_id": None,
        "campaign_id_name": None,
        "expected_revenue": "0.3",
        "probability": "61.58",
        "recurring_revenue": "0",
        "date_deadline": "2026-05-01",
        "date_closed": None,
        "active": True,
        "lead_source": "Trade fair",
    }
    assert {name: record[name] for name in expected} == expected


def test_rates_keep_every_digit(odoo, tap):
    odoo.tables["res.currency.rate"] = [
        row(1, rate=0.917431192660551, inverse_company_rate=1e-07, name="2026-02-01")
    ]
    odoo.fields["res.currency.rate"] = {
        name: {"type": "float"}
        for name in ("id", "create_date", "write_date", "name", "rate", "inverse_company_rate")
    }

    (record,) = tap().records("res_currency_rate")

    assert record["rate"] == "0.917431192660551"
    assert record["inverse_company_rate"] == "0.0000001"


def test_an_incremental_run_reads_from_the_bookmark_less_the_overlap(odoo, tap):
    old, new = row(1, at="2026-02-01 10:00:00"), row(2, at="2026-02-01 10:04:59")
    odoo.tables["crm.lead"] = [old, new]
    first = tap()
    assert first.bookmark("crm_lead") == {
        "replication_key": "write_date",
        "replication_key_value": "2026-02-01T10:04:59Z",
    }

    old["write_date"] = "2026-02-03 08:00:00"
    second = tap(state=first.state, overlap_seconds=60)

    assert ids(second) == [1, 2]
    read = [c for c in odoo.calls("crm.lead", "search_read") if c["order"] == "id"][-1]
    assert read["domain"] == [["write_date", ">=", "2026-02-01 10:03:59"], ["id", ">", 0]]
    assert second.bookmark("crm_lead")["replication_key_value"] == "2026-02-03T08:00:00Z"


def test_rows_of_one_second_are_never_skipped(odoo, tap):
    """Paging by (write_date, id) would lose the small ids of a second that began on the page before."""
    odoo.tables["crm.lead"] = [row(n, at="2026-02-01 10:00:00") for n in range(1, 8)]

    run = tap(page_size=3)

    assert ids(run) == [1, 2, 3, 4, 5, 6, 7]


def test_the_bookmark_never_passes_the_moment_the_window_was_opened(odoo, tap):
    """A row changed behind our back while we read must fall into the next window."""
    odoo.tables["crm.lead"] = [row(1, at="2026-03-01 12:30:00", born="2026-02-01 10:00:00")]

    run = tap()

    assert run.bookmark("crm_lead")["replication_key_value"] == "2026-03-01T12:00:00Z"
    assert run.proof("crm_lead")["cursor"] == "2026-03-01T12:30:00Z"


def test_a_killed_run_resumes_inside_its_window_and_reads_again_what_changed_since(odoo, tap):
    odoo.tables["crm.lead"] = [row(n) for n in (1, 2, 3, 4, 5)]
    whole = tap(page_size=2)
    cut = next(
        m["value"]
        for m in whole.of("STATE")
        if m["value"]["bookmarks"].get("crm_lead", {}).get("after_id") == 2
    )
    odoo.tables["crm.lead"][0]["write_date"] = "2026-03-01 12:00:30"  # passed already, changed since

    resumed = tap(page_size=2, state=cut)

    assert resumed.code == 0
    assert ids(resumed)[:3] == [3, 4, 5]
    assert 1 in ids(resumed)[3:]
    assert resumed.proof("crm_lead")["cursor"] == "2026-03-01T12:00:30Z"
    assert "after_id" not in resumed.bookmark("crm_lead")


def test_state_is_written_after_each_page_and_names_the_last_id(odoo, tap):
    odoo.tables["crm.lead"] = [row(n) for n in (1, 2, 3, 4, 5)]

    run = tap(page_size=2)

    marks = [m["value"]["bookmarks"].get("crm_lead", {}).get("after_id") for m in run.of("STATE")]
    assert [mark for mark in marks if mark] == [2, 4]


def test_full_refresh_is_a_run_without_bookmark(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, at="2025-01-01 00:00:00")]

    assert ids(tap(state={})) == [1, 2]


def test_start_date_bounds_rows_counts_and_sweeps_alike(odoo, tap):
    odoo.tables["crm.lead"] = [row(1, at="2025-01-01 00:00:00"), row(2)]

    run = tap(start_date="2026-01-01T00:00:00Z")
    swept = tap("--sweep", "crm_lead", start_date="2026-01-01T00:00:00Z")

    assert ids(run) == [2]
    assert run.proof("crm_lead")["source_count"] == 1
    assert [line["id"] for line in swept.lines if "id" in line] == ["2"]


def test_mapped_fields_fill_our_columns_and_are_always_there(odoo, tap):
    odoo.fields["event.event"]["x_plan"] = {"type": "float"}
    odoo.tables["event.event"] = [row(1, x_plan=1250.5)]

    run = tap(campaign_fields={"budget": "x_plan"})

    assert run.records("event_event")[0]["budget"] == "1250.5"
    assert run.records("event_event")[0]["series"] is None


def test_fields_closedloop_writes_are_read_back_with_their_types(odoo, tap):
    odoo.fields["event.event"] |= {"x_cl_ltv": {"type": "float"}, "x_cl_count": {"type": "integer"}}
    odoo.tables["event.event"] = [row(1, x_cl_ltv=0.0, x_cl_count=0)]

    run = tap(closedloop_fields={"event.event": ["x_cl_ltv", "x_cl_count", "x_cl_not_made_yet"]})

    properties = run.of("SCHEMA", "event_event")[0]["schema"]["properties"]
    assert properties["x_cl_ltv"]["format"] == "singer.decimal"
    assert "x_cl_not_made_yet" not in properties
    assert (run.records("event_event")[0]["x_cl_ltv"], run.records("event_event")[0]["x_cl_count"]) == (
        "0",
        0,
    )


def test_without_our_core_only_singer_messages_are_written(odoo, tap):
    odoo.tables["crm.lead"] = [row(1), row(2, date_closed="yesterday")]

    run = tap(closedloop_protocol=None)

    assert {m["type"] for m in run.lines} == {"SCHEMA", "RECORD", "STATE"}
    assert ids(run) == [1]


def test_deselected_fields_and_streams_stay_out(odoo, tap):
    odoo.tables["crm.lead"] = [row(1, name="Fair", phone="1")]
    odoo.tables["crm.stage"] = [row(1)]
    catalog = json.loads(tap("--discover").text)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if entry["breadcrumb"] == []:
                entry["metadata"]["selected"] = stream["stream"] == "crm_lead"
            if entry["breadcrumb"] == ["properties", "phone"]:
                entry["metadata"]["selected"] = False

    run = tap(select=catalog)

    assert {m["stream"] for m in run.of("RECORD")} == {"crm_lead"}
    assert "phone" not in run.records("crm_lead")[0]
    assert run.records("crm_lead")[0]["name"] == "Fair"


def test_stream_maps_still_work(odoo, tap):
    odoo.tables["crm.lead"] = [row(1, name="Fair"), row(2, name="Show")]

    run = tap(
        stream_maps={
            "crm_lead": {"upper": "record['name'].upper()", "__else__": "__NULL__", "id": "record['id']"}
        }
    )

    assert [r["upper"] for r in run.records("crm_lead")] == ["FAIR", "SHOW"]


@pytest.fixture
def books(odoo):
    odoo.tables |= {
        "account.move.line": [row(1, product_id=7, currency_id=2), row(2, product_id=7, currency_id=2)]
    }
    odoo.fields["account.move.line"] = {
        "id": {"type": "integer"},
        "create_date": {"type": "datetime"},
        "write_date": {"type": "datetime"},
        "product_id": {"type": "many2one"},
        "currency_id": {"type": "many2one"},
    }
    return odoo


def test_names_of_small_models_are_looked_up_once(books, tap):
    books.tables |= {"product.product": [row(7, display_name="Booth")], "res.currency": [row(2, name="EUR")]}
    books.fields |= {
        "product.product": {},
        "res.currency": {
            "id": {"type": "integer"},
            "write_date": {"type": "datetime"},
            "create_date": {"type": "datetime"},
        },
    }

    run = tap(page_size=1)

    assert [r["product_id_name"] for r in run.records("account_move_line")] == ["Booth", "Booth"]
    assert {r["currency_id_name"] for r in run.records("account_move_line")} == {"EUR"}
    assert len(books.calls("product.product", "search_read")) == 1


def test_names_that_may_not_be_looked_up_stay_empty(books, tap):
    run = tap()

    assert run.code == 0
    assert run.records("account_move_line")[0]["product_id"] == 7
    assert run.records("account_move_line")[0]["product_id_name"] is None


def test_stage_changes_are_flattened_over_their_messages(odoo, tap):
    odoo.tables |= {
        "mail.tracking.value": [
            row(
                1,
                mail_message_id=5,
                field_id=70,
                old_value_integer=1,
                new_value_integer=2,
                old_value_float=0.0,
            )
        ],
        "mail.message": [
            row(5, model="crm.lead", res_id=33, date="2026-02-01 10:00:00", message_type="notification")
        ],
        "ir.model.fields": [row(70, name="stage_id")],
    }
    names = ("mail_message_id", "field_id", "old_value_integer", "new_value_integer", "old_value_float")
    base = {
        "id": {"type": "integer"},
        "create_date": {"type": "datetime"},
        "write_date": {"type": "datetime"},
    }
    odoo.fields |= {
        "mail.tracking.value": base | {name: {"type": "integer"} for name in names},
        "mail.message": base,
    }

    (change,) = tap().records("mail_tracking_value")

    assert (change["res_id"], change["at"], change["field_name"]) == (33, "2026-02-01T10:00:00Z", "stage_id")
    assert (change["old_integer"], change["new_integer"], change["old_float"]) == (1, 2, "0")
