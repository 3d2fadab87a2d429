"""Links of the chain by the name of the reason, each with a neighbour that just has not got it; small tables in, states out."""

from datetime import UTC, date, datetime

import pytest
from tests.models import kit
from tests.models.kit import evaluate

from closedloop.models import graph, phones

RUN = {"param.run": ("as_of date, stage_within_days integer, ticket_within_days integer, repeat_cycle_days integer",
                     [(date(2026, 6, 30), 90, 14, 365)])}  # fmt: skip
STAGES = ("key varchar, rank integer", [("new", 1), ("mid", 2)])
CHANGES = "key varchar, opportunity_key varchar, changed_at date, changed_date date, field varchar, old_stage_key varchar, new_stage_key varchar"
DEALS = (
    "key varchar, url varchar, created_date date, stage_key varchar, is_closed boolean, expected_close date"
)


def day(number, month=1, year=2026):
    return date(year, month, number)


def stay(n, days, *, field="stage", new="mid"):
    """A deal created on 1 January that left the stage `new` so many days later."""
    left = date.fromordinal(day(1).toordinal() + days)
    return (f"h{n}", f"d{n}", left, left, field, "new", new)


# Stages


def paces(stays):
    deals = [(f"d{n}", "u", day(1), "mid", True, None) for n in range(len(stays))]
    given = {"stage": STAGES, "opportunity": (DEALS, deals), "opportunity_change": (CHANGES, stays)}
    rows = evaluate("stage_pace", given, params=RUN)
    return {row["stage_key"]: (row["p90_days"], row["stays"], row["is_assumed"]) for row in rows}


def test_a_stage_has_the_nearest_rank_p90_of_twenty_stays_and_the_declared_default_below():
    assert paces([stay(n, n + 1) for n in range(20)])["new"] == (18, 20, False)
    assert paces([stay(n, n + 1) for n in range(19)])["new"] == (90, 19, True)
    assert paces([])["mid"] == (90, 0, True)


def test_only_changes_of_the_stage_to_another_one_end_a_stay():
    assert paces([stay(0, 4, field="amount"), stay(1, 4, new="new"), stay(2, 4)])["new"][1] == 1


def test_the_second_stay_of_a_deal_begins_with_its_first_change():
    changes = [stay(0, 10), ("h9", "d0", day(14), day(14), "stage", "mid", "new")]
    given = {
        "stage": STAGES,
        "opportunity": (DEALS, [("d0", "u", day(1), "new", False, None)]),
        "opportunity_change": (CHANGES, changes),
    }
    assert {row["stage_key"]: row["stays"] for row in evaluate("stage_pace", given, params=RUN)} == {
        "new": 1,
        "mid": 1,
    }


@pytest.mark.parametrize(
    ("created", "moved", "expected", "reason", "since"),
    [
        (day(1), day(11, 6), None, None, None),  # moved 19 days ago, 19 are allowed
        (day(1), day(10, 6), None, "stalled_opportunity", day(30, 6)),
        (day(11, 6), None, None, None, None),  # never moved: from its creation
        (day(10, 6), None, day(1, 6), "stalled_opportunity", day(30, 6)),  # stalled comes first
        (day(20, 6), None, day(29, 6), "close_date_past", day(30, 6)),
        (day(20, 6), None, day(30, 6), None, None),
    ],
)
def test_stalled_opportunity_and_close_date_past(created, moved, expected, reason, since):
    history = [("h", "other", day(2), day(2), "stage", "new", "mid")]
    history += [("h1", "d", moved, moved, "stage", "new", "mid")] if moved else []
    given = {
        "opportunity": (
            DEALS,
            [("d", "u", created, "mid", False, expected), ("done", "u", created, "mid", True, expected)],
        ),
        "opportunity_change": (CHANGES, history),
        "stage_pace": ("stage_key varchar, p90_days integer", [("mid", 19)]),
    }
    [found] = evaluate("deal_pace", given, params=RUN)
    assert (found["reason"], found["since"]) == (reason, since)


def test_without_any_history_of_stages_no_deal_is_called_stalled():
    given = {
        "opportunity": (DEALS, [("d", "u", day(1, 1, 2020), "mid", False, None)]),
        "opportunity_change": (CHANGES, []),
        "stage_pace": ("stage_key varchar, p90_days integer", []),
    }
    assert evaluate("deal_pace", given, params=RUN)[0]["reason"] is None


# Tickets


@pytest.mark.parametrize(
    ("tickets", "state", "since"),
    [
        ([(day(16, 6), None, False)], "pending", None),
        ([(day(15, 6), None, False)], "ticket_past_window", day(30, 6)),
        ([(day(15, 6), day(30, 6), False)], "ok", None),
        ([(day(29, 6), None, True)], "open_escalation", day(29, 6)),
        ([(day(29, 6), day(30, 6), True)], "ok", None),
        ([(day(1, 5), None, False), (day(29, 6), None, True)], "open_escalation", day(29, 6)),
        ([(day(16, 6), None, False), (day(1, 5), None, False)], "ticket_past_window", day(16, 5)),
        ([(day(1, 7), None, True)], None, None),  # opened tomorrow
    ],
)
def test_open_escalation_and_ticket_past_window(tickets, state, since):
    ddl = "key varchar, url varchar, account_key varchar, opened_date date, closed_date date, is_escalated boolean"
    rows = [(f"t{n}", "u", "a", *ticket) for n, ticket in enumerate(tickets)]
    found = evaluate("account_ticket", {"ticket": (ddl, rows)}, params=RUN)
    assert [(row["supported"], row["since"]) for row in found] == ([(state, since)] if state else [])


# Repeat


def bought(*days, others=0, longer=0):
    """The cycle of an account that bought on these days, beside others whose gaps are 11 days, and some 13."""
    from itertools import pairwise

    rows = [("a", days[0], None), *(("a", late, (late - early).days) for early, late in pairwise(days))]
    rows += [row for n in range(others) for row in ((f"o{n}", day(1), None), (f"o{n}", day(12), 11))]
    rows += [row for n in range(longer) for row in ((f"l{n}", day(1), None), (f"l{n}", day(14), 13))]
    found = evaluate(
        "account_cycle",
        {"account_purchase": ("account_key varchar, date date, gap bigint", rows)},
        params=RUN,
    )
    row = next(one for one in found if one["account_key"] == "a")
    return row["median_gap"], row["due_date"], row["is_assumed"]


def test_the_next_purchase_is_due_after_one_and_a_half_median_gaps():
    assert bought(day(1), day(11), day(22)) == (
        10,
        date(2026, 2, 6),
        False,
    )  # gaps 10 and 11: nearest rank is 10
    assert bought(day(1), day(11), day(22), day(31)) == (10, date(2026, 2, 15), False)


def test_under_two_gaps_the_companys_median_counts_and_under_twenty_the_default():
    assert bought(day(1), day(11), others=19) == (11, date(2026, 1, 27), False)
    assert bought(day(1), day(11), others=18)[::2] == (365, True)
    assert bought(day(1), others=20)[0] == 11
    # The 10th of 20 gaps, and the 11th of 21.
    assert [bought(day(1), others=10, longer=longer)[0] for longer in (10, 11)] == [11, 13]


def test_a_purchase_is_a_won_deal_or_a_positive_document_once_a_day():
    found = evaluate(
        "account_purchase",
        {
            "document_figure": ("account_key varchar, date date, sign integer",
                                [("a", day(5), 1), ("a", day(5), 1), ("a", day(7), -1), (None, day(6), 1)]),
            "opportunity_money": ("account_key varchar, closed_date date, is_won boolean",
                                  [("a", day(1), True), ("a", day(2), False), ("a", day(1, 7), True)]),
        },
        params=RUN,
    )  # fmt: skip
    assert sorted((row["date"], row["gap"]) for row in found) == [(day(1), None), (day(5), 4)]


# Telephones


@pytest.mark.parametrize(
    ("number", "country", "valid"),
    [
        ("+1 312 555 0100", "", True),
        ("+1 312 555 010", "", False),
        ("+43 1 534 53", "", True),
        ("312 555 0100", "US", True),
        ("312 555 0100", "United States", True),
        ("112 555 0100", "US", False),
        ("112 555 0100", "", True),  # nobody knows which plan to ask
        ("0312 5550100", "ZZ", True),
        ("+999 1234567", "US", False),
    ],
)
def test_numbers_are_asked_of_their_numbering_plan(number, country, valid):
    assert phones.is_valid(number, country.upper()) is valid


# In a world: what needs several tables


def at(number, month=6):
    return datetime(2026, month, number, 18, tzinfo=UTC)


def world_rows():
    def person(key, account, **more):
        known = {"kind": "contact", "name": f"Pat {key}", "email": f"{key}@x.example", "owner_key": "u"}
        return {"key": key, "account_key": account, **known, **more}

    def subscriber(key, name, **more):
        known = {"kind": "subscriber", "source": "news", "email": f"{name}@x.example", "name": f"Pat {name}"}
        return {"key": key, **known, **more}

    sales = [
        kit.sale(
            f"i-{key}", f"c-{key}", date(2026, 6, 1), "100.00", balance="100.00", due_date=date(2026, 7, 1)
        )
        for key in ("quiet", "heard", "mixed", "loud")
    ]
    return {
        "campaign": [kit.event("e", date(2026, 6, 20))],
        "owner": [{"key": "u", "name": "Uma", "is_active": True, "kind": "user"}],
        "account": [
            {"key": key, "name": f"Account {key}", "tax_id": f"XX1234{n:03d}", "country": "US", "owner_key": "u"}
            for n, key in enumerate(("quiet", "heard", "mixed", "loud", "two", "one", "rung"))
        ]
        + [{"key": f"twin{n}", "name": "Twin Company", "website": "twin.example"} for n in (1, 2)],
        "customer": [
            {"key": f"c-{key}", "name": key, "tax_id": f"XX1234{n:03d}"} for n, key in enumerate(("quiet", "heard", "mixed", "loud"))
        ]
        + [{"key": "c-twin", "name": "Twin Company Inc.", "website": "twin.example"}],
        "person": [
            person("p-quiet", "quiet", has_opted_out=True),
            person("p-silent", "quiet", email=None, has_opted_out=True),
            person("p-heard", "heard", has_opted_out=False),
            person("p-mixed1", "mixed", has_opted_out=True),
            person("p-mixed2", "mixed"),
            person("p-loud", "loud"),
            person("p-two", "two"),
            person("p-twin", "two", email="p-two@x.example", name="Pat p-two", kind="lead"),
            person("p-one", "one"),
            person("p-converted", None, kind="lead", email="p-one@x.example", converted_person_key="p-one", status="converted"),
            person("p-rung", "rung", email=None, phone="12", mobile="112 555 0100"),
            person("p-calling", "rung", email=None, phone="12", mobile="312 555 0100"),
            person("p-told", "rung"),
            person("p-both", "rung"),
            subscriber("s-told", "p-told", has_opted_out=True),
            subscriber("s-both1", "p-both", has_opted_out=True),
            subscriber("s-both2", "p-both", has_opted_out=False),
            subscriber("s-only", "s-only", has_opted_out=False),
        ],
        "touch": [
            kit.attended(f"t-{name}", "e", f"p-{name}", email=f"p-{name}@x.example", name=f"Pat p-{name}")
            for name in ("quiet", "heard", "two", "one", "told")
        ]
        + [kit.attended("t-only", "e", "s-only", email="s-only@x.example", name="Pat s-only")]
        + [kit.attended(f"t-{name}", "e", f"p-{name}") for name in ("rung", "calling")],
        "opportunity": [
            {"key": "d-twin", "name": "D", "account_key": "twin1", "amount": "10.00", "currency": "USD", "is_closed": True,
             "is_won": True, "created_at": at(1), "closed_at": at(10)},
            {"key": "d-quiet", "name": "D", "account_key": "quiet", "amount": "70.00", "currency": "USD", "is_closed": False,
             "is_won": False, "created_at": at(25), "person_key": "p-quiet", "campaign_key": "e"},
        ],
        "ticket": [{"key": "k", "person_key": "p-loud", "opened_at": at(1), "is_escalated": True}],
        "document": [document for document, _ in sales],
        "line": [line for _, lines in sales for line in lines],
    }  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = kit.build(tmp_path_factory.mktemp("links"), world_rows())
    assert world.reconcile().checks == []
    yield world
    world.close()


@pytest.mark.parametrize(
    ("subject", "link", "expected"),
    [
        ("quiet", "repeat", "unsubscribed_customer"),
        ("heard", "repeat", "pending"),
        ("mixed", "repeat", "pending"),
        ("loud", "repeat", "pending"),
        ("loud", "supported", "open_escalation"),  # the ticket of its person
        ("quiet", "supported", "ok"),
        ("twin1", "customer", "ambiguous_customer"),
        ("quiet", "customer", "ok"),
        ("quiet", "paid", "ok"),
        ("t-two", "in_crm", "duplicate_in_crm"),  # a lead with the same e-mail and name beside the contact
        ("t-one", "in_crm", "ok"),  # that one was converted
        ("t-told", "in_crm", "ok"),  # a mailing list is no CRM, so their record there is no duplicate
        ("t-only", "in_crm", "not_in_crm"),
        ("t-only", "routed", "not_applicable"),
        ("t-rung", "contactable", "invalid_phone"),
        ("t-calling", "contactable", "ok"),
        ("t-quiet", "opportunity", "ok"),
        ("t-quiet", "won", "pending"),
        ("t-heard", "opportunity", "pending"),
        ("t-heard", "worked", "not_applicable"),  # no activities in this CRM
    ],
)
def test_state_of_a_link(world, subject, link, expected):
    found = world.one("select * from marts.chain_link where subject_key = ? and link = ?", subject, link)
    assert (found["reason"] or found["state"]) == expected
    assert (found["state"] == "broken") == (found["reason"] is not None)
    assert found["url"]


@pytest.mark.parametrize(
    ("person", "opted_out"), [("p-told", True), ("p-both", False), ("p-quiet", True), ("p-two", None)]
)
def test_who_has_left_every_list_has_opted_out(world, person, opted_out):
    assert (
        world.one("select has_opted_out from canonical.person where key = ?", person)["has_opted_out"]
        is opted_out
    )


def test_every_subject_has_every_link_of_its_kind_in_order(world):
    rows = world.rows(
        "select subject_key, list(link order by step) as links from marts.chain_link group by subject_key, subject_kind"
    )
    attendee = ["captured", "contactable", "in_crm", "routed", "worked", "on_account", "opportunity", "won"]
    assert {tuple(row["links"]) for row in rows} == {
        tuple(attendee),
        ("customer", "invoiced", "paid", "supported", "repeat"),
    }


def test_shares_of_the_revenue(world):
    """Four documents of 100.00; `quiet` and `heard` came; unsubscribed is a break, so `heard` alone is whole."""
    found = world.one("select * from marts.chain_share")
    assert [str(found[name]) for name in ("linked_share", "event_touched_share", "whole_chain_share")] == [
        "1.000000",
        "0.500000",
        "0.250000",
    ]


def test_totals_by_owner_and_event(world):
    rows = world.rows("select * from marts.chain_total")
    total = {(row["by"], row["key"]): (row["subjects"], row["broken"], row["at_stake"]) for row in rows}
    # Broken: t-two, t-rung, t-only; of the accounts quiet (an average year, 100.00), loud (no money), twin1 (10.00 not invoiced).
    assert total["all", "all"] == (13, 6, 11000)
    assert total["campaign", "e"] == (10, 4, 10000)  # eight attendees, and the accounts quiet and heard
    assert total["owner", "u"] == (11, 4, 10000)
    assert total["owner", None] == (2, 2, 1000)
    assert total["reason", "unsubscribed_customer"] == (1, 1, 10000)


def test_every_reason_of_the_models_says_what_to_do_and_what_healed_it():
    import re

    models = graph.load()
    fixes = {row["reason"]: row for row in evaluate("break_fix", {})}
    said = "".join(
        models[name].sql
        for name in ("chain_attendee", "chain_account", "won_deal", "deal_pace", "account_ticket")
    )
    links = {row["link"] for row in evaluate("chain_step", {})}
    outcomes = {
        "ok",
        "pending",
        "not_applicable",
        "disqualified",
        "converted",
        "lead",
        "queue",
        "customer_account",
        "invoice",
        "posted",
        "stage",
    }
    reasons = set(re.findall(r"'([a-z_]+)'", said)) - outcomes - links
    assert reasons == set(fixes)
    assert all(row["fix"].endswith(".") and row["healed"].endswith(".") for row in fixes.values())
    assert [reason for reason, row in fixes.items() if row["severity"] == "info"] == ["no_opportunity"]


# Systems beside the CRM


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """A CRM, and a mailing list that knows one of its people, an older record of its lead, and somebody else."""
    person = {"kind": "lead", "created_at": datetime(2026, 2, 1, tzinfo=UTC)}
    old = {"source": "list", "kind": "lead", "created_at": datetime(2020, 1, 1, tzinfo=UTC)}
    rows = {
        "campaign": [kit.event("e", date(2026, 6, 20))],
        "account": [{"key": "a", "name": "Acme"}],
        "person": [
            {**person, "key": "p1", "name": "Ann Field", "email": "ann@x.example", "account_key": "a"},
            {**old, "key": "l1", "name": "Ann Field", "email": "ann@x.example"},
            {**old, "key": "l2", "name": "Bo Hill", "email": "bo@x.example"},
            {**person, "key": "p3", "name": "Cy Lake", "email": "cy@x.example"},
            {**person, "key": "p3b", "name": "Cy Lake", "email": "cy@x.example"},
        ],
        "touch": [
            kit.attended("t1", "e", None, name="Ann Field", email="ann@x.example"),
            kit.attended("t2", "e", "l2", email="bo@x.example"),
            kit.attended("t3", "e", "p3"),
        ],
        "ticket": [
            {
                "key": "k",
                "source": "list",
                "person_key": "l1",
                "is_escalated": True,
                "opened_at": datetime(2026, 6, 1, tzinfo=UTC),
            }
        ],
    }
    world = kit.build(tmp_path_factory.mktemp("beside"), rows)
    world.reconcile()
    yield world
    world.close()


def test_a_record_in_another_system_is_no_duplicate_and_does_not_make_one_a_person_of_the_crm(beside):
    assert beside.by("marts.chain_attendee", "touch_key", "in_crm") == {
        "t1": "ok", "t2": "not_in_crm", "t3": "duplicate_in_crm",
    }  # fmt: skip
    assert (
        beside.one("select routed from marts.chain_attendee where touch_key = 't2'")["routed"]
        == "not_applicable"
    )


def test_of_two_records_of_a_kind_the_crm_s_is_kept(beside):
    assert beside.by("canonical.person", "key", "name") == {
        "p1": "Ann Field",
        "l2": "Bo Hill",
        "p3": "Cy Lake",
    }


def test_a_ticket_of_another_system_is_the_account_s_of_its_requester_in_the_crm(beside):
    assert beside.by("marts.account_ticket", "account_key", "supported") == {"a": "open_escalation"}
