"""Every request of the tap is one that Adobe's own description knows."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from closedloop.sandbox import marketo

SPEC = Path(__file__).parents[4] / "shared" / "specs" / "marketo"
FILES = ("swagger-mapi.json", "swagger-asset.json", "swagger-identity.json")
ALL = {"leads": "all", "start_date": "2026-08-01T00:00:00Z"}

pytestmark = pytest.mark.skipif(not SPEC.is_dir(), reason="the specification is not beside the project")


@cache
def described():
    """Operations by verb and path, and the definitions of bodies."""
    operations, definitions = {}, {}
    for name in FILES:
        found = json.loads((SPEC / name).read_text(encoding="utf-8"))
        definitions |= found.get("definitions", {})
        for path, item in found["paths"].items():
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
            for verb, operation in item.items():
                operations[verb.upper(), re.compile(pattern)] = operation.get("parameters", [])
    return operations, definitions


def parameters(entry):
    operations, _ = described()
    fits = [
        (pattern.pattern.count("[^/]+"), found)
        for (verb, pattern), found in operations.items()
        if verb == entry["method"] and pattern.fullmatch(entry["path"])
    ]
    return min(fits, key=lambda one: one[0])[1] if fits else None


def wrong(entry):
    """What of a request the description does not know."""
    known = parameters(entry)
    if known is None:
        return ["path"]
    query = {one["name"]: one for one in known if one["in"] == "query"}
    faults = [name for name, value in entry["query"].items() if not fits(value, query.get(name))]
    faults += [
        f"no {name}" for name, one in query.items() if one.get("required") and name not in entry["query"]
    ]
    body = next((one for one in known if one["in"] == "body"), None)
    if (body is None) != (entry["body"] is None):
        faults.append("body")
    elif body is not None:
        faults += unknown(entry["body"], body["schema"])
    return faults


def fits(value, parameter):
    if parameter is None:
        return False
    return value.isdigit() if parameter.get("type") == "integer" else bool(value)


def unknown(value, schema, where="body"):
    """The names in a body that the description does not have, and values of another type."""
    schema = described()[1][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    kind = schema.get("type")
    if kind == "array":
        if not isinstance(value, list):
            return [where]
        return [name for one in value for name in unknown(one, schema.get("items", {}), where)]
    if kind == "object" or "properties" in schema:
        own = schema.get("properties", {})
        return [
            found
            for name, one in value.items()
            for found in (unknown(one, own[name], f"{where}.{name}") if name in own else [f"{where}.{name}"])
        ]
    kinds = {"integer": int, "string": str, "boolean": bool}
    return [] if isinstance(value, kinds.get(kind, object)) else [where]


def test_every_request_is_described(world, tap):
    options = marketo.Options(burst_limit=1_000_000, member_limit=8)
    with marketo.serve(world, options=options) as served:
        served.advance(7200)
        first = tap(served, start_date="2026-06-01T00:00:00Z", bulk_after_pages=1, page_size=4)
        served.advance(7200)
        key, lead = next(one for one in served.account.members if one[0] != 900)
        served.account.join(key, lead, "No Show", served.now())
        served.account.leave(key, next(p[1] for p in served.account.members if p[0] == key and p[1] != lead))
        again = tap(served, state=first.state)
        tap(served, "--check")
        everyone = tap(served, select=("leads",), **ALL)
        log = served.requests()

    assert (first.code, again.code, everyone.code) == (0, 0, 0)
    assert {one["name"] for one in log} >= {
        *("programs", "program", "channels", "members", "leads", "activities", "changes", "deleted"),
        *("token", "types", "describe", "usage", "export", "file"),
    }
    assert [(one["path"], wrong(one)) for one in log if wrong(one)] == []


def test_the_check_above_can_fail():
    entry = {"method": "GET", "path": "/rest/v1/leads.json", "query": {"batchSize": "many"}, "body": None}
    job = {"method": "POST", "path": "/bulk/v1/leads/export/create.json", "query": {}}

    assert wrong(entry) == ["batchSize", "no filterType", "no filterValues"]
    assert wrong({**entry, "path": "/rest/v1/leds.json"}) == ["path"]
    assert wrong({**job, "body": {"fields": "id", "colour": 1}}) == ["body.fields", "body.colour"]
    assert wrong({**job, "body": {"fields": ["id"], "filter": {"createdAt": {"startAt": "x"}}}}) == []
