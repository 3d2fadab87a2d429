"""What goes wrong at HubSpot, and what the tap says and does then."""

import json

import pytest
from tests.taps.hubspot.fake import ago, row

COMPANIES = ("companies",)


def limited(policy, message="You have reached your limit."):
    return 429, {"status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": policy}


@pytest.mark.parametrize(("policy", "wait"), [("TEN_SECONDLY_ROLLING", 10.0), ("SECONDLY", 1.0)])
def test_a_burst_limit_is_waited_for(hubspot, tap, no_waiting, policy, wait):
    hubspot.rows["companies"] = [row(1)]
    hubspot.script.append(limited(policy))

    run = tap(select=COMPANIES)

    assert (run.code, no_waiting) == (0, [wait])


def test_searches_are_spread_over_the_seconds(hubspot, tap, no_waiting):
    hubspot.rows["companies"], hubspot.rows["deals"] = [row(1)], [row(2)]

    run = tap(select=("companies", "deals"), searches_a_second=1)

    assert run.code == 0
    assert no_waiting
    assert all(0 < wait <= 1.1 for wait in no_waiting)


@pytest.mark.parametrize("answer", [limited("DAILY"), limited("", "You have reached your daily limit.")])
def test_the_limit_of_the_day_stops_without_waiting(hubspot, tap, no_waiting, answer):
    hubspot.script.append(answer)

    run = tap(select=COMPANIES)

    assert (run.code, no_waiting) == (4, [])
    assert "calls of the day" in run.stopped["message"]


def test_a_run_stops_before_it_takes_the_calls_kept_for_others_and_goes_on_later(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 351)]
    original, count = hubspot.reply, [1004]

    def reply(status, body, **headers):
        count[0] -= 1
        return original(status, body, **{"X-HubSpot-RateLimit-Daily-Remaining": str(count[0])})

    hubspot.reply = reply
    stopped = tap(select=COMPANIES)
    hubspot.reply = original
    resumed = tap(select=COMPANIES, state=stopped.state)

    assert (stopped.code, resumed.code) == (4, 0)
    assert "1000 are kept" in stopped.stopped["message"]
    got = stopped.ids("companies") + resumed.ids("companies")
    assert got == [str(n) for n in range(1, 351)]


def test_a_missing_scope_fails_a_stream_that_must_be_read(hubspot, tap):
    hubspot.no_scope["/companies"] = ["crm.objects.companies.read"]

    proof = tap(select=("companies", "owners")).proof("companies")

    assert "crm.objects.companies.read" in proof["error"]
    assert "add the scope" in proof["fix"]


def test_a_missing_scope_leaves_out_an_optional_stream_and_names_the_scope(hubspot, tap):
    hubspot.no_scope["/leads"] = ["crm.objects.leads.read"]

    run = tap(select=("leads", "leads_to_contacts", "owners"))

    assert run.code == 0
    assert "crm.objects.leads.read" in run.proof("leads")["skipped"]
    assert run.proof("leads_to_contacts")["skipped"]


def test_an_unknown_token_stops_the_run(hubspot, tap):
    hubspot.script.append((401, {"category": "INVALID_AUTHENTICATION", "message": "not found"}))

    run = tap(select=COMPANIES)

    assert (run.code, len(hubspot.calls)) == (2, 1)
    assert "does not know the token" in run.stopped["message"]


def test_a_refused_question_names_hubspots_category_and_no_value(hubspot, tap):
    body = {"category": "VALIDATION_ERROR", "message": "Azure is not valid"}
    hubspot.script += [(200, {"portalId": 7}), (400, body)]

    error = tap(select=COMPANIES).proof("companies")["error"]

    assert "VALIDATION_ERROR" in error
    assert "Azure" not in error


@pytest.mark.parametrize("body", ['{"status": "COMPLETE"}', "[]", "not json", "<!DOCTYPE html>"])
def test_an_answer_without_its_list_fails_the_stream(hubspot, tap, body):
    hubspot.script += [(200, {"portalId": 7}), (200, body)]

    run = tap(select=COMPANIES)

    assert (run.code, bool(run.proof("companies")["error"])) == (1, True)


def spoil(hubspot, change, *, times=1, search=False):
    """Change the first so many answers to a listing (or a search) of companies."""
    original, left = hubspot.found, [times]

    def found(path, query, body):
        answer = original(path, query, body)
        is_search = path.endswith("search")
        if "companies" in path and is_search == search and query.get("archived") != "true" and left[0]:
            left[0] -= 1
            return change(answer, query)
        return answer

    hubspot.found = found
    return lambda: setattr(hubspot, "found", original)


def without_one(answer, query):
    return answer | {"results": answer["results"][:3] + answer["results"][4:]}


def cut_short(answer, query):
    return {"results": answer["results"][:7]}


@pytest.mark.parametrize("change", [without_one, cut_short])
def test_a_full_read_that_gives_less_fails_and_the_next_begins_anew(hubspot, tap, change):
    hubspot.rows["companies"] = [row(n) for n in range(1, 251)]
    mend = spoil(hubspot, change)

    first = tap(select=COMPANIES)
    mend()
    second = tap(select=COMPANIES, state=first.state)

    assert "incomplete" in first.proof("companies")["error"]
    assert "replication_key_value" not in first.bookmark("companies")
    assert (second.code, len(second.ids("companies"))) == (0, 250)


def test_a_repeated_page_of_the_listing_fails_the_stream(hubspot, tap):
    hubspot.rows["companies"] = [row(n) for n in range(1, 351)]
    pages = []

    def repeat(answer, query):
        pages.append(answer)
        return pages[max(0, len(pages) - 2)]

    spoil(hubspot, repeat, times=9)

    assert "repeated a page" in tap(select=COMPANIES).proof("companies")["error"]


def test_a_search_that_gives_less_than_it_counts_fails_and_the_next_run_has_it_all(hubspot, tap):
    hubspot.rows["companies"] = rows = [row(n) for n in range(1, 11)]
    state = tap(select=COMPANIES).state
    for number in range(3, 9):
        rows[number] |= row(number + 1, changed=ago(seconds=20))
    mend = spoil(hubspot, without_one, search=True)

    first = tap(select=COMPANIES, state=state)
    mend()
    second = tap(select=COMPANIES, state=first.state)

    assert "gave 9" in first.proof("companies")["error"]
    kept = state["bookmarks"]["companies"]
    assert {name: first.bookmark("companies").get(name) for name in kept} == kept
    assert {"4", "5", "6", "7", "8", "9"} <= set(second.ids("companies"))


def test_an_expired_token_in_the_middle_of_a_read_costs_one_retry(hubspot, tap, tmp_path):
    hubspot.rows["companies"] = [row(n) for n in range(1, 351)]
    original = hubspot.found

    def expiring(path, query, body):
        if query.get("after") == "200":
            hubspot.refused_tokens.add("access-1")
        return original(path, query, body)

    hubspot.found = expiring
    own = {"client_id": "app", "client_secret": "s-123456", "refresh_token": "first-123456"}
    run = tap(select=COMPANIES, access_token=None, token_folder=str(tmp_path / "tokens"), **own)

    assert (run.code, len(run.ids("companies"))) == (0, 350)
    assert [form["refresh_token"] for form in hubspot.tokens] == ["first-123456", "refresh-1"]
    assert "first-123456" not in run.text + run.error


def test_a_refresh_token_that_is_refused_asks_for_a_login(hubspot, tap, tmp_path):
    hubspot.token = lambda request: hubspot.reply(400, {"status": "BAD_REFRESH_TOKEN", "message": "x"})
    own = {"client_id": "app", "client_secret": "s-123456", "refresh_token": "first-123456"}

    run = tap(select=COMPANIES, access_token=None, token_folder=str(tmp_path / "tokens"), **own)

    assert (run.code, run.stopped["fix"]) == (2, "closedloop login CONNECTION")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"access_token": None}, "not set"),
        ({"access_token": None, "client_id": "a", "client_secret": "b", "refresh_token": "c"}, "no place"),
        ({"account_fields": {"colour": "x"}}, "no such column"),
        ({"api": "v9"}, "settings are not valid"),
        ({"member_statuses": {"*": {"EMPTY": "maybe"}}}, "no such status: maybe"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(hubspot, tap, config, message):
    run = tap(**config)

    assert (run.code, message in run.stopped["message"]) == (2, True)


def test_a_mapped_property_that_is_not_there_stops_the_run(hubspot, tap):
    hubspot.others["crm/properties/companies"] = [{"name": "name"}]

    run = tap(select=COMPANIES, account_fields={"tax_id": "vat"})

    assert (run.code, "no property vat" in run.stopped["message"]) == (2, True)


def test_an_unknown_stream_in_the_selection_is_named(hubspot, tap, tmp_path):
    catalog = {
        "streams": [
            {
                "tap_stream_id": "quotes",
                "stream": "quotes",
                "schema": {"type": "object", "properties": {}},
                "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
            }
        ]
    }
    (tmp_path / "own.json").write_text(json.dumps(catalog))

    run = tap("--catalog", str(tmp_path / "own.json"))

    assert (run.code, "quotes" in run.stopped["message"]) == (2, True)


def test_the_check_has_a_line_for_each_permission_and_property(hubspot, tap):
    hubspot.no_scope["/leads"] = ["crm.objects.leads.read"]
    hubspot.others["crm/properties/companies"] = [{"name": "vat"}]
    hubspot.headers["X-HubSpot-RateLimit-Daily-Remaining"] = "5000"

    run = tap(
        "--check",
        account_fields={"tax_id": "vat", "email": "mail"},
        closedloop_fields={"companies": ["closedloop_ltv"]},
    )

    found = {line["name"]: line for line in run.lines if "ok" in line}
    assert found["login"]["message"] == "account 7, standard"
    assert found["permission:crm.objects.companies.read"]["ok"]
    assert not found["permission:crm.objects.leads.read"]["ok"]
    assert not found["permission:crm.objects.leads.read"]["required"]
    assert found["field:companies.vat"]["ok"]
    assert not found["field:companies.mail"]["ok"]
    assert not found["field:companies.closedloop_ltv"]["required"]
    assert found["quota"]["message"] == "5000 calls left today"
    assert "EMPTY: invited" in found["statuses"]["message"]
    assert run.code == 2
