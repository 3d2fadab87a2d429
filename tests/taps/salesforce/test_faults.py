"""What goes wrong at Salesforce, and what the tap says and does then."""

import json
import re

import pytest
from tests.taps.salesforce.fake import key, lead, refused

LEADS = ("Lead",)
DAY = (403, refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."))
AT_ONCE = (
    403,
    refused("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
)


def test_too_many_calls_at_once_are_waited_for(salesforce, tap, no_waiting):
    salesforce.rows["Lead"] = [lead(1)]
    salesforce.script += [AT_ONCE, AT_ONCE]

    run = tap(select=LEADS)

    assert (run.code, len(no_waiting), len(run.records("Lead"))) == (0, 2, 1)


def test_the_limit_of_the_day_stops_without_waiting_and_the_next_run_goes_on(salesforce, tap, no_waiting):
    salesforce.rows["Lead"] = [lead(n) for n in range(6)]
    salesforce.page_size = 2
    salesforce.script += [None, None, DAY]

    run = tap(select=LEADS)
    rest = tap(select=LEADS, state=run.state)

    assert (run.code, no_waiting, run.of("PROOF")) == (4, [], [])
    assert "calls of the day are used up" in run.stopped["message"]
    assert [record["Id"] for record in run.records("Lead")] == [key(0), key(1)]
    assert [record["Id"] for record in rest.records("Lead")] == [key(n) for n in range(2, 6)]
    assert rest.code == 0


def test_a_run_stops_before_it_takes_the_calls_kept_for_others(salesforce, tap):
    salesforce.rows["Lead"] = [lead(1)]
    salesforce.usage = "14900/15000"

    run = tap(select=LEADS)

    assert (run.code, len(salesforce.calls)) == (4, 1)
    assert "100 are kept" in run.stopped["message"]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4])
def test_a_token_that_ends_at_any_call_costs_one_retry(salesforce, tap, at):
    salesforce.rows["Lead"] = [lead(n) for n in range(6)]
    salesforce.page_size = 2
    salesforce.script += [None] * at + [(401, refused("INVALID_SESSION_ID"))]

    run = tap(select=LEADS)

    assert (run.code, len(salesforce.tokens), len(run.records("Lead"))) == (0, 2, 6)


def test_a_token_that_stays_refused_stops_the_run(salesforce, tap):
    salesforce.refused_tokens |= {f"access-{n}" for n in range(9)}

    run = tap(select=LEADS)

    assert (run.code, "credential was refused" in run.stopped["message"]) == (2, True)


def test_a_ready_token_that_has_ended_says_so(salesforce, tap):
    salesforce.refused_tokens.add("ready-made")

    run = tap(select=LEADS, access_token="ready-made", client_id=None, client_secret=None)

    assert (run.code, salesforce.tokens) == (2, [])
    assert "cannot be renewed" in run.stopped["message"]
    assert "ready-made" not in run.text + run.error


@pytest.mark.parametrize("code", ["API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"])
def test_a_disabled_api_stops_the_run_and_says_what_to_grant(salesforce, tap, code):
    salesforce.script += [(403, refused(code, "API is disabled for this User"))]

    run = tap(select=LEADS)

    assert (run.code, "API Enabled" in run.stopped["fix"]) == (2, True)


def test_an_object_that_is_not_shown_fails_its_stream_and_leaves_the_others_alone(salesforce, tap):
    salesforce.rows["Contact"] = [lead(1) | {"Id": key(1, "003")}]
    salesforce.absent.add("Lead")

    run = tap(select=("Lead", "Contact"))

    assert (run.code, len(run.records("Contact"))) == (1, 1)
    assert "does not have this object" in run.proof("Lead")["error"]
    assert "View All" in run.proof("Lead")["fix"]


def test_an_object_that_nobody_knows_is_refused_by_name(salesforce, tap):
    run = tap(extra_fields={"Quote": ["Total__c"]})
    assert (run.code, run.stopped["message"]) == (2, "no such stream here: Quote")


def test_a_mapped_field_that_is_not_there_is_refused_before_anything_is_read(salesforce, tap):
    salesforce.custom["CampaignMember"] = {"Scanned__c": "date"}

    gone = tap(select=("Campaign",), campaign_fields={"code": "Event__c"})
    day = tap(select=("CampaignMember",), member_fields={"occurred_at": "Scanned__c"})

    assert (gone.code, "Campaign has no field Event__c" in gone.stopped["message"]) == (2, True)
    assert (day.code, "not a date and time" in day.stopped["message"]) == (2, True)
    assert salesforce.queries() == []


@pytest.mark.parametrize("body", ['{"done": true}', "[]", "not json", '{"records": [1], "totalSize": 1}'])
def test_an_answer_without_its_records_fails_the_stream(salesforce, tap, body):
    salesforce.script.append((200, body))

    run = tap(select=LEADS)

    assert (run.code, bool(run.proof("Lead")["error"])) == (1, True)


def test_a_web_page_is_named(salesforce, tap):
    salesforce.script.append((200, "<!DOCTYPE html><p>maintenance"))

    assert "web page" in tap(select=LEADS).proof("Lead")["error"]


def test_a_refused_query_names_the_code_and_no_value(salesforce, tap):
    salesforce.script.append((400, refused("MALFORMED_QUERY", "... WHERE Email = 'ann@azure.test'")))

    error = tap(select=LEADS).proof("Lead")["error"]

    assert "MALFORMED_QUERY" in error
    assert "azure" not in error


def test_a_cursor_that_ends_is_taken_up_behind_the_last_row(salesforce, tap):
    salesforce.rows["Lead"] = [lead(n, f"2026-10-{n + 1:02}T10:00:00") for n in range(6)]
    salesforce.page_size = 2
    salesforce.script += [None, None, None, (400, refused("INVALID_QUERY_LOCATOR", "invalid query locator"))]

    run = tap(select=LEADS)

    assert (run.code, [r["Id"] for r in run.records("Lead")]) == (0, [key(n) for n in range(6)])
    assert any(f"Id > '{key(3)}'" in query for query in salesforce.queries())


def test_a_cursor_that_ends_after_every_page_costs_a_query_a_page(salesforce, tap):
    salesforce.rows["Lead"] = [lead(n) for n in range(6)]
    salesforce.page_size = 2
    take = salesforce.resource
    salesforce.resource = lambda request, path, params, name: (
        salesforce.reply(404, refused("INVALID_QUERY_LOCATOR"))
        if path.startswith("query/")
        else take(request, path, params, name)
    )

    run = tap(select=LEADS)

    assert (run.code, [r["Id"] for r in run.records("Lead")]) == (0, [key(n) for n in range(6)])


def spoil(salesforce, change):
    """Let every page of a query for rows pass through ``change(body, number)``."""
    pages, take = [], salesforce.page

    def page(rows, start):
        status, headers, content = take(rows, start)
        if rows and len(rows) > 1:
            pages.append(start)
            content = change(content, len(pages))
        return status, headers, content

    salesforce.page = page


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("drop_row", "counts 6 rows and listed 5"),
        ("short_page", "counts 6 rows and listed 5"),
        ("repeat_page", "repeated a page"),
        ("early_end", "counts 6 rows and listed 4"),
        ("shuffled", "not in the order"),
        ("elsewhere", "names no further page"),
    ],
)
def test_less_than_there_is_fails_the_stream_and_the_bookmark_stays(salesforce, tap, kind, said):
    salesforce.rows["Lead"] = [lead(n, f"2026-10-{n + 1:02}T10:00:00") for n in range(6)]
    salesforce.page_size = 2
    first = []

    def change(content, number):
        body = json.loads(content)
        first.append(body["records"])
        if kind == "drop_row" and number == 2:
            body["records"].pop(0)
        if kind == "short_page" and number == 3:
            body["records"].pop()
        if kind == "repeat_page" and number == 2:
            body["records"] = first[0]
        if kind == "early_end" and number == 2:
            body["done"] = True
        if kind == "shuffled" and number == 2:
            body["records"].reverse()
        if kind == "elsewhere" and number == 1:
            body["nextRecordsUrl"] = "https://elsewhere.test/steal"
        return json.dumps(body)

    spoil(salesforce, change)
    run = tap(select=LEADS)

    assert (run.code, said in run.proof("Lead")["error"]) == (1, True)
    assert "until" not in run.bookmark("Lead")
    del salesforce.page
    rest = tap(select=LEADS, state=run.state)
    assert (rest.code, len(rest.records("Lead"))) == (0, 6)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("campaign_fields", {"code": "Code__c FROM Campaign WHERE Id != '"}),
        ("campaign_fields", {"code": "Id, (SELECT Id FROM Contacts)"}),
        ("extra_fields", {"Campaign": ["Name) FROM Account --"]}),
        ("closedloop_fields", {"Campaign": ["X__c\nOR 1=1"]}),
    ],
)
def test_a_name_that_would_change_the_query_is_refused(salesforce, tap, setting, value):
    run = tap(**{setting: value})

    assert (run.code, "not the name of" in run.stopped["message"]) == (2, True)
    assert [query for query in salesforce.queries() if "SELECT Id FROM" in query or "--" in query] == []
    assert setting in run.stopped["message"]


@pytest.mark.parametrize("bad", ["x' OR Name != '", "\\", "a\nb", "00Q') OR (Id != '"])
def test_a_key_in_the_state_cannot_change_the_query(salesforce, tap, bad):
    state = {"bookmarks": {"Lead": {"quarantined": [bad]}}}

    run = tap(select=LEADS, state=state)

    (query,) = [query for query in salesforce.queries() if " IN (" in query]
    inside = query.partition(" IN (")[2].partition(") ORDER")[0]
    assert run.code == 0
    assert inside.startswith("'")
    assert not re.search(r"(?<!\\)'", inside[1:-1].replace("\\\\", ""))


def test_the_version_of_the_api_is_checked(tap):
    assert tap(api_version="latest").stopped["message"] == "api_version is no version"


def test_an_unknown_setting_is_refused(tap):
    assert "unknown setting" in tap(bulk_treshold=3).stopped["message"]
