"""What the CRM's records become."""

from decimal import Decimal

import pytest

PARTNERS = [
    {
        "id": 1,
        "name": "Acme Inc",
        "is_company": True,
        "commercial_partner_id": 1,
        "country_code": "US",
        "user_id": 9,
    },
    {
        "id": 2,
        "name": "Ada Byron King",
        "is_company": False,
        "parent_id": 1,
        "commercial_partner_id": 1,
        "email": "ada@acme.example",
        "phone": "+1 312 555 0100",
        "type": "contact",
    },
    {
        "id": 3,
        "name": "Acme dock",
        "is_company": False,
        "parent_id": 1,
        "commercial_partner_id": 1,
        "type": "delivery",
    },
    {"id": 4, "name": "Our Seller", "is_company": False, "commercial_partner_id": 4, "type": "contact"},
    {
        "id": 5,
        "name": "Solo",
        "is_company": False,
        "commercial_partner_id": 5,
        "type": "contact",
        "active": False,
    },
]
USERS = [
    {"id": 1, "name": "Server", "login": "__system__", "partner_id": 6, "active": False, "share": False},
    {"id": 9, "name": "Our Seller", "login": "seller", "partner_id": 4, "active": True, "share": False},
    {"id": 10, "name": "Portal", "login": "ada", "partner_id": 2, "active": True, "share": True},
]


def test_an_event_keeps_its_own_days_and_an_unset_number_is_not_zero(stage):
    event = {
        "id": 12,
        "name": "Expo <2026>",
        "date_begin": "2026-03-01 23:30:00+00",
        "date_end": "2026-03-03 01:00:00+00",
        "date_tz": "Asia/Tokyo",
        "stage_id_name": "Ended",
        "kind": "Trade Show",
        "event_type_id_name": "Fair",
        "budget": "1500.5",
        "actual_cost": "0.0",
        "expected_attendees": 0,
        "user_id": 9,
        "active": False,
    }
    (row,) = stage("campaign", event_event=[event])
    assert (row["key"], row["url"]) == ("crm:event.event/12", "https://odoo.example/odoo/event.event/12")
    assert (str(row["start_date"]), str(row["end_date"])) == ("2026-03-02", "2026-03-03")
    assert (row["kind"], row["status"], row["currency"]) == ("trade_show", "ended", "USD")
    assert row["budget"] == Decimal("1500.5")
    assert (row["actual_cost"], row["expected_attendees"]) == (None, None)
    assert row["owner_key"] == "crm:res.users/9"


def test_a_marketing_campaign_is_a_campaign_too_and_a_deleted_one_says_so(stage):
    rows = stage(
        "campaign",
        event_event=[{"id": 3, "name": "Dinner", "date_begin": "2026-05-05 17:00:00+00"}],
        utm_campaign=[
            {"id": 3, "name": "spring-2", "title": "Spring", "_deleted_at": "2026-06-01 00:00:00+00"}
        ],
    )
    assert [(r["key"], r["name"], r["deleted_at"], r["currency"]) for r in rows] == [
        ("crm:event.event/3", "Dinner", None, "USD"),
        ("crm:utm.campaign/3", "Spring", "2026-06-01 00:00:00+00", "USD"),
    ]


@pytest.mark.parametrize(
    ("state", "active", "status", "occurred"),
    [
        ("done", True, "attended", "2026-03-02 09:00:00+00"),
        ("done", False, "attended", "2026-03-02 09:00:00+00"),
        ("open", True, "registered", None),
        ("draft", None, "registered", None),
        ("open", False, "cancelled", None),
        ("cancel", True, "cancelled", None),
        (None, None, "registered", None),
    ],
)
def test_only_a_done_registration_attended_and_only_then_the_date_is_a_check_in(
    stage, state, active, status, occurred
):
    registration = {
        "id": 1,
        "state": state,
        "active": active,
        "date_closed": "2026-03-02 09:00:00+00",
        "event_id": 12,
    }
    (row,) = stage("touch", event_registration=[registration])
    assert (row["status"], row["occurred_at"], row["campaign_key"]) == (
        status,
        occurred,
        "crm:event.event/12",
    )


@pytest.mark.parametrize(
    ("attendee", "person", "phone"),
    [
        (
            {"name": "ada byron king ", "email": "private@mail.example"},
            "crm:res.partner/2",
            "+1 312 555 0100",
        ),
        ({"name": "A. King", "email": " Ada@ACME.example"}, "crm:res.partner/2", "+1 312 555 0100"),
        ({"name": "Bob Guest", "email": "bob@acme.example"}, None, None),
        ({"name": "Bob Guest", "email": None}, None, None),
        ({"name": "Bob Guest", "email": None, "phone": "+1 312 555 0199"}, None, "+1 312 555 0199"),
        ({"name": "Acme Inc", "partner_id": 1}, None, "+1 312 555 0100"),
    ],
)
def test_who_booked_is_not_always_who_came(stage, attendee, person, phone):
    registration = {"id": 1, "state": "done", "partner_id": 2, "phone": "+1 312 555 0100", **attendee}
    (row,) = stage("touch", event_registration=[registration], res_partner=PARTNERS)
    assert (row["person_key"], row["phone"]) == (person, phone)


def test_an_attendee_that_the_crm_does_not_know_keeps_the_identity_given(stage):
    registration = {"id": 1, "name": " Cy Doe ", "email": " Cy@X.example ", "company_name": "X", "phone": " "}
    (row,) = stage("touch", event_registration=[registration])
    assert [row[c] for c in ("name", "email", "company", "phone", "person_key")] == [
        "Cy Doe",
        "cy@x.example",
        "X",
        None,
        None,
    ]


def test_companies_are_accounts_and_nobody_else_is(stage):
    daughter = {"id": 8, "name": "Acme GmbH", "is_company": True, "parent_id": 1, "commercial_partner_id": 8}
    rows = stage(
        "account",
        res_company=[{"id": 1, "partner_id": 11}],
        res_partner=[
            *PARTNERS,
            {"id": 11, "name": "We ourselves", "is_company": True},
            daughter | {"street": "Weg 1", "street2": "Hof", "external_id": "A-8"},
        ],
    )
    assert [r["key"] for r in rows] == ["crm:res.partner/1", "crm:res.partner/8"]
    assert (rows[0]["parent_key"], rows[0]["street"], rows[0]["owner_key"]) == (None, None, "crm:res.users/9")
    assert (rows[1]["parent_key"], rows[1]["street"], rows[1]["external_id"]) == (
        "crm:res.partner/1",
        "Weg 1, Hof",
        "A-8",
    )


def test_people_are_neither_companies_nor_addresses_nor_our_own_users(stage):
    rows = stage("person", res_partner=PARTNERS, res_users=USERS)
    assert [r["key"] for r in rows] == ["crm:res.partner/2", "crm:res.partner/5"]
    ada, solo = rows
    assert (ada["first_name"], ada["last_name"], ada["company"]) == ("Ada", "Byron King", "Acme Inc")
    assert (ada["account_key"], ada["owner_key"]) == ("crm:res.partner/1", None)
    assert (solo["account_key"], solo["last_name"], solo["is_active"]) == (None, "Solo", False)


def test_leads_are_people_and_deals_are_only_when_nobody_else_carries_their_person(stage):
    rows = stage(
        "person",
        crm_lead=[
            {
                "id": 1,
                "type": "lead",
                "name": "Expo scan",
                "contact_name": "Ada King",
                "email_from": "a@x",
                "team_id": 4,
            },
            {"id": 2, "type": "lead", "name": "Lost", "active": False, "probability": "0.0", "partner_id": 2},
            {"id": 3, "type": "opportunity", "name": "With contact", "partner_id": 2, "email_from": "b@x"},
            {"id": 4, "type": "opportunity", "name": "Converted", "email_from": "c@x", "user_id": 9},
            {"id": 5, "type": "opportunity", "name": "Nobody"},
        ],
        res_partner=[p for p in PARTNERS if p["id"] in {1, 2}],
        res_users=USERS,
    )
    leads = {r["source_id"]: r for r in rows if r["object"] == "crm.lead"}
    assert list(leads) == ["1", "2", "4"]
    assert (leads["1"]["name"], leads["1"]["status"], leads["1"]["owner_key"]) == (
        "Ada King",
        "open",
        "crm:crm.team/4",
    )
    assert (leads["2"]["name"], leads["2"]["status"], leads["2"]["is_active"]) == (
        None,
        "disqualified",
        False,
    )
    assert leads["2"]["converted_person_key"] == "crm:res.partner/2"
    assert (leads["4"]["status"], leads["4"]["converted_opportunity_key"]) == ("converted", "crm:crm.lead/4")
    assert leads["4"]["owner_key"] == "crm:res.users/9"


STAGES = [
    {"id": 1, "name": "New", "sequence": 1, "is_won": False},
    {"id": 4, "name": "Won", "sequence": 70, "is_won": True},
]
MOVED, ARCHIVED = "2026-02-01 00:00:00+00", "2026-09-09 00:00:00+00"


@pytest.mark.parametrize(
    ("deal", "closed", "won", "closed_at"),
    [
        ({"won_status": "pending", "stage_id": 1, "probability": "20.0", "active": True}, False, False, None),
        ({"won_status": "won", "stage_id": 4, "date_closed": MOVED, "active": True}, True, True, MOVED),
        ({"won_status": "won", "stage_id": 4, "date_closed": ARCHIVED, "active": False}, True, True, MOVED),
        (
            {"won_status": "lost", "stage_id": 1, "date_closed": ARCHIVED, "active": False},
            True,
            False,
            ARCHIVED,
        ),
        (
            {"won_status": "pending", "probability": "20.0", "date_closed": ARCHIVED, "active": False},
            False,
            False,
            None,
        ),
        ({"stage_id": 4, "probability": "100.0", "date_closed": MOVED}, True, True, MOVED),
        ({"stage_id": 4, "probability": "60.0"}, False, False, None),
        (
            {"stage_id": 1, "probability": "0.0", "active": False, "date_closed": ARCHIVED},
            True,
            False,
            ARCHIVED,
        ),
        ({"stage_id": 1, "probability": "5.0", "active": False, "date_closed": ARCHIVED}, False, False, None),
        ({}, False, False, None),
    ],
)
def test_won_lost_and_when(stage, deal, closed, won, closed_at):
    lead = {"id": 5, "type": "opportunity", "date_last_stage_update": MOVED, **deal}
    (row,) = stage("opportunity", crm_lead=[lead], crm_stage=STAGES)
    assert (row["is_closed"], row["is_won"], row["closed_at"]) == (closed, won, closed_at)


def test_a_deal_belongs_to_the_company_of_its_contact_and_to_its_event_first(stage):
    deal = {
        "type": "opportunity",
        "expected_revenue": "1234.56",
        "probability": "33.33",
        "campaign_id": 6,
        "stage_id": 1,
    }
    rows = stage(
        "opportunity",
        crm_lead=[
            {
                "id": 1,
                "partner_id": 2,
                "event_id": 12,
                "number": "D-1",
                "po": "PO7",
                "lead_source": "Fair",
                **deal,
            },
            {"id": 2, "partner_id": 1, "company_currency_name": "EUR", **deal},
            {"id": 3, "partner_id": 5, "team_id": 4, **deal},
            {"id": 4, "type": "lead", "partner_id": 2},
        ],
        res_partner=PARTNERS,
    )
    assert [(r["account_key"], r["person_key"], r["campaign_key"]) for r in rows] == [
        ("crm:res.partner/1", "crm:res.partner/2", "crm:event.event/12"),
        ("crm:res.partner/1", None, "crm:utm.campaign/6"),
        (None, "crm:res.partner/5", "crm:utm.campaign/6"),
    ]
    first, second, third = rows
    assert (first["amount"], first["probability"]) == (Decimal("1234.56"), Decimal("0.3333"))
    assert (first["currency"], second["currency"]) == ("USD", "EUR")
    assert (first["number"], first["po"], first["lead_source"]) == ("D-1", "PO7", "Fair")
    assert (first["stage_key"], third["owner_key"]) == ("crm:crm.stage/1", "crm:crm.team/4")
    roles = stage("opportunity_person", crm_lead=[{"id": 1, "partner_id": 2, **deal}], res_partner=PARTNERS)
    assert [(r["opportunity_key"], r["person_key"]) for r in roles] == [
        ("crm:crm.lead/1", "crm:res.partner/2")
    ]
    assert not stage(
        "opportunity_person", crm_lead=[{"id": 1, "partner_id": 1, **deal}], res_partner=PARTNERS
    )


def test_changes_of_stage_and_amount(stage):
    change = {"model": "crm.lead", "res_id": 1, "at": MOVED}
    rows = stage(
        "opportunity_change",
        crm_lead=[{"id": 1, "type": "opportunity"}, {"id": 2, "type": "lead"}],
        mail_tracking_value=[
            {
                "id": 1,
                "field_name": "stage_id",
                "old_integer": 0,
                "new_integer": 1,
                "old_float": "0.0",
                **change,
            },
            {"id": 2, "field_name": "stage_id", "old_integer": 1, "new_integer": 4, **change},
            {
                "id": 3,
                "field_name": "expected_revenue",
                "old_float": "0.0",
                "new_float": "10.5",
                "new_integer": 0,
                **change,
            },
            {"id": 4, "field_name": "user_id", "new_integer": 9, **change},
            {"id": 5, "field_name": "stage_id", "new_integer": 4, **change, "res_id": 2},
        ],
    )
    assert [
        [r[c] for c in ("field", "old_stage_key", "new_stage_key", "old_amount", "new_amount")] for r in rows
    ] == [
        ["stage", None, "crm:crm.stage/1", None, None],
        ["stage", "crm:crm.stage/1", "crm:crm.stage/4", None, None],
        ["amount", None, None, Decimal(0), Decimal("10.5")],
    ]
    assert {(r["opportunity_key"], r["changed_at"]) for r in rows} == {("crm:crm.lead/1", MOVED)}


def test_stages_and_owners(stage):
    assert [
        (r["name"], r["rank"], r["is_won"], r["is_closed"]) for r in stage("stage", crm_stage=STAGES)
    ] == [
        ("New", 1, False, False),
        ("Won", 70, True, True),
    ]
    leads = [
        {"id": 1, "team_id": 4, "team_id_name": "Inbound"},
        {"id": 2, "team_id": 4, "team_id_name": "Inbound"},
    ]
    owners = stage("owner", res_users=USERS, crm_lead=leads)
    assert [(r["key"], r["name"], r["kind"], r["is_active"]) for r in owners] == [
        ("crm:crm.team/4", "Inbound", "queue", True),
        ("crm:res.users/1", "Server", "user", False),
        ("crm:res.users/9", "Our Seller", "user", True),
    ]


def test_only_what_a_person_did_is_an_activity(stage):
    done = {"date_done": "2026-03-05", "active": False, "user_id": 9, "activity_type_id_name": "Phone Call"}
    message = {"model": "res.partner", "res_id": 2, "date": "2026-03-06 10:00:00+00", "author_id": 4}
    rows = stage(
        "activity",
        res_partner=PARTNERS,
        res_users=USERS,
        crm_lead=[
            {"id": 1, "type": "opportunity", "partner_id": 2},
            {"id": 2, "type": "lead"},
        ],
        mail_activity=[
            {"id": 1, "res_model": "crm.lead", "res_id": 1, **done},
            {"id": 2, "res_model": "crm.lead", "res_id": 2, **done, "activity_type_id_name": "To-Do"},
            {
                "id": 3,
                "res_model": "crm.lead",
                "res_id": 1,
                "user_id": 9,
                "date_deadline": "2026-03-05",
                "active": True,
            },
            {"id": 4, "res_model": "event.event", "res_id": 1, **done},
        ],
        mail_message=[
            {"id": 1, "message_type": "comment", **message},
            {"id": 2, "message_type": "email_outgoing", **message, "res_id": 1},
            {"id": 3, "message_type": "notification", **message},
            {
                "id": 4,
                "message_type": "notification",
                "mail_activity_type_id": 3,
                "mail_activity_type_id_name": "Meeting",
            }
            | message,
            {"id": 5, "message_type": "email", **message, "author_id": 2},
            {"id": 6, "message_type": "comment", **message, "author_id": 6},
        ],
    )
    assert [
        [r[c] for c in ("key", "kind", "person_key", "account_key", "opportunity_key")] for r in rows
    ] == [
        ["crm:mail.activity/1", "call", "crm:res.partner/2", "crm:res.partner/1", "crm:crm.lead/1"],
        ["crm:mail.activity/2", "task", "crm:crm.lead/2", None, None],
        ["crm:mail.message/1", "task", "crm:res.partner/2", "crm:res.partner/1", None],
        ["crm:mail.message/2", "email", None, "crm:res.partner/1", None],
        ["crm:mail.message/4", "meeting", "crm:res.partner/2", "crm:res.partner/1", None],
    ]
    assert {r["owner_key"] for r in rows} == {"crm:res.users/9"}
    assert rows[0]["at"] == "2026-03-05 12:00:00+00"
    assert rows[0]["url"] == "https://odoo.example/odoo/crm.lead/1"


def test_our_own_company_is_nobodys_account(stage):
    own = {
        "res_company": [{"id": 1, "partner_id": 1}],
        "res_partner": [
            {"id": 1, "name": "Ours", "is_company": True, "commercial_partner_id": 1},
            {"id": 2, "name": "A Colleague", "is_company": False, "commercial_partner_id": 1},
        ],
    }
    deals = [{"id": n, "type": "opportunity", "partner_id": n, "stage_id": 1} for n in (1, 2)]
    leads = [{"id": 3, "type": "lead", "partner_id": 2}]

    people = stage("person", crm_lead=leads, **own)

    assert [(row["kind"], row["account_key"]) for row in people] == [("lead", None), ("contact", None)]
    assert [row["account_key"] for row in stage("opportunity", crm_lead=deals, **own)] == [None, None]


def test_a_contact_that_moved_to_another_company_says_when(stage):
    change = {"model": "res.partner", "field_name": "parent_id", "res_id": 5, "at": "2026-02-01 10:00:00+00"}
    rows = stage(
        "person_change",
        res_partner=[
            {"id": 1, "is_company": True, "commercial_partner_id": 1},
            {"id": 2, "is_company": True, "commercial_partner_id": 2},
            {
                "id": 3,
                "is_company": False,
                "parent_id": 2,
                "commercial_partner_id": 2,
            },  # a department's contact
            {"id": 5, "is_company": False, "parent_id": 3, "commercial_partner_id": 2},
        ],
        mail_tracking_value=[
            {"id": 1, "old_integer": 0, "new_integer": 1, **change},
            {"id": 2, "old_integer": 1, "new_integer": 3, **change},
            {"id": 3, "old_integer": 1, "new_integer": 2, **change, "res_id": 2},  # a branch, no person
            {"id": 4, "old_integer": 1, "new_integer": 2, **change, "model": "crm.lead"},
            {"id": 5, "old_integer": 1, "new_integer": 2, **change, "field_name": "user_id"},
        ],
    )
    assert [[row[name] for name in ("person_key", "old_account_key", "new_account_key")] for row in rows] == [
        ["crm:res.partner/5", None, "crm:res.partner/1"],
        ["crm:res.partner/5", "crm:res.partner/1", "crm:res.partner/2"],
    ]
    assert {row["field"] for row in rows} == {"account"}
