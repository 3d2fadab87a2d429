"""Rows in, rows out: records as they are odd in real organisations."""

from decimal import Decimal

import pytest

STAGES = [
    {"Id": "s1", "MasterLabel": "Prospecting", "ApiName": "Prospecting", "SortOrder": 1},
    {"Id": "s2", "MasterLabel": "Renamed", "ApiName": "Proposal", "SortOrder": 2},
    {"Id": "s3", "MasterLabel": "Won", "ApiName": "Won", "SortOrder": 3, "IsWon": True, "IsClosed": True},
]
LEAD = {"Id": "00Q1", "FirstName": "Ada", "LastName": "King", "Company": "Acme", "Email": "ada@acme.example"}
CONTACT = {
    "Id": "0031",
    "FirstName": "Ada",
    "LastName": "King",
    "AccountId": "0011",
    "Email": "ada@acme.example",
}
ACCOUNT = {"Id": "0011", "Name": "Acme"}


def test_a_campaign_takes_what_the_settings_mapped(stage):
    campaign = {
        "Id": "7011", "Name": "Fair", "Status": "In Progress", "StartDate": "2026-03-02", "EndDate": "2026-03-04",
        "OwnerId": "0051", "code": "F26", "kind": "Trade Show", "budget": "1.5E7", "actual_cost": "0",
        "expected_attendees": 80, "SystemModstamp": "2026-03-05 10:00:00+00",
    }  # fmt: skip

    (row,) = stage("campaign", Campaign=[campaign])

    assert (row["key"], row["object"], row["source_id"]) == ("crm:Campaign/7011", "Campaign", "7011")
    assert row["url"] == "https://acme.my.salesforce.com/lightning/r/Campaign/7011/view"
    assert (row["kind"], row["code"], row["status"]) == ("trade_show", "F26", "in progress")
    assert (row["budget"], row["actual_cost"], row["expected_attendees"]) == (
        Decimal(15_000_000),
        Decimal(0),
        80,
    )
    assert (row["currency"], row["owner_key"]) == ("USD", "crm:User/0051")
    assert str(row["start_date"]) == "2026-03-02"


def test_amounts_are_in_the_records_own_currency(stage):
    (campaign,) = stage("campaign", Campaign=[{"Id": "7011", "CurrencyIsoCode": "EUR", "budget": "10.5"}])
    (deal,) = stage("opportunity", Opportunity=[{"Id": "0061", "CurrencyIsoCode": "JPY", "Amount": "1000"}])

    assert (campaign["currency"], campaign["budget"]) == ("EUR", Decimal("10.5"))
    assert (deal["currency"], deal["amount"]) == ("JPY", Decimal(1000))


@pytest.mark.parametrize(
    ("lead", "person", "name", "company"),
    [
        ({}, "crm:Lead/00Q1", "Ada King", "Acme"),
        ({"Email": None}, "crm:Lead/00Q1", "Ada King", "Acme"),
        ({"Email": None, "Company": "[not provided]"}, None, "Ada King", None),
        ({"FirstName": None, "LastName": "[not provided]"}, "crm:Lead/00Q1", None, "Acme"),
        ({"FirstName": None, "LastName": "[not provided]", "Email": None}, None, None, "Acme"),
        ({"LastName": "[not provided]", "Email": None}, "crm:Lead/00Q1", "Ada", "Acme"),
        ({"LastName": "[not provided]", "FirstName": None, "Email": " ", "Company": None}, None, None, None),
    ],
)
def test_a_member_without_anything_to_find_it_by_points_to_nobody(stage, lead, person, name, company):
    member = {"Id": "00v1", "CampaignId": "7011", "LeadId": "00Q1", "touch_status": "attended"}

    (row,) = stage("touch", CampaignMember=[member], Lead=[LEAD | lead])

    assert (row["person_key"], row["name"], row["company"]) == (person, name, company)
    assert (row["campaign_key"], row["status"]) == ("crm:Campaign/7011", "attended")


def test_a_member_whose_lead_was_converted_is_the_contact(stage):
    member = {
        "Id": "00v1",
        "CampaignId": "7011",
        "LeadId": "00Q1",
        "ContactId": "0031",
        "touch_status": "responded",
    }

    (row,) = stage("touch", CampaignMember=[member], Lead=[LEAD], Contact=[CONTACT])

    assert row["person_key"] == "crm:Contact/0031"


def test_a_contact_needs_a_name_or_an_email_only(stage):
    member = {"Id": "00v1", "CampaignId": "7011", "ContactId": "0031", "touch_status": "responded"}

    (row,) = stage("touch", CampaignMember=[member], Contact=[CONTACT | {"Email": None}])

    assert (row["person_key"], row["company"]) == ("crm:Contact/0031", None)


def test_a_scan_has_a_time_and_a_response_only_a_day(stage):
    rows = stage(
        "touch",
        CampaignMember=[
            {"Id": "00v1", "touch_status": "attended", "occurred_at": "2026-03-02 15:04:05+00"},
            {"Id": "00v2", "touch_status": "attended", "FirstRespondedDate": "2026-03-07"},
            {"Id": "00v3", "touch_status": "invited"},
        ],
    )

    assert [(row["occurred_at"], row["occurred_on"] and str(row["occurred_on"])) for row in rows] == [
        ("2026-03-02 15:04:05+00", None),
        (None, "2026-03-07"),
        (None, None),
    ]


def test_a_converted_lead_names_what_it_became(stage):
    lead = LEAD | {
        "IsConverted": True, "ConvertedContactId": "0031", "ConvertedAccountId": "0011", "ConvertedOpportunityId": "0061",
        "Status": "Closed - Converted", "OwnerId": "00G1",
    }  # fmt: skip

    (row,) = stage("person", Lead=[lead])

    assert (row["kind"], row["status"], row["owner_key"]) == ("lead", "converted", "crm:Group/00G1")
    assert row["converted_person_key"] == "crm:Contact/0031"
    assert row["converted_account_key"] == "crm:Account/0011"
    assert row["converted_opportunity_key"] == "crm:Opportunity/0061"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("Open - Not Contacted", "open"),
        ("Working - Contacted", "open"),
        ("Qualified", "open"),
        ("Closed - Not Converted", "disqualified"),
        ("Unqualified", "disqualified"),
        ("Disqualified", "disqualified"),
        (None, "open"),
    ],
)
def test_what_the_status_of_a_lead_means(stage, status, meaning):
    (row,) = stage("person", Lead=[LEAD | {"Status": status}])

    assert row["status"] == meaning


def test_the_filler_is_no_name_and_no_company(stage):
    (row,) = stage("person", Lead=[{"Id": "00Q1", "LastName": "[not provided]", "Company": "[not provided]"}])

    assert (row["name"], row["last_name"], row["company"]) == (None, None, None)


def test_a_merged_record_is_a_deleted_one_that_names_its_master(stage):
    gone = {"_deleted_at": "2026-06-01 00:00:00+00"}
    rows = stage(
        "person",
        Lead=[LEAD | gone | {"MasterRecordId": "00Q2"}],
        Contact=[CONTACT | gone | {"MasterRecordId": "0032"}, CONTACT | gone | {"Id": "0033"}],
    )
    (account,) = stage("account", Account=[ACCOUNT | gone | {"MasterRecordId": "0012"}])

    assert [row["merged_into"] for row in rows] == ["crm:Contact/0032", None, "crm:Lead/00Q2"]
    assert all(row["deleted_at"] for row in [*rows, account])
    assert account["merged_into"] == "crm:Account/0012"


def test_a_contacts_company_is_its_accounts_name(stage):
    (row,) = stage("person", Contact=[CONTACT], Account=[ACCOUNT])

    assert (row["kind"], row["company"], row["account_key"]) == ("contact", "Acme", "crm:Account/0011")


def test_a_person_account_is_a_person_and_an_account_and_no_company(stage):
    account = {"Id": "0011", "Name": "Ada King", "IsPersonAccount": True, "PersonEmail": "ada@home.example"}
    contact = CONTACT | {"IsPersonAccount": True}

    (person,) = stage("person", Contact=[contact], Account=[account])
    (row,) = stage("account", Account=[account])

    assert (person["name"], person["company"], person["account_key"]) == (
        "Ada King",
        None,
        "crm:Account/0011",
    )
    assert (row["name"], row["email"]) == ("Ada King", "ada@home.example")


@pytest.mark.parametrize(
    ("fields", "country"),
    [
        ({"BillingCountry": "us"}, "US"),
        ({"BillingCountry": "United States"}, None),
        ({"BillingCountry": "United States", "BillingCountryCode": "US"}, "US"),
        ({}, None),
    ],
)
def test_a_country_is_a_code_or_nothing(stage, fields, country):
    (row,) = stage("account", Account=[ACCOUNT | fields])

    assert row["country"] == country


def test_a_deal_has_the_stage_that_its_api_name_says(stage):
    deal = {
        "Id": "0061", "AccountId": "0011", "StageName": "Proposal", "Amount": "1234.5", "Probability": "50.0",
        "CloseDate": "2026-12-31", "CampaignId": "7011", "IsClosed": False, "OwnerId": "0051", "number": "D-1",
    }  # fmt: skip
    roles = [
        {"Id": "00K1", "OpportunityId": "0061", "ContactId": "0032", "IsPrimary": False},
        {"Id": "00K2", "OpportunityId": "0061", "ContactId": "0031", "IsPrimary": True},
    ]

    (row,) = stage("opportunity", Opportunity=[deal], OpportunityStage=STAGES, OpportunityContactRole=roles)

    assert (row["stage_key"], row["probability"]) == ("crm:OpportunityStage/s2", Decimal("0.5"))
    assert (row["person_key"], row["campaign_key"]) == ("crm:Contact/0031", "crm:Campaign/7011")
    assert (str(row["expected_close"]), row["closed_at"]) == ("2026-12-31", None)
    assert (row["is_closed"], row["is_won"]) == (False, False)


@pytest.mark.parametrize(("closed", "won"), [(True, True), (True, False)])
def test_a_closed_deal_was_closed_on_its_close_date(stage, closed, won):
    deal = {"Id": "0061", "CloseDate": "2026-12-31", "IsClosed": closed, "IsWon": won}

    (row,) = stage("opportunity", Opportunity=[deal])

    assert (row["closed_at"], row["is_won"]) == ("2026-12-31 12:00:00+00", won)


def test_a_change_is_where_a_row_of_the_history_differs_from_the_one_before(stage):
    history = [
        {"Id": "0081", "CreatedDate": "2026-01-01 00:00:00+00", "StageName": "Prospecting", "Amount": "100"},
        {
            "Id": "0082",
            "CreatedDate": "2026-02-01 00:00:00+00",
            "StageName": "Prospecting",
            "Amount": "100.00",
        },
        {"Id": "0083", "CreatedDate": "2026-03-01 00:00:00+00", "StageName": "Proposal", "Amount": "250"},
        {"Id": "0084", "CreatedDate": "2026-03-01 00:00:00+00", "StageName": "Proposal", "Amount": None},
    ]

    rows = stage(
        "opportunity_change",
        OpportunityHistory=[{"OpportunityId": "0061", **row} for row in reversed(history)],
        OpportunityStage=STAGES,
    )

    assert [(row["key"].split("/", 1)[1], row["old_amount"], row["new_amount"]) for row in rows] == [
        ("0083/amount", Decimal(100), Decimal(250)),
        ("0083/stage", None, None),
        ("0084/amount", Decimal(250), None),
    ]
    assert (rows[1]["old_stage_key"], rows[1]["new_stage_key"]) == (
        "crm:OpportunityStage/s1",
        "crm:OpportunityStage/s2",
    )
    assert {row["opportunity_key"] for row in rows} == {"crm:Opportunity/0061"}


def test_deals_do_not_lend_each_other_their_history(stage):
    history = [
        {
            "Id": f"008{n}",
            "OpportunityId": f"006{n}",
            "CreatedDate": f"2026-0{n}-01 00:00:00+00",
            "Amount": str(n),
        }
        for n in (1, 2)
    ]

    assert stage("opportunity_change", OpportunityHistory=history) == []


def test_field_history_speaks_for_deals_without_another(stage):
    changes = [
        {"Id": "0171", "OpportunityId": "0061", "Field": "Amount", "OldValue": "1.0E7", "NewValue": None},
        {
            "Id": "0172",
            "OpportunityId": "0061",
            "Field": "StageName",
            "OldValue": "Prospecting",
            "NewValue": "Won",
        },
        {"Id": "0173", "OpportunityId": "0061", "Field": "created"},
        {
            "Id": "0174",
            "OpportunityId": "0062",
            "Field": "StageName",
            "OldValue": "Prospecting",
            "NewValue": "Won",
        },
    ]

    rows = stage(
        "opportunity_change",
        OpportunityFieldHistory=changes,
        OpportunityHistory=[{"Id": "0081", "OpportunityId": "0062"}],
        OpportunityStage=STAGES,
    )

    assert [(row["field"], row["old_amount"], row["new_stage_key"]) for row in rows] == [
        ("amount", Decimal(10_000_000), None),
        ("stage", None, "crm:OpportunityStage/s3"),
    ]


def test_done_tasks_and_calendar_entries_are_activities_and_plans_are_not(stage):
    rows = stage(
        "activity",
        Task=[
            {"Id": "00T1", "IsClosed": True, "TaskSubtype": "Call", "WhoId": "00Q1", "OwnerId": "0051",
             "CompletedDateTime": "2026-03-02 15:00:00+00", "ActivityDate": "2026-03-01"},
            {"Id": "00T2", "IsClosed": True, "Type": "Email", "WhatId": "0061", "ActivityDate": "2026-03-01"},
            {"Id": "00T3", "IsClosed": False, "WhoId": "0031", "ActivityDate": "2026-03-01"},
            {"Id": "00T4", "IsClosed": True, "IsRecurrence": True},
        ],
        Event=[
            {"Id": "00U1", "WhoId": "0031", "WhatId": "0011", "StartDateTime": "2026-03-05 09:00:00+00"},
            {"Id": "00U2", "WhoId": "0031", "IsChild": True, "StartDateTime": "2026-03-05 09:00:00+00"},
        ],
    )  # fmt: skip

    assert [
        (row["kind"], row["person_key"], row["account_key"], row["opportunity_key"], row["at"])
        for row in rows
    ] == [
        ("meeting", "crm:Contact/0031", "crm:Account/0011", None, "2026-03-05 09:00:00+00"),
        ("call", "crm:Lead/00Q1", None, None, "2026-03-02 15:00:00+00"),
        ("email", None, None, "crm:Opportunity/0061", "2026-03-01 12:00:00+00"),
    ]


def test_an_event_of_whole_days_is_on_its_day_in_the_west_too(stage):
    event = {
        "Id": "00U1",
        "IsAllDayEvent": True,
        "ActivityDate": "2026-03-05",
        "StartDateTime": "2026-03-05 00:00:00+00",
    }

    (row,) = stage("activity", Event=[event])

    assert row["at"] == "2026-03-05 12:00:00+00"


def test_queues_are_owners_and_other_groups_are_not(stage):
    rows = stage(
        "owner",
        Group=[
            {"Id": "00G1", "Name": "Inbox", "Type": "Queue"},
            {"Id": "00G2", "Name": "All", "Type": "Organization"},
        ],
        User=[{"Id": "0051", "Name": "Ada", "IsActive": False}],
    )

    assert [(row["key"], row["kind"], row["is_active"]) for row in rows] == [
        ("crm:Group/00G1", "queue", True),
        ("crm:User/0051", "user", False),
    ]


def test_rates_divide_and_hold_until_the_next(stage):
    types = [
        {"Id": "01L1", "IsoCode": "USD", "IsCorporate": True, "ConversionRate": "1.0"},
        {"Id": "01L2", "IsoCode": "EUR", "IsCorporate": False, "ConversionRate": "0.9",
         "SystemModstamp": "2026-03-01 10:00:00+00", "_loaded_at": "2026-03-12 00:00:00+00"},
    ]  # fmt: skip
    dated = [
        {"Id": "04w1", "IsoCode": "EUR", "ConversionRate": "0.95", "StartDate": "2026-01-01",
         "NextStartDate": "2026-01-10", "_loaded_at": "2026-03-12 00:00:00+00"},
        {"Id": "04w2", "IsoCode": "EUR", "ConversionRate": "0.91", "StartDate": "2026-03-10",
         "NextStartDate": "9999-12-31", "_loaded_at": "2026-03-12 00:00:00+00"},
    ]  # fmt: skip

    rows = stage("rate", CurrencyType=types, DatedConversionRate=dated)

    assert [(row["object"], str(row["date"]), row["rate"]) for row in rows] == [
        ("CurrencyType", "2026-03-01", Decimal("0.9")),
        ("CurrencyType", "2026-03-08", Decimal("0.9")),
        ("DatedConversionRate", "2026-01-01", Decimal("0.95")),
        ("DatedConversionRate", "2026-01-08", Decimal("0.95")),
        ("DatedConversionRate", "2026-03-10", Decimal("0.91")),
    ]
    assert {(row["currency"], row["home_currency"], row["direction"]) for row in rows} == {
        ("EUR", "USD", "divide")
    }


def test_the_organisation_names_its_currency_or_the_settings_do(stage):
    rows = stage("company", Organization=[{"Id": "00D1", "DefaultCurrencyIsoCode": "EUR"}, {"Id": "00D2"}])

    assert [row["currency"] for row in rows] == ["EUR", "USD"]


def test_a_case_is_a_ticket_of_its_contact_and_account_until_it_is_closed(stage):
    cases = [
        {"Id": "5001", "ContactId": "0031", "AccountId": "0011", "Priority": "High", "Status": "Working",
         "IsEscalated": True, "IsClosed": False, "CreatedDate": "2026-03-01 10:00:00+00"},
        {"Id": "5002", "Status": "Closed", "IsClosed": True, "CreatedDate": "2026-03-01 10:00:00+00",
         "ClosedDate": "2026-03-04 10:00:00+00"},
        {"Id": "5003", "MasterRecordId": "5001", "IsClosed": False, "_deleted_at": "2026-03-05 10:00:00+00"},
    ]  # fmt: skip

    rows = stage("ticket", Case=cases)

    assert [
        (row["person_key"], row["account_key"], row["priority"], row["is_escalated"]) for row in rows
    ] == [
        ("crm:Contact/0031", "crm:Account/0011", "high", True),
        (None, None, None, False),
        (None, None, None, False),
    ]
    assert [(row["closed_at"] or "")[:10] for row in rows] == ["", "2026-03-04", ""]
    assert rows[2]["merged_into"] == "crm:Case/5001"
    assert rows[0]["url"].endswith("/lightning/r/Case/5001/view")


@pytest.mark.parametrize("given", [True, False, None])
def test_consent_is_what_the_record_says_of_it(stage, given):
    people = stage(
        "person",
        Contact=[{"Id": "1", "HasOptedOutOfEmail": given}],
        Lead=[{"Id": "2", "HasOptedOutOfEmail": given}],
    )

    assert [row["has_opted_out"] for row in people] == [given, given]


def test_a_contact_that_moved_to_another_account_says_when_by_the_ids_alone(stage):
    old, new = "001A00000000001AAA", "001A00000000002AAA"
    change = {"ContactId": "0031", "Field": "Account", "CreatedDate": "2026-02-01 10:00:00+00"}
    rows = stage(
        "person_change",
        ContactHistory=[
            {"Id": "1", **change, "DataType": "Text", "OldValue": "001 Fabrications Ltd", "NewValue": "Beta"},
            {"Id": "2", **change, "DataType": "EntityId", "OldValue": old, "NewValue": new},
            {"Id": "3", **change, "OldValue": "001 Fabrications Ltd", "NewValue": "Beta"},
            {"Id": "4", **change, "OldValue": new, "NewValue": None},  # the org does not show the kind
            {"Id": "5", **change, "Field": "Owner", "OldValue": "0051", "NewValue": "0052"},
        ],
    )
    assert [[row[name] for name in ("key", "old_account_key", "new_account_key")] for row in rows] == [
        ["crm:ContactHistory/2", f"crm:Account/{old}", f"crm:Account/{new}"],
        ["crm:ContactHistory/4", f"crm:Account/{new}", None],
    ]
    assert {(row["person_key"], row["field"]) for row in rows} == {("crm:Contact/0031", "account")}
