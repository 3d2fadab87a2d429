"""What the tap does when Odoo, or what stands before it, misbehaves."""

import pytest
import requests
import responses
from tests.taps.odoo.fake import URL, error, html, row

LEADS = ("crm.lead", "search_read")


@pytest.fixture(autouse=True)
def leads(odoo):
    odoo.tables["crm.lead"] = [row(n) for n in range(1, 6)]
    odoo.tables["crm.stage"] = [row(1, name="New")]
    return odoo


def ids(run, stream="crm_lead"):
    return [record["id"] for record in run.records(stream)]


def test_a_failing_stream_does_not_stop_the_others(odoo, tap):
    odoo.fail(*LEADS, *[error(500, "builtins.ValueError", "Invalid field 'x' on 'crm.lead'")] * 9)

    run = tap()

    assert run.code == 1
    assert run.proof("crm_lead")["error"] == "crm.lead/search_read: Invalid field 'x' on 'crm.lead'"
    assert run.proof("crm_stage")["error"] is None
    assert ids(run, "crm_stage") == [1]
    assert "replication_key_value" not in run.state["bookmarks"].get("crm_lead", {})


@pytest.mark.parametrize(
    ("header", "waited"), [("7", 7.0), ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0)], ids=["seconds", "date"]
)
def test_a_rate_limit_waits_as_long_as_odoo_says(odoo, tap, no_waiting, header, waited):
    """The date is measured by the server's own clock, whatever ours says."""
    limited = (
        429,
        {**odoo.headers(), "Retry-After": header, "Content-Type": "text/html"},
        "<html>slow down</html>",
    )
    odoo.fail(*LEADS, None, limited)

    run = tap()

    assert run.code == 0
    assert no_waiting == [waited]
    assert ids(run) == [1, 2, 3, 4, 5]


def test_a_rate_limit_beyond_our_patience_fails_the_stream(odoo, tap, no_waiting):
    odoo.fail(*LEADS, (429, {"Retry-After": "86400"}, ""))

    run = tap()

    assert (run.code, no_waiting) == (1, [])
    assert "86400 s" in run.proof("crm_lead")["error"]
    assert run.proof("crm_stage")["error"] is None


def test_one_refused_credential_is_tried_again(odoo, tap):
    refused = error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
    odoo.fail(*LEADS, refused)

    assert tap().code == 0


def test_a_wrong_key_stops_with_the_way_to_mend_it(odoo, tap):
    run = tap(api_key="another-key")

    assert (run.code, run.text) == (2, "")
    assert run.stopped["exit_code"] == 2
    assert "api_key" in run.stopped["fix"]
    assert "another-key" not in run.error


def test_a_key_revoked_during_the_run_stops_it(odoo, tap):
    refused = error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
    odoo.fail(*LEADS, refused, refused)

    run = tap(closedloop_connection="crm")

    assert run.code == 2
    assert run.stopped["where"] == "connections.crm"
    assert not run.of("PROOF", "crm_stage")


def test_an_unknown_database_stops(tap):
    run = tap(database="nodb")

    assert run.code == 2
    assert "no database 'nodb'" in run.stopped["message"]


@pytest.mark.parametrize(
    "failure", [requests.ConnectionError("refused"), requests.ConnectTimeout("no route")]
)
def test_a_dead_host_stops_with_code_4(tap, mock, failure):
    mock.replace(responses.GET, f"{URL}/web/version", body=failure)

    run = tap()

    assert run.code == 4
    assert "odoo.test" in run.stopped["message"]
    assert "Traceback" not in run.error


def test_a_stumbling_server_is_asked_again(odoo, tap, no_waiting):
    odoo.fail(*LEADS, (502, {}, ""), (500, {}, "oops"))

    run = tap()

    assert run.code == 0
    assert len(no_waiting) == 2


def test_a_server_that_keeps_failing_fails_the_stream(odoo, tap):
    odoo.fail(*LEADS, *[html(502)] * 20)

    run = tap()

    assert run.code == 1
    assert "502" in run.proof("crm_lead")["error"]
    assert run.proof("crm_stage")["error"] is None


def test_a_web_page_instead_of_data_is_named_and_not_quoted(odoo, tap):
    odoo.fail(*LEADS, html(), html())

    run = tap()

    assert run.code == 1
    assert "web page" in run.proof("crm_lead")["error"]
    assert "jane@corp.com" not in run.error + run.text


def test_broken_json_fails_the_stream(odoo, tap):
    odoo.fail(*LEADS, None, (200, odoo.headers(), '[{"id": 1'))

    assert "cannot be read" in tap().proof("crm_lead")["error"]


def test_a_fault_at_discovery_fails_only_its_stream(odoo, tap):
    odoo.fail("crm.lead", "fields_get", *[html(502)] * 20)

    run = tap()

    assert run.code == 1
    assert run.proof("crm_lead")["error"]
    assert run.proof("crm_stage")["error"] is None


def test_a_repeated_page_is_no_progress(odoo, tap):
    first = odoo.search_read("crm.lead", {"domain": [], "fields": ["write_date"], "limit": 2})
    odoo.tweak = lambda model, method, answer: (
        first if (model, method) == LEADS and len(odoo.calls(*LEADS)) > 2 and answer else answer
    )

    run = tap(page_size=2)

    assert run.code == 1
    assert "no progress" in run.proof("crm_lead")["error"]


def test_a_listing_that_ends_early_leaves_the_bookmark_and_is_mended_by_the_next_run(odoo, tap):
    odoo.tweak = lambda model, method, answer: (
        answer[:1] if (model, method) == LEADS and len(answer) == 2 else answer
    )
    short = tap(page_size=2)
    odoo.tweak = lambda _model, _method, answer: answer

    mended = tap(page_size=2, state=short.state)

    assert short.code == 1
    assert short.proof("crm_lead")["error"] == "incomplete: Odoo counts 5 rows of crm.lead and lists 1"
    assert "replication_key_value" not in short.bookmark("crm_lead")
    assert (mended.code, ids(mended)) == (0, [1, 2, 3, 4, 5])


def test_a_changed_row_that_the_listing_drops_is_noticed(odoo, tap):
    """The number of rows held is right all the while: only a count of the window can tell."""
    state = tap().state
    odoo.tables["crm.lead"][2]["write_date"] = "2026-02-20 09:00:00"
    odoo.tweak = lambda model, method, answer: (
        [r for r in answer if r["id"] != 3] if (model, method) == LEADS else answer
    )

    run = tap(state=state)

    assert run.code == 1
    assert "incomplete" in run.proof("crm_lead")["error"]
    assert run.bookmark("crm_lead") == state["bookmarks"]["crm_lead"]


def test_a_bad_record_is_quarantined_and_its_neighbours_are_not(odoo, tap):
    odoo.tables["crm.lead"][1]["date_closed"] = "soon"

    run = tap()

    assert run.code == 0
    assert ids(run) == [1, 3, 4, 5]
    (bad,) = run.of("QUARANTINE")
    assert (bad["stream"], bad["key"], bad["reason"]) == ("crm_lead", "2", "date_closed is not a time")
    assert bad["record"]["date_closed"] == "soon"


def test_a_quarantined_record_is_tried_again_at_the_next_run(odoo, tap):
    odoo.tables["crm.lead"][1]["date_closed"] = "soon"
    state = tap().state
    odoo.tables["crm.lead"][1] |= {"date_closed": "2026-01-05 10:00:00", "write_date": "2020-01-01 00:00:00"}

    run = tap(state=state)

    assert state["bookmarks"]["crm_lead"]["quarantined"] == [2]
    assert 2 in ids(run)
    assert "quarantined" not in run.bookmark("crm_lead")


def test_a_required_model_that_may_not_be_read_names_the_right(odoo, tap):
    denied = error(403, "odoo.exceptions.AccessError", "You are not allowed: Jane Doe jane@corp.com")
    odoo.fail(*LEADS, denied, denied)

    run = tap()

    assert run.code == 1
    assert run.proof("crm_lead")["error"] == "the API user may not read crm.lead"
    assert "crm.lead" in run.proof("crm_lead")["fix"]
    assert "jane" not in (run.error + run.text).lower()


def test_an_optional_model_that_may_not_be_read_is_skipped_and_proves_nothing(odoo, tap):
    odoo.tables["mail.message"] = [row(1, model="crm.lead", message_type="comment")]
    odoo.fields["mail.message"] = odoo.fields["crm.stage"]
    denied = error(403, "odoo.exceptions.AccessError", "no")
    odoo.fail("mail.message", "search_read", denied, denied)

    run = tap()

    assert run.code == 0
    proof = run.proof("mail_message")
    assert proof["skipped"] == "the API user may not read mail.message"
    assert (proof["error"], proof["source_count"], proof["source_cursor"]) == (None, None, None)


def test_a_crash_of_ours_fails_one_stream_with_its_traceback_in_the_log(odoo, tap, monkeypatch):
    def crash(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr(
        "tap_odoo.streams._newest", lambda batch: crash() if len(batch.records) == 5 else None
    )

    run = tap()

    assert run.code == 1
    assert run.proof("crm_lead")["error"] == "unexpected ZeroDivisionError while reading"
    assert "ZeroDivisionError" in run.error
    assert run.proof("crm_stage")["error"] is None
