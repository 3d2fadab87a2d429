"""HubSpot's batches, properties and participations as its description has them, behind `responses`.

One account. It is a vendor of the target contract.
"""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl, urlsplit

import requests

URL = "https://api.hubspot.example"
STAMP = "2026-10-31T12:00:00.000Z"
TYPES = {"0-54": "marketing_events", "0-35": "campaigns"}


def prop(name, kind="number", **marks):
    """One property as the properties API prints it."""
    own = marks.pop("own", True)
    read_only = marks.pop("read_only", False)
    return {
        "name": name,
        "label": name,
        "type": kind,
        "fieldType": "text",
        "groupName": "closedloop",
        "description": "",
        "options": [],
        "hubspotDefined": not own,
        "calculated": False,
        "hasUniqueValue": marks.get("unique", False),
        "modificationMetadata": {
            "archivable": own,
            "readOnlyDefinition": not own,
            "readOnlyValue": read_only,
        },
    }


OWN = [prop("x_money"), prop("x_count"), prop("x_date", "date"), prop("x_text", "string")]
STANDARD = [
    prop("name", "string", own=False),
    prop("email", "string", own=False),
    prop("firstname", "string", own=False),
    prop("lifecyclestage", "enumeration", own=False),
    prop("x_kept", "number", read_only=True),
    prop("x_number", "string", unique=True),
]


class FakeHubspot:
    """Its faults come one a call: `faults` holds (method and end of the path, fault)."""

    def __init__(self):
        self.records = {
            name: {} for name in ("companies", "contacts", "deals", "marketing_events", "campaigns")
        }
        self.properties = {name: {p["name"]: p for p in [*OWN, *STANDARD]} for name in self.records}
        self.groups = {name: set() for name in self.records}
        self.participations = {}
        self.calls = []
        self.requests = []
        self.writes = []
        self.missing_scopes = set()
        self.faults = []
        self.bad_values = {"bad"}
        self.locked = {}
        self.merged = {}
        self.odd = set()
        self._made = 5000

    # The target contract

    def add(self, stream, key, **fields):
        plain = {"x_money": None, "x_count": None, "x_date": None}
        self.records[stream][key] = plain | {k: None if v is None else str(v) for k, v in fields.items()}

    def ids(self, stream):
        return set(self.records[stream])

    def values(self, stream, key):
        return self.records[stream][key]

    def fault(self, kind):
        self.faults.append(("batch/update", kind))

    # What tests look at

    def batches(self, end="batch/update"):
        return [json.loads(body) for method, path, body in self.calls if path.endswith(end)]

    def install(self, mock):
        for method in ("GET", "POST"):
            mock.add_callback(method, re.compile(rf"{URL}/.*"), callback=self._answer)

    # The API

    def _answer(self, request):
        self.requests.append(request)
        parts = urlsplit(request.url)
        path = parts.path
        query = dict(parse_qsl(parts.query))
        if request.body and "json" in request.headers.get("Content-Type", ""):
            body = json.loads(request.body)
        else:
            body = {}
        self.calls.append((request.method, path, request.body))
        fault = self._fault(request.method, path)
        if isinstance(fault, tuple):
            return fault
        if fault == "lost_request":
            raise requests.exceptions.ReadTimeout
        status, answer = self._route(request.method, path, query, body)
        if fault == "lost_answer":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        return status, {"Content-Type": "application/json"}, json.dumps(answer)

    def _fault(self, method, path):
        for place, (end, fault) in enumerate(self.faults):
            if path.endswith(end) and method in {"POST", "GET"}:
                del self.faults[place]
                return fault
        return None

    def _route(self, method, path, query, body):
        path = path.replace("/2026-09", "").replace("/v3", "").replace("marketing/marketing-events", "events")
        path = path.replace("crm/objects/", "").replace("marketing/campaigns", "campaigns").strip("/")
        if path.startswith("account-info"):
            return 200, {"portalId": 147, "companyCurrency": "USD", "timeZone": "US/Eastern"}
        if path.startswith("crm/properties/"):
            return self._properties(method, path.split("/")[2:], body)
        if path.startswith("events"):
            return self._events(path.split("/")[1:], query, body)
        name, _, action = path.partition("/")
        if name not in self.records:
            return 404, _error("OBJECT_NOT_FOUND", "no such object")
        scope = "marketing.campaigns" if name == "campaigns" else f"crm.objects.{name}"
        return self._scoped(scope, action, lambda: self._batch(name, action, query, body))

    def _scoped(self, scope, action, answer):
        needed = f"{scope}.{'read' if 'read' in action else 'write'}"
        if needed in self.missing_scopes:
            details = [{"message": "needed", "context": {"requiredGranularScopes": [needed]}}]
            return 403, _error("MISSING_SCOPES", "This app lacks scopes", errors=details)
        return answer()

    def _batch(self, name, action, query, body):
        if not body.get("inputs"):
            return 400, _error("VALIDATION_ERROR", "Batch input is empty")
        if action == "batch/read":
            return self._read(name, body)
        return self._write(name, body["inputs"], upsert=action == "batch/upsert")

    def _read(self, name, body):
        keys = [one["id"] for one in body["inputs"]]
        found = [self._shown(name, key) for key in keys if key in self.records[name]]
        gone = [key for key in keys if key not in self.records[name]]
        if not gone:
            return 200, _reply(found)
        errors = [_error("OBJECT_NOT_FOUND", "Could not get some objects", context={"ids": gone})]
        return 207, _reply(found, errors)

    def _write(self, name, inputs, *, upsert):
        for one in inputs:
            assert all(isinstance(value, str) for value in one["properties"].values())
            wrong = self._wrong(name, one["properties"])
            if wrong:
                return 400, _error("VALIDATION_ERROR", wrong)
            if self.locked.get(one["id"], 0) > 0:
                self.locked[one["id"]] -= 1
                return 423, _error("LOCKED", "The record is locked")
        results, errors = [], []
        for one in inputs:
            key = self._key(name, one, upsert=upsert)
            key = self.merged.get(key, key)
            if key not in self.records[name]:
                errors.append(self._gone(one))
                continue
            self.records[name][key] |= {n: v or None for n, v in one["properties"].items()}
            self.writes.append((name, key))
            results.append({**self._shown(name, key), **self._trace(one), "new": False})
        if "forgets" in self.odd:
            results.pop()
        return (207 if errors and "200" not in self.odd else 200), _reply(list(reversed(results)), errors)

    def _trace(self, one):
        if "no trace" in self.odd or "objectWriteTraceId" not in one:
            return {}
        return {"objectWriteTraceId": one["objectWriteTraceId"]}

    def _gone(self, one):
        context = {} if "unnamed" in self.odd else {"ids": [one["id"]]}
        return _error("OBJECT_NOT_FOUND", "The record is gone", context=context)

    def _key(self, name, one, *, upsert):
        if not upsert:
            return one["id"]
        held = self.records[name]
        wanted, key = one["idProperty"], one["id"]
        found = next((k for k, r in held.items() if str(r.get(wanted)).lower() == key.lower()), None)
        if found is None:
            self._made += 1
            found = str(self._made)
            held[found] = {wanted: key}
        return found

    def _wrong(self, name, properties):
        for field, value in properties.items():
            if field not in self.properties[name]:
                return f'Property "{field}" does not exist'
            if value in self.bad_values:
                return f"Property values were not valid: {field}"
        return None

    def _shown(self, name, key):
        common = {"id": key, "createdAt": STAMP, "updatedAt": STAMP, "archived": False}
        return {**common, "properties": self.records[name][key]}

    # Marketing events

    def _events(self, parts, query, body):
        if parts == ["batch", "update"]:
            return self._scoped("crm.objects.marketing_events", "update", lambda: self._update_events(body))
        if "participations" in parts:
            return self._breakdown(parts[1], query)
        if "attendance" in parts:
            return self._attend(parts[0], parts[2], parts[3], body["inputs"])
        if not parts:
            return self._scoped("crm.objects.marketing_events", "read", lambda: self._list(query))
        if parts[0] not in self.records["marketing_events"]:
            return 404, _error("OBJECT_NOT_FOUND", "no such event")
        return 200, self._event(parts[0])

    def _list(self, query):
        keys = sorted(self.records["marketing_events"])
        start = int(query.get("after") or 0)
        size = int(query.get("limit") or 10)
        answer = {"results": [self._event(key) for key in keys[start : start + size]]}
        if start + size < len(keys):
            answer["paging"] = {"next": {"after": str(start + size)}}
        return 200, answer

    def _update_events(self, body):
        if not body["inputs"]:
            return 400, _error("VALIDATION_ERROR", "Batch input is empty")
        sent = {p["value"] for one in body["inputs"] for p in one["customProperties"]}
        if sent & self.bad_values:
            return 400, _error("VALIDATION_ERROR", "Property values were not valid")
        results, errors = [], []
        for one in body["inputs"]:
            key, given = one["objectId"], {p["name"]: p["value"] for p in one["customProperties"]}
            if key not in self.records["marketing_events"]:
                errors.append(_error("OBJECT_NOT_FOUND", "The event is gone", context={"objectId": [key]}))
                continue
            known = {n: v or None for n, v in given.items() if n in self.properties["marketing_events"]}
            known = {n: v for n, v in known.items() if n not in self.odd}
            self.records["marketing_events"][key] |= known
            self.writes.append(("marketing_events", key))
            results.append(self._event(key))
        return (207 if errors else 200), _reply(list(reversed(results)), errors)

    def _event(self, key):
        held = self.records["marketing_events"][key]
        custom = [{"name": n, "value": v} for n, v in held.items() if v is not None]
        common = {"objectId": key, "eventName": "Expo", "createdAt": STAMP, "updatedAt": STAMP}
        return {**common, "customProperties": custom}

    def _breakdown(self, event, query):
        if event not in self.participations:
            return 404, _error("OBJECT_NOT_FOUND", "no such event")
        rows = self.participations[event]
        start, size = int(query.get("after") or 0), int(query.get("limit") or 10)
        answer = {"total": len(rows), "results": rows[start : start + size]}
        if start + size < len(rows):
            answer["paging"] = {"next": {"after": str(start + size)}}
        return 200, answer

    def take_part(self, event, contact, state, *, email="", at=1):
        rows = self.participations.setdefault(event, [])
        who = {"contactId": contact, "email": email}
        said = {"attendanceState": state, "occurredAt": at}
        rows.append(
            {"id": str(len(rows)), "createdAt": STAMP, "properties": said, "associations": {"contact": who}}
        )

    def _attend(self, event, step, verb, inputs):
        state = {"register": "REGISTERED", "attend": "ATTENDED", "cancel": "CANCELLED"}[step]
        results, errors = [], []
        for one in inputs:
            contact, email = str(one.get("vid", 0)), one.get("email", "")
            if verb == "create" and contact not in self.records["contacts"]:
                context = {} if "unnamed" in self.odd else {"ids": [contact]}
                errors.append(_error("OBJECT_NOT_FOUND", "The contact is gone", context=context))
                continue
            self.take_part(event, contact, state, email=email, at=one["interactionDateTime"])
            self.writes.append((event, contact if verb == "create" else email))
            results.append({"vid": int(contact), **({"email": email} if email else {})})
        if "forgets" in self.odd:
            results.pop()
        return 200, _reply(list(reversed(results)), errors)

    # Properties

    def _properties(self, method, parts, body):
        name = TYPES.get(parts[0], parts[0])
        if name not in self.properties:
            return 404, _error("OBJECT_NOT_FOUND", "no such object type")
        answer = self._listed if method == "GET" else self._made_property
        return answer(name, parts[1:], body)

    def _listed(self, name, rest, _body):
        if rest == ["groups"]:
            return 200, {"results": [{"name": g, "label": g, "archived": False} for g in self.groups[name]]}
        return 200, {"results": list(self.properties[name].values())}

    def _made_property(self, name, rest, body):
        scope = f"crm.schemas.{name}.write"
        if scope in self.missing_scopes:
            details = [{"message": "x", "context": {"requiredGranularScopes": [scope]}}]
            return 403, _error("MISSING_SCOPES", "This app lacks scopes", errors=details)
        if rest == ["groups"]:
            self.groups[name].add(body["name"])
            return 201, {**body, "archived": False}
        if rest or body["groupName"] not in self.groups[name]:
            return 400, _error("VALIDATION_ERROR", "Batch input is empty" if rest else "no such group")
        self.properties[name][body["name"]] = prop(body["name"], body["type"])
        return 201, self.properties[name][body["name"]]


def _reply(results, errors=()):
    answer = {"status": "COMPLETE", "results": results, "startedAt": STAMP, "completedAt": STAMP}
    return {**answer, "numErrors": len(errors), "errors": list(errors)} if errors else answer


def _error(category, message, *, context=None, errors=()):
    return {
        "status": "error",
        "category": category,
        "message": message,
        "correlationId": "0-0",
        "context": context or {},
        "errors": list(errors),
        "links": {},
    }


def limited(policy):
    """A refusal because of a limit."""
    text = {
        "DAILY": "You have reached your daily limit.",
        "TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
    }
    body = {"status": "error", "message": text[policy], "errorType": "RATE_LIMIT", "policyName": policy}
    return 429, {"Content-Type": "application/json"}, json.dumps(body)
