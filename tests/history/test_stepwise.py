"""Over worlds in which everything may change at once: each step is what the models make of a partly changed world."""

import random
from datetime import date

import pytest
from tests.history.test_history import at, keep, published, text
from tests.models import kit
from tests.models.kit import attended, event, sale

from closedloop.history import reading

THEN, NOW = date(2026, 6, 30), date(2026, 7, 20)


def world(draw):
    """Return the records of a small company at random: three events, three companies, deals, documents, touches.

    Whose a touch is stays: that would be a link, and moves before the touch itself does.
    """
    people = [f"p{n}" for n in range(1, 6)]
    sales = [
        sale(f"i{n}", f"c{draw.randint(1, 3)}", date(2026, draw.randint(1, 7), draw.randint(1, 28)),
             f"{draw.randint(1, 900)}.{draw.randint(0, 99):02}", **draw.choice([{}, {"opportunity_ref": f"o{draw.randint(1, 4)}"}]))
        for n in range(1, 8) if draw.random() < 0.8
    ]  # fmt: skip
    deals = [
        {
            "key": f"o{n}", "name": f"Deal {n}", "account_key": f"a{draw.randint(1, 3)}",
            "person_key": draw.choice(people), "amount": f"{draw.randint(50, 900)}.00", "currency": "USD",
            "is_closed": won, "is_won": won, "created_at": at(draw.randint(1, 3), draw.randint(1, 28)),
            "closed_at": at(draw.randint(3, 6), draw.randint(1, 28)) if won else None,
        }
        for n in range(1, 5) if draw.random() < 0.8
        for won in [draw.random() < 0.6]
    ]  # fmt: skip
    return {
        "document": [document for document, _ in sales],
        "line": [line for _, lines in sales for line in lines],
        "account": [
            {"key": f"a{n}", "name": f"Company {n}", "merged_into": draw.choice([None, None, None, "a1"]) if n > 1 else None}
            for n in range(1, 4)
        ],
        "person": [
            {"key": key, "kind": "contact", "name": f"Pat {key}", "account_key": f"a{draw.randint(1, 3)}"} for key in people
        ],
        "customer": [{"key": f"c{n}", "name": f"Customer {n}"} for n in range(1, 4)],
        "touch": [
            attended(f"t{n}", f"e{draw.randint(1, 3)}", people[n % 5]) for n in range(1, 9) if draw.random() < 0.7
        ],
        "opportunity": deals,
        "campaign": [
            event(f"e{n}", date(2026, n, 10), actual_cost=draw.choice([None, "100.00", "250.00"])) for n in range(1, 4)
        ],
    }  # fmt: skip


#: Step → the entities that move with it, as definition 16 has them. Of campaigns only the cost changes here.
MOVES = (
    ("day", ()),
    ("document", ("document", "line")),
    ("link", ("account", "person")),
    ("touch", ("touch",)),
    ("deal", ("opportunity",)),
    ("cost", ("campaign",)),
)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_every_step_of_every_figure_by_brute_force(tmp_path, seed):
    draw = random.Random(seed)
    then, now = world(draw), world(draw)
    links = [(f"c{n}", f"a{draw.randint(1, 3)}") for n in (1, 2, 3)]
    late = links.pop()
    told, brute = (kit.build(tmp_path / name, then) for name in ("told", "brute"))
    for one in (told, brute):
        for customer, account in links:
            one.decide("customer_account", customer, account)
        one.reconcile(as_of=THEN)
    assert keep(told, "20260630T120000Z-1", THEN)
    kit.land(told.store, now)
    told.decide("customer_account", *late)
    told.reconcile(as_of=NOW)
    keep(told, "20260720T120000Z-2", NOW)
    stood, mixed = {}, dict(then)
    for step, entities in MOVES:
        mixed |= {entity: now[entity] for entity in entities}
        kit.land(brute.store, mixed)
        if step == "link":
            brute.decide("customer_account", *late)
        brute.reconcile(as_of=NOW)
        stood[step] = {entity: published(brute, entity) for entity in ("campaign", "account")}
    compared = 0
    for entity, keys in (("campaign", ("e1", "e2", "e3")), ("account", ("a1", "a2", "a3"))):
        for key in keys:
            compared += compare(told, stood, entity, key)
    assert compared > 30
    for one in (told, brute):
        one.close()


def compare(told, stood, entity, key):
    """Compare every step of one campaign or account with the models' own figures; return how many figures moved."""
    found = reading.history(told.operations, entity, key)
    if len(found) < 2 or found[0].figures is None or found[1].figures is None:
        return 0
    steps = {one.step: one.figures for one in found[1].steps}
    assert "other" not in steps
    before, moved = {name: text(value) for name, value in found[0].figures.items()}, 0
    for step, tables in stood.items():
        after = {name: text(value) for name, value in tables[entity].get(key, {}).items()} or dict.fromkeys(
            before, "None"
        )
        expected = {
            name: (before[name], after[name])
            for name in after
            if name in before and before[name] != after[name]
        }
        given = {name: tuple(map(text, pair)) for name, pair in steps.get(step, {}).items() if name in after}
        assert given == expected, (step, entity, key)
        before |= after
        moved += len(expected)
    for measure in ("attributed", "invoiced", "attendee_ltv", "cost", "attended"):
        told_ = sum(cause.amount for cause in found[1].causes if cause.measure == measure)
        if measure in (found[1].figures or {}) and measure in (found[0].figures or {}):
            assert told_ == (found[1].figure(measure) or 0) - (found[0].figure(measure) or 0), (measure, key)
    return moved
