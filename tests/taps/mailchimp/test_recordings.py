"""What the real Mailchimp answered goes through the tap's columns and the staging SQL, and the simulator answers alike."""

import pytest
from tests.taps.landing import Landing
from tests.taps.mailchimp.shared import needs_recordings, recorded

from closedloop.sandbox import mailchimp
from closedloop.sandbox.world import generate
from tap_mailchimp.catalog import STREAMS, schema
from tap_mailchimp.tap import TapMailchimp

pytestmark = needs_recordings
#: Listing → our stream.
LISTINGS = {"lists": "audiences", "campaigns": "campaigns"}
CONFIG = {"api_key": "k", "campaigns": {"Test Campaign": "EXPO"}}


@pytest.fixture(scope="module")
def records():
    """Stream → records made of every recorded answer."""
    tap = TapMailchimp(config=CONFIG)
    found = {name: {} for name in STREAMS}
    for path, body in recorded():
        steps = path.strip("/").split("/")
        stream = "members" if "members" in steps else LISTINGS.get(steps[0], steps[0])
        for row in body.get(steps[0], [body]):
            batch = tap.streams[stream].converted([row])
            assert batch.bad == []
            (record,) = batch.records
            found[stream][record[STREAMS[stream].key]] = record
    return {name: list(rows.values()) for name, rows in found.items()}


def test_every_recorded_row_is_a_record_without_empty_texts(records):
    assert {name for name, rows in records.items() if rows} == {
        "audiences",
        "campaigns",
        "members",
        "reports",
    }
    assert not [value for rows in records.values() for row in rows for value in row.values() if value == ""]
    (member,) = records["members"]
    assert (member["status"], member["timestamp_signup"]) == ("subscribed", None)
    assert member["last_changed"].startswith("2026-05-21T20:35:16")
    assert member["key"] == f"{member['list_id']}/{member['id']}"
    assert any(row["emails_sent"] == 1 and row["send_time"] for row in records["campaigns"])


def test_the_records_are_staged(records):
    landing = Landing("tap_mailchimp", {name: schema(name) for name in STREAMS}, "news")
    rows = {
        name: [{k: v for k, v in row.items() if v is not None} for row in found]
        for name, found in records.items()
    }

    (person,) = landing.stage("person", **rows)

    assert (person["kind"], person["has_opted_out"]) == ("subscriber", False)
    assert landing.stage("campaign", **rows) == []


def test_the_simulator_answers_with_the_fields_that_we_read(records):
    with mailchimp.serve(generate(5, 0.02)) as served:
        own = {"audiences": "lists", "members": "members", "campaigns": "campaigns"}
        for stream, table in own.items():
            row = served.records(table)[0]
            real = next(
                body.get(path.strip("/").split("/")[0], [body])[0] if stream != "members" else body
                for path, body in recorded()
                if (stream == "members") == ("members" in path)
                and (stream == "members" or path == f"/{table}")
            )
            assert set(row) - {"delivery_status", "unsubscribe_reason"} <= set(real) | {"report_summary"}, (
                stream
            )
            for name in set(row) & set(real):
                assert isinstance(row[name], dict) == isinstance(real[name], dict), name
