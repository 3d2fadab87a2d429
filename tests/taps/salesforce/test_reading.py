"""What the tap asks Salesforce, and what it makes of the answers."""

import json

import pytest
from tests.taps.salesforce.fake import at, key, lead

LEADS = ("Lead",)


def emails(run):
    return [record["Email"] for record in run.records("Lead")]


def test_a_full_read_asks_in_the_order_of_stamp_and_id_and_follows_the_cursor(salesforce, tap):
    salesforce.rows["Lead"] = [lead(n, f"2026-10-{n:02}T10:00:00") for n in range(1, 6)]
    salesforce.page_size = 2

    run = tap(select=LEADS)

    asked = [call["path"] for call in salesforce.calls]
    assert [path for path in asked if path.startswith("query/")] == ["query/01gSm0-2", "query/01gSm0-4"]
    assert asked.count("queryAll") == 3, "the newest stamp, the first page, the count"
    assert salesforce.queries("Lead")[1].endswith(" FROM Lead ORDER BY SystemModstamp ASC, Id ASC")
    assert emails(run) == [f"lead{n}@azure.test" for n in range(1, 6)]
    assert (run.code, run.bookmark("Lead")["replication_key_value"]) == (0, "2026-10-05T10:00:00.000Z")


def test_ten_thousand_rows_cost_five_pages_and_a_constant(salesforce, tap):
    salesforce.rows["Lead"] = [lead(n) for n in range(10_000)]

    run = tap(select=LEADS)

    listing = [c for c in salesforce.calls if c["path"].startswith("query") and "COUNT" not in c.get("q", "")]
    assert len({record["Id"] for record in run.records("Lead")}) == 10_000
    assert len([call for call in listing if "LIMIT 1" not in call.get("q", "")]) == 5
    assert run.proof("Lead")["requests"] == 7, "five pages, the newest stamp, the count"


def test_an_unchanged_run_costs_one_call(salesforce, tap, tmp_path):
    salesforce.rows["Lead"] = [lead(n) for n in range(2_001)]
    first = tap(select=LEADS, token_folder=str(tmp_path / "tokens"))
    salesforce.calls.clear()

    again = tap(select=LEADS, state=first.state, token_folder=str(tmp_path / "tokens"))

    assert again.code == 0
    assert salesforce.queries() == ["SELECT SystemModstamp FROM Lead ORDER BY SystemModstamp DESC LIMIT 1"]
    assert len(salesforce.calls) == again.proof("Lead")["requests"] == 1
    assert again.proof("Lead")["cursor"] == again.proof("Lead")["source_cursor"] == "2026-10-30T10:00:00.000Z"
    assert again.records("Lead") == []


def test_the_next_run_looks_back_for_what_was_committed_late(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1, "2026-10-31T11:50:00")]
    state = tap(select=LEADS).state
    salesforce.rows["Lead"].append(lead(2, "2026-10-31T11:49:30"))
    salesforce.calls.clear()

    run = tap(select=LEADS, state=state)

    assert "SystemModstamp >= 2026-10-31T11:49:00.000Z" in salesforce.queries("Lead")[0]
    assert emails(run) == ["lead2@azure.test", "lead1@azure.test"]


def test_a_run_that_was_stopped_goes_on_behind_its_last_row(salesforce, tap):
    salesforce.rows["Lead"] = [lead(n, "2026-10-01T10:00:00") for n in range(5)]
    salesforce.page_size = 2
    states = [line["value"] for line in tap(select=LEADS).of("STATE")]
    halfway = next(s for s in states if s["bookmarks"]["Lead"].get("after_id") == key(3))
    salesforce.calls.clear()

    run = tap(select=LEADS, state=halfway)

    assert f"Id > '{key(3)}'" in salesforce.queries("Lead")[1]
    assert emails(run) == ["lead4@azure.test"]


def test_a_stop_among_the_newest_rows_reads_them_again(salesforce, tap):
    state = {
        "bookmarks": {
            "Lead": {
                "replication_key": "SystemModstamp",
                "replication_key_value": "2026-10-31T11:58:00.000Z",
                "until": "2026-10-31T11:59:00.000Z",
                "after_id": key(2),
            }
        }
    }
    salesforce.rows["Lead"] = [lead(1, "2026-10-31T11:57:00"), lead(2, "2026-10-31T11:58:00")]

    run = tap(select=LEADS, state=state)

    assert (run.code, emails(run)) == (0, ["lead1@azure.test", "lead2@azure.test"])


def test_a_record_keeps_every_digit_and_both_kinds_of_time(salesforce, tap):
    salesforce.rows["Opportunity"] = [
        lead(1)
        | {
            "Id": key(1, "006"),
            "Amount": 1234567890.12,
            "Probability": 30.0,
            "CloseDate": "2026-12-24",
            "IsWon": False,
            "LastStageChangeDate": "2026-10-30T10:00:00.000Z",
        }
    ]
    salesforce.rows["Campaign"] = [lead(2) | {"Id": key(2, "701"), "BudgetedCost": "1.5E7"}]

    run = tap(select=("Opportunity", "Campaign"))

    (deal,) = run.records("Opportunity")
    assert (deal["Amount"], deal["Probability"], deal["CloseDate"]) == ("1234567890.12", "30.0", "2026-12-24")
    assert deal["SystemModstamp"] == deal["LastStageChangeDate"] == "2026-10-30T10:00:00.000Z"
    (campaign,) = run.records("Campaign")
    assert (campaign["BudgetedCost"], campaign["budget"]) == ("15000000", "15000000")


def test_a_deleted_row_is_a_tombstone_and_a_merged_one_names_its_master(salesforce, tap):
    salesforce.rows["Lead"] = [
        lead(1),
        lead(2, "2026-10-30T11:00:00", IsDeleted=True, MasterRecordId=key(1)),
    ]

    run = tap(select=LEADS)

    kept, gone = run.records("Lead")
    assert (kept["_sdc_deleted_at"], gone["_sdc_deleted_at"]) == (None, "2026-10-30T11:00:00.000Z")
    assert gone["MasterRecordId"] == key(1)
    assert run.proof("Lead")["source_count"] == 1


def test_once_a_day_what_left_the_recycle_bin_is_looked_up(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1), lead(2)]
    state = tap(select=LEADS).state
    salesforce.rows["Lead"].pop()
    salesforce.deleted = [{"id": key(2), "deletedDate": at("2026-11-01T09:00:00")}]
    salesforce.date = "Sun, 01 Nov 2026 13:00:00 GMT"

    day, same_day = tap(select=LEADS, state=state), None
    salesforce.calls.clear()
    same_day = tap(select=LEADS, state=day.state)

    assert day.records("Lead")[0] == {"Id": key(2), "_sdc_deleted_at": "2026-11-01T09:00:00.000Z"}
    assert not [call for call in salesforce.calls if call["path"].endswith("deleted")]
    assert (day.proof("Lead")["source_count"], same_day.code) == (1, 0)


def test_a_stream_without_a_row_is_counted_at_every_run(salesforce, tap):
    """Nothing else could tell that there is still nothing: it would look stale, and stop the write-back."""
    first = tap(select=LEADS)
    second = tap(select=LEADS, state=first.state)

    assert [run.proof("Lead")["source_count"] for run in (first, second)] == [0, 0]


def test_the_log_of_deletions_is_never_asked_beyond_its_horizon(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1)]
    state = tap(select=LEADS).state
    salesforce.date = "Thu, 31 Dec 2026 13:00:00 GMT"
    salesforce.calls.clear()

    run = tap(select=LEADS, state=state)

    (asked,) = [call for call in salesforce.calls if call["path"].endswith("deleted")]
    assert (asked["start"], asked["end"]) == ("2026-12-16T14:00:00Z", "2026-12-31T13:00:00Z")
    assert (run.code, run.proof("Lead")["source_count"]) == (0, 1)
    assert "deletions.too_old" in run.error


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ConvertedDate": "yesterday"}, "ConvertedDate: not a day"),
        ({"IsConverted": "perhaps"}, "IsConverted: not a boolean"),
        ({"SystemModstamp": None}, "SystemModstamp: there is none"),
        ({"Email": {"deep": 1}}, "Email: not text"),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_its_neighbours_are_not(
    salesforce, tap, change, reason
):
    salesforce.rows["Lead"] = [lead(1), lead(2) | change, lead(3)]

    run = tap(select=LEADS)

    (bad,) = run.of("QUARANTINE")
    assert (bad["key"], bad["reason"], bad["record"]["LastName"]) == (key(2), reason, "Azure 2")
    assert sorted(emails(run)) == ["lead1@azure.test", "lead3@azure.test"]


def test_what_was_set_aside_is_asked_for_again_by_its_id(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1, IsConverted="perhaps")]
    state = tap(select=LEADS).state
    salesforce.rows["Lead"] = [lead(1)]
    salesforce.calls.clear()

    run = tap(select=LEADS, state=state)

    assert any(f"Id IN ('{key(1)}')" in query for query in salesforce.queries("Lead"))
    assert (emails(run), "quarantined" in run.bookmark("Lead")) == (["lead1@azure.test"], False)


def test_objects_that_an_org_need_not_have_are_left_out_with_a_reason(salesforce, tap):
    salesforce.absent |= {"CurrencyType", "DatedConversionRate"}
    salesforce.rows["Organization"] = [{"Id": key(1, "00D"), "Name": "Acme", "IsSandbox": True}]

    run = tap(select=("CurrencyType", "DatedConversionRate", "Organization"), currency="EUR")

    assert run.code == 0
    assert run.proof("CurrencyType")["skipped"] == "the org keeps one currency only"
    assert "advanced currency" in run.proof("DatedConversionRate")["skipped"]
    (org,) = run.records("Organization")
    assert (org["DefaultCurrencyIsoCode"], org["IsSandbox"]) == ("EUR", True)


def test_a_hidden_field_is_null_and_one_that_a_stream_needs_is_named(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1)]
    salesforce.hidden = {"Lead": ("Title",), "Contact": ("Email",)}

    run = tap(select=("Lead", "Contact"))

    assert (run.code, run.records("Lead")[0]["Title"]) == (1, None)
    assert not any("Title" in query for query in salesforce.queries("Lead"))
    assert "Contact.Email" in run.proof("Contact")["error"]
    assert "Read Access" in run.proof("Contact")["fix"]


def test_a_field_that_is_hidden_between_two_runs_is_noticed(salesforce, tap, tmp_path):
    salesforce.rows["Lead"] = [lead(1)]
    folder = {"token_folder": str(tmp_path / "tokens")}
    assert tap(select=LEADS, **folder).code == 0
    salesforce.hidden["Lead"] = ("Title",)
    optional = tap(select=LEADS, **folder)
    salesforce.hidden["Lead"] = ("Title", "Email")
    needed = tap(select=LEADS, **folder)

    assert (optional.code, len(optional.records("Lead"))) == (0, 1)
    assert (needed.code, "Lead.Email" in needed.proof("Lead")["error"]) == (1, True)


def choose(tap, stream, *fields, **config):
    """A discovered catalog that selects one stream, and these fields of it beyond what is selected anyway."""
    catalog = json.loads(tap("--discover", **config).text)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = entry["stream"] == stream
            elif item["breadcrumb"][-1] in fields:
                item["metadata"]["selected"] = True
    return catalog


def test_the_admins_fields_are_offered_and_read_where_the_settings_or_the_catalog_say_so(salesforce, tap):
    salesforce.custom["Lead"] = {"Score__c": "double", "Note__c": "string", "Due__c": "date"}
    salesforce.rows["Lead"] = [lead(1, Score__c=7.0, Note__c="n", Due__c="2026-10-01")]
    settings = {"extra_fields": {"Lead": ["Score__c"]}}

    plain = tap(catalog=choose(tap, "Lead"))
    asked = tap(catalog=choose(tap, "Lead", "Due__c", **settings), **settings)

    (bare,), (full,) = plain.of("SCHEMA", "Lead"), asked.of("SCHEMA", "Lead")
    assert not {"Score__c", "Note__c", "Due__c"} & bare["schema"]["properties"].keys()
    assert {"Score__c", "Due__c"} <= full["schema"]["properties"].keys()
    assert full["schema"]["properties"]["Score__c"]["format"] == "singer.decimal"
    (record,) = asked.records("Lead")
    assert (record["Score__c"], record["Due__c"], "Note__c" in record) == ("7.0", "2026-10-01", False)
    assert not any("__c" in query for query in salesforce.queries("Lead")[:1])
    assert not any("Note__c" in query for query in salesforce.queries("Lead"))


def test_a_column_that_is_not_selected_is_not_asked_for(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1)]
    catalog = choose(tap, "Lead")
    (entry,) = [one for one in catalog["streams"] if one["stream"] == "Lead"]
    for item in entry["metadata"]:
        if item["breadcrumb"] and item["breadcrumb"][-1] in {"Street", "City"}:
            item["metadata"]["selected"] = False

    run = tap(catalog=catalog)

    assert (run.code, "City" in run.records("Lead")[0]) == (0, False)
    assert not any("Street" in query for query in salesforce.queries("Lead"))


def test_fields_that_closedloop_writes_are_read_too(salesforce, tap):
    salesforce.custom["Campaign"] = {"CL_Attendee_LTV__c": "currency"}
    salesforce.rows["Campaign"] = [lead(1) | {"Id": key(1, "701"), "CL_Attendee_LTV__c": 12.3}]

    run = tap(closedloop_fields={"Campaign": ["CL_Attendee_LTV__c", "Not_Yet__c"]})

    assert (run.code, run.records("Campaign")[0]["CL_Attendee_LTV__c"]) == (0, "12.3")


def test_a_field_of_ours_that_is_gone_since_it_was_described_stops_the_run_by_its_name(
    salesforce, tap, tmp_path
):
    salesforce.custom["Campaign"] = {"CL_Attendee_LTV__c": "double"}
    salesforce.rows["Campaign"] = [lead(1) | {"Id": key(1, "701"), "CL_Attendee_LTV__c": 12.3}]
    kept = {
        "closedloop_tokens": str(tmp_path / "kept"),
        "closedloop_fields": {"Campaign": ["CL_Attendee_LTV__c"]},
    }
    assert tap(**kept).code == 0
    del salesforce.custom["Campaign"]
    salesforce.hidden["Campaign"] = ("CL_Attendee_LTV__c",)

    run = tap(**kept)

    assert (run.code, run.records("Campaign")) == (2, [])
    assert "Campaign does not show CL_Attendee_LTV__c any more" in run.error


def member(number, status, *, kind="Conference", responded=False, **more):
    return lead(number) | {
        "Id": key(number, "00v"),
        "Status": status,
        "HasResponded": responded,
        "Campaign": {"attributes": {"type": "Campaign"}, "Type": kind},
        **more,
    }


def test_the_status_of_a_member_means_what_the_settings_say(salesforce, tap):
    salesforce.custom["CampaignMember"] = {"Scanned_At__c": "datetime"}
    salesforce.rows["CampaignMember"] = [
        member(1, "Attended", responded=True, Scanned_At__c=at("2026-10-05T09:30:00")),
        member(2, " no show "),
        member(3, "Watched", kind="Webinar"),
        member(4, "Watched"),
        member(5, "Clicked", responded=True),
        member(6, "Came"),
    ]

    run = tap(
        select=("CampaignMember",),
        member_statuses={"*": {"Came": "attended"}, "Webinar": {"Watched": "attended"}},
    )

    rows = run.records("CampaignMember")
    assert [row["touch_status"] for row in rows] == [
        "attended",
        "no_show",
        "attended",
        "invited",
        "responded",
        "attended",
    ]
    assert (rows[0]["occurred_at"], rows[0]["CampaignType"]) == ("2026-10-05T09:30:00.000Z", "Conference")


def test_a_meaning_that_does_not_exist_is_refused(tap):
    run = tap(select=LEADS, member_statuses={"*": {"Came": "was there"}})

    assert (run.code, "was there" in run.stopped["message"]) == (2, True)


def test_a_sweep_lists_what_was_not_deleted_with_archived_rows(salesforce, tap):
    salesforce.rows["Task"] = [
        lead(n) | {"Id": key(n, "00T"), "IsArchived": n == 2, "IsDeleted": n == 3} for n in (1, 2, 3)
    ]

    run = tap("--sweep", "Task")

    assert [line["id"] for line in run.lines if "id" in line] == [key(1, "00T"), key(2, "00T")]
    assert run.lines[-1] | {"count_until": ""} == {
        "stream": "Task",
        "sweep_count": 2,
        "source_count": 2,
        "count_until": "",
    }


def test_an_object_without_a_stamp_comes_whole(salesforce, tap):
    salesforce.hidden["OpportunityStage"] = ("SystemModstamp",)
    salesforce.rows["OpportunityStage"] = [
        lead(n) | {"Id": key(n, "01J"), "MasterLabel": f"Stage {n}", "SortOrder": n} for n in range(3)
    ]

    first = tap(select=("OpportunityStage",))
    again = tap(select=("OpportunityStage",), state=first.state)

    assert (first.code, again.code) == (0, 0)
    assert [record["SortOrder"] for record in again.records("OpportunityStage")] == [0, 1, 2]
    assert again.proof("OpportunityStage")["source_count"] == 3
