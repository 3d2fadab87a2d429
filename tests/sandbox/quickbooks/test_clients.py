"""Clients that we did not write drive the simulator: python-quickbooks with intuit-oauth."""

from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from closedloop.sandbox.quickbooks import Oddities, serve
from closedloop.sandbox.world import generate

pytest.importorskip("quickbooks")
pytest.importorskip("intuitlib")

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def world():
    return generate(3, 0.05)


@pytest.fixture
def books(world):
    with serve(world) as simulator:
        yield simulator


@pytest.fixture
def auth(books, monkeypatch):
    from intuitlib.client import AuthClient

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    return AuthClient(
        client_id=books.client_id,
        client_secret=books.client_secret,
        redirect_uri="http://127.0.0.1:1/callback",
        environment=f"{books.url}/.well-known/openid_configuration/",
    )


@pytest.fixture
def client(books, auth, monkeypatch):
    from quickbooks import QuickBooks

    monkeypatch.setattr(QuickBooks, "api_url_v3", f"{books.url}/v3")
    monkeypatch.setattr(QuickBooks, "sandbox_api_url_v3", f"{books.url}/v3")
    return QuickBooks(
        auth_client=auth, refresh_token=books.refresh_token, company_id=books.realm_id, minorversion=75
    )


def test_it_lists_pages_and_counts(books, client):
    from quickbooks.objects.customer import Customer
    from quickbooks.objects.invoice import Invoice

    held = books.records("Invoice")
    found = Invoice.all(qb=client, max_results=1000)
    assert {one.Id for one in found} == {row["Id"] for row in held}
    assert sum(float(one.TotalAmt) for one in found) == pytest.approx(sum(float(r["TotalAmt"]) for r in held))
    assert Invoice.count(qb=client) == len(held)
    second = Invoice.all(qb=client, start_position=4, max_results=3)
    assert len(second) == 3
    names = Customer.filter(Active=True, max_results=5, qb=client)
    assert len(names) == 5
    assert names[0].DisplayName


def test_it_reads_one_and_what_it_refers_to(books, client):
    from quickbooks.objects.invoice import Invoice

    row = books.records("Invoice")[0]
    found = Invoice.get(row["Id"], qb=client)
    assert (found.DocNumber, found.CustomerRef.value) == (row["DocNumber"], row["CustomerRef"]["value"])
    assert found.Line[-1].DetailType in {"SubTotalLineDetail", "DiscountLineDetail"}


def test_it_reads_a_payment_with_what_it_settles(books, client):
    from quickbooks.objects.payment import Payment

    linked = [one for one in Payment.all(qb=client, max_results=1000) if one.Line]
    invoices = {row["Id"] for row in books.records("Invoice")}
    assert linked[0].Line[0].LinkedTxn[0].TxnId in invoices


def test_it_writes_voids_and_deletes_and_change_data_capture_says_so(books, client):
    from quickbooks.cdc import change_data_capture
    from quickbooks.objects.base import Ref
    from quickbooks.objects.customer import Customer
    from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
    from quickbooks.objects.invoice import Invoice

    began = books.now()
    customer = Customer()
    customer.DisplayName = "Made by a client"
    customer.save(qb=client)
    made = []
    for _ in range(2):
        one = Invoice()
        one.CustomerRef = Ref()
        one.CustomerRef.value = customer.Id
        line = SalesItemLine()
        line.Amount = 100
        line.SalesItemLineDetail = SalesItemLineDetail()
        line.SalesItemLineDetail.ItemRef = Ref()
        line.SalesItemLineDetail.ItemRef.value = books.records("Item")[0]["Id"]
        one.Line.append(line)
        one.save(qb=client)
        made.append(one)
    made[0].void(qb=client)
    made[1].delete(qb=client)

    found = change_data_capture([Invoice, Customer], began.isoformat(timespec="seconds"), qb=client)

    changed = {one.Id: getattr(one, "status", None) for one in found.Invoice}
    assert changed[made[1].Id] == "Deleted"
    assert changed[made[0].Id] != "Deleted"
    voided = next(row for row in books.records("Invoice") if row["Id"] == made[0].Id)
    assert (voided["TotalAmt"], voided["PrivateNote"]) == (0, "Voided")
    assert made[1].Id not in {row["Id"] for row in books.records("Invoice")}


def test_faults_are_read_as_what_they_are(books, client):
    from quickbooks import exceptions
    from quickbooks.objects.invoice import Invoice

    with pytest.raises(exceptions.QuickbooksException) as missing:
        Invoice.get(999_999, qb=client)
    assert missing.value.error_code == 610
    with pytest.raises(exceptions.QuickbooksException):
        Invoice.query("SELECT * FROM Invoice WHERE Id = '1' OR Id = '2'", qb=client)
    books.tokens.expire()
    with pytest.raises(exceptions.AuthorizationException):
        Invoice.get(books.records("Invoice")[0]["Id"], qb=client)


def test_it_refreshes_and_the_token_rotates(books, auth):
    auth.refresh(refresh_token=books.refresh_token)
    assert auth.access_token
    assert auth.refresh_token != books.refresh_token
    assert auth.expires_in == 3600


def test_a_person_consents_and_the_code_buys_tokens(books, auth):
    from intuitlib.enums import Scopes

    address = auth.get_authorization_url([Scopes.ACCOUNTING])
    parts = urlsplit(address)
    page = requests.post(
        f"{books.url}{parts.path}?{parts.query}",
        data={"answer": "allow"},
        allow_redirects=False,
        timeout=10,
    )
    back = dict(parse_qsl(urlsplit(page.headers["Location"]).query))
    assert (back["realmId"], back["state"]) == (books.realm_id, auth.state_token)
    auth.get_bearer_token(back["code"], realm_id=back["realmId"])
    assert books.tokens.works(auth.refresh_token)


def ask(books, statement, token, **headers):
    return requests.get(
        f"{books.url}/v3/company/{books.realm_id}/query",
        params={"query": statement},
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=10,
    )


@pytest.fixture
def token(books):
    form = {"grant_type": "refresh_token", "refresh_token": books.refresh_token}
    app = (books.client_id, books.client_secret)
    return requests.post(books.token_url, data=form, auth=app, timeout=10).json()["access_token"]


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("SELECT * FROM Invoice WHERE TotalAmt > '1000' AND Balance = '0' ORDERBY TxnDate DESC", "Invoice"),
        ("select * from invoice where DocNumber like 'INV%' order by Id startposition 2 maxresults 5", "Invoice"),
        ("SELECT * FROM Customer WHERE Active IN (true, false) MAXRESULTS 3", "Customer"),
        ("SELECT COUNT(*) FROM Payment WHERE TxnDate >= '2024-01-01'", "totalCount"),
        ("SELECT Id, DocNumber FROM Invoice WHERE Metadata.LastUpdatedTime > '2020-01-01T00:00:00-08:00'", "Invoice"),
    ],
)  # fmt: skip
def test_statements(books, token, statement, key):
    answer = ask(books, statement, token).json()
    assert key in answer["QueryResponse"]
    assert answer["time"]


def test_no_rows_is_an_empty_answer_and_a_page_has_a_hundred_unless_asked(books, token):
    assert ask(books, "SELECT * FROM Invoice WHERE Id = '0'", token).json()["QueryResponse"] == {}
    held = len(books.records("Payment"))
    answer = ask(books, "SELECT * FROM Payment", token).json()["QueryResponse"]
    assert answer["maxResults"] == min(held, 100)


@pytest.mark.parametrize(
    "statement", ["SELECT", "DELETE FROM Invoice", "SELECT * FROM Nonsense", "SELECT * FROM Invoice LIMIT 3"]
)
def test_what_is_no_statement_is_a_fault(books, token, statement):
    reply = ask(books, statement, token)
    assert reply.status_code == 400
    assert reply.json()["Fault"]["Error"][0]["code"] in {"4000", "4001"}


def test_a_refused_token_has_the_other_spelling(books):
    reply = ask(books, "SELECT * FROM Invoice", "none")
    assert reply.status_code == 401
    assert reply.json()["fault"]["error"][0]["code"] == "3200"
    assert "WWW-Authenticate" in reply.headers


def test_capture_refuses_what_is_older_than_thirty_days(books, token):
    reply = requests.get(
        f"{books.url}/v3/company/{books.realm_id}/cdc",
        params={"entities": "Invoice", "changedSince": "2020-01-01T00:00:00Z"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    )
    assert reply.status_code == 400


def test_the_limit_of_a_minute_throttles(world):
    with serve(world, oddities=Oddities(requests_a_minute=2)) as books:
        form = {"grant_type": "refresh_token", "refresh_token": books.refresh_token}
        app = (books.client_id, books.client_secret)
        held = requests.post(books.token_url, data=form, auth=app, timeout=10).json()["access_token"]
        codes = [ask(books, "SELECT COUNT(*) FROM Item", held).status_code for _ in range(3)]
        books.advance(61)
        codes.append(ask(books, "SELECT COUNT(*) FROM Item", held).status_code)
    assert codes == [200, 200, 429, 200]


def test_it_gets_reports_by_month(books, client):
    days = {"start_date": "2026-01-01", "end_date": "2026-09-30", "summarize_column_by": "Month"}
    income = client.get_report("ProfitAndLoss", qs=days)
    balance = client.get_report("BalanceSheet", qs=days)

    assert (income["Header"]["ReportName"], income["Header"]["SummarizeColumnsBy"]) == (
        "ProfitAndLoss",
        "Month",
    )
    titles = [column["ColTitle"] for column in income["Columns"]["Column"]]
    assert titles == [
        "",
        *(f"{month} 2026" for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]),
        "Total",
    ]
    assert len(balance["Columns"]["Column"]) == 10
    assert {row["group"] for row in income["Rows"]["Row"]} >= {"Income"}
