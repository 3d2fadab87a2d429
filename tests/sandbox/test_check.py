"""The check itself: what is published as it should be passes, anything else is named."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from closedloop.sandbox.check import Published, check_own_links, check_true_links, compare
from closedloop.sandbox.links import decisions, judge_links, read_links
from closedloop.sandbox.truth import figures
from closedloop.sandbox.world import generate


@pytest.fixture(scope="module")
def world():
    return generate(3, 0.1)


@pytest.fixture(scope="module")
def keys(world):
    everything = (*world.events, *world.accounts, *world.people, *world.registrations, *world.opportunities)
    return {record.key: f"v:{record.key}" for record in (*everything, *world.customers, *world.documents)}


def publish(world, links, keys):
    """Publish the truth itself, as the marts would."""
    truth = figures(world, links, keys=keys)
    documents = []
    for key, figure in truth.documents.items():
        part = figure.parts[0] if len(figure.parts) == 1 else None
        documents.append(
            {
                "document_key": keys[key],
                "value": figure.value,
                "collected": figure.collected,
                "state": figure.state,
                "account_key": keys.get(figure.account),
                "bucket": part and part.bucket,
                "deal_key": part and keys.get(part.deal),
                "deal_rule": part and part.rule,
                "is_new_business": part and part.is_new_business,
            }
        )
    people = {**links.touch_person, **links.person_person}
    return Published(
        campaigns=[{"campaign_key": keys[key], **row} for key, row in truth.campaigns.items()],
        models=[
            {"campaign_key": keys[key], "model": model, **row} for (key, model), row in truth.models.items()
        ],
        series=[{"series": key, **row} for key, row in truth.series.items()],
        kinds=[{"kind": key, **row} for key, row in truth.kinds.items()],
        owners=[{"owner_key": keys.get(key, key), **row} for key, row in truth.owners.items()],
        contacts=[{"person_key": keys[key], **row} for key, row in truth.contacts.items()],
        accounts=[
            {"account_key": keys[key], **row, "ultimate_parent_key": keys[str(row["ultimate_parent_key"])]}
            for key, row in truth.accounts.items()
        ],
        documents=documents,
        credits=[
            {
                "model": model,
                "document_key": keys[document],
                "campaign_key": keys[event],
                "value": value,
                "collected": collected,
            }
            for model, pairs in truth.shares.items()
            for (document, event), (value, collected) in pairs.items()
        ],
        totals=[{"name": name, "value": value} for name, value in truth.totals.items()],
        months=[{**row, "month": month} for month, row in truth.months.items()],
        touches=[
            {
                "campaign_key": keys[event],
                "account_key": keys.get(account),
                "touch_date": day,
                "is_credit": True,
            }
            for event, account, day in truth.touches
        ],
        customer_account=[
            {"customer_key": keys[left], "account_key": keys[right]}
            for left, right in links.customer_account.items()
        ],
        person=[{"identity_key": keys[left], "person_key": keys[right]} for left, right in people.items()],
        touch_account=[
            {"touch_key": keys[left], "account_key": keys[right]}
            for left, right in links.touch_account.items()
        ],
    )


@pytest.fixture(scope="module")
def published(world, keys):
    return publish(world, world.links, keys)


@pytest.fixture(scope="module")
def linked(world):
    """The truth as a linker can publish it: accounts are never joined by themselves."""
    return replace(world.links, account_account={})


def test_the_truth_passes(world, keys, published, linked):
    assert check_true_links(world, published, keys) == []
    own = check_own_links(world, publish(world, linked, keys), keys)
    assert own.is_good
    assert {link.kind for link in own.verdict.missing} == {"account_account"}
    assert own.verdict.missing_money == 0


def spoil(rows, place=0, **values):
    return [row if number != place else {**row, **values} for number, row in enumerate(rows)]


SPOILT: dict[str, Callable[[Published], Published]] = {
    "a cent": lambda p: replace(
        p, campaigns=spoil(p.campaigns, attendee_ltv=p.campaigns[0]["attendee_ltv"] + 1)
    ),
    "an account": lambda p: replace(p, accounts=spoil(p.accounts, customers=99)),
    "a row missing": lambda p: replace(p, campaigns=p.campaigns[1:]),
    "a row twice": lambda p: replace(p, documents=[*p.documents, p.documents[0]]),
    "a document too many": lambda p: replace(
        p, documents=[*p.documents, {**p.documents[0], "document_key": "x"}]
    ),
    "a deal": lambda p: replace(p, documents=spoil(p.documents, deal_rule="other")),
    "a credit": lambda p: replace(p, credits=p.credits[1:]),
    "a credit twice": lambda p: replace(p, credits=[*p.credits, p.credits[0]]),
    "a model": lambda p: replace(p, models=p.models[1:]),
    "a model's money": lambda p: replace(p, models=spoil(p.models, attributed=1)),
    "a series": lambda p: replace(p, series=spoil(p.series, attended=-1)),
    "a kind": lambda p: replace(p, kinds=p.kinds[1:]),
    "an owner": lambda p: replace(p, owners=spoil(p.owners, cost=-1)),
    "a contact": lambda p: replace(p, contacts=spoil(p.contacts, attributed=-1)),
    "a month": lambda p: replace(p, months=spoil(p.months, documents_open=1)),
    "a total": lambda p: replace(p, totals=spoil(p.totals, value=0)),
    "a touch": lambda p: replace(p, touches=p.touches[1:]),
    "zero for blank": lambda p: replace(
        p, campaigns=[{**row, "cost": row["cost"] or 0, "budget": row["budget"] or 0} for row in p.campaigns]
    ),
    "no column": lambda p: replace(
        p, campaigns=[{name: row[name] for name in row if name != "attended"} for row in p.campaigns]
    ),
    "a link": lambda p: replace(p, customer_account=p.customer_account[1:]),
}


@pytest.mark.parametrize("what", SPOILT)
def test_anything_else_is_named(world, keys, published, what):
    differences = check_true_links(world, SPOILT[what](published), keys)
    assert differences
    assert all(" should be " in str(one) for one in differences)


def test_missing_links_explain_the_money_that_is_missing(world, keys, linked):
    lost = sorted(world.links.customer_account)[:3]
    kept = {left: right for left, right in world.links.customer_account.items() if left not in lost}
    links = replace(linked, customer_account=kept)
    own = check_own_links(world, publish(world, links, keys), keys)
    truth = figures(world)
    of_lost = {document.key for document in world.documents if document.customer in lost}
    assert own.is_good
    assert [link.left for link in own.verdict.missing if link.kind == "customer_account"] == lost
    assert own.verdict.missing_money == sum(
        figure.value for key, figure in truth.documents.items() if key in of_lost
    )


def test_money_that_no_missing_link_explains_is_named(world, keys, published):
    totals = [
        {**row, "value": row["value"] + 5} if row["name"] == "unlinked" else row for row in published.totals
    ]
    own = check_own_links(world, replace(published, totals=totals), keys)
    assert not own.is_good


def test_a_link_to_another_company_is_false_and_one_to_a_duplicate_is_not():
    world = generate(1, 0.3)
    truth = figures(world)
    copy, kept = next(iter(world.links.account_account.items()))
    customers = world.links.customer_account
    at_copy = {left: copy if right == kept else right for left, right in customers.items()}
    assert judge_links(world, replace(world.links, customer_account=at_copy), truth).false == []
    some = next(iter(customers))
    other = next(account for account in customers.values() if account != customers[some])
    false = judge_links(world, replace(world.links, customer_account={**customers, some: other}), truth).false
    assert [(link.kind, link.left, link.right) for link in false] == [("customer_account", some, other)]


def test_a_link_of_a_stranger_is_false(world):
    stranger = next(one.key for one in world.customers if one.key not in world.links.customer_account)
    links = replace(world.links, customer_account={stranger: world.accounts[0].key})
    assert [link.left for link in judge_links(world, links, figures(world)).false] == [stranger]


def test_a_link_to_a_record_that_the_world_does_not_know_is_false(world, keys):
    rows = [{"customer_key": keys[world.customers[0].key], "account_key": "v:unheard-of"}]
    links = read_links(keys, customer_account=rows, person=[], touch_account=[])
    assert [link.right for link in judge_links(world, links, figures(world)).false] == ["v:unheard-of"]


def test_two_records_of_different_people_may_not_be_joined(world):
    one, other = (person.key for person in world.people[:2])
    links = replace(world.links, person_person={one: other})
    assert [link.kind for link in judge_links(world, links, figures(world)).false] == ["person_person"]


def test_decisions_say_the_whole_truth_in_published_keys(world, keys):
    made = decisions(world, keys)
    links = world.links
    assert len(made) == sum(
        len(pairs)
        for pairs in (
            links.customer_account,
            links.account_account,
            links.person_person,
            links.touch_person,
            links.touch_account,
        )
    )
    assert {one.right_key for one in made if one.kind == "customer_account"} <= {
        keys[one.key] for one in world.accounts
    }


def test_without_a_mapping_the_keys_are_the_worlds_own(world):
    own = {key: key for key in (record.key for record in (*world.events, *world.accounts, *world.documents))}
    own |= {record.key: record.key for record in (*world.opportunities, *world.customers)}
    own |= {record.key: record.key for record in (*world.registrations, *world.people)}
    assert compare(figures(world), publish(world, world.links, own), {}) == []
