"""What real organisations answered goes through the target's code."""

import json

import pytest
import yaml
from tests.taps.salesforce.shared import RECORDINGS, fixture, needs_recordings

from closedloop.kit.http import Reply
from closedloop.kit.policy import Action, RecordError
from target_salesforce.fields import described, spelt
from target_salesforce.org import fault, refusal

pytestmark = needs_recordings
JSON = {"Content-Type": "application/json;charset=UTF-8"}


@pytest.mark.parametrize("name", ["Account", "Contact", "Lead", "Opportunity"])
def test_a_real_description_is_understood(name):
    file = RECORDINGS / "cumulusci" / "shared_cassettes" / f"GET_sobjects_{name}_describe.yaml"
    body = yaml.safe_load(file.read_text(encoding="utf-8"))["response"]["body"]["string"]

    found = described(json.loads(body))

    assert found.updateable
    assert not found.fields["Id"].updateable
    assert not found.fields["CreatedDate"].createable
    amounts = [field for field in found.fields.values() if field.type == "currency"]
    assert all(spelt("1.00", field) == 1 for field in amounts)


@pytest.mark.parametrize(
    "name", ["write_error_response", "upsert_error_response", "sobject_find_error_response"]
)
def test_a_real_refusal_keeps_its_code_and_text(name):
    text = fixture(f"sobject/{name}")
    code, message = refusal(json.loads(text))
    rule = fault(Reply(status=400, headers=JSON, content=text.encode()))

    assert (rule.action, rule.error) == (Action.QUARANTINE_RECORD, RecordError)
    assert code in rule.message
    assert message[:40] in rule.message
    assert rule.certain


def test_a_session_that_ended_is_left_to_the_login():
    assert (
        fault(Reply(status=401, headers=JSON, content=fixture("expired_session_response").encode())) is None
    )
