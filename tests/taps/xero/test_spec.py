"""Every request of the tap is one that Xero's own OpenAPI description knows."""

import json
from datetime import datetime
from functools import cache

import pytest
import yaml
from tests.taps.xero.shared import SPEC, needs_spec

from closedloop.sandbox import xero
from closedloop.sandbox.world import generate
from closedloop.sandbox.xero.identity import CLIENT_ID, CLIENT_SECRET

pytestmark = needs_spec


@cache
def operations():
    """Path → its GET parameters, by place and name."""
    found = yaml.load((SPEC / "xero_accounting.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    shared = found["components"]["parameters"]

    def resolved(parameter):
        reference = parameter.get("$ref")
        return shared[reference.rpartition("/")[2]] if reference else parameter

    def known(item):
        given = [resolved(one) for one in [*item.get("parameters", []), *item["get"].get("parameters", [])]]
        return {(one["in"], one["name"].lower()): one["schema"] for one in given}

    return {path: known(item) for path, item in found["paths"].items() if "get" in item}


def fits(value, schema):
    kind = schema.get("type")
    if kind == "integer":
        return value.isdigit()
    if kind == "boolean":
        return value in {"true", "false"}
    if schema.get("format") == "date-time":
        return datetime.fromisoformat(value).tzinfo is not None
    return True


def wrong(entry):
    """What of a request the description does not know."""
    path = f"/{entry['stream']}" + ("/{id}" if entry["id"] else "")
    found = operations().get(entry.get("path")) or next(
        (one for name, one in operations().items() if name.split("{")[0] == path.split("{", maxsplit=1)[0]),
        None,
    )
    if found is None:
        return ["path"]
    faults = [
        name
        for name, value in entry["query"].items()
        if ("query", name.lower()) not in found or not fits(value, found["query", name.lower()])
    ]
    since = entry["headers"].get("if-modified-since")
    if (since is not None and ("header", "if-modified-since") not in found | {}) or (
        since is not None and not fits(since, found["header", "if-modified-since"])
    ):
        faults.append("If-Modified-Since")
    return faults


@pytest.fixture(scope="module")
def served():
    with xero.serve(generate(5, 0.05), options=xero.Options(minute_limit=10_000)) as simulator:
        yield simulator


def test_every_request_is_described(served, tap):
    config = {"url": served.url, "identity_url": served.url, "tenant_id": None}
    config |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    first = tap(page_size=30, **config)
    tap("--check", **config)
    tap("--sweep", "invoices", **config)
    key = served.records("Invoices")[0]["InvoiceID"]
    bookmark = first.state["bookmarks"]
    bookmark["invoices"]["quarantined"] = [key]
    again = tap(state={"bookmarks": bookmark}, **config)

    log = served.requests()
    assert (first.code, again.code) == (0, 0)
    assert len({entry["stream"] for entry in log}) == 15
    assert any(entry["id"] for entry in log)
    assert any(entry["headers"].get("if-modified-since") for entry in log)
    assert [(entry["path"], wrong(entry)) for entry in log if wrong(entry)] == []
    assert {entry["headers"]["accept"] for entry in log} == {"application/json"}
    assert {entry["headers"]["xero-tenant-id"] for entry in log} == {served.tenant}


def test_the_check_above_can_fail():
    entry = {"stream": "Invoices", "id": None, "query": {"pageSize": "many", "colour": "red"}, "headers": {}}

    assert wrong(entry) == ["pageSize", "colour"]
    assert wrong({**entry, "stream": "Incoices"}) == ["path"]
    assert json.dumps(sorted(operations()))
