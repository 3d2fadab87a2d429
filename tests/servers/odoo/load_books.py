"""The ledger's part of a world: customers, rates, documents, payments, settlements, vendors' bills."""

from collections import defaultdict

from tests.servers.odoo.facts import Facts, stamped

MOVE = {
    "invoice": "out_invoice",
    "sales_receipt": "out_receipt",
    "credit_note": "out_refund",
    "refund": "out_refund",
}
ACCOUNTS = {
    "revenue": "income",
    "pass_through": "liability_current",
    "write_off": "expense",
    "cost": "expense",
}
CHECKED = ("amount_untaxed", "amount_tax", "amount_total", "amount_residual")


def load_books(api, world, sql):
    """Fill the ledger, assert that it computed what the world says, and return world key → (database, model, id)."""
    books = Books(api, world)
    books.basics()
    books.customers()
    books.documents()
    books.payments()
    books.book()
    books.bills()
    sql(*books.times)
    books.check()
    return books.keys


class Books(Facts):
    """The ledger being filled; ``times`` gathers the SQL that sets what the API cannot."""

    def __init__(self, api, world):
        super().__init__(api, world)
        self.times = []
        self.line = {}

    def basics(self):
        api, world = self.api, self.world
        currencies = {row["name"]: row["id"] for row in api.rows("res.currency", [], ["name"])}
        self.currency = {currency.code: currencies[currency.code] for currency in world.currencies}
        api.write("res.currency", list(self.currency.values()), {"active": True})
        old = [row["id"] for row in api.rows("res.currency.rate", [], ["id"])]
        if old:
            api.call("res.currency.rate", "unlink", ids=old)
        rows = [
            {
                "name": str(rate.day),
                "currency_id": self.currency[rate.currency],
                "company_rate": float(rate.rate),
            }
            for rate in world.rates
        ]
        api.create("res.currency.rate", rows)
        rows = [
            {"name": kind.replace("_", " "), "code": f"99{place:02}", "account_type": type_}
            for place, (kind, type_) in enumerate(ACCOUNTS.items())
        ]
        self.account = dict(zip(ACCOUNTS, api.create("account.account", rows), strict=True))
        model = api.one("account.tax", ("type_tax_use", "=", "sale"), ("amount_type", "=", "percent"))
        self.tax = {}
        for percent in sorted({document.tax_percent for document in world.documents if document.tax_percent}):
            values = {"name": f"{percent}% test", "amount": percent}
            made = api.call("account.tax", "copy", ids=[model], default=values)
            self.tax[percent] = made[0] if isinstance(made, list) else made
        plan = api.create("account.analytic.plan", [{"name": "Events"}])[0]
        codes = sorted(
            {line.event_code for line in world.cost_lines} | {event.code for event in world.events}
        )
        names = {event.code: event.name for event in world.events}
        rows = [{"name": names.get(code, code), "code": code, "plan_id": plan} for code in codes]
        self.analytic = dict(zip(codes, api.create("account.analytic.account", rows), strict=True))

    def customers(self):
        country = {row["code"]: row["id"] for row in self.api.rows("res.country", [], ["code"])}
        rows = [
            {
                "name": customer.name,
                "is_company": True,
                "email": customer.email or False,
                "phone": customer.phone or False,
                "website": customer.website or False,
                "street": customer.street or False,
                "city": customer.city or False,
                "zip": customer.postal_code or False,
                "country_id": country[customer.country],
                "vat": customer.tax_id or False,
                "ref": customer.external_id or False,
                "customer_rank": 1,
            }
            for customer in self.world.customers
        ]
        self.keep("res.partner", self.world.customers, self.api.create("res.partner", rows))
        born = [
            (self.ids[one.key], {"create_date": self.moment(one.created_at)}) for one in self.world.customers
        ]
        self.times += stamped("res_partner", born)

    def documents(self):
        """Make every document as a draft, a credit note after the invoice that it names."""
        world = self.world
        plain = [document for document in world.documents if document.credited is None]
        naming = [document for document in world.documents if document.credited is not None]
        for group in (plain, naming):
            self.keep(
                "account.move", group, self.api.create("account.move", [self._document(one) for one in group])
            )
        first = {}
        for document in world.documents:
            number = self.ids[document.key]
            values = {"create_date": self.at(document.day, 12)}
            if document.repeating:
                origin = first.setdefault(document.repeating, number)
                values |= {"auto_post": "monthly"} if origin == number else {"auto_post_origin_id": origin}
            self.times += stamped("account_move", [(number, values)])

    def _document(self, document):
        lines = [
            {
                "name": line.description,
                "quantity": 1,
                "price_unit": self.money(line.net, document.currency),
                "account_id": self.account[line.line_class],
                "tax_ids": [[6, 0, [self.tax[document.tax_percent]] if document.tax_percent else []]],
            }
            for line in document.lines
        ]
        return {
            "move_type": MOVE[document.kind],
            "name": document.number if document.status != "draft" else False,
            "partner_id": self.ids[document.customer],
            "invoice_date": str(document.day),
            "invoice_date_due": str(document.due),
            "invoice_payment_term_id": False,
            "currency_id": self.currency[document.currency],
            "ref": document.reference or False,
            "x_opportunity": document.opportunity_number or False,
            "x_po": document.po or False,
            "reversed_entry_id": self.ids.get(document.credited, False),
            "invoice_line_ids": [[0, 0, line] for line in lines],
        }

    def payments(self):
        rows = [
            {
                "payment_type": "inbound" if payment.direction == "in" else "outbound",
                "partner_type": "customer",
                "partner_id": self.ids[payment.customer],
                "amount": self.money(payment.amount, payment.currency),
                "currency_id": self.currency[payment.currency],
                "date": str(payment.day),
            }
            for payment in self.world.payments
        ]
        self.keep("account.payment", self.world.payments, self.api.create("account.payment", rows))

    def book(self):
        """Post and settle: what nothing hangs on at once, then credit notes and settlements in the world's order.

        Only the posting of a credit note that names an invoice settles something by itself: what is open then.
        """
        world = self.world
        naming = {document.key: document for document in world.documents if document.credited}
        self._post("account.move", [document for document in world.documents if document.key not in naming])
        self._post("account.payment", world.payments)
        allocations = {allocation.key: allocation for allocation in world.allocations}
        for key in world.bookings:
            if key in naming:
                self._post("account.move", [naming[key]])
            elif key in allocations:
                self._settle(allocations[key])

    def _post(self, model, records):
        posted = [self.ids[one.key] for one in records if one.status == "posted"]
        void = [self.ids[one.key] for one in records if one.status == "void"]
        if posted:
            self.api.call(model, "action_post", ids=posted)
        if void:
            self.api.call(
                model, {"account.move": "button_cancel", "account.payment": "action_cancel"}[model], ids=void
            )

    def _settle(self, allocation):
        other = self._open_line(allocation.payment or allocation.credit)
        self.api.call(
            "account.move", "js_assign_outstanding_line", ids=[self.ids[allocation.document]], line_id=other
        )

    def _open_line(self, key):
        """The line on the receivable account of a payment or credit note."""
        if key not in self.line:
            _, model, number = self.keys[key]
            link = "move_id" if model == "account.move" else "payment_id"
            terms = [[link, "=", number], ["account_id.account_type", "=", "asset_receivable"]]
            (row,) = self.api.rows("account.move.line", terms, ["id"])
            self.line[key] = row["id"]
        return self.line[key]

    def bills(self):
        bills = defaultdict(list)
        for cost in self.world.cost_lines:
            bills[cost.bill].append(cost)
        if not bills:
            return
        vendor = self.api.create(
            "res.partner", [{"name": "Expo Partners", "is_company": True, "supplier_rank": 1}]
        )[0]
        rows = [
            {
                "move_type": "in_invoice",
                "partner_id": vendor,
                "ref": number,
                "invoice_date": str(costs[0].day),
                "invoice_date_due": str(costs[0].day),
                "currency_id": self.currency[costs[0].currency],
                "invoice_line_ids": [[0, 0, self._cost(cost)] for cost in costs],
            }
            for number, costs in bills.items()
        ]
        made = dict(zip(bills, self.api.create("account.move", rows), strict=True))
        for status, method in (("posted", "action_post"), ("void", "button_cancel")):
            ids = [made[number] for number, costs in bills.items() if costs[0].status == status]
            if ids:
                self.api.call("account.move", method, ids=ids)

    def _cost(self, cost):
        return {
            "name": cost.description,
            "quantity": 1,
            "price_unit": self.money(cost.net, cost.currency),
            "account_id": self.account["cost"],
            "tax_ids": [[6, 0, []]],
            "analytic_distribution": {str(self.analytic[cost.event_code]): 100},
        }

    def check(self):
        """Odoo computed every document as the world does."""
        fields = [*CHECKED, "amount_untaxed_signed", "state", "move_type", "currency_id"]
        ids = [self.ids[document.key] for document in self.world.documents]
        held = {row["id"]: row for row in self.api.rows("account.move", [["id", "in", ids]], fields)}
        wrong = [
            (document.key, expected, found)
            for document in self.world.documents
            for expected, found in [
                (self._expected(document), self._found(document, held[self.ids[document.key]]))
            ]
            if expected != found
        ]
        assert not wrong, f"{len(wrong)} of {len(ids)} documents differ: {wrong[:5]}"

    def _expected(self, document):
        balance = document.balance if document.status == "posted" else None
        state = {"posted": "posted", "draft": "draft", "void": "cancel"}[document.status]
        return (document.net, document.tax, document.gross, balance, document.home_net, state)

    def _found(self, document, row):
        amounts = [self.minor(row[field], document.currency) for field in CHECKED]
        if document.status != "posted":
            amounts[-1] = None
        return (*amounts, abs(self.minor(row["amount_untaxed_signed"])), row["state"])
