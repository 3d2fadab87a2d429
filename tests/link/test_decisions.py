"""People's decisions: they outrank every rule, survive rebuilds, merges and other names, and contradictions are told."""

from datetime import date

import pytest
from tests.models import kit
from tests.models.kit import event

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.link import decisions, engine, explain
from closedloop.store.operations import Operations


@pytest.fixture
def operations(tmp_path):
    opened = Operations.open(tmp_path / "operations.db")
    yield opened
    opened.close()


def decide(operations, verb, left, right, kind="customer_account", *, who="Ann"):
    return decisions.decide(
        operations, verb, left, right, kind=kind, who=who, why="she knows them", now=Clock().now()
    )


def test_a_decision_is_kept_with_who_when_and_why(operations):
    made = decide(operations, "accept", "books:1", "crm:2")
    assert decisions.about(operations, "crm:2") == [made] == decisions.listed(operations)
    assert (made.who, made.why, made.verdict) == ("Ann", "she knows them", "accept")
    assert made.at.startswith("20")


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": "a"},
        {"who": " "},
        {"verb": "perhaps"},
        {"kind": "pet_owner"},
        {"verb": "same"},
    ],
)
def test_what_is_no_decision_is_refused(operations, wrong):
    with pytest.raises(ConfigError):
        decide(operations, **{"verb": "accept", "left": "a", "right": "b", **wrong})
    assert decisions.listed(operations) == []


def test_contradictions_are_told(operations):
    decide(operations, "accept", "c1", "a1")
    decide(operations, "accept", "c1", "a2", who="Bob")
    decide(operations, "accept", "c2", "a1")
    decide(operations, "same", "p1", "p2", "person_person")
    decide(operations, "same", "p2", "p3", "person_person")
    decide(operations, "not-same", "p1", "p3", "person_person", who="Bob")
    assert decisions.contradictions(decisions.listed(operations)) == [
        "c1 is accepted for a1 (Ann) and a2 (Bob): the last one counts",
        "p1 and p3 are told apart (Bob), and declared the same through others",
    ]


def test_changing_ones_mind_is_no_contradiction(operations):
    decide(operations, "accept", "c1", "a1")
    decide(operations, "reject", "c1", "a1")
    decide(operations, "accept", "c1", "a2")
    decide(operations, "same", "p1", "p2", "person_person")
    decide(operations, "not-same", "p2", "p1", "person_person")
    assert decisions.contradictions(decisions.listed(operations)) == []


HOUSE = {"street": "12 Mill Road", "city": "Denver", "postal_code": "80201"}
ROWS = {
    "campaign": [event("e", date(2026, 3, 10), date(2026, 3, 11))],
    "account": [
        {"key": "a1", "name": "Alder Foods", **HOUSE},
        {"key": "a2", "name": "Birch Tools"},
        {"key": "a3", "name": "Birch Tools West", "merged_into": "a2"},
        {"key": "a4", "name": "Cedar Marine", "phone": "+1 303 555 1234"},
    ],
    "customer": [
        {"key": "c1", "name": "Alder Foods Inc.", **HOUSE},
        {"key": "c2", "name": "Somebody"},
        {"key": "c3", "name": "Old Birch", "merged_into": "c4"},
        {"key": "c4", "name": "Nobody"},
        {"key": "c5", "name": "Cedar Marine", "phone": "303-555-1234"},
        {"key": "c6", "name": "Alder Foods"},
    ],
    "person": [{"key": "p1", "kind": "contact", "name": "Bob Harker", "mobile": "+1 303 555 7777"}],
    "touch": [
        {"key": "t1", "campaign_key": "e", "status": "attended", "name": "Robert Harker", "phone": "303 555 7777"}
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = kit.build(tmp_path_factory.mktemp("decisions"), ROWS, matching={})
    decide(made.operations, "reject", "c1", "a1")  # the rules would link it
    decide(made.operations, "accept", "c2", "a3")  # merged into a2 since
    decide(made.operations, "accept", "c3", "a2")  # merged into c4 since
    made.reconcile()
    yield made
    made.close()


def test_decisions_outrank_rules_and_follow_merges_and_the_rest_is_scored(world):
    found = world.by("link.link_customer_account", "customer_key", "account_key")
    assert found == {"c2": "a2", "c4": "a2", "c5": "a4"}
    rules = world.by("link.link_customer_account", "customer_key", "rule")
    assert rules == {"c2": "decision", "c4": "decision", "c5": "scored"}
    assert world.by("link.link_person", "identity_key", "rule") == {"t1": "scored"}


def test_a_rebuild_from_nothing_gives_the_same_links(world):
    before = world.rows("select * from link.link_customer_account order by all")
    world.store.query("drop schema linkage cascade")
    world.reconcile()
    assert world.rows("select * from link.link_customer_account order by all") == before


def test_a_scored_link_is_explained(world):
    [found] = explain.explain(world.store, engine.COMPANIES, "c5")
    assert (found.right, found.decision, found.doubt) == ("a4", "auto", None)
    assert found.weight == pytest.approx(found.prior + sum(one.weight for one in found.comparisons), abs=0.01)
    told = {one.name: one.result for one in found.comparisons}
    assert told["phone"] == "the same, and few records have it"
    assert told["tax"] == "not on both records"


def test_the_queue_holds_what_a_person_must_decide(world):
    found = {
        (row["left_key"], row["right_key"]): row for row in world.rows("select * from marts.review_queue")
    }
    assert found["c6", "a1"]["reason"] == "the name agrees, but nothing beside it that few records share"
    assert ("c1", "a1") not in found


def test_records_told_apart_stay_apart_whatever_the_crm_says(tmp_path):
    made = kit.build(tmp_path, {"account": ROWS["account"], "customer": []}, matching={})
    decide(made.operations, "not-same", "a2", "a3", "account_account")
    made.reconcile()
    assert made.by("canonical.account_record", "key", "account_key")["a3"] == "a3"
    made.close()
