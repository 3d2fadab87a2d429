"""Rows in, rows out: programs, members and leads as they are odd in real subscriptions."""

from datetime import date
from decimal import Decimal

import pytest

PROGRAM = {
    "id": "1",
    "name": "Expo",
    "url": "https://app-sj01.marketo.com/#ME1A1",
    "channel": "Tradeshow",
    "time_zone": "America/Chicago",
    "startDate": "2026-05-04T14:00:00Z",
    "endDate": "2026-05-06T01:00:00Z",
}
MEMBER = {
    "key": "1/7",
    "programId": "1",
    "leadId": "7",
    "channel": "Tradeshow",
    "statusName": "Visited Booth",
    "touch_status": "responded",
    "membershipDate": "2026-04-01T10:00:00Z",
}
LEAD = {"id": "7", "email": "ann@acme.com", "firstName": "Ann", "lastName": "Lee", "company": "Acme"}
STATUSES = [
    {"key": "1/Visited Booth", "channel": "Tradeshow", "name": "Visited Booth", "touch_status": "attended"}
]
CHANGE = {"activityTypeId": 104, "leadId": "7", "primaryAttributeValueId": "1", "new_status": "Visited Booth"}


@pytest.fixture
def touch(stage):
    """The touch of a member."""

    def run(*, program=PROGRAM, member=MEMBER, lead=LEAD, statuses=STATUSES, changes=()):
        activities = [
            {**CHANGE, "marketoGUID": str(place), "activityDate": at} for place, at in enumerate(changes)
        ]
        (row,) = stage(
            "touch",
            programs=[program],
            program_members=[member],
            leads=[lead],
            program_statuses=statuses,
            activities=activities,
        )
        return row

    return run


def test_an_events_days_are_those_of_its_zone_and_its_cost_is_the_sum_of_its_periods(stage):
    (row,) = stage(
        "campaign", programs=[PROGRAM | {"cost": "1250.5", "budget": "2000", "kind": "trade_show"}]
    )

    assert (row["start_date"], row["end_date"]) == (date(2026, 5, 4), date(2026, 5, 5))
    assert (row["actual_cost"], row["budget"], row["currency"]) == (Decimal("1250.5"), Decimal(2000), "USD")
    assert (row["key"], row["url"]) == ("marketing:programs/1", PROGRAM["url"])


@pytest.mark.parametrize(
    ("own", "salesforce", "expected"),
    [
        (None, None, None),
        (None, "701000000000001AAA", "701000000000001AAA"),
        ("EXPO26", "701000000000001AAA", "EXPO26"),
    ],
)
def test_the_campaign_of_the_crm_is_stated_by_the_settings_or_by_the_sync(stage, own, salesforce, expected):
    (row,) = stage("campaign", programs=[PROGRAM | {"same_as": own, "sfdcId": salesforce}])

    assert row["same_as"] == expected


def test_a_program_without_costs_has_none(stage):
    (row,) = stage("campaign", programs=[PROGRAM])

    assert row["actual_cost"] is None


def test_what_a_status_means_now_outranks_what_it_meant_when_it_was_read(touch):
    assert touch()["status"] == "attended"
    assert touch(statuses=[])["status"] == "responded"


def test_the_time_of_attendance_is_the_first_change_to_that_status(touch):
    row = touch(changes=["2026-05-05T20:00:00Z", "2026-05-04T16:00:00Z"])

    assert (row["occurred_at"], row["campaign_key"]) == ("2026-05-04 16:00:00+00", "marketing:programs/1")
    assert row["created_at"] == "2026-04-01 10:00:00+00"


def test_without_activities_it_is_when_success_was_reached(touch):
    row = touch(member=MEMBER | {"reachedSuccessDate": "2026-05-05T16:00:00Z"})

    assert row["occurred_at"] == "2026-05-05 16:00:00+00"


def test_the_day_of_an_upload_is_no_day_of_the_event(touch):
    assert touch(changes=["2026-05-09T12:00:00Z"])["occurred_at"] is None


def test_a_member_without_name_and_mail_is_nobody(touch):
    row = touch(lead={"id": "7", "company": "Acme"})

    assert (row["person_key"], row["company"]) == (None, "Acme")
    assert touch()["person_key"] == "marketing:leads/7"


def test_a_lead_is_a_subscriber_and_may_have_opted_out(stage):
    (row,) = stage("person", leads=[LEAD | {"unsubscribed": True}], programs=[PROGRAM])

    assert (row["kind"], row["has_opted_out"], row["name"]) == ("subscriber", True, "Ann Lee")
    assert row["url"] == "https://app-sj01.marketo.com/leadDatabase/loadLeadDetail?leadId=7"


def test_a_lead_says_whom_it_was_merged_into_and_who_it_is_in_salesforce(stage):
    lead = LEAD | {"merged_into": "9", "crm_person_key": "crm:Contact/003000000000001AAA"}
    (row,) = stage("person", leads=[lead])

    assert row["merged_into"] == "marketing:leads/9"
    assert row["converted_person_key"] == "crm:Contact/003000000000001AAA"


def test_only_what_sales_people_sent_is_our_work(stage):
    kinds = ["Send Sales Email", "Send Email", "Click Email", "Fill Out Form"]
    rows = [
        {"marketoGUID": str(n), "activity_type": kind, "leadId": "7", "activityDate": "2026-05-05T16:00:00Z"}
        for n, kind in enumerate(kinds)
    ]

    found = stage("activity", activities=rows)

    assert [(row["kind"], row["person_key"]) for row in found] == [("email", "marketing:leads/7")]
