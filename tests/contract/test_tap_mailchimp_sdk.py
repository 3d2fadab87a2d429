"""The SDK's own contract suite over the simulator, and what the tap says of itself."""

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from closedloop.sandbox import mailchimp
from closedloop.sandbox.world import generate
from tap_mailchimp.catalog import STREAMS
from tap_mailchimp.tap import TapMailchimp

SERVER = mailchimp.serve(generate(5, 0.02), options=mailchimp.Options(looks=0))
CONFIG = dict(SERVER.settings) | {
    "campaigns": {
        **{row["name"]: "X" for row in SERVER.records("segments")},
        **{row["id"]: "X" for row in SERVER.records("campaigns")},
    }
}

TestTapMailchimpContract = get_tap_test_class(
    TapMailchimp,
    config=CONFIG,
    suite_config=SuiteConfig(max_records_limit=10, ignore_no_records_for_streams=["member_events"]),
)


@pytest.fixture(scope="module", autouse=True)
def _closing():
    yield
    SERVER.close()  # its threads would keep the process alive


def test_every_setting_and_every_stream_is_described():
    described = TapMailchimp.config_jsonschema["properties"]
    tap = TapMailchimp(config=dict(SERVER.settings))

    assert {"api_key", "campaigns", "statuses", "closedloop_protocol"} <= described.keys()
    assert all(setting.get("description") for setting in described.values() if "title" in setting)
    assert set(tap.streams) == set(STREAMS)
