"""Answers as Xero gives them, one by one: what the simulator would not do is written here by hand."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

URL = "https://xero.test"
DATE = "Sat, 31 Oct 2026 12:00:00 GMT"


def at(text):
    """An instant as Xero prints it."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return f"/Date({round(moment.timestamp() * 1000)}+0000)/"


def invoice(number, changed="2026-10-30T10:00:00", **more):
    """A row of the listing of invoices."""
    return {
        "Type": "ACCREC",
        "InvoiceID": f"id-{number}",
        "InvoiceNumber": f"INV-{number}",
        "Contact": {"ContactID": "contact-1", "Name": "Azure"},
        "Date": "/Date(1539993600000+0000)/",
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": [],
        "SubTotal": 100.10,
        "TotalTax": 0,
        "Total": 100.10,
        "UpdatedDateUTC": at(changed),
        "CurrencyCode": "USD",
    } | more


class FakeXero:
    """Serves rows by listing; `script` holds answers that come first."""

    def __init__(self, mock):
        self.rows = {}
        self.script = []
        self.calls = []
        self.tokens = []
        self.refused_tokens = set()
        mock.add_callback("GET", re.compile(f"{URL}/api.xro/2.0/.*"), self.answer)
        mock.add_callback("GET", f"{URL}/connections", self.connections)
        mock.add_callback("POST", f"{URL}/connect/token", self.token)

    @staticmethod
    def reply(status, body, **headers):
        content = body if isinstance(body, str) else json.dumps(body)
        return status, {"Date": DATE, "Content-Type": "application/json", **headers}, content

    def connections(self, request):
        return self.reply(200, [{"tenantId": "tenant-1", "tenantType": "ORGANISATION", "tenantName": "Demo"}])

    def token(self, request):
        self.tokens.append(dict(parse_qsl(request.body.decode())))
        number = len(self.tokens)
        return self.reply(
            200, {"access_token": f"access-{number}", "expires_in": 1800, "token_type": "Bearer"}
        )

    def answer(self, request):
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        name = parts.path.removeprefix("/api.xro/2.0/").partition("/")[0]
        since = request.headers.get("If-Modified-Since")
        self.calls.append({"name": name, "path": parts.path, "since": since, **query})
        if request.headers["Authorization"].removeprefix("Bearer ") in self.refused_tokens:
            body = {"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: token expired"}
            return self.reply(401, body)
        if self.script:
            return self.reply(*self.script.pop(0))
        plural = "Organisations" if name == "Organisation" else name
        return self.reply(200, self.page(plural, self.rows.get(name, []), query, since))

    @staticmethod
    def page(name, rows, query, since):
        def milliseconds(row):
            return int(row["UpdatedDateUTC"].removeprefix("/Date(").split("+")[0])

        if since:
            moment = datetime.fromisoformat(since).timestamp() * 1000
            rows = [row for row in rows if milliseconds(row) >= moment]
        if "page" not in query:
            return {"Status": "OK", name: rows}
        page, size = int(query["page"]), int(query["pageSize"])
        rows = sorted(rows, key=milliseconds, reverse=query.get("order", "").endswith("DESC"))
        shown = [dict(row) for row in rows[(page - 1) * size : page * size]]
        pages = -(-len(rows) // size) or 1
        paging = {"page": page, "pageSize": size, "pageCount": pages, "itemCount": len(rows)}
        return {"Status": "OK", "pagination": paging, name: shown}
