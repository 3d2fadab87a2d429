"""What the ledger's records become."""

from decimal import Decimal

import pytest

SALE = {
    "move_type": "out_invoice",
    "state": "posted",
    "currency_id_name": "USD",
    "company_currency_id_name": "USD",
}
ACCOUNTS = [
    {"id": 1, "code": "400000", "name": "Sales", "account_type": "income"},
    {"id": 2, "code": "450000", "name": "Other", "account_type": "income_other"},
    {"id": 3, "code": "251000", "name": "Deposits", "account_type": "liability_current"},
    {"id": 4, "code": "600000", "name": "Bad debt", "account_type": "expense"},
]


def test_customers_are_the_firms_that_buy(stage):
    rows = stage(
        "customer",
        res_partner=[
            {"id": 1, "name": "Acme", "customer_rank": 0, "commercial_partner_id": 1, "external_id": "A-1"},
            {"id": 2, "name": "Ada", "customer_rank": 3, "parent_id": 1, "commercial_partner_id": 1},
            {"id": 3, "name": "Vendor", "supplier_rank": 1, "customer_rank": 0, "commercial_partner_id": 3},
            {"id": 4, "name": "On a document only", "commercial_partner_id": 4, "active": False},
            {"id": 5, "name": "Nobody", "customer_rank": 0, "commercial_partner_id": 5},
        ],
        account_move=[
            {"id": 1, "move_type": "out_refund", "partner_id": 4, "commercial_partner_id": 4},
            {"id": 2, "move_type": "in_invoice", "partner_id": 3, "commercial_partner_id": 3},
        ],
    )
    assert [(r["key"], r["external_id"], r["is_active"]) for r in rows] == [
        ("crm:res.partner/1", "A-1", True),
        ("crm:res.partner/4", None, False),
    ]


def test_a_foreign_invoice_states_its_own_home_amounts(stage):
    invoice = {
        "id": 7,
        **SALE,
        "name": "INV/2026/0007",
        "partner_id": 2,
        "commercial_partner_id": 1,
        "invoice_date": "2026-01-10",
        "date": "2026-01-31",
        "invoice_date_due": "2026-02-10",
        "currency_id_name": "EUR",
        "amount_untaxed": "100.1",
        "amount_tax": "19.02",
        "amount_total": "119.12",
        "amount_residual": "19.12",
        "amount_untaxed_signed": "111.22",
        "amount_total_signed": "132.36",
        "invoice_currency_rate": "0.9",
        "ref": "PO 77",
        "invoice_origin": "S0001",
    }
    (row,) = stage("document", account_move=[invoice])
    assert (row["kind"], row["number"], row["status"]) == ("invoice", "INV/2026/0007", "posted")
    assert (row["customer_key"], str(row["date"]), str(row["due_date"])) == (
        "crm:res.partner/1",
        "2026-01-10",
        "2026-02-10",
    )
    amounts = [row[c] for c in ("net", "tax", "gross", "balance", "home_net", "home_gross", "rate")]
    assert amounts == [Decimal(x) for x in ("100.1", "19.02", "119.12", "19.12", "111.22", "132.36", "0.9")]
    assert (row["currency"], row["home_currency"], row["rate_direction"]) == ("EUR", "USD", "divide")
    assert (row["reference"], row["po"], row["opportunity_ref"]) == ("PO 77", None, "S0001")


def test_a_credit_note_is_positive_and_names_what_it_credits(stage):
    note = {
        "id": 8,
        **SALE,
        "move_type": "out_refund",
        "reversed_entry_id": 7,
        "opportunity": "D-1",
        "invoice_origin": "S1",
    }
    note |= {"amount_untaxed": "10", "amount_untaxed_signed": "-9", "amount_total_signed": "-11"}
    (row,) = stage("document", account_move=[note])
    assert (row["kind"], row["net"], row["home_net"], row["home_gross"]) == ("credit_note", 10, 9, 11)
    assert (row["credited_document_key"], row["opportunity_ref"]) == ("crm:account.move/7", "D-1")


def test_drafts_and_cancelled_documents_stay_with_their_status_and_vendors_stay_out(stage):
    rows = stage(
        "document",
        account_move=[
            {"id": 1, "move_type": "out_invoice", "state": "draft", "name": "/", "date": "2026-01-05"},
            {"id": 2, "move_type": "out_receipt", "state": "cancel"},
            {"id": 3, "move_type": "in_invoice", "state": "posted"},
            {"id": 4, "move_type": "entry", "state": "posted"},
            {"id": 5, "move_type": "out_invoice", "auto_post": "monthly", "state": "posted"},
            {"id": 6, "move_type": "out_invoice", "auto_post": "no", "auto_post_origin_id": 5, "state": None},
        ],
    )
    assert [(r["source_id"], r["kind"], r["status"], r["repeating_key"]) for r in rows] == [
        ("1", "invoice", "draft", None),
        ("2", "invoice", "void", None),
        ("5", "invoice", "posted", "crm:account.move/5"),
        ("6", "invoice", "draft", "crm:account.move/5"),
    ]
    assert (rows[0]["number"], str(rows[0]["date"])) == (None, "2026-01-05")


@pytest.mark.parametrize(
    ("move_type", "account", "expected"),
    [
        ("out_invoice", 1, "revenue"),
        ("out_invoice", 2, "revenue"),
        ("out_invoice", 3, "pass_through"),
        ("out_invoice", 4, "pass_through"),
        ("out_refund", 4, "write_off"),
        ("out_refund", 3, "pass_through"),
        ("out_invoice", None, "revenue"),
        ("out_invoice", 99, "revenue"),
    ],
)
def test_the_account_gives_a_line_its_class(stage, move_type, account, expected):
    line = {
        "id": 1,
        "move_id": 7,
        "display_type": "product",
        "account_id": account,
        "amount_currency": "-5",
        "balance": "-4",
    }
    (row,) = stage(
        "line",
        account_move=[{"id": 7, **SALE, "move_type": move_type}],
        account_move_line=[line],
        account_account=ACCOUNTS,
    )
    sign = -1 if move_type == "out_refund" else 1
    assert (row["line_class"], row["net"], row["home_net"]) == (expected, sign * 5, sign * 4)


def test_taxes_and_receivables_are_no_lines_and_positions_follow_the_document(stage):
    line = {
        "move_id": 7,
        "display_type": "product",
        "account_id": 1,
        "balance": "-1",
        "amount_currency": "-1",
    }
    rows = stage(
        "line",
        account_move=[{"id": 7, **SALE}, {"id": 8, "move_type": "in_invoice"}],
        account_account=ACCOUNTS,
        account_move_line=[
            {"id": 1, **line, "sequence": 20, "name": "second", "product_id_name": "Seat"},
            {"id": 2, **line, "sequence": 10, "name": "first"},
            {
                "id": 3,
                **line,
                "sequence": 30,
                "display_type": "rounding",
                "balance": "0.01",
                "amount_currency": "0.01",
            },
            {"id": 4, **line, "display_type": "tax"},
            {"id": 5, **line, "display_type": "payment_term"},
            {"id": 6, **line, "display_type": "cogs"},
            {"id": 7, **line, "move_id": 8},
        ],
    )
    assert [(r["source_id"], r["position"], r["net"]) for r in rows] == [
        ("1", 2, 1),
        ("2", 1, 1),
        ("3", 3, Decimal("-0.01")),
    ]
    assert (rows[0]["item"], rows[0]["account_code"], rows[0]["document_key"]) == (
        "Seat",
        "400000",
        "crm:account.move/7",
    )


def test_payments_of_customers_in_and_out(stage):
    paid = {
        "payment_type": "inbound",
        "partner_type": "customer",
        "partner_id": 2,
        "amount": "50.25",
        "state": "in_process",
    }
    rows = stage(
        "payment",
        res_partner=[{"id": 2, "commercial_partner_id": 1}],
        account_payment=[
            {"id": 1, **paid, "date": "2026-02-01", "currency_id_name": "EUR"},
            {"id": 2, **paid, "payment_type": "outbound", "state": "paid"},
            {"id": 3, **paid, "state": "canceled"},
            {"id": 4, **paid, "state": "draft"},
            {"id": 5, **paid, "partner_type": "supplier"},
        ],
    )
    assert [(r["source_id"], r["direction"], r["status"], r["currency"]) for r in rows] == [
        ("1", "in", "posted", "EUR"),
        ("2", "out", "posted", "USD"),
        ("3", "in", "void", "USD"),
        ("4", "in", "draft", "USD"),
    ]
    assert (rows[0]["customer_key"], rows[0]["amount"]) == ("crm:res.partner/1", Decimal("50.25"))


def test_what_settles_what(stage):
    rows = stage(
        "allocation",
        account_move=[
            {"id": 7, **SALE},
            {"id": 8, **SALE, "move_type": "out_refund"},
            {"id": 20, "move_type": "entry"},
            {"id": 21, "move_type": "entry"},
            {"id": 22, "move_type": "entry"},
            {"id": 30, "move_type": "in_invoice"},
        ],
        account_move_line=[
            {"id": 70, "move_id": 7},
            {"id": 80, "move_id": 8},
            {"id": 200, "move_id": 20},
            {"id": 210, "move_id": 21},
            {"id": 220, "move_id": 22},
            {"id": 300, "move_id": 30},
        ],
        account_payment=[{"id": 5, "move_id": 20}, {"id": 6, "move_id": None}],
        account_partial_reconcile=[
            # a payment; the credit note; a bank entry; the exchange entry and its empty partial; a vendor's bill
            {
                "id": 1,
                "debit_move_id": 70,
                "credit_move_id": 200,
                "debit_amount_currency": "60",
                "max_date": "2026-02-01",
            }
            | {"credit_amount_currency": "66", "exchange_move_id": 22},
            {
                "id": 2,
                "debit_move_id": 70,
                "credit_move_id": 80,
                "debit_amount_currency": "40",
                "max_date": "2026-03-01",
            }
            | {"credit_amount_currency": "40"},
            {"id": 3, "debit_move_id": 210, "credit_move_id": 80, "debit_amount_currency": "9"}
            | {"credit_amount_currency": "9"},
            {"id": 4, "debit_move_id": 70, "credit_move_id": 220, "debit_amount_currency": "3"},
            {"id": 5, "debit_move_id": 70, "credit_move_id": 200, "debit_amount_currency": "0.0"},
            {"id": 6, "debit_move_id": 200, "credit_move_id": 300, "credit_amount_currency": "5"},
        ],
    )
    found = [
        [r[c] for c in ("key", "document_key", "payment_key", "credit_document_key", "amount")] for r in rows
    ]
    move, partial = "crm:account.move/", "crm:account.partial.reconcile/"
    assert found == [
        [partial + "1", move + "7", "crm:account.payment/5", None, 60],
        [partial + "2", move + "7", None, move + "8", 40],
        [partial + "2/credit", move + "8", None, move + "7", 40],
        [partial + "3/credit", move + "8", None, None, 9],
    ]
    assert str(rows[0]["date"]) == "2026-02-01"


def test_costs_are_expenses_tagged_to_an_analytic_account(stage):
    line = {
        "move_id": 1,
        "account_id": 4,
        "amount_currency": "200",
        "balance": "220.01",
        "currency_id_name": "EUR",
    }
    rows = stage(
        "cost_line",
        account_account=ACCOUNTS,
        account_analytic_account=[
            {"id": 1, "code": "EV-1", "name": "Expo"},
            {"id": 11, "code": "EV-11", "name": "Dinner"},
            {"id": 5, "code": None, "name": "Marketing"},
        ],
        account_move=[
            {
                "id": 1,
                "move_type": "in_invoice",
                "state": "posted",
                "name": "BILL/1",
                "invoice_date": "2026-01-05",
            }
            | {"date": "2026-01-31"},
            {"id": 2, "move_type": "in_refund", "state": "cancel"},
            {"id": 3, **SALE},
        ],
        account_move_line=[
            {"id": 1, **line, "analytic_distribution": '{"1": 50.0, "11,5": 25}'},
            {
                "id": 2,
                **line,
                "move_id": 2,
                "amount_currency": "-10",
                "balance": "-11",
                "analytic_distribution": '{"1": 100}',
            },
            {"id": 3, **line, "account_id": 3, "analytic_distribution": '{"1": 100}'},
            {"id": 4, **line, "move_id": 3, "analytic_distribution": '{"1": 100}'},
            {"id": 5, **line, "analytic_distribution": "{}"},
            {"id": 6, **line, "analytic_distribution": "null"},
            {"id": 7, **line},
        ],
    )
    found = [
        [r[c] for c in ("key", "campaign_code", "campaign_name", "net", "home_net", "status")] for r in rows
    ]
    assert found == [
        ["crm:account.move.line/1/1", "EV-1", "Expo", 100, Decimal("110.005"), "posted"],
        ["crm:account.move.line/1/11", "EV-11", "Dinner", 50, Decimal("55.0025"), "posted"],
        ["crm:account.move.line/1/5", None, "Marketing", 50, Decimal("55.0025"), "posted"],
        ["crm:account.move.line/2/1", "EV-1", "Expo", -10, -11, "void"],
    ]
    assert (str(rows[0]["date"]), rows[0]["document_number"], rows[0]["currency"]) == (
        "2026-01-05",
        "BILL/1",
        "EUR",
    )
    assert rows[0]["home_currency"] == "USD"


def test_rates_divide_and_a_shared_rate_serves_every_company(stage):
    rows = stage(
        "rate",
        res_company=[
            {"id": 1, "name": "A", "currency_id_name": "USD"},
            {"id": 2, "name": "B", "currency_id_name": "EUR"},
        ],
        res_currency_rate=[
            {
                "id": 1,
                "name": "2026-01-01",
                "currency_id_name": "CHF",
                "company_id": 1,
                "rate": "0.8",
                "company_rate": "0.9",
            },
            {"id": 2, "name": "2026-01-02", "currency_id_name": "CHF", "rate": "0.81"},
        ],
    )
    assert [(r["key"], r["currency"], r["home_currency"], r["rate"], r["direction"]) for r in rows] == [
        ("crm:res.currency.rate/1", "CHF", "USD", Decimal("0.9"), "divide"),
        ("crm:res.currency.rate/2/1", "CHF", "USD", Decimal("0.81"), "divide"),
        ("crm:res.currency.rate/2/2", "CHF", "EUR", Decimal("0.81"), "divide"),
    ]
    (company, _) = stage(
        "company", res_company=[{"id": 1, "name": "A", "currency_id_name": "USD"}, {"id": 2}]
    )
    assert (company["key"], company["name"], company["currency"]) == ("crm:res.company/1", "A", "USD")
