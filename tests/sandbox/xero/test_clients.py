"""Clients that we did not write drive the simulator."""

import warnings
from datetime import timedelta

import pytest
import requests

from closedloop.sandbox import xero
from closedloop.sandbox.world import generate


@pytest.fixture(scope="module")
def served():
    with xero.serve(generate(5, 0.05), options=xero.Options(minute_limit=10_000)) as simulator:
        yield simulator


@pytest.fixture
def official(served):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("xero_python", reason="xero-python is not installed")
        from xero_python.accounting import AccountingApi
        from xero_python.api_client import ApiClient
        from xero_python.api_client.configuration import Configuration
        from xero_python.api_client.oauth2 import OAuth2Token

        token = served.consented()
        client = ApiClient(
            Configuration(
                oauth2_token=OAuth2Token(client_id=served.client_id, client_secret=served.client_secret)
            )
        )
        held = {name: token[name] for name in ("access_token", "refresh_token", "expires_in", "token_type")}
        held |= {"scope": token["scope"].split(), "expires_at": 4_000_000_000}
        client.oauth2_token_getter(lambda: held)
        client.oauth2_token_saver(held.update)
        api = AccountingApi(client)
        api.base_url = f"{served.url}/api.xro/2.0"
        yield api


def test_xero_python_reads_every_listing_with_its_strict_models(served, official):
    invoices = official.get_invoices(served.tenant, page=1, page_size=1000).invoices
    notes = official.get_credit_notes(served.tenant, page=1, page_size=1000).credit_notes
    payments = official.get_payments(served.tenant, page=1, page_size=1000).payments
    contacts = official.get_contacts(served.tenant, page=1, page_size=1000, include_archived=True).contacts

    assert len(invoices) == len(served.records("Invoices"))
    assert len(notes) == len(served.records("CreditNotes"))
    assert len(payments) == len(served.records("Payments"))
    assert len(contacts) == len(served.records("Contacts"))
    assert official.get_organisations(served.tenant).organisations[0].base_currency.value == "USD"
    by_id = {one.invoice_id: one for one in invoices}
    for row in served.records("Invoices"):
        assert by_id[row["InvoiceID"]].total == row["Total"]
        assert by_id[row["InvoiceID"]].date == row["Date"]


def test_xero_python_asks_for_what_changed(served, official):
    row = served.records("Invoices")[0]
    served.edit("Invoices", row["InvoiceID"], {"Reference": "changed"})

    found = official.get_invoices(
        served.tenant, if_modified_since=served.now() - timedelta(minutes=2), page=1
    )

    assert [one.reference for one in found.invoices] == ["changed"]


def test_pyxero_reads_and_filters(served, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("xero", reason="pyxero is not installed")
        from xero import Xero
        from xero.auth import OAuth2Credentials
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    token = served.consented() | {"expires_at": 4_000_000_000}
    credentials = OAuth2Credentials(served.client_id, served.client_secret, token=token)
    credentials.base_url, credentials.tenant_id = served.url, served.tenant
    client = Xero(credentials)

    everything = client.invoices.filter(page=1, pageSize=1000)
    sales = client.invoices.filter(Type="ACCREC", page=1)
    row = served.records("CreditNotes")[0]
    served.edit("CreditNotes", row["CreditNoteID"], {"Reference": "changed"})
    since = (served.now() - timedelta(minutes=1)).replace(tzinfo=None)
    notes = client.creditnotes.filter(since=since, page=1)

    assert len(everything) >= len(sales) > 0
    assert {one["Type"] for one in sales} == {"ACCREC"}
    assert [one["CreditNoteID"] for one in notes] == [row["CreditNoteID"]]


def bearer(served, **more):
    return {
        "Authorization": f"Bearer {served.consented()['access_token']}",
        "xero-tenant-id": served.tenant,
        "Accept": "application/json",
    } | more


def listing(served, name="Invoices", headers=None, **params):
    url = f"{served.url}/api.xro/2.0/{name}"
    return requests.get(url, headers=headers or bearer(served), params=params, timeout=10)


def test_a_listing_without_a_page_has_no_lines_and_no_pagination(served):
    whole, paged = listing(served).json(), listing(served, page=1).json()

    assert "pagination" not in whole
    assert not any("LineItems" in row for row in whole["Invoices"])
    assert all("LineItems" in row for row in paged["Invoices"])
    assert paged["pagination"]["pageSize"] == 100
    assert listing(served, page=99).json()["Invoices"] == []


def test_archived_contacts_come_only_when_asked_for(served):
    shown = listing(served, "Contacts", page=1).json()["Contacts"]
    every = listing(served, "Contacts", page=1, includeArchived="true").json()["Contacts"]

    (archived,) = [row for row in every if row not in shown]
    assert archived["MergedToContactID"] in {row["ContactID"] for row in every}


def test_refusals_are_xeros(served):
    assert (
        listing(served, headers={"Authorization": "Bearer no", "Accept": "application/json"}).status_code
        == 401
    )
    wrong = listing(served, headers=bearer(served, **{"xero-tenant-id": "no"}))
    assert (wrong.status_code, wrong.json()["Detail"]) == (403, "AuthenticationUnsuccessful")
    missing = listing(served, "Invoices/none")
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "text/plain")
    refused = listing(served, where="Colour is red")
    assert (refused.status_code, refused.json()["Type"]) == (400, "QueryParseException")


def test_a_refresh_token_rotates_and_the_old_one_has_half_an_hour():
    with xero.serve(generate(5, 0.05)) as served:
        first = served.consented()["refresh_token"]

        def refresh(token):
            form = {"grant_type": "refresh_token", "refresh_token": token}
            auth = (served.client_id, served.client_secret)
            return requests.post(f"{served.url}/connect/token", data=form, auth=auth, timeout=10)

        second = refresh(first).json()["refresh_token"]
        assert refresh(first).status_code == 200
        served.advance(31 * 60)
        assert refresh(first).json() == {"error": "invalid_grant"}
        assert refresh(second).status_code == 200
        assert second != first


def test_the_limits_are_told_and_kept():
    options = xero.Options(minute_limit=2, day_limit=3)
    with xero.serve(generate(5, 0.05), options=options) as served:
        headers = bearer(served)
        first, _, third = (listing(served, headers=headers, page=1) for _ in range(3))
        served.advance(61)
        day = listing(served, headers=headers, page=1)

    assert (first.headers["X-MinLimit-Remaining"], first.headers["X-DayLimit-Remaining"]) == ("1", "2")
    assert (third.status_code, third.headers["X-Rate-Limit-Problem"]) == (429, "minute")
    assert (day.status_code, day.headers["X-Rate-Limit-Problem"]) == (429, "day")
    assert int(third.headers["Retry-After"]) <= 61 < int(day.headers["Retry-After"])


def test_a_consent_gives_a_code_that_works_once(served):
    query = {
        "redirect_uri": "http://127.0.0.1:9/back",
        "state": "s",
        "client_id": served.client_id,
        "response_type": "code",
    }
    page = f"{served.url}/identity/connect/authorize"
    assert "Allow access" in requests.get(page, params=query, timeout=10).text
    back = requests.post(
        page, params=query, data={"answer": "allow"}, allow_redirects=False, timeout=10
    ).headers["Location"]
    code = back.partition("code=")[2].partition("&")[0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": query["redirect_uri"]}
    auth = (served.client_id, served.client_secret)

    answers = [
        requests.post(f"{served.url}/connect/token", data=form, auth=auth, timeout=10) for _ in range(2)
    ]

    assert [one.status_code for one in answers] == [200, 400]
    assert answers[0].json()["refresh_token"]


def test_xero_python_gets_reports_with_a_year_of_months(served, official):
    days = {"periods": 11, "timeframe": "MONTH", "standard_layout": True}
    income = official.get_report_profit_and_loss(
        served.tenant, from_date="2025-12-01", to_date="2025-12-31", **days
    ).reports[0]
    balance = official.get_report_balance_sheet(served.tenant, date="2025-12-31", **days).reports[0]

    for report, newest in ((income, "31 Dec 25"), (balance, "31 Dec 2025")):
        titles = [cell.value for cell in report.rows[0].cells]
        assert (len(titles), titles[:2]) == (13, ["", newest])
    rows = [row for section in balance.rows if section.rows for row in section.rows]
    receivable = next(row for row in rows if row.cells[0].value == "Accounts Receivable")
    assert receivable.cells[0].attributes[0].id == "account"


def test_xero_cuts_the_months_before_to_the_day_on_which_the_last_one_ends(served, official):
    report = official.get_report_profit_and_loss(
        served.tenant, from_date="2025-04-01", to_date="2025-04-30", periods=2, timeframe="MONTH"
    ).reports[0]
    assert [cell.value for cell in report.rows[0].cells[1:]] == ["30 Apr 25", "30 Mar 25", "28 Feb 25"]
