"""Writing: rows one by one, in collections and in files, each refused for its own reason; custom fields."""

import csv
import io

import pytest


def keys(simulator, kind):
    return [record.partition("/")[2] for record in simulator.keys[kind].values()]


def codes(reply):
    return [one["errors"][0]["statusCode"] if one["errors"] else None for one in reply.json()]


def change(client, records, **options):
    return client("PATCH", "/composite/sobjects", json={"records": records, **options})


def of(entity, key, **values):
    return {"attributes": {"type": entity}, "id": key, **values}


def test_each_row_of_a_collection_is_refused_for_its_own_reason(org, client):
    first, second, third = keys(org, "campaign")[:3]
    account, contact = keys(org, "account")[0], org.records("Contact")[0]["Id"]
    lead = next(row["Id"] for row in org.records("Lead") if row["IsConverted"])
    client("DELETE", f"/sobjects/Campaign/{third}")
    org.control.refuse(
        "Opportunity", "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Only on Mondays", fields=["Amount"]
    )
    deal = keys(org, "opportunity")[0]
    reply = change(
        client,
        [
            of("Campaign", first, Code__c="x" * 41),
            of("Campaign", second, Code__c="fine"),
            of("Campaign", third, Code__c="gone"),
            of("Campaign", "701Sm000000zzzz", Code__c="never"),
            of("Campaign", first, Nothing__c=1),
            of("Campaign", first, HasResponded=True),
            of("Account", account, Email__c="no address"),
            of("Account", account, ParentId=contact),
            of("Account", account, Name=None),
            of("Lead", lead, Phone="1"),
            of("Opportunity", deal, Amount=5),
            of("Opportunity", deal, StageName="Nowhere"),
            {"attributes": {"type": "Campaign"}, "Code__c": "no id"},
            of("Nothing", first),
        ],
    )
    assert reply.status_code == 200
    assert codes(reply) == [
        "STRING_TOO_LONG",
        None,
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_FIELD",
        "INVALID_FIELD",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_CROSS_REFERENCE_KEY",
        "REQUIRED_FIELD_MISSING",
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "MISSING_ARGUMENT",
        "INVALID_TYPE",
    ]
    rule = reply.json()[10]["errors"][0]
    assert (rule["message"], rule["fields"]) == ("Only on Mondays", ["Amount"])
    assert "errorCode" not in rule


def test_a_field_that_is_not_there_may_spoil_the_whole_request(serving):
    org, client = serving(unknown_field="request")
    first, second = keys(org, "campaign")[:2]
    reply = change(client, [of("Campaign", first, Code__c="a"), of("Campaign", second, Nothing__c="a")])
    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert "a" not in {row["Code__c"] for row in org.records("Campaign")}


def test_all_or_none_rolls_back_what_went_well(org, client):
    first, second = keys(org, "campaign")[:2]
    before = {row["Id"]: row["Code__c"] for row in org.records("Campaign")}
    reply = change(
        client, [of("Campaign", first, Code__c="a"), of("Campaign", second, Code__c="x" * 41)], allOrNone=True
    )
    assert codes(reply) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert {row["Id"]: row["Code__c"] for row in org.records("Campaign")} == before


def test_a_collection_has_two_hundred_rows_and_no_more(org, client):
    key = keys(org, "campaign")[0]
    assert change(client, [of("Campaign", key, Code__c="a")] * 200).status_code == 200
    assert change(client, [of("Campaign", key, Code__c="a")] * 201).status_code == 400
    assert (
        client("PATCH", "/composite/sobjects", data="{no json").json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    )


def test_rows_are_read_by_their_ids_with_nothing_where_there_is_none(org, client):
    first, second = keys(org, "campaign")[:2]
    client("DELETE", f"/sobjects/Campaign/{second}")
    wanted = {"ids": [first, second, "701Sm000000zzzz", "junk"], "fields": ["Id", "Name"]}
    found = client("POST", "/composite/sobjects/Campaign", json=wanted).json()
    assert [row and row["Id"] for row in found] == [first, None, None, None]
    query = {"ids": f"{second},{first}", "fields": "Id"}
    found = client("GET", "/composite/sobjects/Campaign", params=query).json()
    assert [row and row["Id"] for row in found] == [None, first]
    wrong = {"ids": [first], "fields": ["Nothing"]}
    assert client("POST", "/composite/sobjects/Campaign", json=wrong).status_code == 400


def upsert(client, entity, records):
    path = f"/composite/sobjects/{entity}/External_Id__c"
    return client(
        "PATCH", path, json={"records": [{"attributes": {"type": entity}, **one} for one in records]}
    )


def test_upserts_make_change_and_refuse(org, client):
    lead = {"LastName": "L", "Company": "C"}
    reply = upsert(
        client, "Lead", [{"External_Id__c": "1", **lead}, {"External_Id__c": "2", "LastName": "L"}]
    )
    assert [one.get("created") for one in reply.json()] == [True, None]
    assert codes(reply) == [None, "REQUIRED_FIELD_MISSING"]
    again = upsert(
        client,
        "Lead",
        [
            {"External_Id__c": "1", "Phone": "1"},
            {"External_Id__c": "3", **lead},
            {"External_Id__c": "3", **lead},
            {"Phone": "2"},
            {"External_Id__c": "4", "Id": reply.json()[0]["id"]},
        ],
    )
    assert codes(again) == [
        None,
        "DUPLICATE_VALUE",
        "DUPLICATE_VALUE",
        "MISSING_ARGUMENT",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
    ]
    assert again.json()[0] | {"created": False} == again.json()[0]
    for _ in range(2):
        org.create("Account", {"Name": "Twin", "External_Id__c": "t"})
    assert codes(upsert(client, "Account", [{"External_Id__c": "T", "Phone": "1"}])) == [
        "DUPLICATE_EXTERNAL_ID"
    ]
    assert client("PATCH", "/composite/sobjects/Lead/Phone", json={"records": []}).status_code == 404


def test_a_person_is_a_member_of_a_campaign_once_and_never_changes_campaign(org, client):
    member = org.records("CampaignMember")[0]
    person = {"LeadId": member["LeadId"]} if member["LeadId"] else {"ContactId": member["ContactId"]}
    again = {"CampaignId": member["CampaignId"], **person, "External_Id__c": "m"}
    assert codes(upsert(client, "CampaignMember", [again])) == ["DUPLICATE_VALUE"]
    moved = client(
        "PATCH", f"/sobjects/CampaignMember/{member['Id']}", json={"CampaignId": member["CampaignId"]}
    )
    assert moved.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    fresh = org.create("Lead", {"LastName": "New", "Company": "C"})
    made = upsert(
        client,
        "CampaignMember",
        [{"CampaignId": member["CampaignId"], "LeadId": fresh, "External_Id__c": "n"}],
    )
    [row] = client.rows(
        f"SELECT Status, HasResponded, FirstRespondedDate FROM CampaignMember WHERE Id = '{made.json()[0]['id']}'"
    )
    assert (row["Status"], row["HasResponded"], row["FirstRespondedDate"]) == ("Sent", False, None)
    upsert(client, "CampaignMember", [{"External_Id__c": "n", "Status": "Attended"}])
    [row] = client.rows(
        "SELECT HasResponded, FirstRespondedDate FROM CampaignMember WHERE External_Id__c = 'N'"
    )
    assert (row["HasResponded"], row["FirstRespondedDate"]) == (True, org.now().date().isoformat())


def test_two_rows_cannot_share_a_unique_value(client):
    lead = {"LastName": "L", "Company": "C", "External_Id__c": "one"}
    assert client("POST", "/sobjects/Lead", json=lead).status_code == 201
    reply = client("POST", "/sobjects/Lead", json=lead | {"External_Id__c": "ONE"})
    assert reply.json()[0]["errorCode"] == "DUPLICATE_VALUE"


def test_a_changed_deal_writes_its_history_and_takes_its_stages_chance(org, client):
    [deal] = client.rows("SELECT Id, StageName FROM Opportunity WHERE IsClosed = false LIMIT 1")
    [stage] = client.rows("SELECT ApiName, DefaultProbability FROM OpportunityStage WHERE IsWon = true")
    org.advance(60)
    client("PATCH", f"/sobjects/Opportunity/{deal['Id']}", json={"StageName": stage["ApiName"]})
    [now] = client.rows(
        f"SELECT IsWon, IsClosed, Probability, LastStageChangeDate FROM Opportunity WHERE Id = '{deal['Id']}'"
    )
    assert (now["IsWon"], now["IsClosed"], now["Probability"]) == (True, True, stage["DefaultProbability"])
    last = client.rows(
        "SELECT StageName, CreatedDate FROM OpportunityHistory "
        f"WHERE OpportunityId = '{deal['Id']}' ORDER BY CreatedDate DESC, Id DESC LIMIT 1"
    )
    assert (last[0]["StageName"], last[0]["CreatedDate"]) == (stage["ApiName"], now["LastStageChangeDate"])
    fields = client.rows(
        f"SELECT Field, OldValue, NewValue FROM OpportunityFieldHistory WHERE OpportunityId = '{deal['Id']}' "
        "ORDER BY CreatedDate DESC, Id DESC LIMIT 1"
    )
    assert (fields[0]["OldValue"], fields[0]["NewValue"]) == (deal["StageName"], stage["ApiName"])
    written = len(org.records("OpportunityHistory"))
    client("PATCH", f"/sobjects/Opportunity/{deal['Id']}", json={"NextStep": "x"})
    assert len(org.records("OpportunityHistory")) == written


def test_a_contact_that_moves_leaves_its_names_and_its_ids_in_the_history(org, client):
    [contact] = client.rows("SELECT Id, AccountId FROM Contact WHERE AccountId != null LIMIT 1")
    [other] = client.rows(f"SELECT Id, Name FROM Account WHERE Id != '{contact['AccountId']}' LIMIT 1")
    client("PATCH", f"/sobjects/Contact/{contact['Id']}", json={"AccountId": other["Id"]})
    rows = client.rows(
        f"SELECT Field, DataType, OldValue, NewValue FROM ContactHistory WHERE ContactId = '{contact['Id']}'"
    )
    assert {(row["Field"], row["DataType"]): row["NewValue"] for row in rows} == {
        ("Account", "Text"): other["Name"],
        ("Account", "EntityId"): other["Id"],
    }
    assert contact["AccountId"] in {row["OldValue"] for row in rows}
    client("PATCH", f"/sobjects/Contact/{contact['Id']}", json={"Title": "x"})
    assert len(org.records("ContactHistory")) == 2


def test_several_requests_in_one(client):
    asked = [
        {
            "method": "POST",
            "url": "/services/data/v67.0/sobjects/Account",
            "referenceId": "made",
            "body": {"Name": "Composite"},
        },
        {
            "method": "POST",
            "url": "/services/data/v67.0/sobjects/Contact",
            "referenceId": "child",
            "body": {"LastName": "C", "AccountId": "@{made.id}"},
        },
        {"method": "GET", "url": "/services/data/v67.0/sobjects/Nothing/1", "referenceId": "bad"},
        {
            "method": "GET",
            "url": "/services/data/v67.0/query?q=SELECT+COUNT()+FROM+Lead",
            "referenceId": "after",
        },
    ]
    found = client("POST", "/composite", json={"allOrNone": True, "compositeRequest": asked}).json()
    parts = {one["referenceId"]: one for one in found["compositeResponse"]}
    assert [one["httpStatusCode"] for one in found["compositeResponse"]] == [201, 201, 404, 400]
    assert parts["after"]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert client("POST", "/composite", json={"compositeRequest": asked * 7}).status_code == 400


def make(client, path, **meta):
    held = {"type": "Currency", "label": "Value", "precision": 18, "scale": 2, **meta}
    return client("POST", "/tooling/sobjects/CustomField", json={"FullName": path, "Metadata": held})


def test_a_new_field_is_hidden_until_a_permission_set_shows_it(org, client):
    made = make(client, "Campaign.CL_Value__c")
    assert (made.status_code, made.json()["success"]) == (201, True)
    key = keys(org, "campaign")[0]
    path = f"/sobjects/Campaign/{key}"
    assert client.ask("SELECT CL_Value__c FROM Campaign").json()[0]["errorCode"] == "INVALID_FIELD"
    written = client("PATCH", path, json={"CL_Value__c": "1.5"})
    assert written.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    [chosen] = client.rows("SELECT PermissionSetId FROM PermissionSetAssignment")
    grant = {
        "ParentId": chosen["PermissionSetId"],
        "SobjectType": "Campaign",
        "Field": "Campaign.CL_Value__c",
    }
    shown = client("POST", "/sobjects/FieldPermissions", json=grant | {"PermissionsRead": True})
    assert client.ask("SELECT CL_Value__c FROM Campaign LIMIT 1").status_code == 200
    assert client("PATCH", path, json={"CL_Value__c": "1.5"}).status_code == 400
    client("PATCH", f"/sobjects/FieldPermissions/{shown.json()['id']}", json={"PermissionsEdit": True})
    assert client("PATCH", path, json={"CL_Value__c": "1.555"}).status_code == 204
    [row] = client.rows(f"SELECT CL_Value__c FROM Campaign WHERE Id = '{key}'")
    assert row["CL_Value__c"] in {1.55, 1.56}
    twice = client("POST", "/sobjects/FieldPermissions", json=grant | {"PermissionsRead": True})
    assert twice.json()[0]["errorCode"] == "DUPLICATE_VALUE"
    wrong = client("POST", "/sobjects/FieldPermissions", json=grant | {"Field": "Campaign.Nothing__c"})
    assert wrong.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_field_is_found_read_and_deleted_by_tooling(client):
    key = make(client, "Account.CL_Text__c", type="Text", length=80).json()["id"]
    asked = "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = 'Account' AND DeveloperName = 'CL_Text'"
    found = client("GET", "/tooling/query", params={"q": asked}).json()
    assert [row["Id"] for row in found["records"]] == [key]
    meta = client("GET", f"/tooling/sobjects/CustomField/{key}").json()["Metadata"]
    assert (meta["type"], meta["length"]) == ("Text", 80)
    assert client("DELETE", f"/tooling/sobjects/CustomField/{key}").status_code == 204
    assert client("GET", "/tooling/query", params={"q": asked}).json()["totalSize"] == 0


@pytest.mark.parametrize(
    ("path", "meta", "code"),
    [
        ("Campaign.Code__c", {}, "DUPLICATE_DEVELOPER_NAME"),
        ("Campaign.Value", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Campaign.Double__Under__c", {}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Campaign.CL__c", {"precision": 19}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Campaign.CL__c", {"type": "Wish"}, "FIELD_INTEGRITY_EXCEPTION"),
        ("Nothing.CL__c", {}, "INVALID_TYPE"),
    ],
)
def test_a_field_that_cannot_be(client, path, meta, code):
    assert make(client, path, **meta).json()[0]["errorCode"] == code


def test_only_an_administrator_makes_fields(serving):
    _, client = serving(can_customize=False)
    assert make(client, "Campaign.CL__c").status_code == 403


def bulk(client, text, **options):
    made = client("POST", "/jobs/query", json={"operation": "query", "query": text, **options})
    return made.json()["id"] if made.ok else None, made


def finish(client, key, kind="query"):
    for _ in range(5):
        shown = client("GET", f"/jobs/{kind}/{key}").json()
        if shown["state"] not in {"UploadComplete", "InProgress"}:
            break
    return shown


@pytest.mark.parametrize(("early", "status"), [(204, 204), (400, 400), (412, 412)])
def test_results_are_asked_for_too_early(serving, early, status):
    _, client = serving(bulk_early_status=early, bulk_polls=2)
    key, made = bulk(client, "SELECT Id FROM Lead")
    assert made.json()["state"] == "UploadComplete"
    assert client("GET", f"/jobs/query/{key}/results").status_code == status
    assert finish(client, key)["state"] == "JobComplete"
    assert client("GET", f"/jobs/query/{key}/results").status_code == 200


@pytest.mark.parametrize(("header", "repeats"), [("every", True), ("first", False)])
def test_pages_of_results_have_a_locator_that_ends_in_the_word_null(serving, header, repeats):
    org, client = serving(bulk_header=header)
    key, _ = bulk(client, "SELECT Id, LastName, MasterRecordId FROM Lead ORDER BY Id")
    finish(client, key)
    path, locator, rows = f"/jobs/query/{key}/results", "", []
    while locator != "null":
        page = client("GET", path, params={"maxRecords": 40, **({"locator": locator} if locator else {})})
        lines = list(csv.reader(io.StringIO(page.content.decode())))
        if not locator or repeats:
            assert lines.pop(0) == ["Id", "LastName", "MasterRecordId"]
        assert len(lines) == int(page.headers["Sforce-NumberOfRecords"])
        rows += lines
        locator = page.headers["Sforce-Locator"]
    assert sorted(row[0] for row in rows) == sorted(row["Id"] for row in org.records("Lead"))
    assert {row[2] for row in rows} == {""}
    assert client("GET", path, params={"locator": "nonsense"}).status_code == 400
    other = client("GET", f"/services/data/v66.0/jobs/query/{key}/results")
    assert other.status_code == 409


def test_query_jobs_refuse_what_bulk_cannot_do_and_end_on_demand(client):
    for text in ("SELECT COUNT(Id) FROM Lead", "SELECT Id FROM Lead OFFSET 5", "SELECT Nothing FROM Lead"):
        assert bulk(client, text)[1].status_code == 400
    key, _ = bulk(client, "SELECT Id FROM Lead")
    assert client("DELETE", f"/jobs/query/{key}").status_code == 400
    aborted = client("PATCH", f"/jobs/query/{key}", json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert client("DELETE", f"/jobs/query/{key}").status_code == 204
    assert client("GET", f"/jobs/query/{key}").status_code == 404


def ingest(client, operation, entity, text, **options):
    job = {"object": entity, "operation": operation, **options}
    key = client("POST", "/jobs/ingest", json=job).json()["id"]
    sent = client(
        "PUT", f"/jobs/ingest/{key}/batches", data=text.encode(), headers={"Content-Type": "text/csv"}
    )
    assert sent.status_code == 201
    client("PATCH", f"/jobs/ingest/{key}", json={"state": "UploadComplete"})
    return key, finish(client, key, "ingest")


def results(client, key, name):
    text = client("GET", f"/jobs/ingest/{key}/{name}").content.decode()
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_changes_rows_and_an_empty_cell_leaves_a_field_alone(org, client):
    first, second, third = keys(org, "campaign")[:3]
    org.edit("Campaign", second, {"Series__c": "kept"})
    lines = ["Id,Code__c,Series__c", f"{first},A,#N/A", f"{second},B,", f"{third},{'x' * 41},"]
    key, done = ingest(client, "update", "Campaign", "\r\n".join(lines), lineEnding="CRLF")
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (
        "JobComplete",
        3,
        1,
    )
    held = {row["Id"]: row for row in org.records("Campaign")}
    assert (held[first]["Code__c"], held[first]["Series__c"]) == ("A", None)
    assert (held[second]["Code__c"], held[second]["Series__c"]) == ("B", "kept")
    assert {row["sf__Id"] for row in results(client, key, "successfulResults")} == {first, second}
    [failed] = results(client, key, "failedResults")
    assert (failed["sf__Id"], failed["Id"]) == (third, third)
    assert failed["sf__Error"].startswith("STRING_TOO_LONG:")
    assert failed["sf__Error"].endswith(":Code__c --")
    assert results(client, key, "unprocessedrecords") == []


def test_results_come_in_an_order_of_their_own(org, client):
    chosen = keys(org, "touch")[:60]
    key, _ = ingest(client, "update", "CampaignMember", "Id\n" + "\n".join(chosen))
    found = [row["sf__Id"] for row in results(client, key, "successfulResults")]
    assert sorted(found) == sorted(chosen)
    assert found != chosen


def test_a_file_that_cannot_be_read_fails_as_a_whole(org, client):
    chosen = keys(org, "campaign")[0]
    key, done = ingest(client, "update", "Campaign", f"Id,Nothing__c\n{chosen},1\n")
    assert done["state"] == "Failed"
    assert "Nothing__c" in done["errorMessage"]
    assert [row["Id"] for row in results(client, key, "unprocessedrecords")] == [chosen]


def test_a_job_takes_one_file_and_no_other_field_to_name_rows_by(client):
    job = {"object": "Lead", "operation": "upsert", "externalIdFieldName": "Phone"}
    assert client("POST", "/jobs/ingest", json=job).json()[0]["errorCode"] == "INVALIDJOB"
    key = client("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    path = f"/jobs/ingest/{key}"
    assert client("GET", f"{path}/failedResults").status_code == 400
    assert client("PUT", f"{path}/batches", data="LastName\nx").status_code == 201
    assert client("PUT", f"{path}/batches", data="LastName\nx").status_code == 400
    assert client("PATCH", path, json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert client("PATCH", path, json={"state": "UploadComplete"}).status_code == 400
