"""Answers as Salesforce gives them, one by one: what the simulator would not do is written here by hand."""

import json
import re
from datetime import datetime
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from tap_salesforce.catalog import ENTITIES

URL = "https://acme.my.salesforce.test"
DATE = "Sat, 31 Oct 2026 12:00:00 GMT"
BASE = "/services/data/v67.0"
_TYPES = {"number": "currency", "whole": "int", "yes": "boolean", "day": "date", "time": "datetime"}


def at(text):
    """An instant as REST prints it."""
    return f"{text}.000+0000"


def key(number, prefix="00Q"):
    """An id of eighteen characters."""
    return f"{prefix}Sm{number:010d}AAA"


def refused(code, message=""):
    """The body of a refusal."""
    return [{"message": message, "errorCode": code}]


def lead(number, changed="2026-10-30T10:00:00", **more):
    """A row of leads."""
    return {
        "attributes": {"type": "Lead", "url": f"{BASE}/sobjects/Lead/{key(number)}"},
        "Id": key(number),
        "IsDeleted": False,
        "MasterRecordId": None,
        "LastName": f"Azure {number}",
        "Company": "Azure Interior",
        "Email": f"lead{number}@azure.test",
        "Status": "Open",
        "IsConverted": False,
        "CreatedDate": at("2026-01-05T08:00:00"),
        "LastModifiedDate": at(changed),
        "SystemModstamp": at(changed),
    } | more


def described(name, *, hidden=(), custom=()):
    """The description of an object with every standard column that the tap knows."""
    entity = ENTITIES[name]
    fields = [{"name": "Id", "type": "id"}]
    fields += [{"name": "IsDeleted", "type": "boolean"}] if entity.deletes else []
    for kind in ("text", "number", "whole", "yes", "day", "time"):
        fields += [
            {"name": column, "type": _TYPES.get(kind, "string")}
            for column in getattr(entity, kind).split()
            if column[0].isupper() and column not in entity.sources
        ]
    fields += [
        {"name": own, "type": kind, "custom": True, "updateable": True} for own, kind in dict(custom).items()
    ]
    return {
        "name": name,
        "replicateable": entity.deletes,
        "fields": [field for field in fields if field["name"] not in hidden],
    }


class FakeSalesforce:
    """Serves rows by object; `script` holds answers that come first."""

    def __init__(self, mock):
        self.rows = {}
        self.script = []
        self.calls = []
        self.tokens = []
        self.token_script = []
        self.refused_tokens = set()
        self.hidden = {}
        self.custom = {}
        self.absent = set()
        self.page_size = 2000
        self.usage = "25/15000"
        self.date = DATE
        self.cursors = {}
        self.deleted = []
        self.jobs = {}
        mock.add_callback("GET", re.compile(f"{URL}/services/data.*"), self.answer)
        mock.add_callback("POST", re.compile(f"{URL}/services/data/.*"), self.answer)
        mock.add_callback("PATCH", re.compile(f"{URL}/services/data/.*"), self.answer)
        mock.add_callback("POST", f"{URL}/services/oauth2/token", self.token)

    def reply(self, status, body, **headers):
        content = body if isinstance(body, str) else json.dumps(body)
        base = {
            "Date": self.date,
            "Content-Type": "application/json",
            "Sforce-Limit-Info": f"api-usage={self.usage}",
        }
        return status, {**base, **headers}, content

    def token(self, request):
        self.tokens.append(
            dict(parse_qsl(request.body.decode())) | {"auth": request.headers.get("Authorization")}
        )
        if self.token_script:
            return self.reply(*self.token_script.pop(0))
        number = len(self.tokens)
        return self.reply(
            200, {"access_token": f"access-{number}", "instance_url": URL, "token_type": "Bearer"}
        )

    def queries(self, name=None):
        """The queries asked so far, those for one object if it is given."""
        return [call["q"] for call in self.calls if call.get("q") and name in (None, call.get("name"))]

    def answer(self, request):
        parts = urlsplit(request.url)
        path = parts.path.removeprefix(BASE).strip("/")
        params = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = re.search(r"\bFROM (\w+)", params.get("q", ""))
        name = found[1] if found else (path.split("/")[1] if path.startswith("sobjects/") else "")
        if parts.path == "/services/data":
            return self.reply(200, [{"version": "67.0"}])
        self.calls.append({"method": request.method, "path": path, "name": name, **params})
        if request.headers["Authorization"].removeprefix("Bearer ") in self.refused_tokens:
            return self.reply(401, refused("INVALID_SESSION_ID", "Session expired or invalid"))
        if path.endswith("/describe"):
            return self.describe(name)
        scripted = self.script.pop(0) if self.script else None
        return self.reply(*scripted) if scripted else self.resource(request, path, params, name)

    def resource(self, request, path, params, name):
        if path.endswith("/deleted"):
            return self.reply(200, {"deletedRecords": self.deleted})
        if path.startswith("jobs/query"):
            return self.job(request, path, params)
        if "q" in params:
            return self.query(params["q"], name, is_all=path == "queryAll")
        if (held := self.cursors.pop(path, None)) is not None:
            return self.page(*held)
        if path.startswith("query/"):
            return self.reply(400, refused("INVALID_QUERY_LOCATOR", "invalid query locator"))
        return self.reply(404, refused("NOT_FOUND", "The requested resource does not exist"))

    def describe(self, name):
        if name in self.absent:
            return self.reply(
                404, [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
            )
        hidden, custom = self.hidden.get(name, ()), self.custom.get(name, {})
        return self.reply(200, described(name, hidden=hidden, custom=custom))

    def query(self, query, name, *, is_all):
        selected = re.match(r"SELECT (.*?) FROM", query)[1].split(", ")
        if lacking := [field for field in selected if field in self.hidden.get(name, ())]:
            message = f"No such column '{lacking[0]}' on entity '{name}'."
            return self.reply(400, refused("INVALID_FIELD", message))
        rows = [row for row in self.rows.get(name, []) if is_all or not row.get("IsDeleted")]
        rows = [row for row in rows if matches(row, query)]
        if "COUNT()" in query:
            return self.reply(200, {"totalSize": len(rows), "done": True, "records": []})
        order = re.search(r"ORDER BY (\w+)( DESC)?", query)
        if order:
            rows = sorted(
                rows, key=lambda row: (str(row.get(order[1])), str(row["Id"])), reverse=bool(order[2])
            )
        if limit := re.search(r"LIMIT (\d+)", query):
            rows = rows[: int(limit[1])]
        return self.page(rows, 0)

    def page(self, rows, start):
        shown, after = rows[start : start + self.page_size], start + self.page_size
        body = {"totalSize": len(rows), "done": after >= len(rows), "records": shown}
        if after < len(rows):
            path = f"query/01gSm0-{after}"
            self.cursors[path] = (rows, after)
            body["nextRecordsUrl"] = f"{BASE}/{path}"
        return self.reply(200, body)

    def job(self, request, path, params):
        if request.method == "POST":
            number = f"750Sm{len(self.jobs):013d}"
            self.jobs[number] = json.loads(request.body)
            return self.reply(200, {"id": number, "state": "UploadComplete"})
        number = path.split("/")[2]
        if number not in self.jobs:
            return self.reply(404, refused("NOT_FOUND", "not found"))
        if path.endswith("/results"):
            return self.results(number, params)
        return self.reply(200, {"id": number, "state": "JobComplete", **self.jobs[number].get("said", {})})

    def results(self, number, params):
        pages = self.jobs[number]["pages"]
        place = int(params.get("locator", "0"))
        headers = {
            "Content-Type": "text/csv",
            "Sforce-Locator": str(place + 1) if place + 1 < len(pages) else "null",
        }
        return self.reply(200, pages[place], **headers)


def matches(row, query):
    """Whether a row meets the conditions that the tap writes."""
    where = unquote(query).partition(" WHERE ")[2].partition(" ORDER BY ")[0]

    def time(text):
        return datetime.fromisoformat(text)

    for field, operator, value in re.findall(r"(?:^| AND )(\w+) (>=|<=) (\S+)", where):
        mine = time(row[field])
        if not (mine >= time(value) if operator == ">=" else mine <= time(value)):
            return False
    if found := re.search(r"\((\w+) > (\S+) OR \(\w+ = \S+ AND Id > '(\w+)'\)\)", where):
        mine = (time(row[found[1]]), row["Id"])
        if mine <= (time(found[2]), found[3]):
            return False
    if found := re.search(r"Id IN \(([^)]*)\)", where):
        return f"'{row['Id']}'" in found[1]
    return not ("IsDeleted = false" in where and row.get("IsDeleted"))
