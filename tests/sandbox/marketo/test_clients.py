"""A client that we did not write gets what the simulator holds: marketorestpython."""

import csv
import io

import pytest
import requests
from marketorestpython.client import MarketoClient
from marketorestpython.helper.exceptions import MarketoException

from closedloop.sandbox import marketo
from closedloop.sandbox.marketo.fill import NEWSLETTER
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate

SINCE = "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def served():
    world = as_members(generate(5, 0.02), unknown="lead")
    with marketo.serve(world, options=marketo.Options(burst_limit=1_000_000)) as simulator:
        yield simulator


@pytest.fixture
def client(served, monkeypatch):
    """Its pauses are not slept through; it takes any name of a subscription and is then told the address."""
    monkeypatch.setattr("marketorestpython.helper.http_lib.time.sleep", lambda _seconds: None)
    made = MarketoClient("123-ABC-456", served.client_id, served.client_secret)
    made.host = served.url
    return made


def test_programs_channels_and_costs(client, served):
    programs = client.execute("browse_programs", maxReturn=200)
    (one,) = client.execute("get_program_by_id", id=1001)
    channels = client.execute("get_channels", maxReturn=200)

    assert {row["id"] for row in programs} == served.account.programs.keys()
    assert all("costs" not in row and "tags" not in row for row in programs)
    assert one["createdAt"].endswith("Z+0000")
    assert {tag["tagType"] for tag in one["tags"]} >= {"Event Code", "Event Series"}
    assert [row["name"] for row in channels] == [row["name"] for row in served.account.channels]


def test_small_pages_of_programs_are_all_of_them(client, served):
    pages = list(client.execute("get_programs_yield", maxReturn=5))

    ids = {row["id"] for page in pages for row in (page if isinstance(page, list) else [page])}
    assert ids == served.account.programs.keys()


def test_leads_by_id_and_by_mail_and_those_of_a_program(client, served):
    keys = [str(key) for key in list(served.account.leads)[:5]]
    found = client.execute("get_multiple_leads_by_filter_type", filterType="id", filterValues=keys)
    of_program = client.execute("get_multiple_leads_by_program_id", programId="1001")

    assert {str(row["id"]) for row in found} == set(keys)
    members = {lead for program, lead in served.account.members if program == 1001}
    assert {row["id"] for row in of_program} == members
    assert all(row["membership"]["progressionStatus"] for row in of_program)


def test_activities_from_a_paging_token_to_their_end(client, served):
    found = client.execute(
        "get_lead_activities", activityTypeIds=["104"], sinceDatetime=SINCE, batchSize="50"
    )

    changes = [row for row in served.account.activities if row["activityTypeId"] == 104]
    assert len(found) == len(changes) > 50
    assert {row["marketoGUID"] for row in found} == {row["marketoGUID"] for row in changes}


def test_changes_and_deletions_of_leads(client, served):
    one, other = list(served.account.leads)[-2:]
    served.account.edit_lead(one, {"unsubscribed": True})
    served.account.delete_lead(other)

    changes = client.execute("get_lead_changes", fields=["unsubscribed"], sinceDatetime=SINCE)
    gone = client.execute("get_deleted_leads", sinceDatetime=SINCE)

    assert [row["leadId"] for row in changes if row["activityTypeId"] == 13] == [one]
    assert [row["leadId"] for row in gone] == [other]


def test_members_in_bulk(client, served):
    job, *_ = client.execute(
        "create_program_members_export_job",
        fields=["leadId", "statusName", "statusReason"],
        filters={"programId": 1001},
    )
    client.execute("enqueue_program_members_export_job", job_id=job["exportId"])
    states = [
        client.execute("get_program_members_export_job_status", job_id=job["exportId"])[0] for _ in "12"
    ]
    content = client.execute("get_program_members_export_job_file", job_id=job["exportId"])

    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert [one["status"] for one in states] == ["Processing", "Completed"]
    assert states[-1]["numberOfRecords"] == len(rows)
    assert {int(row["leadId"]) for row in rows} == {p[1] for p in served.account.members if p[0] == 1001}
    assert {row["statusReason"] for row in rows} == {"null"}


def test_usage_and_descriptions(client, served):
    assert client.execute("get_daily_usage")[0]["total"] > 0
    assert {"email", "unsubscribed"} <= {row["rest"]["name"] for row in client.execute("describe")}
    assert client.execute("describe_program_member")[0]["searchableFields"]
    assert served.requests()


def test_a_refusal_is_one_with_status_200(client, served):
    with pytest.raises(Exception, match="1004"):
        client.execute("get_lead_by_id", id=1)
    served.faults.add("429", stream="programs", mode="607")
    with pytest.raises(Exception, match="607"):
        client.execute("browse_programs", maxReturn=200)

    assert {one["status"] for one in served.requests() if one["code"]} == {200}


def test_a_token_in_the_address_is_refused(served):
    token = served.engine.identity.token(
        {
            "grant_type": "client_credentials",
            "client_id": served.client_id,
            "client_secret": served.client_secret,
        }
    )[1]["access_token"]
    url = f"{served.url}/rest/v1/activities/types.json"

    in_address = requests.get(url, params={"access_token": token}, timeout=5).json()
    in_header = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5).json()

    assert (in_address["success"], in_address["errors"][0]["code"]) == (False, "601")
    assert in_header["success"]


def test_members_must_be_asked_for_by_something_and_a_week_at_most(client, served):
    def asked(**query):
        return client._api_call(  # noqa: SLF001 (it has no method for this)
            "get", f"{served.url}/rest/v1/programs/1001/members.json", {"access_token": client.token, **query}
        )

    client.authenticate()
    span = {"filterType": "updatedAt", "startAt": "2026-10-01T00:00:00Z"}

    assert asked(filterType="reachedSuccess", filterValues="true,false")["result"]
    assert "result" in asked(**span, endAt="2026-10-08T00:00:00Z")
    for wrong in (
        {},
        {**span, "endAt": "2026-10-09T00:00:00Z"},
        {"filterType": "membershipDate", "filterValues": "x"},
    ):
        with pytest.raises(MarketoException):
            asked(**wrong)
    assert NEWSLETTER in served.account.programs
