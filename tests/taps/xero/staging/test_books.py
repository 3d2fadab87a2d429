"""Rows in, rows out: documents as they are odd in real books."""

from datetime import date
from decimal import Decimal

import pytest

ORGANISATION = {"organisation_id": "o", "base_currency": "USD", "short_code": "!x", "name": "Demo"}
ACCOUNTS = [
    {"account_id": "r", "code": "200", "name": "Sales", "class": "REVENUE"},
    {"account_id": "d", "code": "835", "name": "Deposits", "class": "LIABILITY"},
    {"account_id": "e", "code": "478", "name": "Bad Debts", "class": "EXPENSE"},
]
INVOICE = {
    "invoice_id": "i",
    "invoice_number": "INV-1",
    "type": "ACCREC",
    "status": "AUTHORISED",
    "date": "2026-10-01",
    "contact_id": "c",
    "sub_total": "100.00",
    "total_tax": "19.00",
    "total": "119.00",
    "amount_due": "119.00",
    "currency_code": "USD",
    "updated_date_utc": "2026-10-02T00:00:00Z",
}
NOTE = {
    "credit_note_id": "n",
    "credit_note_number": "CN-1",
    "type": "ACCRECCREDIT",
    "status": "PAID",
    "date": "2026-10-05",
    "contact_id": "c",
    "sub_total": "50",
    "total_tax": "0",
    "total": "50",
    "remaining_credit": "0",
}


@pytest.fixture
def books(stage):
    """Run the staging over a small organisation."""
    return lambda entity, **streams: stage(entity, organisation=[ORGANISATION], accounts=ACCOUNTS, **streams)


def test_a_document_is_in_its_own_currency_with_the_rate_that_divides(books):
    (row,) = books("document", invoices=[INVOICE | {"currency_code": "EUR", "currency_rate": "0.92"}])

    assert (row["net"], row["tax"], row["gross"]) == (100, 19, 119)
    assert (row["currency"], row["home_currency"], row["home_net"]) == ("EUR", "USD", None)
    assert (row["rate"], row["rate_direction"]) == (Decimal("0.92"), "divide")
    assert row["url"].endswith("shortcode=!x&redirecturl=/AccountsReceivable/Edit.aspx?InvoiceID=i")


@pytest.mark.parametrize("rate", [None, "0"])
def test_no_rate_is_no_rate_and_not_one(books, rate):
    (row,) = books("document", invoices=[INVOICE | {"currency_code": "EUR", "currency_rate": rate}])

    assert row["rate"] is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("DRAFT", "draft"),
        ("SUBMITTED", "draft"),
        ("AUTHORISED", "posted"),
        ("PAID", "posted"),
        ("VOIDED", "void"),
        ("DELETED", "void"),
        (None, "draft"),
    ],
)
def test_only_authorised_and_paid_documents_are_posted(books, status, expected):
    (row,) = books("document", invoices=[INVOICE | {"status": status}])

    assert row["status"] == expected
    assert (row["deleted_at"] is not None) == (status == "DELETED")


def test_bills_and_credit_notes_of_suppliers_are_no_documents(books):
    found = books(
        "document", invoices=[INVOICE | {"type": "ACCPAY"}], credit_notes=[NOTE | {"type": "ACCPAYCREDIT"}]
    )

    assert found == []


def test_a_credit_note_takes_back_the_invoice_whose_number_it_refers_to(books):
    others = [INVOICE, INVOICE | {"invoice_id": "j", "contact_id": "other"}]
    rows = books("document", invoices=others, credit_notes=[NOTE | {"reference": " inv-1 "}])
    two = books("document", invoices=[INVOICE, INVOICE | {"invoice_id": "k"}], credit_notes=[NOTE])

    assert {row["key"]: row["credited_document_key"] for row in rows}[
        "books:CreditNote/n"
    ] == "books:Invoice/i"
    assert {row["credited_document_key"] for row in two} == {None}


def line(amount, tax=0, account="r", **more):
    return {"LineItemID": f"l{amount}", "LineAmount": amount, "TaxAmount": tax, "AccountID": account} | more


def test_a_line_is_net_of_tax_whether_its_amount_holds_it_or_not(books):
    lines = [line("119.00", "19.00"), line("-11.90", "-1.90")]
    inside = books("line", invoices=[INVOICE | {"line_amount_types": "Inclusive", "line_items": lines}])
    outside = books("line", invoices=[INVOICE | {"line_amount_types": "Exclusive", "line_items": lines}])

    assert [row["net"] for row in inside] == [100, -10]
    assert [row["net"] for row in outside] == [119, Decimal("-11.9")]


def test_a_line_of_text_only_is_worth_nothing(books):
    (row,) = books("line", invoices=[INVOICE | {"line_items": [{"Description": "Thank you"}]}])

    assert (row["net"], row["line_class"]) == (0, "revenue")


def test_the_class_of_a_line_follows_the_item_then_the_account_then_its_kind(stage):
    accounts = [
        *ACCOUNTS,
        {"account_id": "f", "code": "260", "class": "REVENUE", "line_class": "pass_through"},
    ]
    items = [{"item_id": "t", "code": "DEP", "line_class": "pass_through"}]
    lines = [
        line("1"),
        line("2", account="d"),
        line("3", account="f"),
        line("4", ItemCode="DEP"),
        line("5", account="e"),
        line("6", account=None, AccountCode="835"),
    ]
    given = {"organisation": [ORGANISATION], "accounts": accounts, "items": items}
    rows = stage("line", invoices=[INVOICE | {"line_items": lines}], **given)
    (write_off,) = stage("line", credit_notes=[NOTE | {"line_items": [line("5", account="e")]}], **given)

    assert [row["line_class"] for row in rows] == ["revenue", *["pass_through"] * 5]
    assert write_off["line_class"] == "write_off"


def test_a_credit_note_settles_both_documents(books):
    allocation = {"AllocationID": "a", "Amount": "50", "Date": "2026-10-06", "Invoice": {"InvoiceID": "i"}}
    undone = allocation | {"AllocationID": "b", "IsDeleted": True}
    rows = books("allocation", credit_notes=[NOTE | {"allocations": [allocation, undone]}])

    assert [
        (row["document_key"], row["credit_document_key"], row["amount"], row["date"]) for row in rows
    ] == [
        ("books:Invoice/i", "books:CreditNote/n", 50, date(2026, 10, 6)),
        ("books:CreditNote/n", "books:Invoice/i", 50, date(2026, 10, 6)),
    ]


@pytest.mark.parametrize("under", ["invoice_id", "credit_note_id"])
def test_a_refund_settles_its_credit_note_wherever_it_names_it(books, under):
    payment = {"payment_id": "p", "payment_type": "ARCREDITPAYMENT", "status": "AUTHORISED", "amount": "50"}
    (row,) = books("allocation", payments=[payment | {under: "n", "date": "2026-10-07"}])
    (money,) = books("payment", payments=[payment])

    assert (row["document_key"], money["direction"]) == ("books:CreditNote/n", "out")


def test_a_deleted_payment_settles_nothing(books):
    payment = {"payment_id": "p", "payment_type": "ACCRECPAYMENT", "status": "DELETED", "invoice_id": "i"}
    payment |= {"updated_date_utc": "2026-10-09T00:00:00Z"}
    (row,) = books("allocation", payments=[payment])
    (money,) = books("payment", payments=[payment])

    assert (row["deleted_at"] is not None, money["status"]) == (True, "void")


def test_a_prepayment_is_money_in_and_settles_where_it_is_allocated(books):
    allocation = {"Amount": "30", "Date": "2026-10-03T00:00:00", "Invoice": {"InvoiceID": "i"}}
    prepayment = {"prepayment_id": "q", "type": "RECEIVE-PREPAYMENT", "status": "PAID", "total": "30"}
    (row,) = books("allocation", prepayments=[prepayment | {"allocations": [allocation]}])
    (money,) = books("payment", prepayments=[prepayment])

    assert (row["payment_key"], row["date"]) == (money["key"], date(2026, 10, 3))
    assert (money["direction"], money["amount"]) == ("in", 30)


@pytest.mark.parametrize(
    ("home", "net", "rate", "expected"),
    [
        ("USD", "100.00", "0.92", "108.70"),
        ("USD", "-100.00", "0.92", "-108.70"),
        ("USD", "0.01", "2", "0.01"),
        ("USD", "-0.01", "2", "-0.01"),
        ("JPY", "1.00", "0.0066", "152"),
        ("KWD", "10.00", "3.25", "3.077"),
        ("USD", "10.00", None, None),
    ],
)
def test_a_bill_in_another_currency_is_cost_at_its_own_rate(stage, home, net, rate, expected):
    tracking = [{"TrackingCategoryID": "t", "Name": "Event", "Option": "EXPO26"}]
    item = line(net, AccountCode="478", Tracking=tracking)
    bill = INVOICE | {"type": "ACCPAY", "currency_code": "EUR", "currency_rate": rate, "line_items": [item]}
    (row,) = stage(
        "cost_line", organisation=[ORGANISATION | {"base_currency": home}], accounts=ACCOUNTS, invoices=[bill]
    )

    assert (row["campaign_code"], row["net"]) == ("EXPO26", Decimal(net))
    assert row["home_net"] == (None if expected is None else Decimal(expected))


def test_a_suppliers_credit_note_takes_cost_back(books):
    item = line("40", AccountCode="478", Tracking=[{"Name": "Event", "Option": "EXPO26"}])
    (row,) = books("cost_line", credit_notes=[NOTE | {"type": "ACCPAYCREDIT", "line_items": [item]}])

    assert (row["net"], row["home_net"]) == (-40, -40)


def test_a_customer_has_the_address_and_phone_that_are_filled_in(books):
    contact = {
        "contact_id": "c",
        "name": "Azure",
        "is_customer": True,
        "contact_status": "ARCHIVED",
        "merged_to_contact_id": "d",
        "addresses": [
            {"AddressType": "POBOX", "City": "", "Country": ""},
            {
                "AddressType": "STREET",
                "AddressLine1": "1 Main St",
                "City": "Leeds",
                "Country": "United Kingdom",
            },
        ],
        "phones": [
            {"PhoneType": "DEFAULT", "PhoneNumber": ""},
            {
                "PhoneType": "MOBILE",
                "PhoneCountryCode": "44",
                "PhoneAreaCode": "7700",
                "PhoneNumber": "900123",
            },
        ],
    }
    (row,) = books(
        "customer", contacts=[contact, {"contact_id": "s", "is_supplier": True, "is_customer": False}]
    )

    assert (row["street"], row["city"], row["country"]) == ("1 Main St", "Leeds", "GB")
    assert (row["phone"], row["is_active"], row["merged_into"]) == (
        "44 7700 900123",
        False,
        "books:Contact/d",
    )


def test_a_supplier_that_stands_on_an_invoice_is_a_customer(books):
    (row,) = books("customer", contacts=[{"contact_id": "c", "is_customer": False}], invoices=[INVOICE])

    assert row["source_id"] == "c"
