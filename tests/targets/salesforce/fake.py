"""A small organisation behind `responses`: collections, bulk jobs, describe, fields and rights, with faults on demand."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import requests
import responses

URL = "https://acme.my.salesforce.com"
DATA = "/services/data/v67.0"
USER = "005000000000001AAA"
MONEY, COUNT, DAY, RATIO = "Money__c", "Count__c", "Day__c", "Ratio__c"
#: Name → type, precision, scale; what is no custom field of ours is described as its flags say.
FIELDS = {
    MONEY: ("double", 18, 2),
    COUNT: ("double", 18, 0),
    RATIO: ("double", 18, 6),
    DAY: ("date", 0, 0),
    "Note__c": ("string", 0, 0),
    "Tags__c": ("multipicklist", 0, 0),
    "Key__c": ("string", 0, 0),
    "At__c": ("datetime", 0, 0),
    "Name": ("string", 0, 0),
    "LastName": ("string", 0, 0),
    "Company": ("string", 0, 0),
    "Status": ("picklist", 0, 0),
    "CampaignId": ("reference", 0, 0),
    "AccountId": ("reference", 0, 0),
    "LeadId": ("reference", 0, 0),
}
#: Set once, with the record.
FIXED = {"CampaignId", "LeadId"}
OBJECTS = ("Campaign", "Account", "Contact", "Lead", "Opportunity", "CampaignMember")
_MADE = {"Number": "double", "Date": "date", "Text": "string"}


def error(code, message="", **more):
    return {"statusCode": code, "message": message or f"about {code}", "fields": [], **more}


class FakeSalesforce:
    """One organisation. It is a vendor of the target contract."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict]] = {name: {} for name in OBJECTS}
        self.fields = {name: dict(FIELDS) for name in OBJECTS}
        self.calls: list[tuple[str, str, object]] = []
        self.headers: list[dict] = []
        self.writes: list[tuple[str, str]] = []
        self.refused: dict[str, dict] = {}
        self.locked: dict[str, int] = {}
        self.hidden: set[str] = set()
        self.read_only: set[str] = set()
        self.faults: list[str] = []
        self.answers: dict[str, tuple[int, object]] = {}
        self.jobs: dict[str, dict] = {}
        self.job_states: list[str] = []
        self.job_loses: set[str] = set()
        self.job_leaves: set[str] = set()
        self.setup: dict[str, list[dict]] = {
            "PermissionSet": [],
            "FieldPermissions": [],
            "PermissionSetAssignment": [],
        }
        self.denied_setup: set[str] = set()
        self.tokens = 0

    def add(self, stream, key, **fields):
        self.records[stream][key] = dict.fromkeys(self.fields[stream]) | fields

    def ids(self, stream):
        return set(self.records[stream])

    def values(self, stream, key):
        return self.records[stream][key]

    def fault(self, kind):
        self.faults.append(kind)

    def sent(self, path="/composite/sobjects", method="PATCH"):
        return [body for m, p, body in self.calls if m == method and p.startswith(path)]

    def install(self, mock: responses.RequestsMock) -> None:
        for method in (responses.GET, responses.POST, responses.PATCH, responses.PUT):
            mock.add_callback(method, re.compile(re.escape(URL) + "/.*"), callback=self._answer)

    def _answer(self, request):
        parts = urlsplit(request.url)
        path = unquote(parts.path)
        if path.startswith("/services/oauth2"):
            return self._identity(path)
        path = path.removeprefix(DATA)
        is_csv = path.endswith("/batches")
        body = request.body if is_csv else json.loads(request.body or "null", parse_float=Decimal)
        self.calls.append((request.method, path, body))
        self.headers.append(request.headers)
        asked = f"{request.method} {path}"
        planned = next((reply for start, reply in self.answers.items() if asked.startswith(start)), None)
        if planned is not None:
            return _json(*planned)
        if asked.startswith("PATCH /composite"):
            return self._write(path, body)
        if path.startswith("/query"):
            return _json(200, self._query(parse_qs(parts.query)["q"][0]))
        return self._other(request.method, path, body)

    def _identity(self, path):
        if path.endswith("userinfo"):
            return _json(200, {"user_id": USER, "organization_id": "00D000000000001AAA"})
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "instance_url": URL, "token_type": "Bearer"}
        return _json(200, token)

    def _write(self, path, body):
        fault = self.faults.pop(0) if self.faults else None
        if fault in {"lost_request", "html", "garbled", "session", "busy", "500", "day"}:
            return self._spoilt(fault)
        answer = self._collections("PATCH", path.split("/")[3:], body)
        if fault == "lost_answer":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        if fault == "short":
            answer = answer[:-1]
        if fault == "other":
            answer = [{**item, "id": "701000000000099AAA"} for item in answer]
        return _json(200, answer)

    def _other(self, method, path, body):
        if path.startswith("/composite/sobjects"):
            return _json(200, self._collections(method, path.split("/")[3:], body))
        if path.startswith("/jobs/ingest"):
            return self._job(method, path.split("/")[3:], body)
        if path.startswith("/tooling"):
            return self._tooling(method, body)
        return self._sobjects(method, path.split("/")[2:], body)

    def _spoilt(self, fault):
        if fault == "lost_request":
            raise requests.exceptions.ReadTimeout
        if fault == "html":
            return 200, {"Content-Type": "text/html"}, "<html>down</html>"
        if fault == "garbled":
            return 200, {"Content-Type": "application/json"}, '[{"id": "7'
        if fault == "session":
            return _json(401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}])
        if fault == "500":
            return _json(500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": "An unexpected error occurred"}])
        text = (
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            if fault == "busy"
            else "TotalRequests Limit exceeded."
        )
        return _json(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": text}])

    def _collections(self, method, path, body):
        if method == "POST":
            found = self.records[path[0]]
            return [
                {"attributes": {"type": path[0]}, "Id": key, **found[key]} if key in found else None
                for key in body["ids"]
            ]
        assert body["allOrNone"] is False
        assert len(body["records"]) <= 200
        if path:
            return [self._upsert(path[0], path[1], dict(row)) for row in body["records"]]
        return [
            self._update(row.pop("attributes")["type"], row.pop("id"), row)
            for row in map(dict, body["records"])
        ]

    def _refusal(self, key):
        if self.locked.get(key, 0) > 0:
            self.locked[key] -= 1
            return error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        return self.refused.get(key)

    def _update(self, stream, key, fields):
        known = self.records[stream]
        refusal = self._refusal(key) or (
            None if key in known else error("ENTITY_IS_DELETED", "entity is deleted")
        )
        if refusal:
            return {"success": False, "errors": [refusal]}
        known[key].update(fields)
        self.writes.append((stream, key))
        return {"id": key, "success": True, "errors": []}

    def _upsert(self, stream, key, row):
        row.pop("attributes")
        refusal = self._refusal(row[key])
        there = next((id_ for id_, held in self.records[stream].items() if held[key] == row[key]), None)
        if there and FIXED & set(row):
            refusal = error("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: CampaignId")
        if refusal:
            return {"success": False, "errors": [refusal]}
        id_ = there or f"00QNEW0000{len(self.records[stream]):05d}AAA"
        self.records[stream].setdefault(id_, dict.fromkeys(self.fields[stream])).update(row)
        self.writes.append((stream, id_))
        return {"id": id_, "success": True, "errors": [], "created": there is None}

    def _query(self, soql):
        stream = re.search(r"FROM (\w+)", soql)[1]
        wanted = dict(re.findall(r"(\w+) IN \(([^)]*)\)", soql))
        rows = self.setup.get(stream) or [
            {"Id": key, **row} for key, row in self.records.get(stream, {}).items()
        ]
        keep = {
            name: [text.strip().strip("'") for text in values.split(",")] for name, values in wanted.items()
        }
        found = [row for row in rows if all(row.get(name) in values for name, values in keep.items())]
        return {"totalSize": len(found), "done": True, "records": found}

    def _sobjects(self, method, path, body):
        if method == "GET" and not path:
            headers = {"Content-Type": "application/json", "Sforce-Limit-Info": "api-usage=25/5000"}
            return 200, headers, json.dumps({"sobjects": []})
        if path[0] in self.setup and method == "GET":
            return _json(200, {"name": path[0], "createable": path[0] not in self.denied_setup, "fields": []})
        if path[0] in self.setup:
            return self._grant(method, path, body)
        if path[0] not in self.fields:
            return _json(
                404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
            )
        return _json(
            200,
            {
                "name": path[0],
                "updateable": path[0] not in self.read_only,
                "createable": path[0] not in self.read_only,
                "fields": self._described(path[0]),
            },
        )

    def _described(self, stream):
        granted = {row["Field"].split(".")[1] for row in self.setup["FieldPermissions"]}
        assigned = bool(self.setup["PermissionSetAssignment"])
        for name, (kind, precision, scale) in self.fields[stream].items():
            if name in self.hidden and not (name in granted and assigned):
                continue
            yield {
                "name": name, "type": kind, "precision": precision, "scale": scale, "createable": True,
                "updateable": name not in FIXED and name not in self.read_only, "externalId": name == "Key__c",
            }  # fmt: skip

    def _grant(self, method, path, body):
        if path[0] in self.denied_setup:
            return _json(403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": f"no right to {path[0]}"}])
        if method == "PATCH":
            row = next(row for row in self.setup[path[0]] if row["Id"] == path[1])
            row.update(body)
            return 204, {}, ""
        row = {"Id": f"0PS00000000{len(self.setup[path[0]]):04d}AAA", **body}
        self.setup[path[0]].append(row)
        return _json(201, {"id": row["Id"], "success": True, "errors": []})

    def _tooling(self, method, body):
        if "CustomField" in self.denied_setup:
            return _json(403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no right to CustomField"}])
        if method == "GET":
            return _json(200, {"name": "CustomField", "createable": True})
        stream, name = body["FullName"].split(".")
        if name in self.fields[stream]:
            return _json(
                400, [{"errorCode": "DUPLICATE_DEVELOPER_NAME", "message": "There is already a field"}]
            )
        made = body["Metadata"]
        self.fields[stream][name] = (_MADE[made["type"]], made.get("precision", 0), made.get("scale", 0))
        self.hidden.add(name)
        return _json(201, {"id": "00N000000000001AAA", "success": True, "errors": []})

    def _job(self, method, path, body):
        if method == "GET" and not path:
            shown = ("id", "state", "object", "operation")
            rows = [
                {**{name: job[name] for name in shown}, "createdById": job.get("user", USER)}
                for job in self.jobs.values()
            ]
            return _json(200, {"done": True, "records": rows})
        if method == "POST":
            job = f"750{len(self.jobs):012d}AAA"
            self.jobs[job] = {"id": job, "state": "Open", **body}
            return _json(200, self.jobs[job])
        job = self.jobs[path[0]]
        if path[1:] == ["batches"]:
            job["rows"] = list(
                csv.DictReader(io.StringIO(body.decode() if isinstance(body, bytes) else body))
            )
            return 201, {}, ""
        if len(path) > 1:
            return 200, {"Content-Type": "text/csv"}, self._listing(job, path[1])
        if method == "PATCH":
            return self._move(job, body["state"])
        if job["state"] == "UploadComplete":
            job["state"] = self.job_states.pop(0) if self.job_states else "JobComplete"
        if job["state"] == "lost":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        return _json(200, {key: job[key] for key in ("id", "state")})

    def _move(self, job, state):
        fault = self.faults.pop(0) if self.faults else None
        if fault == "lost_request":
            raise requests.exceptions.ReadTimeout
        job["state"] = state
        if state == "UploadComplete":
            job["results"] = [(row, self._carry_out(job, row)) for row in job["rows"]]
        if fault == "page":
            return 200, {"Content-Type": "text/html"}, "<html>down</html>"
        if fault == "lost_answer":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        return _json(200, {"id": job["id"], "state": state})

    def _carry_out(self, job, row):
        key = row.get(job.get("externalIdFieldName") or "Id")
        if key in self.job_loses or key in self.job_leaves:
            return "lost" if key in self.job_loses else "left"
        fields = {
            name: None if text == "#N/A" else text
            for name, text in row.items()
            if name != "Id" and text != ""
        }
        if job["operation"] == "upsert":
            return self._upsert(job["object"], job["externalIdFieldName"], {"attributes": {}, **fields})
        return self._update(job["object"], key, fields)

    def _listing(self, job, name):
        rows = []
        for row, result in reversed(job.get("results", [])):
            if name == "unprocessedrecords" and result == "left":
                rows.append(row)
            if isinstance(result, str):
                continue
            if name == "successfulResults" and result["success"]:
                rows.append(
                    {"sf__Id": result["id"], "sf__Created": str(result.get("created", False)).lower(), **row}
                )
            if name == "failedResults" and not result["success"]:
                first = result["errors"][0]
                rows.append(
                    {"sf__Id": "", "sf__Error": f"{first['statusCode']}:{first['message']}:--", **row}
                )
        text = io.StringIO()
        names = list(rows[0]) if rows else ["sf__Id"]
        writer = csv.DictWriter(text, names, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()


def _json(status, body):
    content = list(body) if hasattr(body, "__next__") else body
    return status, {"Content-Type": "application/json"}, json.dumps(content, default=_plain)


def _plain(value):
    return float(value) if isinstance(value, Decimal) else list(value)
