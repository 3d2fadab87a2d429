import pytest
import responses
from tests.targets.hubspot.fake import URL, FakeHubspot

from target_hubspot.target import TargetHubspot


@pytest.fixture
def vendor():
    fake = FakeHubspot()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake.install(mock)
        yield fake


@pytest.fixture
def config():
    return {"url": URL, "access_token": "pat-na1-0123456789"}


@pytest.fixture
def writer(vendor, config):
    for name in ("companies", "marketing_events", "contacts"):
        for key in range(1, 7):
            vendor.add(name, str(key))
    for key in ("aaaa-1", "aaaa-2"):
        vendor.add("campaigns", key)
    found = TargetHubspot(config=config).writer
    found.sleep = found.portal.http.sleep = lambda _seconds: None
    return found
