"""SOQL over the org: what is found, in which order, how it looks, and what is refused in Salesforce's words."""

from datetime import timedelta

import pytest


def test_a_count_is_a_total_without_rows(shared, reading):
    found = reading.ask("SELECT COUNT() FROM Contact").json()
    assert found == {"totalSize": len(shared.records("Contact")), "done": True, "records": []}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("StageName = 'won'", lambda row: row["StageName"] == "Won"),
        ("StageName != 'Won'", lambda row: row["StageName"] != "Won"),
        ("Amount > 10000", lambda row: row["Amount"] > 10000),
        ("Amount >= 10000.5 AND IsWon = true", lambda row: row["Amount"] >= 10000.5 and row["IsWon"]),
        ("NOT (Amount > 10000 OR IsClosed = TRUE)", lambda row: not (row["Amount"] > 10000 or row["IsClosed"])),
        ("StageName IN ('Won','Closed Lost')", lambda row: row["StageName"] in {"Won", "Closed Lost"}),
        ("StageName NOT IN ('Won')", lambda row: row["StageName"] != "Won"),
        ("Name LIKE '%ROLLOUT'", lambda row: row["Name"].endswith("rollout")),
        ("CampaignId = null", lambda row: row["CampaignId"] is None),
        ("CampaignId != NULL", lambda row: row["CampaignId"] is not None),
        ("CloseDate < 2025-01-01", lambda row: row["CloseDate"].isoformat() < "2025-01-01"),
        (
            "CreatedDate >= 2025-01-01T00:00:00Z AND CreatedDate < 2026-01-01T01:00:00+01:00",
            lambda row: row["CreatedDate"].year == 2025,
        ),
        ("Account.BillingCountry = 'US'", None),
        ("AccountId IN (SELECT Id FROM Account WHERE BillingCountry = 'US')", None),
    ],
)  # fmt: skip
def test_conditions(shared, reading, condition, holds):
    found = {row["Id"] for row in reading.rows(f"SELECT Id FROM Opportunity WHERE {condition}")}
    if holds is None:
        american = {row["Id"] for row in shared.records("Account") if row["BillingCountry"] == "US"}
        assert found == {row["Id"] for row in shared.records("Opportunity") if row["AccountId"] in american}
    else:
        assert found == {row["Id"] for row in shared.records("Opportunity") if holds(row)}
    assert 0 < len(found) < len(shared.records("Opportunity"))


def test_rows_are_sorted_by_several_fields_and_nulls_stand_where_they_should(shared, reading):
    rows = reading.rows(
        "SELECT Id, Scanned_At__c FROM CampaignMember ORDER BY Scanned_At__c DESC NULLS LAST, Id"
    )
    stamps = [row["Scanned_At__c"] for row in rows]
    full = [stamp for stamp in stamps if stamp]
    assert full == sorted(full, reverse=True)
    assert stamps[len(full) :] == [None] * (len(stamps) - len(full))
    tail = [row["Id"] for row in rows[len(full) :]]
    assert tail == sorted(tail)
    first = reading.rows("SELECT Scanned_At__c FROM CampaignMember ORDER BY Scanned_At__c LIMIT 1")
    assert first[0]["Scanned_At__c"] is None


def test_a_keyset_walks_over_rows_with_the_same_stamp_and_ids_that_differ_in_case_alone(shared, reading):
    seen, at, key = [], "1970-01-01T00:00:00Z", "000000000000000"
    while True:
        rows = reading.rows(
            "SELECT Id, SystemModstamp FROM CampaignMember WHERE "
            f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{key}')) "
            "ORDER BY SystemModstamp ASC, Id ASC LIMIT 50"
        )
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        at, key = rows[-1]["SystemModstamp"].replace("+0000", "Z"), rows[-1]["Id"]
    assert sorted(seen) == sorted(row["Id"] for row in shared.records("CampaignMember"))
    assert len({one.casefold() for one in seen}) == len(seen)
    assert len({one[:15].casefold() for one in seen}) < len(seen)


def test_parents_are_nested_and_an_absent_one_is_null(reading):
    rows = reading.rows(
        "SELECT Id, Lead.Owner.Name, Contact.Account.Name, Campaign.Code__c FROM CampaignMember LIMIT 60"
    )
    assert {row["Contact"] is None for row in rows} == {True, False}
    assert all((row["Lead"] is None) != (row["Contact"] is None) for row in rows)
    lead = next(row["Lead"] for row in rows if row["Lead"])
    assert set(lead) == {"attributes", "Owner"}
    assert rows[0]["Campaign"]["attributes"]["type"] == "Campaign"


def test_an_owner_may_be_a_user_or_a_queue(shared, reading):
    rows = reading.rows("SELECT OwnerId, Owner.Name FROM Lead")
    kinds = {row["Owner"]["attributes"]["type"] for row in rows}
    assert kinds == {"User", "Group"}
    [queue] = shared.records("Group")
    names = {row["Owner"]["Name"] for row in rows if row["OwnerId"] == queue["Id"]}
    assert names == {queue["Name"]}


def test_aggregates_put_rows_together(shared, reading):
    held = shared.records("CampaignMember")
    rows = reading.rows("SELECT Status, COUNT(Id) n FROM CampaignMember GROUP BY Status")
    assert {row["Status"]: row["n"] for row in rows} == {
        status: sum(one["Status"] == status for one in held) for status in {one["Status"] for one in held}
    }
    [found] = reading.rows("SELECT MAX(SystemModstamp), MIN(CreatedDate) first FROM CampaignMember")
    assert found["attributes"] == {"type": "AggregateResult"}
    assert found["expr0"][:19] == max(one["SystemModstamp"] for one in held).isoformat()[:19]


def test_all_fields_only_of_two_hundred_rows(reading):
    [row] = reading.rows("SELECT FIELDS(CUSTOM) FROM Campaign LIMIT 1")
    assert set(row) - {"attributes"} == {"Code__c", "Series__c", "Edition__c", "Expected_Attendees__c"}
    assert reading.ask("SELECT FIELDS(ALL) FROM Campaign").json()[0]["errorCode"] == "MALFORMED_QUERY"


@pytest.mark.parametrize(
    ("statement", "code", "words"),
    [
        ("SELECT Id FORM Lead", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM Lead WHERE Name = 'a' OR Name = 'b' AND Name = 'c'", "MALFORMED_QUERY", "AND"),
        ("SELECT Id FROM Lead WHERE Name = 'O'Neill'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Nothing__c FROM Lead", "INVALID_FIELD", "No such column 'Nothing__c' on entity 'Lead'"),
        ("SELECT Birthdate FROM Contact", "INVALID_FIELD", "No such column 'Birthdate'"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01'", "INVALID_FIELD", "dateTime"),
        ("SELECT Id FROM Lead WHERE SystemModstamp > 2026-01-01", "INVALID_FIELD", "dateTime"),
        ("SELECT Id FROM Lead WHERE Name = 5", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM Lead WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered"),
        ("SELECT Boss.Name FROM Lead", "INVALID_FIELD", "relationship 'Boss'"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_what_is_wrong_is_refused(reading, statement, code, words):
    reply = reading.ask(statement)
    [error] = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert words in error["message"]


def test_days_counted_from_now(shared, reading):
    year = (shared.now() - timedelta(days=365)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = {row["Id"] for row in reading.rows("SELECT Id FROM Lead WHERE CreatedDate >= LAST_N_DAYS:365")}
    assert found == {row["Id"] for row in shared.records("Lead") if row["CreatedDate"] >= year}
    assert found
    open_ = "SELECT Id FROM Opportunity WHERE IsClosed = false AND CloseDate < TODAY"
    late = {row["Id"] for row in reading.rows(open_)}
    held = [row for row in shared.records("Opportunity") if not row["IsClosed"]]
    assert late == {row["Id"] for row in held if row["CloseDate"] < shared.now().date()}


def test_a_quote_in_a_text_is_escaped(org, client):
    key = org.create("Lead", {"LastName": "O'Neill \\ Sons", "Company": "x"})
    [row] = client.rows("SELECT Id FROM Lead WHERE LastName = 'O\\'Neill \\\\ Sons'")
    assert row["Id"] == key
