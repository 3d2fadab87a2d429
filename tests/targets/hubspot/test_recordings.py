"""What HubSpot really answered about properties goes through the target. The recordings lie beside the project."""

import json
import os
from pathlib import Path

import pytest

from closedloop.kit.writer import FieldWish, ForeignFieldError

SPECS = os.environ.get("CLOSEDLOOP_SPECS")
SHARED = Path(SPECS).parent if SPECS else Path(__file__).parents[4] / "shared"
RECORDINGS = SHARED / "recordings" / "hubspot"

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not beside the project")


def recorded(name, method, path):
    """A recorded exchange: what was sent, and the answer."""
    api = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))["api"]
    found = api[method][path]
    return found[0] if isinstance(found, list) else found


def test_only_properties_that_hubspot_did_not_define_are_ours(writer, vendor):
    answer = recorded("fetch-properties.json", "get", "/crm/v3/properties/companies")["response"]
    vendor.properties["companies"] = {one["name"]: one for one in answer["results"]}
    refused, accepted = set(), set()

    for name in vendor.properties["companies"]:
        try:
            writer.accept("companies", [name])
            accepted.add(name)
        except ForeignFieldError:
            refused.add(name)

    own = {one["name"] for one in answer["results"] if not one.get("hubspotDefined")}
    assert accepted == own
    assert len(refused) > 200


def test_a_property_as_hubspot_makes_it_is_ours_and_exists(writer, vendor):
    exchange = recorded("create-property.json", "post", "/crm/v3/properties/contacts")
    made, sent = exchange["response"], exchange["request"]["data"]
    vendor.properties["contacts"][made["name"]] = made

    writer.accept("contacts", [made["name"]])
    again = writer.provision(
        FieldWish(stream="contacts", field=made["name"], type="text", label=made["label"])
    )
    writer.provision(FieldWish(stream="contacts", field="x_new", type="text", label="New"))

    (ours,) = [json.loads(body) for method, path, body in vendor.calls if _makes(method, path)]
    assert again.state == "exists"
    assert ours.keys() | {"objectType"} == sent.keys() | {"objectType"}


def _makes(method, path):
    return method == "POST" and path.endswith("/crm/properties/2026-09/contacts")
