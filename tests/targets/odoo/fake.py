"""Odoo's `load`, `search_read`, `fields_get` and rights as a real Odoo 19 showed them, behind `responses`."""

from __future__ import annotations

import json
import re

import requests
import responses

URL = "https://odoo.example.com"
LOCKED = "could not serialize access due to concurrent update\n"
_FLOAT, _INT, _DATE = "float", "integer", "date"


class FakeOdoo:
    """One database. It is a vendor of the target contract."""

    def __init__(self) -> None:
        self.records: dict[str, dict[int, dict]] = {"event.event": {}, "res.partner": {}}
        self.fields = {
            model: {
                "name": "char",
                "x_money": _FLOAT,
                "x_count": _INT,
                "x_date": _DATE,
                "x_tags": "many2many",
            }
            for model in self.records
        }
        self.calls: list[tuple[str, str, dict]] = []
        self.writes: list[tuple[str, int]] = []
        self.refused: dict[int, str] = {}
        self.locked: dict[int, int] = {}
        self.denied: set[tuple[str, str]] = set()
        self.faults: list[str] = []

    def add(self, model: str, key: str, **fields: object) -> None:
        plain = {"x_money": 0.0, "x_count": 0, "x_date": False}
        self.records[model][int(key)] = plain | {k: v for k, v in fields.items() if v is not None}

    def ids(self, model: str) -> set[str]:
        return {str(key) for key in self.records[model]}

    def values(self, model: str, key: str) -> dict:
        return self.records[model][int(key)]

    def fault(self, kind: str) -> None:
        self.faults.append(kind)

    def loads(self) -> list[dict]:
        return [body for _, method, body in self.calls if method == "load"]

    def install(self, mock: responses.RequestsMock) -> None:
        mock.add(responses.GET, f"{URL}/web/version", json={"version_info": [19, 0], "version": "19.0"})
        pattern = re.compile(rf"{URL}/json/2/([\w.]+)/(\w+)")
        mock.add_callback(responses.POST, pattern, callback=self._answer)

    def _answer(self, request):
        model, method = request.url.rsplit("/", 2)[1:]
        body = json.loads(request.body)
        self.calls.append((model, method, body))
        if (model, method) in self.denied:
            return _error(403, "odoo.exceptions.AccessError", f"You may not touch {model}")
        if model not in {*self.records, "res.users", "ir.model", "ir.model.fields"}:
            return _error(404, "werkzeug.exceptions.NotFound", f"the model '{model}' does not exist")
        fault = self.faults.pop(0) if method == "load" and self.faults else None
        if fault == "lost_request":
            raise requests.exceptions.ReadTimeout
        if fault in {"html", "garbled"}:
            text = "<html>down</html>" if fault == "html" else '{"ids": [1'
            return 200, {"Content-Type": "text/html" if fault == "html" else "application/json"}, text
        if fault == "crash":
            return _error(500, "builtins.ZeroDivisionError", "division by zero")
        answer = getattr(self, f"_{method}")(model, body)
        if fault == "lost_answer":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        if fault == "other_ids":
            answer = {"ids": [4711], "messages": []}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer)

    def _context_get(self, _model, _body):
        return {"uid": 2, "lang": "en_US"}

    def _has_access(self, model, body):
        return (model, f"access_{body['operation']}") not in self.denied

    def _fields_get(self, model, _body):
        return {name: {"type": kind, "readonly": False} for name, kind in self.fields[model].items()}

    def _search_read(self, model, body):
        if model == "res.users":
            return [{"id": 2, "company_ids": [1, 2]}]
        wanted = set(body["domain"][0][2])
        found = {key: row for key, row in self.records[model].items() if key in wanted}
        return [{"id": key, **{f: row.get(f, False) for f in body["fields"]}} for key, row in found.items()]

    def _search(self, _model, _body):
        return [90]

    def _create(self, _model, body):
        (field,) = body["vals_list"]
        for model in self.records:
            self.fields[model][field["name"]] = field["ttype"]
        return [1]

    def _load(self, model, body):
        """All or nothing; a batch that fails with an error for users also blames its first row."""
        assert body["context"]["mode"] == "update"
        assert body["fields"][0] == ".id"
        messages = []
        for n, (key, *values) in enumerate(body["data"]):
            messages += self._judge(model, n, int(key), body["fields"][1:], values)
        users = [m for m in messages if "field" not in m and m["message"] != LOCKED]
        if users and users[0]["record"] != 0:
            messages.insert(0, {**users[0], "record": 0, "rows": {"from": 0, "to": 0}})
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        for key, *values in body["data"]:
            for field, value in zip(body["fields"][1:], values, strict=True):
                self.records[model][int(key)][field] = self._kept(self.fields[model][field], value)
            self.writes.append((model, int(key)))
        return {"ids": [int(row[0]) for row in body["data"]], "messages": [], "nextrow": 0}

    def _judge(self, model, n, key, fields, values):
        place = {"type": "error", "record": n, "rows": {"from": n, "to": n}}
        if key not in self.records[model]:
            gone = f"Unknown database identifier '{key}'"
            return [
                {**place, "field": ".id", "message": gone},
                {**place, "message": "Cannot update a record without specifying its id or xml_id"},
            ]
        if key in self.refused:
            return [{**place, "message": self.refused[key]}]
        if self.locked.get(key, 0) > 0:
            self.locked[key] -= 1
            return [{**place, "message": LOCKED}]
        return []

    @staticmethod
    def _kept(kind, value):
        if kind == _FLOAT:
            return float(value or 0)
        if kind == _INT:
            return int(value or 0)
        return value or False


def _error(status, name, message):
    body = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback"}
    return status, {"Content-Type": "application/json"}, json.dumps(body)
