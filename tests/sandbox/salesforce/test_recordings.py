"""What the real Salesforce answered, held against what the simulator answers: statuses, envelopes, names, types."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve()
PLACES = [Path(os.environ["CLOSEDLOOP_RECORDINGS"])] if "CLOSEDLOOP_RECORDINGS" in os.environ else []
PLACES += [folder / "shared" / "recordings" for folder in HERE.parents]
FOLDER = next((place / "salesforce" for place in PLACES if (place / "salesforce").is_dir()), None)
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the recordings of Salesforce are not here")

#: What an administrator chooses, or what an edition has: not the API's own.
CHOSEN = {"label", "picklistValues", "defaultValue", "inlineHelpText", "extraTypeInfo", "compoundFieldName"}
#: Unlike in the recorded org here: country pick lists, quotes and splits are off, leads have fewer kinds of targets.
FIELD = {
    "aggregatable",
    "aiPredictionField",
    "referenceTargetField",
    "searchPrefilterable",
    "polymorphicForeignKey",
    "formulaTreatNullNumberAsZero",
}
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000")


def recorded(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def fixture(name):
    return json.loads((FOLDER / "fixtures-restforce" / f"{name}.json").read_text())


def cassette(name):
    held = yaml.safe_load((FOLDER / "cumulusci" / "shared_cassettes" / f"{name}.yaml").read_text())
    return json.loads(held["response"]["body"]["string"])


def reply_of(name, verb, place=0):
    held = list(recorded(name)["api"][verb].items())[place]
    return held[0], (held[1][0] if isinstance(held[1], list) else held[1])


def described(name):
    if name == "Account, 2026":
        return reply_of("describe-sobject", "get")[1]["response"]
    return cassette(f"GET_sobjects_{name}_describe")


OBJECTS = [
    "Account",
    "Account, 2026",
    "Case",
    "Contact",
    "Event",
    "Lead",
    "Opportunity",
    "OpportunityContactRole",
]


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_describe_themselves_as_the_real_ones(reading, name):
    real, ours = described(name), reading("GET", f"/sobjects/{name.split(',')[0]}/describe").json()
    assert set(real) - set(ours) <= {"listviewable", "lookupLayoutable", "implementsInterfaces"}
    assert set(ours) - set(real) <= {"associateEntityType", "associateParentEntity", "sobjectDescribeOption"}
    for word in ("name", "keyPrefix", "createable", "updateable", "deletable", "undeletable", "mergeable"):
        assert ours[word] == real[word], word
    assert ours["replicateable"] is real["replicateable"] is True


@pytest.mark.parametrize("name", OBJECTS)
def test_fields_have_the_names_types_and_rights_of_the_real_ones(reading, name):
    known = {field["name"]: field for field in described(name)["fields"]}
    ours = reading("GET", f"/sobjects/{name.split(',')[0]}/describe").json()["fields"]
    differences = []
    for field in ours:
        real = known.get(field["name"])
        if real is None:
            if not field["custom"] and field["name"] not in {"CurrencyIsoCode", "HasOptedOutOfEmail", "Type"}:
                differences.append(f"{field['name']} is not there")
            continue
        assert set(field) >= set(real)
        # the length of a pick list is the org's: 40 in older ones
        own = {"length", "byteLength"} if field["type"] == "picklist" and name == "Account" else set()
        differences += [
            f"{field['name']}.{word}: {field[word]} is really {value}"
            for word, value in real.items()
            if word not in own | CHOSEN | FIELD | {"referenceTo"} and field[word] != value
        ]
        if not set(field["referenceTo"]) <= set(real["referenceTo"]):
            differences.append(f"{field['name']}.referenceTo")
    assert differences == []


def test_the_list_of_objects(reading):
    real, ours = cassette("GET_sobjects_Global_describe"), reading("GET", "/sobjects").json()
    assert {k: v for k, v in ours.items() if k != "sobjects"} == {
        k: v for k, v in real.items() if k != "sobjects"
    }
    known = {one["name"]: one for one in real["sobjects"]}
    for one in ours["sobjects"]:
        assert set(one) == set(known["Account"])
        if one["name"] in known and known[one["name"]]["keyPrefix"]:
            assert one["keyPrefix"] == known[one["name"]]["keyPrefix"]


@pytest.mark.parametrize("name", ["cases", "opportunities", "users"])
def test_queries_answer_in_the_same_shape(reading, name):
    _, reply = reply_of(name, "get")
    real = reply["response"]
    ours = reading.ask(reply["request"]["params"]["q"])
    assert ours.status_code == reply["status"]
    body = ours.json()
    assert list(body) == list(real)
    kinds = {}
    for row in real["records"]:
        for column, value in row.items():
            kinds.setdefault(column, set()).add(kind(value))
    for row in body["records"]:
        assert list(row) == list(real["records"][0])
        assert set(row["attributes"]) == set(real["records"][0]["attributes"])
        assert re.fullmatch(r"/services/data/v\d\d\.0/sobjects/\w+/\w{18}", row["attributes"]["url"])
        for column, value in row.items():
            if value is not None and kinds[column] != {"null"}:
                assert kind(value) in kinds[column], column


def kind(value):
    if isinstance(value, str):
        return (
            "time" if STAMP.fullmatch(value) else "day" if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else "text"
        )
    return {type(None): "null", bool: "yes", int: "number", float: "number", dict: "parent"}[type(value)]


def test_a_row_is_made_and_deleted(client):
    _, reply = reply_of("create-record", "post")
    made = client("POST", "/sobjects/Account/", json=reply["request"]["data"])
    assert made.status_code == reply["status"]
    assert list(made.json()) == list(reply["response"])
    assert re.fullmatch(r"/services/data/v67\.0/sobjects/Account/\w{18}", made.headers["Location"])
    assert re.fullmatch(r"api-usage=\d+/\d+", made.headers["Sforce-Limit-Info"])
    _, reply = reply_of("delete-record", "delete")
    gone = client("DELETE", f"/sobjects/Account/{made.json()['id']}")
    assert (gone.status_code, gone.text) == (reply["status"], reply["response"])


def test_ids_carry_the_suffix_that_real_ids_carry():
    from closedloop.sandbox.salesforce.ids import is_id, long_id

    rows = [
        row
        for name in ("cases", "opportunities", "users")
        for row in reply_of(name, "get")[1]["response"]["records"]
    ]
    seen = {value for row in rows for column, value in row.items() if column.endswith("Id") and value}
    assert len(seen) > 50
    assert all(is_id(key) and long_id(key[:15]) == key for key in seen)


def test_limits(reading):
    real, ours = reply_of("get-limits", "get")[1]["response"], reading("GET", "/limits").json()
    assert set(ours) <= set(real)
    assert set(ours["DailyApiRequests"]) == set(real["DailyApiRequests"])


def test_who_one_is(reading):
    real = reply_of("get-current-user", "get")[1]["response"]
    ours = reading("GET", "/services/oauth2/userinfo").json()
    assert set(ours) <= set(real)
    assert ours["sub"].split("/")[:4] == real["sub"].split("/")[:4]


def test_the_list_of_versions(reading):
    for one, real in zip(
        reading("GET", "/services/data/").json(), fixture("services_data_success_response"), strict=False
    ):
        assert set(one) == set(real)


def test_tokens(org, client):
    import requests

    form = {"client_id": org.client_id, "client_secret": org.client_secret, "grant_type": "refresh_token"}
    reply = requests.post(org.token_url, data=form | {"refresh_token": org.tokens.first()}, timeout=10)
    assert set(reply.json()) >= set(fixture("refresh_success_response"))
    reply = requests.post(org.token_url, data=form | {"refresh_token": "dead"}, timeout=10)
    assert (reply.status_code, reply.json()) == (400, fixture("refresh_error_response"))
    reply = requests.post(org.token_url, data=form | {"client_secret": "x"}, timeout=10)
    assert (reply.status_code, set(reply.json())) == (400, set(fixture("auth_error_response")))
    org.tokens.expire()
    reply = client.ask("SELECT Id FROM Lead")
    assert (reply.status_code, reply.json()) == (401, fixture("expired_session_response"))


def test_pages(serving):
    _, client = serving(page_size=5)
    first, real = (
        client.ask("SELECT Id FROM Lead").json(),
        fixture("sobject/query_paginated_first_page_response"),
    )
    assert set(first) == set(real)
    assert re.fullmatch(r"/services/data/v67\.0/query/01g\w+-\d+", first["nextRecordsUrl"])
    last = first
    while not last["done"]:
        last = client("GET", last["nextRecordsUrl"]).json()
    assert set(last) == set(fixture("sobject/query_paginated_last_page_response"))
    assert client.ask("SELECT Id FROM Lead WHERE Name = 'nobody'").json() == fixture(
        "sobject/query_empty_response"
    )
    [group] = fixture("sobject/query_aggregate_success_response")["records"][:1]
    ours = client.rows("SELECT CampaignId, SUM(Amount) FROM Opportunity GROUP BY CampaignId")[0]
    assert (list(ours), ours["attributes"]) == (list(group), group["attributes"])


def test_what_changed(org, client):
    key = org.records("Contact")[0]["Id"]
    org.remove("Contact", key)
    org.advance(120)
    span = {"start": "2026-10-31T00:00:00+00:00", "end": "2026-11-01T00:00:00Z"}
    for resource, name in (("deleted", "get_deleted"), ("updated", "get_updated")):
        real = fixture(f"sobject/{name}_success_response")
        ours = client("GET", f"/sobjects/Contact/{resource}", params=span).json()
        assert set(ours) == set(real)
        assert STAMP.fullmatch(ours["latestDateCovered"])
    [gone] = client("GET", "/sobjects/Contact/deleted", params=span).json()["deletedRecords"]
    assert set(gone) == set(fixture("sobject/get_deleted_success_response")["deletedRecords"][0])
    assert (gone["id"], bool(STAMP.fullmatch(gone["deletedDate"]))) == (key, True)


def test_upserts(serving):
    other, plain = serving(update_status=204)
    made = plain("PATCH", "/sobjects/Lead/External_Id__c/1", json={"LastName": "a", "Company": "b"})
    assert made.status_code == 201
    assert set(made.json()) >= set(fixture("sobject/upsert_created_success_response"))
    again = plain("PATCH", "/sobjects/Lead/External_Id__c/1", json={"LastName": "c"})
    assert (again.status_code, again.text) == (204, "")
    for _ in range(2):
        other.create("Account", {"Name": "Twin", "External_Id__c": "t"})
    twins = plain("PATCH", "/sobjects/Account/External_Id__c/t", json={"Phone": "1"})
    assert twins.status_code == 300
    shape = r"/services/data/v\d\d\.0/sobjects/\w+/\w+"
    assert all(
        re.fullmatch(shape, one)
        for one in [*twins.json(), *fixture("sobject/upsert_multiple_error_response")]
    )


@pytest.mark.parametrize(
    ("name", "verb", "path", "body", "code"),
    [
        ("upsert_error_response", "PATCH", "/sobjects/Lead/Namez/1", {"LastName": "a"}, 404),
        ("delete_error_response", "DELETE", "/sobjects/Lead/rid", None, 404),
        ("sobject_find_error_response", "GET", "/sobjects/Lead/23foo", None, 404),
        ("sobject_describe_error_response", "GET", "/sobjects/Nothing/describe", None, 404),
        ("write_error_response", "POST", "/sobjects/Lead", {"foo": 1}, 400),
        ("query_error_response", "GET", "/query?q=SELECT+foo+FROM+Lead", None, 400),
    ],
)
def test_errors(client, name, verb, path, body, code):  # noqa: PLR0917 - what is asked and what is answered
    [real], reply = fixture(f"sobject/{name}"), client(verb, path, json=body)
    [ours] = reply.json()
    assert reply.status_code == code
    assert list(ours) == list(real)
    assert ours["errorCode"] == real["errorCode"]
    if name != "query_error_response":
        assert ours["message"].replace("Lead", "Bar") == real["message"]
