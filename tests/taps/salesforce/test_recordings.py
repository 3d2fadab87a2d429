"""What real orgs answered goes through the same code as the tests' own answers."""

import json
from datetime import UTC, datetime

import pytest
import yaml
from tests.taps.salesforce.fake import BASE, refused
from tests.taps.salesforce.shared import RECORDINGS, answers, fixture, needs_recordings

from closedloop.kit.http import Reply
from closedloop.kit.policy import Action, MissingObjectError
from tap_salesforce.catalog import ENTITIES
from tap_salesforce.columns import Columns
from tap_salesforce.describe import Description, Field
from tap_salesforce.faults import FieldError, LocatorError, fault
from tap_salesforce.refusals import DeadTokenError, refusal
from tap_salesforce.statuses import Statuses

pytestmark = needs_recordings


def columns(stream, rows):
    """Columns over an org that has just the fields of these rows."""
    names = {name for row in rows for name in row}
    fields = {name: Field(type="string") for name in names - {"attributes"}}
    description = Description(fields=fields)
    return Columns(
        stream, ENTITIES[stream], description=description, mapping={}, statuses=Statuses({}), currency=None
    )


@pytest.mark.parametrize(
    ("recording", "stream"), [("opportunities", "Opportunity"), ("cases", "Case"), ("users", "User")]
)
def test_every_recorded_row_is_a_record(recording, stream):
    bodies = [body for path, body in answers(recording) if path.endswith("/query")]
    rows = [row for body in bodies for row in body["records"]]
    found = columns(stream, rows)

    records = [found.record(row) for row in rows]

    assert len(rows) >= 8
    for row, record in zip(rows, records, strict=True):
        assert record["Id"] == row["Id"]
        assert record["SystemModstamp"] == row["SystemModstamp"].replace("+0000", "Z")
        for name in ("IsClosed", "IsActive", "Name", "Email", "CloseDate", "Subject"):
            if name in row and name in record:
                assert record[name] == row[name]
        if row.get("Amount") is not None:
            assert record["Amount"] == str(row["Amount"])


@pytest.mark.parametrize(
    "name",
    ["Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Case", "Event"],
)
def test_a_real_description_has_what_a_stream_needs(name, salesforce, tap):
    file = RECORDINGS / "cumulusci" / "shared_cassettes" / f"GET_sobjects_{name}_describe.yaml"
    body = yaml.safe_load(file.read_text(encoding="utf-8"))["response"]["body"]["string"]
    salesforce.describe = lambda entity: salesforce.reply(200, body)

    run = tap(select=(name,))

    assert (run.code, run.proof(name)["error"]) == (0, None)
    asked = next(query for query in salesforce.queries(name) if query.startswith("SELECT Id, "))
    there = {field["name"]: field["type"] for field in json.loads(body)["fields"]}
    assert set(asked.split(" FROM ")[0].removeprefix("SELECT ").split(", ")) <= there.keys()


def test_the_description_of_a_whole_account_is_read(salesforce, tap):
    ((_, body),) = list(answers("describe-sobject"))
    salesforce.describe = lambda entity: salesforce.reply(200, body)

    run = tap("--discover")

    (account,) = [one for one in json.loads(run.text)["streams"] if one["stream"] == "Account"]
    custom = {field["name"] for field in body["fields"] if field["custom"]}
    assert custom <= account["schema"]["properties"].keys()
    assert "BillingAddress" not in account["schema"]["properties"]


def test_recorded_pages_are_followed(salesforce, tap):
    first, last = (
        json.loads(fixture(f"sobject/query_paginated_{page}_page_response")) for page in ("first", "last")
    )
    for number, body in enumerate((first, last)):
        body["records"][0] |= {
            "Id": f"00QSm000000000{number}AAA",
            "SystemModstamp": "2013-05-07T22:07:19.000+0000",
        }
    salesforce.script += [None, (200, first), (200, last)]

    run = tap(select=("Lead",))

    assert (run.code, len(run.records("Lead"))) == (0, 2)
    assert any(call["path"].endswith("query/01gD") for call in salesforce.calls)


def test_the_recorded_log_of_deletions_gives_tombstones(salesforce, tap):
    state = {
        "bookmarks": {
            "Lead": {
                "replication_key_value": "2013-05-01T00:00:00.000Z",
                "until": "2013-05-01T00:00:00.000Z",
                "deleted_until": "2026-10-25T00:00:00.000Z",
            }
        }
    }
    salesforce.script += [None, (200, fixture("sobject/get_deleted_success_response"))]

    run = tap(select=("Lead",), state=state)

    assert run.records("Lead") == [
        {"Id": "a00D0000008pQRAIA2", "_sdc_deleted_at": "2013-05-07T22:07:19.000Z"}
    ]


def reply(status, body):
    content = body if isinstance(body, str) else json.dumps(body)
    return Reply(status=status, headers={"Content-Type": "application/json"}, content=content.encode())


def test_recorded_refusals_are_known():
    assert fault(reply(400, fixture("sobject/write_error_response")), "Bar").error is FieldError
    assert "Bar.foo" in fault(reply(400, fixture("sobject/write_error_response")), "Bar").message
    assert (
        fault(reply(404, fixture("sobject/sobject_describe_error_response")), "Lead").error
        is MissingObjectError
    )
    assert (
        fault(reply(401, fixture("expired_session_response")), "Lead") is None
    )  # the kit's table renews the token
    assert fault(reply(400, refused("INVALID_QUERY_LOCATOR")), "Lead").error is LocatorError


@pytest.mark.parametrize("name", ["auth_error_response", "refresh_error_response"])
def test_recorded_refusals_of_a_login_are_known(name):
    body = fixture(name)
    now = datetime(2026, 10, 31, tzinfo=UTC)

    rule = refusal(reply(400, body), json.loads(body), grant="refresh_token", now=now)

    assert rule.action is Action.STOP_RUN
    assert (rule.error is DeadTokenError) == (name == "refresh_error_response")


@pytest.mark.parametrize(
    "name", ["auth_success_response", "refresh_success_response", "reauth_success_response"]
)
def test_recorded_tokens_open_their_instance(salesforce, tap, mock, name):
    salesforce.token_script = [(200, fixture(name))]
    address = json.loads(fixture(name))["instance_url"]
    asked = []
    mock.add_callback(
        "GET",
        f"{address}{BASE}/sobjects/Organization/describe",
        lambda request: asked.append(request.headers["Authorization"]) or salesforce.describe("Organization"),
    )
    mock.add_callback(
        "GET",
        f"{address}{BASE}/query",
        lambda request: salesforce.query("SELECT Id FROM Organization", "Organization", is_all=False),
    )

    run = tap(select=("Organization",))

    assert (run.code, asked) == (0, [f"Bearer {json.loads(fixture(name))['access_token']}"])


def test_a_recorded_description_without_what_a_stream_needs_names_it(salesforce, tap):
    salesforce.describe = lambda entity: salesforce.reply(
        200, fixture("sobject/sobject_describe_success_response")
    )

    error = tap(select=("Lead",)).proof("Lead")["error"]

    assert error.startswith("the user may not see Lead.")


def test_a_recorded_answer_without_rows_is_the_end(salesforce, tap):
    empty = (200, fixture("sobject/query_empty_response"))
    salesforce.script += [empty, empty, empty]

    run = tap(select=("Lead",))

    assert (run.code, run.records("Lead"), run.proof("Lead")["source_count"]) == (0, [], 0)


def test_a_recorded_row_with_parents_and_children_gives_its_own_fields(salesforce, tap):
    body = json.loads(fixture("sobject/query_success_response"))
    body["records"][0] |= {"Id": "00QSm0000000001AAA", "SystemModstamp": "2011-07-07T00:37:00.000+0000"}
    salesforce.script += [None, (200, body)]

    (record,) = tap(select=("Lead",)).records("Lead")

    assert record["SystemModstamp"] == "2011-07-07T00:37:00.000Z"
    assert not any(isinstance(value, dict | list) for value in record.values())
