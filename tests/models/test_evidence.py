"""The tree behind a figure: where amounts stand below an amount, they sum to it."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.models.kit import AS_OF

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.models import explain, reconciled_as_of
from closedloop.models.evidence_node import Node, cut
from closedloop.models.measures import MEASURES


def adds_up(node):
    amounts = [child.amount for child in node.children if child.amount is not None]
    if node.amount is not None and amounts and node.how is None:
        assert sum(amounts) == node.amount, node.label
    for child in node.children:
        adds_up(child)


def labels(node):
    return [node.label, *(label for child in node.children for label in labels(child))]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("campaign", ["e1", "e2", "E3", "Event e9"]),
        ("account", ["a1", "a2", "a3", "a4", "Acme"]),
        ("invoice", ["i1", "cn1", "cn2", "N-i4", "i11", "i14", "i20", "cn4"]),
        ("person", ["p1", "p5@x.example"]),
        ("opportunity", ["o1", "D-1", "o2", "o6"]),
    ],
)
def test_every_tree_adds_up(worked, kind, names):
    for name in names:
        adds_up(explain(worked[0].store, kind, name))


def test_campaign_leads_down_to_people_links_and_documents(worked):
    tree = explain(worked[0].store, "campaign", "E1")
    lifetime, attributed, cost = tree.children[:3]
    assert [lifetime.amount, attributed.amount, cost.amount] == [116000, 74000, 50000]
    said = labels(tree)
    assert "share of invoice N-i1 of 2026-03-10, deal reference" in said
    assert any("The tax id" in label for label in said)
    assert any(label.startswith("Pat p1: ") for label in said)


def test_customers_and_settlements_lead_to_their_records(worked):
    [customer, *_] = explain(worked[0].store, "account", "a1").children
    assert (customer.url, customer.amount) == ("u/c1", 70001)
    settled = explain(worked[0].store, "invoice", "i1").children[-1]
    assert [line.url for line in settled.children] == [None, "u/cn1"], (
        "nothing is known of the payment itself"
    )


def test_tree_as_plain_values(worked):
    plain = explain(worked[0].store, "invoice", "i1").to_dict()
    assert (plain["label"], plain["amount"], plain["url"]) == ("invoice N-i1 of 2026-03-10", 100001, "u/i1")
    assert [child["amount"] for child in plain["children"] if child["amount"] is not None] == [50001, 50000]


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("invoice", "N-0", "no invoice has this key"),
        ("weather", "x", "weather cannot be explained"),
        ("person", "", "no person has this key"),
        ("account", "Acmee", r"the nearest: a1 \(Acme\)"),
        ("person", "p1x", "the nearest: p1"),
    ],
)
def test_unknown_name_is_an_error(worked, kind, name, message):
    with pytest.raises(ConfigError, match=message):
        explain(worked[0].store, kind, name)


def counts(node):
    """Every line that stands for one each below it has as many."""
    if node.how == "one for each line below":
        assert node.value == len(node.children), node.label
    for child in node.children:
        counts(child)


def test_every_figure_of_the_catalogue_can_be_explained(worked):
    store = worked[0].store
    for entity, keys in (("campaign", ("e1", "e2", "e3", "e9")), ("account", ("a1", "a2", "a4", "a5"))):
        published = store.columns("marts", f"{entity}_measures")
        names = [one.name for one in MEASURES if one.entity == entity and one.name in published]
        columns = ", ".join(names)
        for key in keys:
            tree = explain(store, entity, key, names)
            adds_up(tree)
            counts(tree)
            [row] = store.query(
                f"select {columns} from marts.{entity}_measures where {entity}_key = ?", [key]
            )
            told = [one.amount if one.amount is not None else one.value for one in tree.children]
            assert told == list(row)
            assert all(
                one.children or one.how or one.url or not value
                for one, value in zip(tree.children, row, strict=True)
            )
            assert "not listed line by line" not in labels(tree)


def test_a_ratio_shows_what_it_follows_from(worked):
    [roi, rate] = explain(worked[0].store, "campaign", "e1", ["roi_realised", "win_rate"]).children
    attributed, cost = roi.children
    assert roi.value == Decimal(attributed.amount - cost.amount) / cost.amount
    assert (rate.how, [child.value for child in rate.children]) == ("won ÷ (won + lost)", [2, 1])
    [blank] = explain(worked[0].store, "campaign", "e3", ["roi_realised"]).children
    assert (blank.value, blank.how) == (None, "(attributed less cost) ÷ cost: blank, no cost")


def test_an_unknown_figure_names_the_near_ones(worked):
    with pytest.raises(ConfigError, match="roi_realised, roi_collected, roi_closed_won"):
        explain(worked[0].store, "campaign", "e1", ["roi"])
    with pytest.raises(ConfigError, match="a person has no figure roi"):
        explain(worked[0].store, "person", "p1", ["roi"])


def test_long_lists_are_cut_and_keep_their_sum():
    lines = tuple(Node(label=f"{n}", amount=n) for n in (1, -40, 3, 20, 5))
    tree = Node(label="all", amount=-11, children=lines)
    short = cut(tree, 2)
    assert [(one.label, one.amount) for one in short.children] == [
        ("-40", -40),
        ("20", 20),
        ("… and 3 more", 9),
    ]
    assert cut(tree, 4) == cut(tree, 0) == tree
    assert cut(replace(tree, amount=None), 1).children[-1].label == "… and 4 more"


def test_a_document_that_does_not_count_says_why(worked):
    said = [explain(worked[0].store, "invoice", key).label for key in ("i16", "i17", "i18")]
    assert [one.rpartition("it is ")[2] for one in said] == ["draft", "void", "dated after 2026-06-30"]


def test_a_past_day_is_shown_and_leaves_the_published_figures(worked):
    world, _ = worked
    before = world.rows("select * from marts.campaign_measures order by 1")
    as_of = AS_OF.replace(month=3, day=11)
    with reconciled_as_of(world.settings, world.store, world.operations, as_of=as_of, clock=Clock()) as found:
        assert found.as_of == as_of
        tree = explain(world.store, "account", "a1")
        assert tree.amount == 100001
        adds_up(tree)
    assert world.rows("select * from marts.campaign_measures order by 1") == before
    with (
        pytest.raises(ConfigError, match="still to come"),
        reconciled_as_of(
            world.settings, world.store, world.operations, as_of=AS_OF.replace(year=9999), clock=Clock()
        ),
    ):
        pass
