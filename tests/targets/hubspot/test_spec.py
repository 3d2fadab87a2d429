"""Every request of the target is one that HubSpot's own description knows."""

import json

import pytest
import requests
from tests.targets.hubspot.spec import needs_spec, wrong

from closedloop.kit.outcome import Row
from closedloop.kit.writer import FieldWish
from target_hubspot.target import TargetHubspot

pytestmark = needs_spec
WHEN = "2026-05-06T09:30:00Z"
#: The description of this older address is not there, a recording of its answer is.
RECORDED = "/account-info/v3/details"


def everything(vendor, config):
    """Let the target do all that it can do."""
    for name in vendor.records:
        for key in "123":
            vendor.add(name, key)
    vendor.participations["7"] = []
    target = TargetHubspot(config=config)
    writer = target.writer
    fields = {"x_money": "1.50", "x_count": 2, "x_date": "2026-10-31", "x_text": None}
    for name in vendor.records:
        writer.accept(name, list(fields))
        list(writer.update(name, [Row(id=key, fields=fields) for key in "123"]))
        writer.read(name, ["1", "2"], list(fields))
        writer.provision(FieldWish(stream=name, field="x_new", type="money", label="New", help="What"))
    writer.read("marketing_events", [str(n) for n in range(1, 20)], ["x_money"])
    writer.open("contacts", ["email"])
    list(writer.update("contacts", [Row(id="ada@example.com", fields={"firstname": "Ada"})]))
    for key, who in (("contact_id", "1"), ("email", "ada@example.com")):
        writer.open("participations", ["marketing_event_id", key])
        said = {"attendanceState": "attended", "occurredAt": WHEN}
        list(writer.update("participations", [Row(id=f"7/{who}", fields=said)]))
    list(target.answer())


@pytest.mark.parametrize("api", ["2026-09", "v3"])
def test_every_request_is_described(vendor, config, api):
    everything(
        vendor, {**config, "api": api, "closedloop_fields": {name: ["x_money"] for name in vendor.records}}
    )

    assert len(vendor.requests) > 40
    found = [(one.method, one.url, wrong(one)) for one in vendor.requests if wrong(one)]
    assert [fault for fault in found if not fault[1].endswith(RECORDED)] == []
    assert {one.headers["Accept"] for one in vendor.requests} == {"application/json"}


def prepared(method, path, body=None):
    return requests.Request(method, f"https://api.hubapi.com{path}", json=body).prepare()


def test_the_check_above_can_fail():
    good = {"inputs": [{"id": "1", "properties": {"x": "1"}}]}
    path = "/crm/objects/2026-09/companies/batch/update"

    assert wrong(prepared("POST", path, good)) == []
    assert wrong(prepared("PUT", path, good))
    assert wrong(prepared("POST", path.replace("update", "change"), good))
    assert wrong(prepared("POST", path, {"inputs": [{"id": "1", "propertys": {}}]}))
    assert wrong(prepared("POST", path, {"inputs": [{"id": 1, "properties": {}}]}))
    assert wrong(prepared("POST", path, {"inputs": [{"id": "1", "properties": {"x": None}}]}))
    assert wrong(prepared("GET", "/marketing/marketing-events/2026-09?limit=many"))
    assert json.dumps(good)
