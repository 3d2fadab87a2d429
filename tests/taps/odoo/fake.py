"""An Odoo in a dictionary, answering in process: just enough of JSON-2 for the tap's own tests."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import responses

from tap_odoo.catalog import MODELS, schema

URL = "https://odoo.test"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KINDS = {"date-time": "datetime", "date": "date", "singer.decimal": "monetary"}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "in": lambda a, b: a in b,
    ">": lambda a, b: a is not False and a > b,
    ">=": lambda a, b: a is not False and a >= b,
    "<": lambda a, b: a is not False and a < b,
    "<=": lambda a, b: a is not False and a <= b,
}


def odoo_fields(stream):
    """Return fields_get of a stream's model, as its columns suggest."""
    fields = {}
    properties = schema(stream)["properties"]
    for name, prop in properties.items():
        base = name.removesuffix("_name")
        if base != name and base in properties:
            fields[base] = {"type": "many2one", "relation": "res.partner"}
        else:
            kind = (
                "integer" if "integer" in prop["type"] else "boolean" if "boolean" in prop["type"] else "char"
            )
            fields.setdefault(name, {"type": KINDS.get(prop.get("format", ""), kind)})
    return fields


def row(number, *, at="2026-02-01 10:00:00", born=None, **values):
    """Return a row written at a time."""
    return {"id": number, "write_date": at, "create_date": born or at, **values}


class FakeOdoo:
    """Tables, the requests they got, and what goes wrong."""

    def __init__(self, mock: responses.RequestsMock, *, tables=None, now=NOW):
        self.now = now
        self.key = "key-123456"
        self.tables: dict[str, list[dict[str, Any]]] = {
            MODELS[name].name: [] for name in ("event_event", "crm_lead", "crm_stage", "utm_campaign")
        } | (tables or {})
        self.fields = {m.name: odoo_fields(s) for s, m in MODELS.items() if m.name in self.tables}
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        self.faults: list[tuple[Callable[[str, str, dict], bool], list[Any]]] = []
        self.tweak: Callable[[str, str, Any], Any] = lambda _model, _method, answer: answer
        mock.add(
            responses.GET,
            f"{URL}/web/version",
            json={"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"},
            headers=self.headers(),
        )
        mock.add_callback(responses.POST, re.compile(rf"{URL}/json/2/.*"), callback=self.answer)

    def headers(self, **more):
        return {"Date": format_datetime(self.now, usegmt=True), "Content-Type": "application/json", **more}

    def fail(self, model, method, *answers):
        """Give these answers, one a call, then the truth again."""
        self.faults.append((lambda m, f, _a: (m, f) == (model, method), list(answers)))

    def calls(self, model=None, method=None):
        return [a for m, f, a in self.requests if model in (None, m) and method in (None, f)]

    def answer(self, request):
        model, method = request.url.rsplit("/", 2)[1:]
        arguments = json.loads(request.body)
        self.requests.append((model, method, arguments))
        for matches, answers in self.faults:
            if answers and matches(model, method, arguments):
                planned = answers.pop(0)
                if planned is not None:
                    return planned
        if request.headers["Authorization"] != f"bearer {self.key}":
            return error(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey", headers=self.headers())
        if request.headers["X-Odoo-Database"] != "crm":
            return 404, {"Content-Type": "text/html"}, "<!doctype html><p>no database is selected"
        return self.carried_out(model, method, arguments)

    def carried_out(self, model, method, arguments):
        if (model, method) == ("res.users", "context_get"):
            answer = {"uid": 2}
        elif model == "res.users" and arguments.get("fields") == ["company_ids"]:
            answer = [{"id": 2, "company_ids": [1, 3]}]
        elif model in self.tables:
            answer = self.tweak(model, method, getattr(self, method)(model, arguments))
        else:
            return error(404, "werkzeug.exceptions.NotFound", f"the model '{model}' does not exist")
        return 200, self.headers(), json.dumps(answer)

    def matching(self, model, domain):
        terms = [term for term in domain if "." not in term[0]]
        rows = sorted(self.tables[model], key=lambda r: r["id"])
        return [r for r in rows if all(COMPARE[op](r.get(name, False), value) for name, op, value in terms)]

    def fields_get(self, model, _arguments):
        return self.fields[model]

    def search_count(self, model, arguments):
        return len(self.matching(model, arguments["domain"]))

    def search(self, model, arguments):
        return [r["id"] for r in self.matching(model, arguments["domain"])][: arguments["limit"]]

    def search_read(self, model, arguments):
        rows = self.matching(model, arguments["domain"])
        if arguments.get("order") == "write_date desc":
            rows = sorted(rows, key=lambda r: r["write_date"], reverse=True)
        names = ["id", *arguments["fields"]]
        return [{name: r.get(name, False) for name in names} for r in rows[: arguments["limit"]]]


def error(status, name, message, *, headers=None):
    body = {
        "name": name,
        "message": message,
        "arguments": [],
        "context": {},
        "debug": "Traceback: jane@corp.com",
    }
    return status, headers or {"Content-Type": "application/json"}, json.dumps(body)


def html(status=200):
    return status, {"Content-Type": "text/html"}, "<html><body>Maintenance, call jane@corp.com</body></html>"
