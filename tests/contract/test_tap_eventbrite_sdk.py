"""The SDK's own contract suite over the simulator, and what the tap says of itself."""

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import eventbrite
from closedloop.sandbox.world import generate
from tap_eventbrite.catalog import STREAMS
from tap_eventbrite.tap import TapEventbrite

SERVER = eventbrite.serve(generate(5, 0.02), options=eventbrite.Options(hour_limit=100_000))

TestTapEventbriteContract = get_tap_test_class(
    TapEventbrite, config=dict(SERVER.settings), suite_config=SuiteConfig(max_records_limit=10)
)


@pytest.fixture(scope="module", autouse=True)
def _closing():
    yield
    SERVER.close()  # its threads would keep the process alive


def test_every_setting_and_every_stream_is_described():
    described = TapEventbrite.config_jsonschema["properties"]
    tap = TapEventbrite(config=dict(SERVER.settings))

    assert {"access_token", "campaigns", "ticket_classes_left_out", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)
    assert set(tap.streams) == set(STREAMS)
