"""What makes Salesforce hard: cursors that end, late commits, deletions, hidden fields, limits, tokens."""

import gzip
import json
import subprocess
import sys
from datetime import timedelta

import pytest
import requests

from closedloop.sandbox.salesforce.ids import long_id


def keys(simulator, kind):
    return [record.partition("/")[2] for record in simulator.keys[kind].values()]


def code(reply):
    return reply.status_code, reply.json()[0]["errorCode"]


def test_a_cursor_ends_when_nobody_uses_it_and_the_oldest_when_there_are_too_many(serving):
    org, client = serving(page_size=20, most_cursors=2)
    first = client.ask("SELECT Id FROM Lead").json()["nextRecordsUrl"]
    org.advance(800)
    assert client("GET", first).status_code == 200
    org.advance(800)
    assert client("GET", first).status_code == 200
    org.advance(901)
    assert code(client("GET", first)) == (400, "INVALID_QUERY_LOCATOR")
    held = [client.ask("SELECT Id FROM Lead").json()["nextRecordsUrl"] for _ in range(3)]
    assert [client("GET", one).status_code for one in held] == [400, 200, 200]


def test_pages_are_smaller_at_random_and_by_request(serving):
    org, client = serving(small_pages=True, page_size=80)
    sizes, reply = [], client.ask("SELECT Id FROM CampaignMember").json()
    while not reply["done"]:
        sizes.append(len(reply["records"]))
        reply = client("GET", reply["nextRecordsUrl"]).json()
    assert len(set(sizes)) > 1
    assert sum(sizes) + len(reply["records"]) == len(org.records("CampaignMember"))


def test_the_wanted_size_of_a_page_is_between_200_and_2000(org, client):
    for number in range(2):
        for place in range(201):
            org.org.database.put("Group", {"Name": f"{number}-{place}", "Type": "Regular"})
    small = {"Sforce-Query-Options": "batchSize=5"}
    assert len(client.ask("SELECT Id FROM Group", headers=small).json()["records"]) == 200
    assert len(client.ask("SELECT Id FROM Group").json()["records"]) == 403


def test_a_row_is_committed_late_with_an_earlier_stamp(org, client):
    began = org.now()
    made = org.create("Lead", {"LastName": "Late", "Company": "c"}, late=90)
    key = keys(org, "campaign")[0]
    org.edit("Campaign", key, {"Code__c": "late"}, late=90)
    org.advance(60)
    assert client.rows("SELECT Id FROM Lead WHERE LastName = 'Late'") == []
    assert client.rows("SELECT Id FROM Campaign WHERE Code__c = 'late'") == []
    org.advance(31)
    [row] = client.rows("SELECT Id, SystemModstamp FROM Lead WHERE LastName = 'Late'")
    assert (row["Id"], row["SystemModstamp"][:19]) == (made, f"{began:%Y-%m-%dT%H:%M:%S}")
    [row] = client.rows("SELECT SystemModstamp FROM Campaign WHERE Code__c = 'late'")
    assert row["SystemModstamp"][:19] == f"{began:%Y-%m-%dT%H:%M:%S}"


def test_a_formula_changes_without_moving_the_stamp(org, client):
    [deal] = client.rows("SELECT Id, AccountId, SystemModstamp FROM Opportunity LIMIT 1")
    org.advance(60)
    org.edit("Account", deal["AccountId"], {"Tier__c": "A"})
    [now] = client.rows(f"SELECT Account_Tier__c, SystemModstamp FROM Opportunity WHERE Id = '{deal['Id']}'")
    assert (now["Account_Tier__c"], now["SystemModstamp"]) == ("A", deal["SystemModstamp"])


def test_a_mass_recalculation_gives_every_row_the_same_stamp(org, client):
    org.advance(60)
    before = {row["Id"]: row["LastModifiedDate"] for row in org.records("Contact")}
    org.control.recalculate("Contact")
    assert len({row["SystemModstamp"] for row in client.rows("SELECT SystemModstamp FROM Contact")}) == 1
    assert {row["Id"]: row["LastModifiedDate"] for row in org.records("Contact")} == before


def test_fields_come_and_go_between_two_requests(org, client):
    org.control.add_field("Campaign", "New__c string(40) cup")
    key = keys(org, "campaign")[0]
    assert client("PATCH", f"/sobjects/Campaign/{key}", json={"New__c": "x"}).status_code == 204
    assert client.rows("SELECT New__c FROM Campaign WHERE New__c = 'x'")
    org.control.remove_field("Campaign", "New__c")
    assert code(client.ask("SELECT New__c FROM Campaign")) == (400, "INVALID_FIELD")


def test_deletions_are_told_for_fifteen_days_and_then_forgotten(serving):
    org, client = serving(session_seconds=30 * 86400)
    key = keys(org, "opportunity")[0]
    client("DELETE", f"/sobjects/Opportunity/{key}")
    assert code(client("PATCH", f"/sobjects/Opportunity/{key}", json={"Name": "x"})) == (
        404,
        "ENTITY_IS_DELETED",
    )

    def told(days):
        start, end = org.now() - timedelta(days=days), org.now() + timedelta(minutes=5)
        span = {"start": start.isoformat(), "end": end.isoformat()}
        return client("GET", "/sobjects/Opportunity/deleted", params=span)

    org.advance(14 * 86400)
    assert [one["id"] for one in told(15).json()["deletedRecords"]] == [key]
    assert len(client.rows("SELECT Id FROM Opportunity WHERE IsDeleted = true", "queryAll")) == 1
    assert code(told(16)) == (400, "INVALID_REPLICATION_DATE")
    org.advance(2 * 86400)
    assert told(15).json()["deletedRecords"] == []
    assert client.rows("SELECT Id FROM Opportunity WHERE IsDeleted = true", "queryAll") == []


def test_activities_of_a_year_ago_are_in_query_all_alone(org, client):
    everything = org.records("Task")
    old = {row["Id"] for row in everything if row["IsArchived"]}
    assert 0 < len(old) < len(everything)
    assert {row["Id"] for row in client.rows("SELECT Id FROM Task")} == {
        row["Id"] for row in everything
    } - old
    shown = client.rows("SELECT Id, IsArchived FROM Task WHERE IsDeleted = false", "queryAll")
    assert {row["Id"] for row in shown if row["IsArchived"]} == old
    assert len(shown) == len(everything)


def test_a_log_of_deletions_that_was_cut_says_from_when_on_it_is_whole(serving):
    org, client = serving(log_days=2, session_seconds=30 * 86400)
    org.remove("Opportunity", keys(org, "opportunity")[0])
    org.advance(3 * 86400)
    start, end = org.now() - timedelta(days=5), org.now() + timedelta(minutes=5)
    span = {"start": start.isoformat(), "end": end.isoformat()}
    found = client("GET", "/sobjects/Opportunity/deleted", params=span).json()
    assert found["deletedRecords"] == []
    assert found["earliestDateAvailable"][:19] > f"{start:%Y-%m-%dT%H:%M:%S}"


def test_what_was_deleted_for_good_is_in_no_query_but_in_the_log(org, client):
    key = keys(org, "opportunity")[0]
    org.remove("Opportunity", key, hard=True)
    assert client.rows(f"SELECT Id FROM Opportunity WHERE Id = '{key}'", "queryAll") == []
    span = {
        "start": (org.now() - timedelta(days=1)).isoformat(),
        "end": (org.now() + timedelta(hours=1)).isoformat(),
    }
    deleted = client("GET", "/sobjects/Opportunity/deleted", params=span).json()["deletedRecords"]
    assert [one["id"] for one in deleted] == [key]


def test_a_merge_leaves_the_masters_id_in_the_loser_and_moves_its_members(org, client):
    people = [key for key in org.keys["person"].values() if key.startswith("Contact/")]
    members = {row["ContactId"] for row in org.records("CampaignMember")}
    loser = next(key[8:] for key in people if key[8:] in members)
    master = next(key[8:] for key in people if key[8:] not in members)
    org.merge("Contact", master, loser)
    [row] = client.rows(f"SELECT IsDeleted, MasterRecordId FROM Contact WHERE Id = '{loser}'", "queryAll")
    assert (row["IsDeleted"], row["MasterRecordId"]) == (True, master)
    assert client.rows(f"SELECT Id FROM CampaignMember WHERE ContactId = '{master}'")
    org.control.restore("Contact", loser)
    assert client.rows(f"SELECT Id FROM Contact WHERE Id = '{loser}'")


def test_a_converted_leads_members_gain_the_contact_and_it_can_no_longer_be_changed(org, client):
    lead = next(row["LeadId"] for row in org.records("CampaignMember") if row["LeadId"])
    [contact] = client.rows("SELECT Id, AccountId FROM Contact WHERE AccountId != null LIMIT 1")
    org.control.convert(lead, contact=contact["Id"], account=contact["AccountId"])
    rows = client.rows(f"SELECT LeadId, ContactId FROM CampaignMember WHERE LeadId = '{lead}'")
    assert rows
    assert {row["ContactId"] for row in rows} == {contact["Id"]}
    changed = client("PATCH", f"/sobjects/Lead/{lead}", json={"Phone": "1"})
    assert code(changed) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")


def test_an_account_can_be_a_person(serving):
    org, client = serving(person_accounts=True)
    account, contact = org.control.person_account("Ada", "Lovelace", "ada@example.com")
    asked = (
        "SELECT Name, IsPersonAccount, PersonContactId, PersonEmail FROM Account WHERE IsPersonAccount = true"
    )
    [row] = client.rows(asked)
    assert (row["Name"], row["PersonContactId"], row["PersonEmail"]) == (
        "Ada Lovelace",
        contact,
        "ada@example.com",
    )
    [row] = client.rows("SELECT Id, AccountId, Email FROM Contact WHERE IsPersonAccount = true")
    assert (row["Id"], row["AccountId"], row["Email"]) == (contact, account, "ada@example.com")


def test_hidden_fields_and_objects_are_not_there_at_all(serving):
    _, client = serving(
        hidden_fields=frozenset({"Campaign.ActualCost"}),
        hidden_objects=frozenset({"Case"}),
        read_only_fields=frozenset({"Campaign.Code__c"}),
    )
    fields = {one["name"]: one for one in client("GET", "/sobjects/Campaign/describe").json()["fields"]}
    assert "ActualCost" not in fields
    assert fields["Code__c"]["updateable"] is False
    assert code(client.ask("SELECT ActualCost FROM Campaign")) == (400, "INVALID_FIELD")
    assert code(client.ask("SELECT Id FROM Case")) == (400, "INVALID_TYPE")
    assert client("GET", "/sobjects/Case/describe").status_code == 404
    [row] = client.rows("SELECT Id FROM Campaign LIMIT 1")
    reply = client("PATCH", f"/sobjects/Campaign/{row['Id']}", json={"Code__c": "x"})
    assert code(reply) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_the_days_allowance_ends_with_403_and_comes_back(serving):
    org, client = serving(daily_limit=3)
    headers = [client.ask("SELECT COUNT() FROM Lead").headers["Sforce-Limit-Info"] for _ in range(3)]
    assert headers == [f"api-usage={number}/3" for number in (1, 2, 3)]
    reply = client.ask("SELECT COUNT() FROM Lead")
    assert code(reply) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert reply.json()[0]["message"] == "TotalRequests Limit exceeded."
    assert "Retry-After" not in reply.headers
    org.advance(86401)
    fresh = {"Authorization": f"Bearer {org.tokens.access()}"}
    assert client.ask("SELECT COUNT() FROM Lead", headers=fresh).status_code == 200


def test_the_api_can_be_switched_off_for_the_user(serving):
    _, client = serving(is_api_enabled=False)
    assert code(client.ask("SELECT Id FROM Lead")) == (403, "API_DISABLED_FOR_ORG")


def test_addresses_and_headers_have_an_end(client):
    assert client.ask("SELECT Id FROM Lead WHERE Name = '" + "x" * 16_400 + "'").status_code == 414
    assert client.ask("SELECT Id FROM Lead", headers={"X-Long": "x" * 16_300}).status_code == 431


def test_answers_are_compressed_for_who_asks(client):
    address = f"{client.base}/sobjects/Lead/describe"
    raw = client.session.get(address, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
    body = raw.raw.read(decode_content=False)
    assert raw.headers["Content-Encoding"] == "gzip"
    assert b'"Lead"' in gzip.decompress(body)
    plain = client.session.get(address, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert "Content-Encoding" not in plain.headers


def test_entity_tags_are_for_accounts_alone(org, client):
    account, campaign = keys(org, "account")[0], keys(org, "campaign")[0]
    path = f"/sobjects/Account/{account}"
    tag = client("GET", path).headers["ETag"]
    org.advance(5)
    assert client("PATCH", path, json={"Phone": "1"}, headers={"If-Match": tag}).status_code == 204
    assert client("PATCH", path, json={"Phone": "2"}, headers={"If-Match": tag}).status_code == 412
    assert client("PATCH", path, json={"Phone": "2"}, headers={"If-Match": "bare"}).status_code == 400
    assert "ETag" not in client("GET", f"/sobjects/Campaign/{campaign}").headers
    ignored = {"If-Match": '"nothing"'}
    changed = client("PATCH", f"/sobjects/Campaign/{campaign}", json={"Code__c": "1"}, headers=ignored)
    assert changed.status_code == 204


def test_numbers_look_as_java_prints_them(serving, org, client):
    key = keys(org, "opportunity")[0]
    shown = f"/sobjects/Opportunity/{key}?fields=Amount"
    for amount, text in (
        (15_000, "15000.0"),
        (12_345_678.5, "1.23456785E7"),
        (10_000_000, "1.0E7"),
        (0, "0.0"),
    ):
        org.edit("Opportunity", key, {"Amount": amount})
        assert f'"Amount":{text}' in client("GET", shown).text
    other, plain = serving(numbers_with_exponent=False)
    other.edit("Opportunity", key, {"Amount": 12_345_678.5})
    assert '"Amount":12345678.5' in plain("GET", shown).text


def token(org, **form):
    held = {"client_id": org.client_id, "client_secret": org.client_secret, "grant_type": "refresh_token"}
    return requests.post(org.token_url, data=held | form, timeout=10)


def test_a_refresh_token_stays_unless_it_rotates(org):
    first = org.tokens.first()
    assert "refresh_token" not in token(org, refresh_token=first).json()
    assert token(org, refresh_token=first).status_code == 200


@pytest.mark.parametrize("grace", [0, 60])
def test_a_rotating_refresh_token_dies_at_its_use_or_after_a_grace(serving, grace):
    org, _ = serving(rotates=True, grace_seconds=grace)
    first = org.tokens.first()
    second = token(org, refresh_token=first).json()["refresh_token"]
    assert second != first
    assert token(org, refresh_token=first).status_code == (200 if grace else 400)
    org.advance(61)
    assert token(org, refresh_token=first).status_code == 400
    assert token(org, refresh_token=second).status_code == 200
    org.tokens.revoke()
    assert token(org, refresh_token=second).json()["error"] == "invalid_grant"


def test_nothing_works_any_more_once_the_app_is_revoked(org, client):
    first = org.tokens.first()
    assert token(org, grant_type="client_credentials").status_code == 200
    org.tokens.revoke()
    assert code(client.ask("SELECT Id FROM Lead")) == (401, "INVALID_SESSION_ID")
    for form in ({"grant_type": "client_credentials"}, {"refresh_token": first}):
        reply = token(org, **form)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")


def test_a_session_ends_unused_and_lasts_while_it_is_used(serving):
    org, client = serving(session_seconds=100)
    for _ in range(3):
        org.advance(90)
        assert client.ask("SELECT COUNT() FROM Lead").status_code == 200
    org.advance(101)
    assert code(client.ask("SELECT COUNT() FROM Lead")) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize("kind", ["drop_row", "short_page", "freeze_cursor"])
def test_faults_of_the_data_show_less_than_the_count(org, client, kind):
    true = client.ask("SELECT COUNT() FROM Lead").json()["totalSize"]
    org.faults.add(kind, stream="Lead")
    assert len(client.rows("SELECT Id FROM Lead ORDER BY SystemModstamp, Id")) < true
    assert client.ask("SELECT COUNT() FROM Lead").json()["totalSize"] == true
    assert len(client.rows("SELECT Id FROM Contact")) == len(org.records("Contact"))


def test_a_repeated_page_comes_twice(serving):
    org, client = serving(page_size=20)
    org.faults.add("repeat_page", stream="Lead", times=1)
    first = client.ask("SELECT Id FROM Lead").json()
    second = client("GET", first["nextRecordsUrl"]).json()
    assert second["records"] == first["records"]
    third = client("GET", second["nextRecordsUrl"]).json()
    assert third["records"] != second["records"]


@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [("401", {}, 401), ("429", {}, 403), ("500", {}, 500), ("html", {"status": 503}, 503)],
)
def test_faults_of_the_way_replace_the_answer_once(org, client, kind, options, status):
    org.faults.add(kind, stream="Lead", **options)
    assert client.ask("SELECT Id FROM Contact LIMIT 1").status_code == 200
    assert client.ask("SELECT Id FROM Lead LIMIT 1").status_code == status
    assert client.ask("SELECT Id FROM Lead LIMIT 1").status_code == 200
    assert org.requests()[-2]["fault"] == kind


def test_an_answer_is_lost_after_the_write_was_carried_out(org, client):
    key = keys(org, "campaign")[0]
    org.faults.add("reset", stream="Campaign", method="update", when="after")
    with pytest.raises(requests.ConnectionError):
        client("PATCH", f"/sobjects/Campaign/{key}", json={"Code__c": "done"})
    [row] = client.rows(f"SELECT Code__c FROM Campaign WHERE Id = '{key}'")
    assert row["Code__c"] == "done"


def test_the_log_says_what_was_a_write(org, client):
    key = keys(org, "campaign")[0]
    client.ask("SELECT Id FROM Campaign")
    client("PATCH", f"/sobjects/Campaign/{key[:15]}", json={"Code__c": "x"})
    client("POST", "/composite/sobjects/Campaign", json={"ids": [key], "fields": ["Id"]})
    log = org.requests()
    assert [entry["is_write"] for entry in log] == [False, True, False]
    assert all(entry["executed"] for entry in log)
    assert (log[1]["stream"], log[1]["ids"], log[1]["fields"]) == ("Campaign", [long_id(key)], ["Code__c"])


def test_a_test_can_steer_it_over_http(org):
    key = keys(org, "campaign")[0]
    base = f"{org.url}/__control__"
    requests.post(
        f"{base}/edit", json={"stream": "Campaign", "id": key, "values": {"Code__c": "z"}}, timeout=10
    )
    rows = requests.get(f"{base}/records", params={"stream": "Campaign"}, timeout=10).json()
    assert next(row["Code__c"] for row in rows if row["Id"] == key) == "z"
    requests.post(f"{base}/advance", json={"seconds": 60}, timeout=10)
    assert requests.get(f"{base}/state", timeout=10).json()["now"] >= "2026-10-31T12:01"
    assert requests.post(f"{base}/nothing", json={}, timeout=10).status_code == 400


def test_it_runs_as_a_process_of_its_own(tmp_path):
    command = [
        sys.executable,
        "-m",
        "closedloop.sandbox.salesforce",
        "--scale",
        "0.02",
        "--state-dir",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        started = json.loads(process.stdout.readline())
        form = {"grant_type": "client_credentials"}
        app = (started["client_id"], started["client_secret"])
        reply = requests.post(f"{started['url']}/services/oauth2/token", data=form, auth=app, timeout=10)
        process.terminate()
    assert reply.json()["instance_url"] == started["url"]
    assert process.returncode == 0
    assert json.loads((tmp_path / "salesforce.json").read_text()) == started
    assert json.loads((tmp_path / "keys.json").read_text())["campaign"]
