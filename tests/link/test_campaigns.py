"""One event in two systems: what is stated, what the codes and names say, what people decide; nothing is guessed."""

import itertools
import random
from datetime import date

import duckdb
import pytest
from tests.models import kit
from tests.models.kit import attended

from closedloop.models import graph
from closedloop.models.entities import ENTITIES

DAY = date(2026, 3, 10)
OTHER = date(2026, 5, 20)


def campaign(key, source, name, start=DAY, **more):
    return {
        "key": key,
        "source": source,
        "source_id": key,
        "name": name,
        "start_date": start,
        "end_date": start,
        **more,
    }


def contact(key):
    return {"key": key, "kind": "contact", "name": f"Pat {key}", "email": f"{key}@mail.example"}


#: Each example is a few campaigns of its own; the names keep the examples apart.
ROWS = {
    "campaign": [
        # stated by id, by a short id, by code and by name; capitals aside
        campaign("701000000000001AAA", "src", "Stated"), campaign("m1", "mkt", "Program 1", OTHER, same_as="701000000000001AAA"),
        campaign("701000000000002AAA", "src", "Short"), campaign("m2", "mkt", "Program 2", OTHER, same_as="701000000000002"),
        campaign("s3", "src", "By code", code="BC-26"), campaign("m3", "mkt", "Program 3", OTHER, same_as="bc-26"),
        campaign("s4", "src", "By name"), campaign("m4", "mkt", "Program 4", OTHER, same_as="by NAME"),
        # one code; one name and day
        campaign("s5", "src", "Codes", code="C-5"), campaign("m5", "mkt", "Other title", OTHER, code=" c-5 "),
        campaign("s6", "src", "Named Fair"), campaign("m6", "mkt", "named fair!"),
        # a third system: each to the one that is kept, also through another
        campaign("s7", "src", "Three", code="T-7"), campaign("m7", "mkt", "Three m", OTHER, code="T-7"),
        campaign("x7", "zoo", "Three x", OTHER, same_as="m7"),
        campaign("s8", "src", "Chain"), campaign("m8", "mkt", "Chain m", OTHER, code="K-8", same_as="s8"),
        campaign("x8", "zoo", "Chain x", code="K-8"),
        # never guessed: a code twice in one system, a name and day twice, two that are meant
        campaign("s9", "src", "Twice a", code="W-9"), campaign("s9b", "src", "Twice b", code="W-9"),
        campaign("m9", "mkt", "Twice m", OTHER, code="W-9"),
        campaign("s10", "src", "Same Day"), campaign("s10b", "src", "Same Day"), campaign("m10", "mkt", "Same day"),
        campaign("s11", "src", "Meant"), campaign("s11b", "src", "Meant", OTHER),
        campaign("m11", "mkt", "Program 11", OTHER, same_as="Meant"),
        # one name, the day unknown or near; another edition is another event
        campaign("s12", "src", "No Day"), campaign("m12", "mkt", "No Day", None),
        campaign("s13", "src", "Near"), campaign("m13", "mkt", "Near", date(2026, 3, 12)),
        campaign("s14", "src", "Edition"), campaign("m14", "mkt", "Edition", date(2025, 3, 11)),
        # one system states two things; codes that speak for two events
        campaign("s15", "src", "First of two", code="F-15"), campaign("s15b", "src", "Second of two", same_as="m15"),
        campaign("m15", "mkt", "Program 15", OTHER, same_as="s15"),
        # deleted, merged, unknown
        campaign("s16", "src", "Gone", deleted_at="2026-04-01T00:00:00Z"), campaign("m16", "mkt", "Program 16", OTHER, same_as="s16"),
        campaign("m17", "mkt", "Program 17", OTHER, same_as="nothing like it"),
        campaign("s18", "src", "Kept"), campaign("s18b", "src", "Merged", merged_into="s18", code="G-18"),
        campaign("m18", "mkt", "Program 18", OTHER, same_as="s18"),
        # two of one system stated as one event; a third with its code is asked about
        campaign("s19", "src", "Two days", code="D-19"), campaign("m19", "mkt", "Day one", OTHER, same_as="s19"),
        campaign("m19b", "mkt", "Day two", OTHER, same_as="s19"), campaign("m19c", "mkt", "Invitation", OTHER, code="D-19"),
    ],
}  # fmt: skip

LINKED = {
    "m1": ("701000000000001AAA", "stated"), "m2": ("701000000000002AAA", "stated"), "m3": ("s3", "stated"),
    "m4": ("s4", "stated"), "m5": ("s5", "code"), "m6": ("s6", "name_day"), "m7": ("s7", "code"), "x7": ("s7", "stated"),
    "m8": ("s8", "stated"), "x8": ("s8", "code"), "m18": ("s18", "stated"), "m19": ("s19", "stated"), "m19b": ("s19", "stated"),
}  # fmt: skip

ASKED = {
    ("m9", "s9"), ("m9", "s9b"), ("m10", "s10"), ("m10", "s10b"), ("m11", "s11"), ("m11", "s11b"), ("m12", "s12"),
    ("m13", "s13"), ("m15", "s15"), ("m15", "s15b"), ("m19c", "s19"),
}  # fmt: skip


class Linked:
    """The campaigns of ``rows`` after the models that link them, and no other."""

    NAMES = ("link_campaign", "campaign_doubt", "campaign_unknown")

    def __init__(self, rows, *, decisions=(), places=("src",)):
        models = graph.load()
        self._connection = duckdb.connect(config={"threads": 1})
        for schema in ("staging", "param", *graph.LAYERS):
            self._connection.execute(f"create schema {schema}")
        for entity in ("campaign", "person", "account", "customer", "opportunity"):
            columns = ", ".join(f"{name} {kind}" for name, kind in ENTITIES[entity].items())
            self._connection.execute(f"create table staging.{entity} ({columns})")
        for row in rows:
            names, marks = ", ".join(row), ", ".join("?" for _ in row)
            self._connection.execute(
                f"insert into staging.campaign ({names}) values ({marks})", list(row.values())
            )
        self._connection.execute("create table param.run as select true as automatic_links")
        self._connection.execute("create table param.connection (connection varchar, place bigint)")
        self._connection.execute(
            "create table param.decision (id bigint, kind varchar, left_key varchar, right_key varchar, verdict varchar, who varchar)"
        )
        for place, name in enumerate(places):
            self._connection.execute("insert into param.connection values (?, ?)", [name, place])
        for n, (left, verdict, right) in enumerate(decisions):
            self._connection.execute(
                "insert into param.decision values (?, 'campaign_campaign', ?, ?, ?, 'Ann')",
                [n, left, right, verdict],
            )
        for model in graph.ordered(self._needed(models)):
            sql = graph.statement(model, models, "duckdb")
            self._connection.execute(f"create table {model.layer}.{model.name} as {sql}")

    def _needed(self, models):
        found, left = {}, list(self.NAMES)
        while left:
            name = left.pop()
            if name not in found:
                found[name] = models[name]
                left += models[name].needs
        return found

    def query(self, sql):
        return self._connection.execute(sql).fetchall()

    @property
    def links(self):
        rows = self.query("select campaign_key, kept_key, rule from link.link_campaign")
        return {key: (kept, rule) for key, kept, rule in rows}

    @property
    def asked(self):
        return set(self.query("select key, kept_key from link.campaign_doubt"))


@pytest.fixture(scope="module")
def made():
    return Linked(ROWS["campaign"])


def test_what_is_linked_and_by_what(made):
    assert made.links == LINKED


def test_what_is_ambiguous_is_asked_and_never_guessed(made):
    assert made.asked == ASKED


def test_what_names_nothing_is_told(made):
    assert made.query("select campaign_key, same_as from link.campaign_unknown") == [
        ("m17", "nothing like it")
    ]


def test_what_is_kept_is_never_itself_linked(made):
    rows = made.query("select campaign_key, kept_key from link.link_campaign")
    keys = [key for key, _ in rows]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {kept for _, kept in rows}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_rows_is_nothing(seed):
    rows = random.Random(seed).sample(ROWS["campaign"], len(ROWS["campaign"]))
    found = Linked(rows)
    assert (found.links, found.asked) == (LINKED, ASKED)


def test_every_link_says_why(made):
    sentences = dict(made.query("select campaign_key, evidence from link.link_campaign"))
    assert sentences["m5"] == "Both have the code C-5, and no other campaign of their systems has it."
    assert sentences["m1"] == "One of the two systems names Stated (701000000000001AAA) as the same event."
    assert sentences["x7"].endswith("(m7) as the same event. That one is one event with Three.")
    assert sentences["m6"].startswith("Both are called Named Fair and begin on the same day")


def test_the_campaign_of_the_first_place_is_kept():
    rows = [campaign("a", "alpha", "Expo"), campaign("s", "src", "Expo")]
    assert Linked(rows, places=("src", "alpha")).links == {"a": ("s", "name_day")}
    assert Linked(rows, places=("alpha", "src")).links == {"s": ("a", "name_day")}


@pytest.mark.parametrize("circle", list(itertools.permutations("abc")))
def test_a_circle_of_statements_has_one_to_keep_or_none(circle):
    turn = dict(zip(circle, (*circle[1:], circle[0]), strict=True))
    found = Linked([campaign(key, f"sys{key}", f"Name {key}", same_as=turn[key]) for key in "abc"]).links
    kept = {kept for kept, _ in found.values()}
    assert len(kept) <= 1
    assert not kept & set(found)


def test_a_person_goes_before_every_rule():
    rows = [
        campaign("s", "src", "Expo", code="X"), campaign("s2", "src", "Fair"),
        campaign("m", "mkt", "Expo", code="X", same_as="s"), campaign("z", "zoo", "Expo", code="X"),
    ]  # fmt: skip
    assert set(Linked(rows).links) == {"m", "z"}
    told = Linked(rows, decisions=[("s", "reject", "m")])
    assert (told.links, told.asked) == ({"z": ("s", "code")}, set())
    told = Linked(rows, decisions=[("s2", "accept", "m")])
    assert told.links["m"] == ("s2", "decision")
    told = Linked(rows, decisions=[("m", "accept", "s"), ("m", "accept", "s2"), ("m", "reject", "s2")])
    assert told.links["m"] == ("s", "decision")


def test_two_campaigns_of_one_system_are_one_only_by_a_decision():
    rows = [campaign("s", "src", "Expo", code="X"), campaign("s2", "src", "Expo", code="X")]
    assert Linked(rows).links == {}
    assert Linked(rows).asked == set()
    assert Linked(rows, decisions=[("s2", "accept", "s")]).links == {"s2": ("s", "decision")}
    assert Linked(rows, decisions=[("s", "accept", "s2")]).links == {"s": ("s2", "decision")}


TWO = {
    "campaign": [
        campaign("s", "src", "Expo", code="EX", budget="900.00", currency="USD"),
        campaign("m", "mkt", "Expo program", None, code="ex", same_as="s", kind="trade_show", actual_cost="400.00", currency="USD",
                 budget="1.00", expected_attendees=50),
        campaign("z", "zoo", "Expo badges", OTHER, same_as="s", kind="webinar", actual_cost="7.00", currency="USD"),
        campaign("s2", "src", "Dinner", None), campaign("m2", "mkt", "Dinner program", OTHER, same_as="s2", actual_cost="80.00", currency="EUR", code="DIN"),
        campaign("s3", "src", "Elsewhere"),
    ],
    "account": [{"key": "a", "name": "Acme", "tax_id": "US123456"}],
    "person": [{**contact("p1"), "account_key": "a"}, contact("p2")],
    "touch": [
        {**attended("t1", "s", "p1"), "status": "registered"}, attended("t2", "m", "p1"), attended("t3", "z", "p2"),
    ],
    "opportunity": [{"key": "o", "name": "Deal", "account_key": "a", "campaign_key": "m", "amount": "10.00", "currency": "USD",
                     "created_at": "2026-03-20T00:00:00Z", "lead_source": "Event"}],
    "cost_line": [
        {"key": "l1", "campaign_code": "DIN", "date": OTHER, "net": "30.00", "currency": "USD", "home_net": "30.00",
         "home_currency": "USD", "status": "posted"},
        {"key": "l2", "campaign_key": "m2", "date": OTHER, "net": "5.00", "currency": "USD", "home_net": "5.00",
         "home_currency": "USD", "status": "posted"},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    world = kit.build(tmp_path_factory.mktemp("two"), TWO)
    world.reconcile()
    yield world
    with world.operations.transaction() as connection:
        connection.execute(kit.tables.decision.delete())
    world.close()


def test_what_the_kept_campaign_lacks_it_takes_from_the_others(two):
    row = two.one("select * from canonical.campaign where key = 's'")
    assert (row["start_date"], row["code"], row["kind"], row["expected_attendees"]) == (
        DAY,
        "EX",
        "trade_show",
        50,
    )
    assert (row["budget"], row["actual_cost"]) == (90000, 40000)
    other = two.one("select * from canonical.campaign where key = 's2'")
    assert (other["start_date"], other["currency"], other["actual_cost"], other["code"]) == (
        OTHER,
        "EUR",
        8000,
        "DIN",
    )


def test_the_touches_deals_and_costs_of_all_go_to_the_kept_one(two):
    assert two.by("marts.touch_resolved", "touch_key", "campaign_key") == {"t2": "s", "t3": "s"}
    figures = two.one("select attended, registered from marts.campaign_measures where campaign_key = 's'")
    assert figures["attended"] == 2
    assert two.one("select campaign_key from canonical.opportunity")["campaign_key"] == "s"
    assert two.by("canonical.cost_line", "key", "campaign_key") == {"l1": "s2", "l2": "s2"}


def test_a_campaign_is_explained_with_its_other_records_and_found_by_their_names(two):
    from closedloop.models import explain

    tree = explain(two.store, "campaign", "Expo program")
    assert tree.label.startswith("Expo (")
    [records] = [child for child in tree.children if child.label.startswith("the same event")]
    assert [child.label for child in records.children] == [
        "Expo program (m): One of the two systems names Expo (s) as the same event.",
        "Expo badges (z): One of the two systems names Expo (s) as the same event.",
    ]


def links(world):
    rows = world.rows("select * from link.link_campaign")
    return {row["campaign_key"]: (row["kept_key"], row["rule"]) for row in rows}


def test_people_decide_over_what_the_systems_say(two):
    from closedloop.clock import Clock
    from closedloop.link import review
    from closedloop.link.review import Wish

    def settle(*wishes):
        typed = [Wish(verb=verb, left=left, right=right) for verb, left, right in wishes]
        return review.settle(two.store, two.operations, typed, who="Ann", now=Clock().now())

    assert review.linked(two.store, "m") == [("not-same", "campaign_campaign", "s")]
    assert [one.kind for one in settle(("not-same", "m", "s"), ("accept", "s3", "z"))] == [
        "campaign_campaign"
    ] * 2
    two.reconcile()
    # The campaign of the first system is kept, whatever side it was written on.
    assert links(two) == {"z": ("s3", "decision"), "m2": ("s2", "stated")}
    assert two.one("select evidence from link.link_campaign where campaign_key = 'z'")["evidence"] == (
        "Declared the same as Elsewhere by Ann."
    )
    assert two.by("marts.touch_resolved", "touch_key", "campaign_key") == {"t1": "s", "t2": "m", "t3": "s3"}
