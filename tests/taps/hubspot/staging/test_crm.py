"""What odd rows of HubSpot become."""

from decimal import Decimal

import pytest

ACCOUNT = {
    "portalId": "147",
    "uiDomain": "app-eu1.hubspot.com",
    "companyCurrency": "EUR",
    "timeZone": "US/Eastern",
}
GONE = "2026-06-01 00:00:00+00"


@pytest.fixture
def staged(stage):
    """Run an entity's files in an account of ours."""

    def run(entity, **streams):
        return stage(entity, account_info=[ACCOUNT], **streams)

    return run


def asset(campaign, event, kind="MARKETING_EVENT"):
    return {"key": f"{campaign}/{kind}/{event}", "campaign_id": campaign, "asset_type": kind, "id": event}


def spent(campaign, amount, currency="EUR", number=1):
    return {
        "id": f"{campaign}-{number}",
        "campaign_id": campaign,
        "amount": amount,
        "currency_code": currency,
    }


def linked(origin, to, **more):
    key = f"{origin}/{to}/{more.get('type_id')}"
    return {"key": key, "from_id": origin, "to_id": to, "category": "HUBSPOT_DEFINED", **more}


EVENT = {
    "objectId": "7",
    "eventName": "Expo <2026>",
    "eventType": "Trade Show",
    "externalEventId": "zoom-7",
    "startDateTime": "2026-03-02 02:30:00+00",
    "endDateTime": "2026-03-04 04:59:59+00",
}


# Campaigns


def test_an_event_has_the_days_of_the_accounts_zone_and_a_link(staged):
    (row,) = staged("campaign", marketing_events=[EVENT])

    assert (row["key"], row["object"]) == ("crm:marketing_events/7", "marketing_events")
    assert row["url"] == "https://app-eu1.hubspot.com/contacts/147/record/0-54/7"
    assert (str(row["start_date"]), str(row["end_date"])) == ("2026-03-01", "2026-03-03")
    assert (row["kind"], row["code"], row["currency"]) == ("trade_show", "zoom-7", "EUR")
    assert (row["budget"], row["actual_cost"], row["owner_key"]) == (None, None, None)


def test_an_event_has_the_money_of_the_campaign_whose_only_event_it_is(staged):
    (row,) = staged(
        "campaign",
        marketing_events=[{**EVENT, "budget": "9.00"}],
        campaigns=[{"id": "g", "hs_currency_code": "USD", "hs_owner": "3", "series": "Expo"}],
        campaign_assets=[asset("g", "7"), asset("g", "55", "FORM")],
        campaign_budget_items=[spent("g", "1000.50", "USD"), spent("g", "0.25", "USD", 2)],
    )

    assert (row["budget"], row["actual_cost"], row["currency"]) == (Decimal("1000.75"), None, "USD")
    assert (row["owner_key"], row["series"]) == ("crm:owners/3", "Expo")


def test_a_campaign_of_two_events_pays_for_neither_and_is_no_campaign(staged):
    rows = staged(
        "campaign",
        marketing_events=[EVENT, {**EVENT, "objectId": "8"}],
        campaigns=[{"id": "g"}],
        campaign_assets=[asset("g", "7"), asset("g", "8")],
        campaign_spend_items=[spent("g", "100")],
    )

    assert [(row["key"], row["actual_cost"]) for row in rows] == [
        ("crm:marketing_events/7", None),
        ("crm:marketing_events/8", None),
    ]


@pytest.mark.parametrize(("currency", "cost"), [("EUR", Decimal(150)), ("USD", Decimal(7))])
def test_two_campaigns_of_one_event_add_up_in_one_currency_only(staged, currency, cost):
    (row,) = staged(
        "campaign",
        marketing_events=[{**EVENT, "actual_cost": "7"}],
        campaigns=[{"id": "g"}, {"id": "h"}],
        campaign_assets=[asset("g", "7"), asset("h", "7")],
        campaign_spend_items=[spent("g", "100"), spent("h", "50", currency)],
    )

    assert (row["actual_cost"], row["currency"]) == (cost, "EUR")


def test_what_is_deleted_counts_for_nothing(staged):
    rows = staged(
        "campaign",
        marketing_events=[EVENT],
        campaigns=[{"id": "g", "_deleted_at": GONE}, {"id": "h"}],
        campaign_assets=[asset("g", "7"), {**asset("h", "7"), "_deleted_at": GONE}],
        campaign_spend_items=[spent("g", "100"), {**spent("h", "50"), "_deleted_at": GONE}],
    )

    assert [(row["key"], row["actual_cost"], row["deleted_at"] is None) for row in rows] == [
        ("crm:campaigns/h", None, True),
        ("crm:marketing_events/7", None, True),
    ]


def test_a_campaign_without_an_event_is_a_campaign(staged):
    (row,) = staged(
        "campaign",
        campaigns=[
            {
                "id": "g-1",
                "hs_name": "Spring",
                "hs_start_date": "2026-03-01",
                "hs_campaign_status": "in_progress",
                "hs_spend_items_sum_amount": "0",
                "budget": "12.5",
            }
        ],
        campaign_assets=[asset("g-1", "55", "FORM")],
    )

    assert (row["key"], row["name"], str(row["start_date"])) == ("crm:campaigns/g-1", "Spring", "2026-03-01")
    assert (row["budget"], row["actual_cost"], row["status"]) == (Decimal("12.5"), None, "in_progress")
    assert row["url"] == "https://app-eu1.hubspot.com/campaigns/147/g-1"


@pytest.mark.parametrize(
    ("marks", "status"),
    [
        ({"eventCancelled": True, "eventCompleted": True}, "cancelled"),
        ({"eventCompleted": True}, "completed"),
        ({"eventStatus": "PAST", "eventStatusV2": "UPCOMING"}, "upcoming"),
        ({}, None),
    ],
)
def test_an_events_status(staged, marks, status):
    assert staged("campaign", marketing_events=[EVENT | marks])[0]["status"] == status


# Touches


def touch(staged, *, contact=None, **fields):
    said = {"id": "1", "marketing_event_id": "7", "contact_id": "3", "touch_status": "attended", **fields}
    contacts = [{"id": "3", **contact}] if contact is not None else []
    (row,) = staged("touch", participations=[said], marketing_events=[EVENT], contacts=contacts)
    return row


def test_a_participant_is_a_touch_of_the_event(staged):
    row = touch(
        staged,
        contact={"company": "Acme", "mobilephone": "+1 2"},
        email="ada@acme.example",
        firstname="Ada",
        lastname="King",
        occurredAt="2026-03-02 15:00:00+00",
        createdAt="2026-02-01 00:00:00+00",
    )

    assert (row["key"], row["campaign_key"], row["person_key"]) == (
        "crm:participations/1",
        "crm:marketing_events/7",
        "crm:contacts/3",
    )
    assert (row["name"], row["email"], row["company"], row["phone"]) == (
        "Ada King",
        "ada@acme.example",
        "Acme",
        "+1 2",
    )
    assert row["occurred_at"] == "2026-03-02 15:00:00+00"


@pytest.mark.parametrize(
    ("fields", "contact", "known"),
    [
        ({}, {"phone": "+1 2", "company": "Acme"}, False),
        ({"email": " "}, None, False),
        ({}, {"lastname": "King"}, True),
        ({"email": "ada@acme.example"}, None, True),
    ],
)
def test_a_contact_with_neither_name_nor_email_is_nobody(staged, fields, contact, known):
    assert (touch(staged, contact=contact, **fields)["person_key"] is not None) == known


@pytest.mark.parametrize(
    ("status", "at", "scanned"),
    [
        ("attended", "2026-03-01 06:00:00+00", True),  # a day before, in the account's zone
        ("attended", "2026-03-05 04:00:00+00", True),  # a day after
        ("attended", "2026-03-06 12:00:00+00", False),  # the list was uploaded
        ("registered", "2026-03-02 12:00:00+00", False),
        ("attended", None, False),
    ],
)
def test_a_time_is_a_scan_on_the_events_days_only(staged, status, at, scanned):
    assert (touch(staged, touch_status=status, occurredAt=at)["occurred_at"] is not None) == scanned


# People and accounts


@pytest.mark.parametrize(
    ("stage_of_life", "kind", "status"),
    [
        ("lead", "lead", "open"),
        ("subscriber", "lead", "open"),
        ("salesqualifiedlead", "contact", None),
        ("customer", "contact", None),
        (None, "contact", None),
    ],
)
def test_until_sales_accepts_them_people_are_leads(staged, stage_of_life, kind, status):
    (row,) = staged("person", contacts=[{"id": "3", "lifecyclestage": stage_of_life}])
    assert (row["kind"], row["status"]) == (kind, status)


def test_a_lead_that_sales_refused_is_disqualified(staged):
    (row,) = staged(
        "person", contacts=[{"id": "3", "lifecyclestage": "lead", "hs_lead_status": "UNQUALIFIED"}]
    )
    assert row["status"] == "disqualified"


def test_the_primary_company_is_the_account_whatever_the_others(staged):
    links = [linked("3", "1", type_id=279), linked("3", "9", type_id=279), linked("3", "9", type_id=1)]

    rows = staged(
        "person",
        contacts=[{"id": "3"}, {"id": "4", "associatedcompanyid": "8"}, {"id": "5"}],
        contacts_to_companies=[*links, {**linked("5", "2", type_id=1), "_deleted_at": GONE}],
    )

    assert [row["account_key"] for row in rows] == ["crm:companies/9", "crm:companies/8", None]


def test_a_merged_contact_names_the_one_that_lives_on(staged):
    (row,) = staged(
        "person", contacts=[{"id": "3", "merged_into": "4", "archived": True, "_deleted_at": GONE}]
    )

    assert (row["merged_into"], row["deleted_at"], row["is_active"]) == ("crm:contacts/4", GONE, False)


@pytest.mark.parametrize(
    ("fields", "country"),
    [
        ({"country": "Germany", "hs_country_code": "DE"}, "DE"),
        ({"country": "de"}, "DE"),
        ({"country": "Germany"}, None),
    ],
)
def test_a_country_is_a_code_or_nothing(staged, fields, country):
    (row,) = staged("account", companies=[{"id": "2", "domain": "acme.example", **fields}])

    assert (row["country"], row["website"], row["url"]) == (
        country,
        "acme.example",
        "https://app-eu1.hubspot.com/contacts/147/record/0-2/2",
    )


def test_a_company_has_its_parent_and_our_columns(staged):
    company = {
        "id": "2",
        "address": "1 Main St",
        "address2": "Floor 3",
        "hs_parent_company_id": "1",
        "tax_id": "DE1",
        "external_id": "C-2",
        "email": "info@acme.example",
        "hubspot_owner_id": "5",
    }
    (row,) = staged("account", companies=[company])

    assert (row["street"], row["parent_key"], row["owner_key"]) == (
        "1 Main St, Floor 3",
        "crm:companies/1",
        "crm:owners/5",
    )
    assert (row["tax_id"], row["external_id"], row["email"]) == ("DE1", "C-2", "info@acme.example")


# Deals

STAGES = [
    {"key": "a", "object_type": "deals", "id": "new", "display_order": 0, "probability": "0.2"},
    {
        "key": "b",
        "object_type": "deals",
        "id": "won",
        "display_order": 1,
        "probability": "1",
        "is_closed": True,
    },
    {
        "key": "c",
        "object_type": "deals",
        "id": "lost",
        "display_order": 2,
        "probability": "0",
        "is_closed": True,
    },
    {"key": "d", "object_type": "tickets", "id": "1", "display_order": 0, "is_closed": True},
]


def deal(staged, *, streams=None, **fields):
    (row,) = staged("opportunity", deals=[{"id": "1", **fields}], pipeline_stages=STAGES, **(streams or {}))
    return row


def test_an_open_deal_has_an_expected_close_and_a_closed_one_a_close(staged):
    at = "2026-03-02 02:30:00+00"
    open_deal = deal(staged, dealstage="new", closedate=at, amount="12.30")
    won = deal(staged, dealstage="won", closedate=at, hs_is_closed=True, hs_is_closed_won=True)
    lost = deal(staged, dealstage="lost", closedate=at)

    assert (str(open_deal["expected_close"]), open_deal["closed_at"]) == ("2026-03-01", None)
    assert (open_deal["amount"], open_deal["currency"]) == (Decimal("12.30"), "EUR")
    assert open_deal["probability"] == Decimal("0.2")
    assert (won["is_closed"], won["is_won"], won["closed_at"], won["expected_close"]) == (
        True,
        True,
        at,
        None,
    )
    assert (lost["is_closed"], lost["is_won"], lost["closed_at"]) == (True, False, at)


def test_a_probability_with_the_noise_of_a_float_is_rounded(staged):
    row = deal(staged, hs_deal_stage_probability="0.4000000000000000222", deal_currency_code="USD")

    assert (row["probability"], row["currency"]) == (Decimal("0.4"), "USD")


@pytest.mark.parametrize(
    ("assets", "campaign"),
    [
        ([asset("g", "7")], "crm:marketing_events/7"),
        ([asset("g", "7"), asset("g", "8")], None),
        ([asset("g", "55", "FORM")], "crm:campaigns/g"),
        ([], "crm:campaigns/g"),
    ],
)
def test_a_deals_campaign_means_its_event(staged, assets, campaign):
    row = deal(staged, campaign="g", streams={"campaign_assets": assets})
    assert row["campaign_key"] == campaign


def test_a_deal_has_its_primary_company_and_the_labelled_contact(staged):
    streams = {
        "deals_to_companies": [
            linked("1", "2", type_id=341),
            linked("1", "9", type_id=341),
            linked("1", "9", type_id=5, label="Primary"),
        ],
        "deals_to_contacts": [
            linked("1", "3", type_id=3),
            linked("1", "4", type_id=3),
            linked("1", "4", type_id=25, label="Decision maker", category="USER_DEFINED"),
        ],
    }
    row = deal(staged, streams=streams, campaign=None)
    people = staged("opportunity_person", **streams)

    assert (row["account_key"], row["person_key"], row["campaign_key"]) == (
        "crm:companies/9",
        "crm:contacts/4",
        None,
    )
    assert [(one["person_key"], one["role"]) for one in people] == [
        ("crm:contacts/3", "contact"),
        ("crm:contacts/4", "decision maker"),
    ]


def test_a_deal_with_nobody_has_nobody(staged):
    row = deal(staged)
    assert (row["account_key"], row["person_key"], row["campaign_key"], row["stage_key"]) == (None,) * 4


def entry(property_, value, at, number):
    return {
        "key": f"1/{property_}/{number}",
        "object": "deals",
        "id": "1",
        "property": property_,
        "value": value,
        "timestamp": at,
    }


def test_the_first_value_is_no_change_and_neither_is_the_same_again(staged):
    history = [
        entry("dealstage", "new", "2026-01-01 10:00:00.123+00", 1),
        entry("dealstage", "new", "2026-01-02 10:00:00+00", 2),
        entry("dealstage", "won", "2026-01-03 10:00:00.456+00", 3),
        entry("amount", "", "2026-01-01 10:00:00+00", 1),
        entry("amount", "12.30", "2026-01-02 10:00:00+00", 2),
        entry("amount", "", "2026-01-03 10:00:00+00", 3),
        {**entry("amount", "5", "2026-01-04 10:00:00+00", 4), "object": "tickets"},
        entry("dealname", "x", "2026-01-05 10:00:00+00", 5),
    ]
    rows = staged("opportunity_change", property_history=history)

    amounts = [(r["old_amount"], r["new_amount"]) for r in rows if r["field"] == "amount"]
    (stage,) = [r for r in rows if r["field"] == "stage"]
    assert amounts == [(None, Decimal("12.30")), (Decimal("12.30"), None)]
    assert (stage["old_stage_key"], stage["new_stage_key"]) == ("crm:stages/new", "crm:stages/won")
    assert stage["key"] == "crm:changes/1:dealstage:1767434400456"


def test_a_contact_that_changed_its_company_is_told_since_when(staged):
    def moved(contact, value, at, n):
        return {
            **entry("associatedcompanyid", value, at, n),
            "key": f"contacts/{contact}/{n}",
            "object": "contacts",
            "id": contact,
        }

    rows = staged(
        "person_change",
        contact_history=[
            moved("1", "10", "2026-01-01 10:00:00+00", 1),
            moved("1", "20", "2026-03-01 10:00:00+00", 2),
            moved("1", "20", "2026-03-02 10:00:00+00", 3),
            moved("1", "", "2026-04-01 10:00:00+00", 4),
            moved("2", "10", "2026-01-01 10:00:00+00", 1),  # has always been there
        ],
    )

    assert [(r["person_key"], r["old_account_key"], r["new_account_key"]) for r in rows] == [
        ("crm:contacts/1", None, "crm:companies/10"),
        ("crm:contacts/1", "crm:companies/10", "crm:companies/20"),
        ("crm:contacts/1", "crm:companies/20", None),
    ]
    assert {row["field"] for row in rows} == {"account"}
    assert rows[1]["changed_at"].startswith("2026-03-01 10:00:00")


def test_stages_of_deals_have_ranks_but_lost_is_no_step(staged):
    other = {"key": "e", "object_type": "deals", "id": "77", "display_order": 0, "pipeline_display_order": 1}
    rows = staged("stage", pipeline_stages=[*STAGES, other])

    assert {row["source_id"]: (row["rank"], row["is_won"], row["is_closed"]) for row in rows} == {
        "new": (0, False, False),
        "won": (1, True, True),
        "lost": (None, False, True),
        "77": (1000, False, False),
    }


# Activities


@pytest.mark.parametrize(
    ("stream", "kind", "fields", "counts"),
    [
        ("calls", "call", {"hs_call_status": "COMPLETED"}, True),
        ("calls", "call", {"hs_call_status": "NO_ANSWER"}, True),
        ("calls", "call", {"hs_call_status": "QUEUED"}, False),
        ("meetings", "meeting", {"hs_meeting_outcome": "COMPLETED"}, True),
        ("meetings", "meeting", {}, True),
        ("meetings", "meeting", {"hs_meeting_outcome": "CANCELED"}, False),
        ("emails", "email", {"hs_email_direction": "EMAIL", "hs_email_status": "SENT"}, True),
        ("emails", "email", {"hs_email_direction": "INCOMING_EMAIL"}, False),
        ("emails", "email", {"hs_email_status": "BOUNCED"}, False),
        ("tasks", "task", {"hs_task_status": "COMPLETED"}, True),
        ("tasks", "task", {"hs_task_status": "NOT_STARTED"}, False),
        ("tasks", "task", {}, False),
    ],
)
def test_what_our_people_did_is_an_activity(staged, stream, kind, fields, counts):
    at = "2026-03-02 15:00:00+00"
    rows = staged("activity", **{stream: [{"id": "1", "hs_timestamp": at, **fields}]})

    assert [(row["kind"], row["at"]) for row in rows] == ([(kind, at)] if counts else [])


def test_a_call_with_two_people_is_one_each_and_one_about_a_deal_is_one(staged):
    rows = staged(
        "activity",
        calls=[{"id": "1", "hubspot_owner_id": "5"}, {"id": "2"}],
        calls_to_contacts=[linked("1", "3", type_id=194), linked("1", "4", type_id=194)],
        calls_to_companies=[linked("1", "9", type_id=182)],
        calls_to_deals=[linked("2", "8", type_id=206)],
    )

    assert [(r["key"], r["person_key"], r["account_key"], r["opportunity_key"]) for r in rows] == [
        ("crm:calls/1", "crm:contacts/3", "crm:companies/9", None),
        ("crm:calls/1/4", "crm:contacts/4", "crm:companies/9", None),
        ("crm:calls/2", None, None, "crm:deals/8"),
    ]


def test_a_task_counts_when_it_was_done(staged):
    task = {
        "id": "1",
        "hs_task_status": "COMPLETED",
        "hs_timestamp": "2026-03-02 15:00:00+00",
        "hs_task_completion_date": "2026-03-09 15:00:00+00",
    }
    assert staged("activity", tasks=[task])[0]["at"] == "2026-03-09 15:00:00+00"


# The rest


@pytest.mark.parametrize(
    ("at", "day"),
    [("2026-03-01 00:00:00+00", "2026-03-01"), ("2026-03-01 02:00:00+00", "2026-02-28")],
)
def test_a_rate_holds_from_its_day(staged, at, day):
    rate = {
        "id": "1",
        "fromCurrencyCode": "USD",
        "toCurrencyCode": "EUR",
        "conversionRate": "0.92",
        "effectiveAt": at,
    }
    (row,) = staged("rate", exchange_rates=[rate])

    assert (row["currency"], row["home_currency"], str(row["date"])) == ("USD", "EUR", day)
    assert (row["rate"], row["direction"]) == (Decimal("0.92"), "multiply")


@pytest.mark.parametrize(
    ("fields", "name", "kind", "active"),
    [
        ({"firstName": "Ada", "lastName": "King", "type": "PERSON"}, "Ada King", "user", True),
        ({"email": "a@x.example", "archived": True}, "a@x.example", "user", False),
        ({"lastName": "Inbound", "type": "QUEUE"}, "Inbound", "queue", True),
    ],
)
def test_an_owner_may_be_a_queue_or_gone(staged, fields, name, kind, active):
    (row,) = staged("owner", owners=[{"id": "5", **fields}])
    assert (row["name"], row["kind"], row["is_active"]) == (name, kind, active)


def test_the_account_is_the_company(staged):
    (row,) = staged("company")
    assert (row["key"], row["name"], row["currency"]) == ("crm:account_info/147", "HubSpot 147", "EUR")


def test_before_the_account_is_known_there_are_records_without_a_link(stage):
    (row,) = stage("person", contacts=[{"id": "3"}])
    assert (row["key"], row["url"]) == ("crm:contacts/3", None)


def test_a_ticket_is_open_until_its_stage_is_closed(staged):
    stages = [
        {
            "key": f"tickets/0/{n}",
            "object_type": "tickets",
            "pipeline_id": "0",
            "id": str(n),
            "label": label,
            "is_closed": closed,
        }
        for n, (label, closed) in enumerate(
            (("New", False), ("Escalated to tier 2", False), ("Closed", True)), start=1
        )
    ]
    tickets = [
        {"id": str(n), "hs_pipeline": "0", "hs_pipeline_stage": str(n), "hs_ticket_priority": "HIGH",
         "createdate": "2026-03-01 10:00:00+00", "hs_lastmodifieddate": "2026-03-09 10:00:00+00"}
        for n in (1, 2, 3)
    ] + [{"id": "4", "hs_pipeline": "0", "hs_pipeline_stage": "1", "merged_into": "1", "_deleted_at": GONE}]  # fmt: skip

    rows = staged(
        "ticket",
        tickets=tickets,
        pipeline_stages=stages,
        tickets_to_contacts=[linked("1", "31"), linked("1", "30")],
        tickets_to_companies=[linked("1", "20"), {**linked("1", "21", type_id=26), "label": "Primary"}],
    )

    assert [(row["status"], row["is_escalated"], (row["closed_at"] or "")[:10]) for row in rows[:3]] == [
        ("New", False, ""),
        ("Escalated to tier 2", True, ""),
        ("Closed", False, "2026-03-09"),
    ]
    assert (rows[0]["person_key"], rows[0]["account_key"]) == ("crm:contacts/30", "crm:companies/21")
    assert (rows[0]["priority"], rows[0]["url"][-12:]) == ("high", "record/0-5/1")
    assert rows[3]["merged_into"] == "crm:tickets/1"


@pytest.mark.parametrize("given", [True, False, None])
def test_consent_is_what_the_contact_says_of_it(staged, given):
    (row,) = staged("person", contacts=[{"id": "3", "hs_email_optout": given}])
    assert row["has_opted_out"] is given
