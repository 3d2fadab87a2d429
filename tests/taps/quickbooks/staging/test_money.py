"""What the ledger's objects become: to the cent, whatever form they have."""

from decimal import Decimal

import pytest
from tests.taps.quickbooks.staging.landed import staged

HOME = {"preferences": [{"id": "1", "home_currency": "USD"}]}
ACCOUNTS = [
    {"id": "1", "name": "Sales", "account_type": "Income"},
    {"id": "2", "name": "Interest", "account_type": "Other Income"},
    {"id": "3", "name": "Deposits", "account_type": "Other Current Liability"},
    {"id": "4", "name": "Bad debt", "account_type": "Expense", "acct_num": "6200"},
    {"id": "5", "name": "A/R", "account_type": "Accounts Receivable"},
]
ITEMS = [{"id": f"i{n}", "name": f"Item {n}", "income_account_id": str(n)} for n in range(1, 5)]
BOOKS = {**HOME, "account": ACCOUNTS, "item": ITEMS}
SALE = {
    "id": "7",
    "doc_number": "1007",
    "txn_date": "2026-01-10",
    "due_date": "2026-02-10",
    "customer_id": "3",
    "currency": "USD",
    "total_amt": "108.00",
    "total_tax": "8.00",
    "balance": "58.00",
}


def line(amount, kind="SalesItemLineDetail", **more):
    return {"id": "1", "amount": amount, "kind": kind, "linked": [], **more}


def test_net_and_tax_make_gross_and_the_home_currency_has_rate_one():
    (row,) = staged("document", invoice=[SALE | {"exchange_rate": "7"}], **HOME)
    money = [row[name] for name in ("net", "tax", "gross", "balance", "rate")]
    assert money == [Decimal(100), Decimal(8), Decimal(108), Decimal(58), Decimal(1)]
    assert (row["kind"], row["status"], row["customer_key"]) == ("invoice", "posted", "books:Customer/3")
    assert (row["home_net"], row["rate_direction"]) == (None, "multiply")
    assert row["url"] == "https://app.qbo.intuit.com/app/invoice?txnId=7"


def test_a_foreign_document_keeps_its_own_rate_to_the_last_digit():
    foreign = {"currency": "EUR", "exchange_rate": "1.086956521739", "home_total_amt": "117.39"}
    (row,) = staged("document", invoice=[SALE | foreign], **HOME)
    assert (row["currency"], row["home_currency"], row["rate"]) == ("EUR", "USD", Decimal("1.086956521739"))
    assert row["home_gross"] == Decimal("117.39")


def test_a_foreign_document_without_a_rate_is_not_given_one():
    (row,) = staged("document", invoice=[SALE | {"currency": "EUR"}], **HOME)
    assert (row["rate"], row["home_net"]) == (None, None)


def test_a_company_with_one_currency_prints_none():
    (row,) = staged("document", invoice=[{k: v for k, v in SALE.items() if k != "currency"}], **HOME)
    assert (row["currency"], row["rate"]) == ("USD", 1)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"total_amt": "0", "private_note": "Voided"}, "void"),
        ({"total_amt": "0.00", "private_note": "Voided - see 1008"}, "void"),
        ({"total_amt": "0", "private_note": "Storniert"}, "void"),
        ({"total_amt": "0", "private_note": "sample, free of charge"}, "posted"),
        ({"total_amt": "108", "private_note": "replaces a voided one"}, "posted"),
        ({"status": "Voided"}, "void"),
        ({"status": "Draft"}, "draft"),
    ],
)
def test_a_void_is_known_by_its_note_and_its_zero(more, status):
    (row,) = staged("document", invoice=[SALE | more], **HOME)
    assert row["status"] == status


def test_each_kind_of_document_and_its_magnitude():
    rows = staged(
        "document",
        invoice=[SALE],
        sales_receipt=[SALE | {"balance": "0"}],
        credit_memo=[SALE | {"balance": None, "remaining_credit": "12"}],
        refund_receipt=[SALE | {"balance": None}],
        **HOME,
    )
    assert {row["kind"]: (row["gross"], row["balance"]) for row in rows} == {
        "invoice": (108, 58),
        "sales_receipt": (108, 0),
        "credit_note": (108, 12),
        "refund": (108, 0),
    }


def test_a_credit_memo_names_its_invoice_by_reference_or_by_number_of_the_same_customer():
    invoices = [SALE, SALE | {"id": "8", "doc_number": "1008"}, SALE | {"id": "9", "doc_number": "1008"}]
    invoices.append(SALE | {"id": "10", "doc_number": "1010", "customer_id": "other"})
    memos = [
        {"id": "a", "customer_id": "3", "invoice_id": "8"},
        {"id": "b", "customer_id": "3", "credited": "1007"},
        {"id": "c", "customer_id": "3", "credited": "1008"},
        {"id": "d", "customer_id": "3", "credited": "1010"},
    ]
    rows = [
        r
        for r in staged("document", invoice=invoices, credit_memo=memos, **HOME)
        if r["object"] == "CreditMemo"
    ]
    assert [row["credited_document_key"] for row in rows] == [
        "books:Invoice/8",
        "books:Invoice/7",
        None,
        None,
    ]


def test_lines_sum_to_the_net_whatever_stands_between_them():
    lines = [
        line("120.00", item_id="i1"),
        line("-15.00", item_id="i1"),
        line(None, "DescriptionOnly"),
        line("105.00", "SubTotalLineDetail"),
        line("5.00", "DiscountLineDetail", discount_account_id="1"),
    ]
    rows = staged("line", invoice=[SALE | {"line": lines}], **BOOKS)
    assert [row["net"] for row in rows] == [Decimal(120), Decimal(-15), Decimal(-5)]
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert {row["line_class"] for row in rows} == {"revenue"}
    assert len({row["key"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("stream", "item", "expected"),
    [
        ("invoice", "i1", "revenue"),
        ("invoice", "i2", "revenue"),
        ("invoice", "i3", "pass_through"),
        ("invoice", "i4", "pass_through"),
        ("credit_memo", "i4", "write_off"),
        ("credit_memo", "i3", "pass_through"),
        ("sales_receipt", "i3", "pass_through"),
        ("refund_receipt", "i1", "revenue"),
        ("invoice", "SHIPPING_ITEM_ID", "revenue"),
        ("invoice", None, "revenue"),
    ],
)
def test_the_account_of_the_item_gives_a_line_its_class(stream, item, expected):
    (row,) = staged("line", **{stream: [SALE | {"line": [line("5", item_id=item)]}]}, **BOOKS)
    assert row["line_class"] == expected


@pytest.mark.parametrize(
    ("name", "line_class", "item", "expected"),
    [
        ("SHIPPING_ITEM_ID", "pass_through", "SHIPPING_ITEM_ID", "pass_through"),
        ("Item 1", "pass_through", "i1", "pass_through"),
        ("Sales", "pass_through", "i1", "pass_through"),
        ("6200", "revenue", "i4", "revenue"),
        ("Item 2", "pass_through", "i1", "revenue"),
        ("Item 1", "write_off", "i1", "write_off"),
    ],
)
def test_the_admins_rules_outrank_the_account(name, line_class, item, expected):
    rule = [{"id": name, "name": name, "line_class": line_class}]
    (row,) = staged("line", credit_memo=[SALE | {"line": [line("5", item_id=item)]}], line_rule=rule, **BOOKS)
    assert row["line_class"] == expected


def test_a_rule_taken_back_does_not_count():
    rule = [{"id": "x", "name": "Item 1", "line_class": "pass_through", "_deleted_at": "2026-01-01"}]
    (row,) = staged("line", invoice=[SALE | {"line": [line("5", item_id="i1")]}], line_rule=rule, **BOOKS)
    assert row["line_class"] == "revenue"


def link(kind, key, amount):
    return {"amount": amount, "linked": [{"id": key, "type": kind}]}


def settled(*links, total="0", **more):
    payment = {"id": "p", "txn_date": "2026-03-01", "total_amt": total, "line": list(links), **more}
    return {
        (
            row["document_key"][6:],
            (row["payment_key"] or "")[6:],
            (row["credit_document_key"] or "")[6:],
        ): row["amount"]
        for row in staged("allocation", payment=[payment])
    }


def test_a_payment_settles_its_invoices():
    assert settled(link("Invoice", "1", "30.00"), link("Invoice", "2", "20.50"), total="60") == {
        ("Invoice/1", "Payment/p", ""): Decimal(30),
        ("Invoice/2", "Payment/p", ""): Decimal("20.5"),
    }


def test_a_credit_memo_and_the_invoice_settle_each_other():
    assert settled(link("Invoice", "1", "30"), link("CreditMemo", "9", "30")) == {
        ("Invoice/1", "", "CreditMemo/9"): 30,
        ("CreditMemo/9", "", "Invoice/1"): 30,
    }


def test_credits_and_money_together_settle_each_document_once():
    found = settled(
        link("Invoice", "1", "50"),
        link("Invoice", "2", "70"),
        link("CreditMemo", "8", "20"),
        link("CreditMemo", "9", "40"),
        total="60",
    )
    assert found == {
        ("Invoice/1", "", "CreditMemo/8"): 20,
        ("CreditMemo/8", "", "Invoice/1"): 20,
        ("Invoice/1", "", "CreditMemo/9"): 30,
        ("CreditMemo/9", "", "Invoice/1"): 30,
        ("Invoice/2", "", "CreditMemo/9"): 10,
        ("CreditMemo/9", "", "Invoice/2"): 10,
        ("Invoice/2", "Payment/p", ""): 60,
    }


def test_a_refunded_credit_memo_is_settled_by_the_cheque():
    assert settled(link("CreditMemo", "9", "40"), link("Check", "5", "40")) == {
        ("CreditMemo/9", "Purchase/5", ""): 40
    }


def test_a_journal_settles_an_invoice_without_a_payment():
    assert settled(link("Invoice", "1", "40"), link("JournalEntry", "5", "40")) == {("Invoice/1", "", ""): 40}


def test_an_invoices_own_deposit_settles_it_on_its_date():
    (row,) = staged("allocation", invoice=[SALE | {"deposit": "50.00"}])
    assert (row["document_key"], row["amount"], str(row["date"])) == ("books:Invoice/7", 50, "2026-01-10")


def test_what_a_deleted_payment_settled_is_deleted_with_it():
    payment = {"id": "p", "line": [link("Invoice", "1", "5")], "_deleted_at": "2026-04-01"}
    (row,) = staged("allocation", payment=[payment])
    assert row["deleted_at"] is not None


def test_payments_in_out_and_void_and_none_for_mere_links():
    rows = staged(
        "payment",
        payment=[
            {"id": "1", "total_amt": "50", "customer_id": "3"},
            {"id": "2", "total_amt": "0", "private_note": "Created by QB Online to link credits to charges."},
            {"id": "3", "total_amt": "0", "private_note": "Voided"},
        ],
        purchase=[
            {
                "id": "4",
                "total_amt": "40",
                "line": [line("40", "AccountBasedExpenseLineDetail", account_id="5", customer_id="3")],
            },
            {
                "id": "5",
                "total_amt": "9",
                "line": [line("9", "AccountBasedExpenseLineDetail", account_id="4")],
            },
        ],
        **BOOKS,
    )
    assert [(r["key"], r["direction"], r["amount"], r["status"]) for r in rows] == [
        ("books:Payment/1", "in", 50, "posted"),
        ("books:Payment/3", "in", 0, "void"),
        ("books:Purchase/4", "out", 40, "posted"),
    ]


def test_cost_lines_are_expenses_tagged_by_class_or_else_by_project():
    spend = "AccountBasedExpenseLineDetail"
    bill = {"id": "1", "total_amt": "90", "doc_number": "B-1", "txn_date": "2026-02-01", "currency": "USD"}
    lines = [
        line("50", spend, account_id="4", class_id="k"),
        line("30", spend, account_id="4", customer_id="u"),
        line("10", spend, account_id="4"),
        line("7", spend, account_id="5", customer_id="u"),
    ]
    rows = staged(
        "cost_line",
        bill=[bill | {"line": lines}],
        vendor_credit=[bill | {"line": [line("5", spend, account_id="4", class_id="k")]}],
        purchase=[
            bill | {"credit": True, "line": [line("3", spend, account_id="4", class_id="k")]},
            bill | {"id": "2", "line": [line("2", spend, account_id="4", class_id="k")], "currency": "EUR", "exchange_rate": "1.5"},
            bill | {"id": "3", "total_amt": "0", "private_note": "Voided", "line": [line("0", spend, account_id="4", class_id="k")]},
        ],
        customer=[{"id": "u", "display_name": "Spring Gala", "is_project": True}],
        **{"class": [{"id": "k", "name": "EXPO-26"}]},
        **BOOKS,
    )  # fmt: skip
    assert [(r["key"], r["campaign_code"], r["net"], r["home_net"], r["status"]) for r in rows] == [
        ("books:Bill/1/1", "EXPO-26", 50, 50, "posted"),
        ("books:Bill/1/2", "Spring Gala", 30, 30, "posted"),
        ("books:Purchase/1/1", "EXPO-26", -3, -3, "posted"),
        ("books:Purchase/2/1", "EXPO-26", 2, 3, "posted"),
        ("books:Purchase/3/1", "EXPO-26", 0, 0, "void"),
        ("books:VendorCredit/1/1", "EXPO-26", -5, -5, "posted"),
    ]


def test_customers_with_masks_marks_and_many_addresses():
    rows = staged(
        "customer",
        customer=[
            {"id": "1", "display_name": "Acme (deleted)", "active": False, "tax_id": "XXXXXX1234"},
            {
                "id": "2",
                "display_name": "Job",
                "parent_id": "1",
                "email": "a@x.example, b@x.example",
                "tax_id": "DE1",
            },
            {
                "id": "3",
                "display_name": "Ada",
                "company_name": "Ada Ltd",
                "mobile": "1",
                "country_code": "GB",
            },
        ],
    )
    assert [
        (r["name"], r["is_active"], r["tax_id"], r["parent_key"], r["email"], r["phone"]) for r in rows
    ] == [
        ("Acme", False, None, None, None, None),
        ("Job", True, "DE1", "books:Customer/1", "a@x.example", None),
        ("Ada Ltd", True, None, None, None, "1"),
    ]


def test_the_company_and_its_rates():
    (company,) = staged("company", company_info=[{"id": "1", "company_name": "We"}], **HOME)
    (rate,) = staged(
        "rate",
        exchange_rate=[
            {
                "id": "EUR/USD/2026-01-02",
                "source_currency_code": "EUR",
                "target_currency_code": "USD",
                "rate": "1.1",
                "as_of_date": "2026-01-02",
            }
        ],
    )
    assert (company["name"], company["currency"]) == ("We", "USD")
    assert (rate["currency"], rate["rate"], rate["direction"]) == ("EUR", Decimal("1.1"), "multiply")
