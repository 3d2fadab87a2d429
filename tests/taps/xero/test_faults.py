"""What goes wrong at Xero, and what the tap says and does then."""

import json

import pytest
from tests.taps.running import budget
from tests.taps.xero.fake import invoice

INVOICES = ("invoices",)
DAY = {"X-Rate-Limit-Problem": "day", "Retry-After": "9000"}


def scripted(xero, status, body="", **headers):
    xero.reply_headers = headers
    original = xero.reply

    def reply(given, content, **more):
        if given == status:
            more = headers | more
        return original(given, content, **more)

    xero.reply = reply
    xero.script.append((status, body))


def test_the_limit_of_the_minute_is_waited_for(xero, tap, no_waiting):
    xero.rows["Invoices"] = [invoice(1)]
    scripted(xero, 429, **{"X-Rate-Limit-Problem": "Minute limit", "Retry-After": "37"})

    run = tap(select=INVOICES)

    assert (run.code, no_waiting) == (0, [37.0])


def test_calls_are_spread_over_the_minute(xero, tap, no_waiting):
    assert tap(calls_a_minute=2, select=("contacts", "invoices", "payments")).code == 0

    assert len(no_waiting) == len(xero.calls) + 1 - 2  # the list of organisations is a call, too
    assert all(55 < wait <= 60 for wait in no_waiting)


def test_the_limit_of_the_day_stops_without_waiting(xero, tap, no_waiting):
    scripted(xero, 429, **DAY)

    run = tap(select=INVOICES)

    assert (run.code, no_waiting) == (4, [])
    assert "calls of the day" in run.stopped["message"]


def test_a_run_stops_before_it_takes_the_calls_kept_for_others(xero, tap):
    xero.rows["Invoices"] = [invoice(1)]
    original = xero.reply
    xero.reply = lambda *given, **more: original(*given, **{"X-DayLimit-Remaining": "50"} | more)

    run = tap(select=("accounts", "invoices"))

    assert (run.code, xero.calls) == (4, [])
    assert "50 are kept" in run.stopped["message"]
    assert budget(run.error) == (50, None, "day")


def test_a_run_stops_at_the_bytes_allowed(xero, tap):
    xero.rows["Invoices"] = [invoice(n) for n in range(9)]

    run = tap(select=("accounts", "invoices"), byte_limit=20)

    assert (run.code, xero.calls) == (4, [])
    assert "bytes allowed" in run.stopped["message"]


def test_an_expired_token_is_replaced_once(xero, tap):
    xero.rows["Invoices"] = [invoice(1)]
    xero.refused_tokens.add("access-1")

    run = tap(select=INVOICES)

    assert (run.code, len(xero.tokens)) == (0, 2)


def test_a_token_that_stays_refused_stops_the_run(xero, tap):
    xero.refused_tokens |= {f"access-{n}" for n in range(9)}

    run = tap(select=INVOICES)

    assert (run.code, "credential was refused" in run.stopped["message"]) == (2, True)


def test_a_missing_scope_fails_its_stream_and_names_the_scope(xero, tap):
    scripted(xero, 401, "{}", **{"WWW-Authenticate": 'Bearer error="insufficient_scope"'})

    run = tap(select=INVOICES)

    assert run.code == 1
    assert "accounting.invoices.read" in run.proof("invoices")["error"]


def test_a_refused_organisation_stops_the_run(xero, tap):
    scripted(xero, 403, {"Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"})

    run = tap(select=INVOICES)

    assert (run.code, run.stopped["fix"].split(";")[0]) == (2, "correct tenant_id")


@pytest.mark.parametrize("body", ['{"Status": "OK"}', "[]", "not json"])
def test_an_answer_without_its_list_fails_the_stream(xero, tap, body):
    xero.script.append((200, body))

    run = tap(select=INVOICES)

    assert (run.code, bool(run.proof("invoices")["error"])) == (1, True)


def test_a_web_page_is_named(xero, tap):
    xero.script.append((200, "<!DOCTYPE html><p>maintenance"))

    run = tap(select=INVOICES)

    assert "web page" in run.proof("invoices")["error"]


def test_a_refused_query_names_xeros_kind_and_no_value(xero, tap):
    xero.script.append(
        (400, json.dumps({"ErrorNumber": 16, "Type": "QueryParseException", "Message": "Azure"}))
    )

    error = tap(select=INVOICES).proof("invoices")["error"]

    assert "QueryParseException" in error
    assert "Azure" not in error


def test_one_stream_that_fails_leaves_the_others_alone(xero, tap):
    xero.rows["Accounts"] = [{"AccountID": "a", "Code": "200"}]
    xero.rows["Invoices"] = [invoice(2), invoice(1, "2026-10-01T00:00:00")]
    xero.page_of = xero.page
    xero.page = lambda name, rows, *more: (
        xero.page_of(name, rows, *more) | ({"Invoices": rows} if name == "Invoices" else {})
    )

    run = tap(select=("accounts", "invoices"))

    assert run.code == 1
    assert "order" in run.proof("invoices")["error"]
    assert len(run.records("accounts")) == 1
