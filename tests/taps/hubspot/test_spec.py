"""Every request of the tap is one that HubSpot's own API description knows."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import requests
from tests.taps.hubspot.fake import NOW, URL, ago, row
from tests.taps.hubspot.test_joined import campaign, event, joined, taking_part
from tests.targets.hubspot.spec import needs_spec, wrong

from tap_hubspot.catalog import OBJECTS, STREAMS

pytestmark = needs_spec
#: What the description that lies beside the project leaves out; HubSpot's pages have it.
UNDESCRIBED = ("/settings/", "/communication-preferences/", "/form-integrations/")
#: Of the older API the files for these are not there.
_OLD = ("/account-info/v3", "/crm/v3/pipelines")


def full(hubspot):
    """An account with something for every stream."""
    for name in OBJECTS:
        count = 205 if name in {"companies", "contacts"} else 3
        hubspot.rows[name] = [row(n, stamp_of=name, email=f"{n}@b.example") for n in range(1, count)]
        hubspot.archived[name] = [row(900, stamp_of=name) | {"archived": True, "archivedAt": ago(days=9)}]
    hubspot.associations["deals", "companies"] = {"1": [joined(n, 5, 341) for n in range(1, 9)]}
    hubspot.events = [event(1, ago(days=3))]
    hubspot.participations["1"] = [taking_part(1, "ATTENDED")]
    hubspot.campaigns = [campaign(1, ago(days=1))]
    hubspot.others["marketing/forms"] = [{"id": "f1"}]


@pytest.mark.parametrize("api", ["2026-09", "v3"])
def test_every_request_is_described(hubspot, tap, api):
    full(hubspot)
    names = [f"a_property_with_a_rather_long_name_of_its_own_{n:03}" for n in range(120)]
    config = {"api": api, "account_fields": {"tax_id": "vat"}, "closedloop_fields": {"companies": names}}
    hubspot.others["crm/properties/companies"] = [{"name": "vat"}]
    hubspot.now = NOW - timedelta(days=2)
    first = tap(select=STREAMS, **config)
    hubspot.now = NOW
    for name in OBJECTS:
        hubspot.rows[name] = [
            row(one["id"], stamp_of=name, changed=ago(hours=5)) for one in hubspot.rows[name]
        ]
    hubspot.rows["companies"].pop()
    again = tap(select=[*OBJECTS, "deals_to_companies", "campaigns"], state=first.state, **config)
    tap("--check", **config)
    tap("--sweep", "contacts", **config)

    paths = {urlsplit(request.url).path for request in hubspot.requests}
    described = [r for r in hubspot.requests if not urlsplit(r.url).path.startswith(UNDESCRIBED + _OLD)]
    assert (first.code, again.code) == (0, 0)
    assert len(paths) > 50
    assert {(r.method, urlsplit(r.url).path, str(wrong(r))) for r in described if wrong(r)} == set()
    assert {r.headers["Authorization"] for r in hubspot.requests} == {"Bearer pat-123456"}


def test_the_check_above_can_fail():
    def asked(method, path, **more):
        return requests.Request(method, URL + path, **more).prepare()

    assert wrong(asked("GET", "/crm/objects/2026-09/companies?colour=red")) == ["query colour"]
    assert wrong(asked("GET", "/crm/objects/2026-09/companies?limit=many")) == ["query limit"]
    assert wrong(asked("GET", "/crm/object/2026-09/companies"))
    assert wrong(asked("POST", "/crm/objects/2026-09/companies/search", json={"filters": []}))
