"""Every request of the tap is one that Mailchimp's own description knows."""

import gzip
import json
import re
from datetime import datetime
from functools import cache

import pytest
from tests.taps.mailchimp.shared import SPEC, needs_spec

pytestmark = needs_spec


@cache
def operations():
    """(Method, pattern of the path) → the parameters of its query, by name."""
    found = json.loads(gzip.decompress(SPEC.read_bytes()))
    known = {}
    for path, item in found["paths"].items():
        pattern = re.compile("/3.0" + re.sub(r"\{[^}]+\}", "[^/]+", path))
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            given = item[method].get("parameters", [])
            known[method.upper(), pattern] = {
                one["name"]: one["schema"] for one in given if one["in"] == "query"
            }
    return known


def fits(value, schema):
    if schema.get("enum") and value not in schema["enum"]:
        return False
    if schema.get("format") == "date-time" or "date-time" in str(schema.get("example", "")):
        return datetime.fromisoformat(value).tzinfo is not None
    kind = schema.get("type")
    return not (kind == "integer" and not value.isdigit()) and not (
        kind == "boolean" and value not in {"true", "false"}
    )


def wrong(method, path, query):
    """What of a request the description does not know."""
    path = path.rstrip("/") if path != "/3.0/" else path
    found = next(
        (one for (verb, pattern), one in operations().items() if verb == method and pattern.fullmatch(path)),
        None,
    )
    if found is None:
        return ["path"]
    return [name for name, value in query.items() if name not in found or not fits(value, found[name])]


def test_every_request_is_described(served, read, no_waiting):
    campaigns = {row["name"]: "X" for row in served.records("segments")[:2]}
    campaigns |= {row["id"]: "X" for row in served.records("campaigns")[:2]}
    key = next(f"{row['list_id']}/{row['id']}" for row in served.records("members"))
    served.edit(key, {"member_rating": "good"}, touches=False)
    first = read(served, campaigns=campaigns, page_size=30)
    read(served, state=first.state, campaigns=campaigns)
    read(served, select=("member_events",))
    read(served, "--check", campaigns=campaigns)
    read(served, "--sweep", "members")

    log = [entry for entry in served.requests() if not entry["path"].startswith("/archive/")]
    asked = [(entry["method"], entry["path"], entry["query"]) for entry in log]
    assert {entry["stream"] for entry in log} >= {
        "members",
        "segments",
        "email-activity",
        "batches",
        "reports",
        "ping",
    }
    assert [(one, wrong(*one)) for one in asked if wrong(*one)] == []


def test_what_is_asked_in_a_batch_is_described(served, read, no_waiting):
    asked = []
    begin = served.engine.batches.begin
    served.engine.batches.begin = lambda answers, given, *more: (
        asked.append(given),
        begin(answers, given, *more),
    )[1]

    read(served, select=("member_events",))

    operations_ = [one for given in asked for one in given["operations"]]
    assert len(operations_) > 20
    assert all(one.keys() == {"method", "path", "params", "operation_id"} for one in operations_)
    assert [one for one in operations_ if wrong(one["method"], f"/3.0{one['path']}", one["params"])] == []


@pytest.mark.parametrize(
    ("request_", "faults"),
    [
        (
            ("GET", "/3.0/lists/a/members", {"since_lastchanged": "2026-01-01T00:00:00+00:00"}),
            ["since_lastchanged"],
        ),
        (("GET", "/3.0/lists/a/members", {"status": "gone", "count": "many"}), ["status", "count"]),
        (("POST", "/3.0/reports", {}), ["path"]),
    ],
)
def test_the_check_above_can_fail(request_, faults):
    assert wrong(*request_) == faults
