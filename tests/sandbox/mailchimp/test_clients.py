"""Clients that we did not write drive the simulator: Mailchimp's own SDK, and plain requests."""

import io
import json
import tarfile

import pytest
import requests

from closedloop.sandbox import mailchimp
from closedloop.sandbox.world import generate

SDK = pytest.importorskip("mailchimp_marketing", reason="Mailchimp's SDK is not installed")
from mailchimp_marketing.api_client import ApiClientError  # noqa: E402 (only where it is installed)


@pytest.fixture
def served():
    with mailchimp.serve(generate(5, 0.03)) as simulator:
        yield simulator


@pytest.fixture
def client(served):
    made = SDK.Client({"api_key": served.api_key, "server": "us6"})
    made.api_client.host = f"{served.url}/3.0"
    return made


def subscribed(served):
    row = next(row for row in served.records("members") if row["status"] == "subscribed")
    return row["list_id"], row


def test_the_sdk_reads_lists_members_and_reports(served, client):
    (everybody, news) = client.lists.get_all_lists()["lists"]
    ten = client.lists.get_list_members_info(news["id"])
    all_ = client.lists.get_list_members_info(
        news["id"], count=1000, sort_field="last_changed", sort_dir="ASC"
    )
    archived = client.lists.get_list_members_info(news["id"], status="archived", count=1000)
    mailing = client.campaigns.list(count=1000, status="sent")["campaigns"][0]
    told = client.reports.get_campaign_report(mailing["id"])

    assert client.ping.get()["health_status"] == "Everything's Chimpy!"
    assert (everybody["name"], len(ten["members"])) == ("Customers and prospects", 10)
    assert len(all_["members"]) == all_["total_items"] > 10
    assert "archived" not in {row["status"] for row in all_["members"]}
    assert archived["total_items"] + all_["total_items"] == sum(
        row["list_id"] == news["id"] for row in served.records("members")
    )
    changed = [row["last_changed"] for row in all_["members"]]
    assert changed == sorted(changed)
    activity = client.reports.get_email_activity_for_campaign(mailing["id"], count=1000)
    assert told["clicks"]["clicks_total"] == sum(
        one["action"] == "click" for row in activity["emails"] for one in row["activity"]
    )


def test_the_sdk_changes_members_and_each_change_shows(served, client):
    audience, row = subscribed(served)
    client.lists.update_list_member(audience, row["id"], {"status": "unsubscribed"})
    found = client.lists.get_list_member(audience, row["email_address"].upper())
    changed = client.lists.get_list_members_info(
        audience, since_last_changed=found["last_changed"], count=1000
    )
    client.lists.delete_list_member(audience, row["id"])
    archived = client.lists.get_list_member(audience, row["id"])
    client.lists.delete_list_member_permanent(audience, row["id"])

    assert (found["status"], archived["status"]) == ("unsubscribed", "archived")
    assert row["id"] in {one["id"] for one in changed["members"]}
    with pytest.raises(ApiClientError) as error:
        client.lists.get_list_member(audience, row["id"])
    assert (error.value.status_code, json.loads(error.value.text)["title"]) == (404, "Resource Not Found")


def test_the_sdk_tags_and_reports_events(served, client):
    audience = client.lists.get_all_lists()["lists"][1]["id"]
    row = client.lists.get_list_members_info(audience, status="subscribed")["members"][0]
    tag = client.lists.list_segments(audience)["segments"][0]
    client.lists.update_list_member_tags(
        audience, row["id"], {"tags": [{"name": tag["name"], "status": "active"}]}
    )
    client.lists.create_list_member_event(
        audience, row["id"], {"name": "watched", "properties": {"minutes": "40"}}
    )

    members = client.lists.get_segment_members_list(audience, tag["id"], count=1000)["members"]
    assert tag["name"] in {
        one["name"] for one in client.lists.get_list_member_tags(audience, row["id"])["tags"]
    }
    assert row["id"] in {one["id"] for one in members}
    assert client.lists.get_list_member_events(audience, row["id"])["events"][0]["name"] == "watched"


def test_the_sdk_runs_a_batch_whose_answers_lie_in_an_archive(served, client):
    audience, row = subscribed(served)
    paths = [f"/lists/{audience}/members/{row['id']}", f"/lists/{audience}/members/nobody"]
    begun = client.batches.start(
        {"operations": [{"method": "GET", "path": p, "operation_id": p[-6:]} for p in paths]}
    )
    states = [client.batches.status(begun["id"])["status"] for _ in range(3)]
    done = client.batches.status(begun["id"])

    packed = requests.get(done["response_body_url"], timeout=10).content
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as files:
        answers = [one for member in files for one in json.load(files.extractfile(member))]
    assert (begun["status"], states) == ("pending", ["started", "started", "finished"])
    assert done["errored_operations"] == 1
    assert {one["operation_id"]: one["status_code"] for one in answers} == {
        row["id"][-6:]: 200,
        "nobody"[-6:]: 404,
    }
    assert {json.loads(one["response"]).get("email_address") for one in answers} == {
        row["email_address"],
        None,
    }


def test_the_sdk_hears_refusals(served, client):
    with pytest.raises(ApiClientError) as many:
        client.lists.get_list_members_info("a1b2c3d4e5", fields=["total_items"], exclude_fields=["_links"])
    served.revoke()
    with pytest.raises(ApiClientError) as stranger:
        client.ping.get()

    assert json.loads(many.value.text)["title"] == "Bad Request"
    assert (stranger.value.status_code, json.loads(stranger.value.text)["title"]) == (401, "API Key Invalid")


def test_key_and_token_both_open_and_errors_come_when_asked_for(served):
    def get(**headers):
        return requests.get(f"{served.url}/3.0/ping", headers=headers, timeout=10)

    assert get(Authorization=f"Bearer {served.token}").status_code == 200
    assert requests.get(f"{served.url}/3.0/", auth=("any", served.api_key), timeout=10).json()["account_id"]
    provoked = get(Authorization=f"Bearer {served.api_key}", **{"X-Trigger-Error": "APIKeyMissing"})
    assert provoked.json()["title"] == "APIKeyMissing"
    assert provoked.headers["Content-Type"].startswith("application/problem+json")


def test_fields_and_exclude_fields_exclude_each_other(served):
    def get(**params):
        return requests.get(
            f"{served.url}/3.0/lists", auth=("any", served.api_key), params=params, timeout=10
        )

    assert get(fields="total_items", exclude_fields="_links").status_code == 400
    assert get(fields="total_items").json() == {"total_items": 2}
    assert "_links" not in get(exclude_fields="_links").json()
