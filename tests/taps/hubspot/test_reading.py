"""What the tap asks HubSpot, and what it makes of the answers."""

from datetime import timedelta

import pytest
from tests.taps.hubspot.fake import NOW, ago, row

COMPANIES = ("companies",)


def test_a_full_read_lists_by_id_and_compares_with_the_search(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 251)]

    run = tap(select=COMPANIES)

    assert run.code == 0
    assert run.ids("companies") == [str(n) for n in range(1, 251)]
    listed = [call for call in hubspot.calls if call["verb"] == "GET" and "companies" in call["path"]]
    assert [call["query"].get("after") for call in listed] == [None, "100", "200", None]
    assert {call["query"]["limit"] for call in listed} == {"100"}
    proof = run.proof("companies")
    assert (proof["source_count"], proof["count_column"]) == (250, "createdAt")
    assert run.bookmark("companies")["replication_key_value"] == ago(days=3)


def test_ten_thousand_contacts_cost_a_hundred_pages_and_a_constant(hubspot, tap):
    hubspot.rows["contacts"] = [row(n, stamp_of="contacts") for n in range(1, 10_001)]

    run = tap(select=("contacts",))

    assert (run.code, len(run.ids("contacts"))) == (0, 10_000)
    assert len(hubspot.calls) <= 100 + 3


def test_a_record_keeps_every_digit_and_says_its_kinds(hubspot, tap):
    hubspot.rows["deals"] = [
        row(
            1,
            amount="1234567890.10",
            hs_deal_stage_probability="0.40000000000000002220446049250313",
            hs_is_closed="false",
            closedate="1793404800000",
            hs_merged_object_ids="",
        )
    ]

    (deal,) = tap(select=("deals",)).records("deals")

    assert (deal["amount"], deal["hs_deal_stage_probability"]) == ("1234567890.10", "0.4")
    assert (deal["hs_is_closed"], deal["closedate"]) == (False, "2026-10-31T00:00:00.000Z")
    assert (deal["hs_merged_object_ids"], deal["merged_into"], deal["_sdc_deleted_at"]) == (None, None, None)


def test_mapped_and_written_properties_are_columns(hubspot, tap):
    hubspot.rows["companies"] = [row(1, vat="GB1", closedloop_invoiced="12.30")]
    hubspot.others["crm/properties/companies"] = [{"name": "vat"}]

    run = tap(
        account_fields={"tax_id": "vat"},
        closedloop_fields={"companies": ["closedloop_invoiced"]},
    )

    (company,) = run.records("companies")
    assert (company["tax_id"], company["closedloop_invoiced"], company["external_id"]) == (
        "GB1",
        "12.30",
        None,
    )


def test_an_unchanged_run_costs_one_call_a_stream(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 251)]
    hubspot.rows["deals"] = [row(n) for n in range(300, 320)]
    streams = ("companies", "deals", "deals_to_companies", "property_history")
    state = tap(select=streams).state
    hubspot.calls.clear()

    run = tap(select=streams, state=state)

    assert run.code == 0
    paths = [call["path"] for call in hubspot.calls if "account" not in call["path"]]
    assert paths == ["/crm/objects/2026-09/companies/search", "/crm/objects/2026-09/deals/search"]
    assert run.records("companies") == []
    assert run.proof("companies")["source_count"] == 250


def test_what_changed_comes_with_one_call_and_the_bookmark_stays_before_the_lag(hubspot, tap):
    hubspot.rows["companies"] = rows = [row(n) for n in range(1, 11)]
    state = tap(select=COMPANIES).state
    rows[4] |= row(5, changed=ago(seconds=20))

    run = tap(select=COMPANIES, state=state)

    assert run.ids("companies") == ["5"]
    assert run.bookmark("companies")["replication_key_value"] == ago(seconds=300)
    assert tap(select=COMPANIES, state=run.state).ids("companies") == ["5"]


def test_a_row_that_the_search_learns_of_late_comes_with_a_later_run(hubspot, tap):
    hubspot.rows["companies"] = rows = [row(1)]
    state = tap(select=COMPANIES).state
    rows.append(row(2, changed=ago(seconds=10), created=ago(seconds=10)))
    hubspot.unindexed = {"2"}
    first = tap(select=COMPANIES, state=state)
    hubspot.unindexed = set()

    second = tap(select=COMPANIES, state=first.state)

    assert (first.ids("companies"), second.ids("companies")) == ([], ["2"])


def stamped(hubspot, tap, count, change):
    """Read so many rows two days ago, then change them all; return the state in between."""
    hubspot.now = NOW - timedelta(days=2)
    hubspot.rows["companies"] = [row(n) for n in range(1, count + 1)]
    state = tap(select=COMPANIES).state
    hubspot.now = NOW
    hubspot.rows["companies"] = [row(n, changed=change(n)) for n in range(1, count + 1)]
    hubspot.calls.clear()
    return state


def test_more_changes_than_a_page_are_read_oldest_first_from_change_to_change(hubspot, tap):
    state = stamped(hubspot, tap, 1000, lambda n: ago(hours=20, minutes=-n % 600))

    run = tap(select=COMPANIES, state=state)

    searches = [call["body"] for call in hubspot.asked("search")]
    assert set(run.ids("companies")) == {str(n) for n in range(1, 1001)}
    assert {body["after"] for body in searches} == {"0"}
    assert len(searches) == len(hubspot.asked("companies")) <= 1 + 6 + 1


def test_more_rows_of_one_millisecond_than_a_page_are_read_by_id(hubspot, tap):
    state = stamped(hubspot, tap, 2_500, lambda _: ago(hours=5))

    run = tap(select=COMPANIES, state=state)

    assert run.code == 0
    assert set(run.ids("companies")) == {str(n) for n in range(1, 2_501)}
    searches = hubspot.asked("search")
    assert all(call["body"]["after"] == "0" for call in searches)
    assert len(searches) == len(hubspot.asked("companies")) <= 2_500 / 200 + 6
    hubspot.calls.clear()
    assert tap(select=COMPANIES, state=run.state).ids("companies") == []
    assert len(hubspot.asked("companies")) == 1, "an unchanged run reads none of them again"


def test_a_row_that_moves_to_the_end_while_we_read_costs_no_other_row(hubspot, tap):
    state = stamped(hubspot, tap, 899, lambda n: ago(hours=20, seconds=-n))
    moved = []

    def edit(path, query, body):
        if "search" in path and not moved and body["filterGroups"]:
            moved.append(hubspot.rows["companies"][0].update(row(1, changed=ago(seconds=1))))

    hubspot.edit = edit
    run = tap(select=COMPANIES, state=state)

    assert (run.code, moved) == (0, [None])
    assert set(run.ids("companies")) == {str(n) for n in range(1, 900)}


def test_an_order_that_is_not_obeyed_in_its_short_form_is_given_in_the_long_one(hubspot, tap):
    hubspot.takes_short_sorts = False
    state = stamped(hubspot, tap, 400, lambda n: ago(hours=20, minutes=n))

    run = tap(select=COMPANIES, state=state)

    assert (run.code, len(set(run.ids("companies")))) == (0, 400)
    assert {type(call["body"]["sorts"][0]) for call in hubspot.asked("search")} == {str, dict}


def test_other_properties_mean_that_everything_is_read_again(hubspot, tap):
    hubspot.rows["companies"] = [row(n, closedloop_invoiced="1") for n in range(1, 4)]
    state = tap().state

    run = tap(state=state, closedloop_fields={"companies": ["closedloop_invoiced"]})

    assert [one["closedloop_invoiced"] for one in run.records("companies")] == ["1", "1", "1"]


def test_too_many_properties_for_an_address_are_read_by_id(hubspot, tap):
    names = [f"a_property_with_a_long_name_{n:03}" for n in range(300)]
    hubspot.rows["companies"] = [row(n, **dict.fromkeys(names, f"{n}")) for n in range(1, 4)]

    run = tap(closedloop_fields={"companies": names})
    assert run.code == 0
    for record in run.records("companies"):
        assert {record[name] for name in names} == {record["id"]}
    longest = max(len(str(call["query"])) for call in hubspot.calls)
    assert longest < 8000
    for call in hubspot.asked("search"):
        assert len(str(call["body"])) < 3000


def test_an_address_that_hubspot_refuses_is_shortened(hubspot, tap):
    hubspot.rows["companies"] = [row(1, domain="a.example", name="Azure")]
    hubspot.url_limit = 300

    (company,) = tap(select=COMPANIES).records("companies")

    assert (company["domain"], company["name"]) == ("a.example", "Azure")
    assert hubspot.asked("batch/read")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"annualrevenue": "much"}, "annualrevenue: not a number"),
        ({"createdate": "yesterday"}, "createdate: not a time"),
    ],
)
def test_a_record_that_cannot_be_read_is_set_aside_and_asked_for_again(hubspot, tap, change, reason):
    hubspot.rows["companies"] = rows = [row(1), row(2), row(3)]
    good = dict(rows[1]["properties"])
    rows[1]["properties"] |= change
    first = tap(select=COMPANIES)

    (bad,) = first.of("QUARANTINE")
    assert (bad["key"], bad["reason"], first.ids("companies")) == ("2", reason, ["1", "3"])
    rows[1]["properties"] = good
    second = tap(select=COMPANIES, state=first.state)
    assert second.ids("companies") == ["2"]
    assert "quarantined" not in second.bookmark("companies")


def test_the_older_api_is_asked_by_its_own_paths(hubspot, tap):
    hubspot.rows["companies"] = [row(1)]
    hubspot.associations["contacts", "companies"] = {}

    run = tap(select=("companies", "owners", "contacts_to_companies", "marketing_events"), api="v3")

    assert run.code == 0
    paths = {call["path"] for call in hubspot.calls}
    assert {"/crm/v3/objects/companies", "/crm/v3/owners", "/marketing/marketing-events/v3"} <= paths
    assert not any("2026" in path for path in paths)


def test_a_full_read_that_was_cut_short_goes_on_where_it_stopped(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 351)]
    whole = tap(select=COMPANIES)
    states = [line["value"] for line in whole.of("STATE")]
    middle = next(s for s in states if s["bookmarks"]["companies"].get("listing_after") == "200")
    hubspot.calls.clear()

    run = tap(select=COMPANIES, state=middle)

    assert run.code == 0
    assert run.ids("companies") == [str(n) for n in range(201, 351)]
    assert run.proof("companies")["source_count"] == 350


def test_a_count_that_ends_at_the_searchs_cap_is_none(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 10_121)]
    original = hubspot.found

    def found(path, query, body):
        answer = original(path, query, body)
        return answer | {"total": min(answer["total"], 10_000)} if path.endswith("search") else answer

    hubspot.found = found
    first = tap(select=COMPANIES)
    second = tap(select=COMPANIES, state=first.state)

    assert (first.code, len(first.ids("companies")), second.code) == (0, 10_120, 0)
    assert [run.proof("companies")["source_count"] for run in (first, second)] == [None, None]
    assert second.records("companies") == []
