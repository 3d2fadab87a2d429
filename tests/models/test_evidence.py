"""The tree behind a figure: where amounts stand below an amount, they sum to it."""

import pytest

from closedloop.errors import ConfigError
from closedloop.models import explain


def adds_up(node):
    amounts = [child.amount for child in node.children if child.amount is not None]
    if node.amount is not None and amounts:
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
    ],
)
def test_unknown_name_is_an_error(worked, kind, name, message):
    with pytest.raises(ConfigError, match=message):
        explain(worked[0].store, kind, name)
