"""What a run costs in calls, through the core: a full read, a run in which nothing changed, and what comes once a day."""

import pytest
from tests.extract.crm import bad

from closedloop.sandbox import hubspot, salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate

HOUR, DAY = 3600, 24 * 3600
QUIET = {"ten_second_limit": 1_000_000, "search_limit": 1_000_000}


def pages(rows, size):
    return -(-rows // size)


@pytest.fixture(scope="module")
def org():
    world = as_members(generate(5, 0.02), unknown="lead")
    with salesforce.serve(world, options=salesforce.options.Options(page_size=150, bulk_polls=0)) as served:
        for number in range(500):
            served.org.database.put("Contact", {"LastName": f"C{number}"})
        served.advance(HOUR)
        yield served


@pytest.fixture(scope="module")
def account():
    world = as_members(generate(5, 0.02), unknown="contact")
    with hubspot.serve(world, options=hubspot.options.Options(**QUIET)) as served:
        for _ in range(500):
            served.create("contacts", {})
        served.advance(HOUR)
        yield served


def test_salesforce_costs_a_call_a_page_then_a_call_a_stream(org, crm):
    held = crm(org, "salesforce")
    first = held.sync()
    contacts = len(held.rows("Contact"))
    assert bad(first) == {}
    assert contacts > 500
    assert first["Contact"].requests == pages(contacts, 150) + 2, "the pages, the newest stamp and the count"

    org.advance(HOUR)
    before = len(org.requests())
    second = held.sync()

    assert bad(second) == {}
    # Nobody here changed accounts: a stream without a row has no cursor to go on from, and is listed and counted each time.
    assert {name: one.requests for name, one in second.items() if one.requests != 1} == {"ContactHistory": 3}
    asked = [one for one in org.requests(before) if one["api"] == "rest"]
    assert len(asked) == len(second) + 2, "nothing else was asked: no description, no other count"

    org.advance(DAY)
    third = held.sync()

    assert bad(third) == {}
    daily = {name: one.requests for name, one in third.items() if one.requests > 3}
    assert daily == {}, "once a day: the log of deletions and the count"


@pytest.mark.long
def test_hubspot_costs_a_call_a_page_then_a_call_a_stream(account, crm):
    held = crm(account, "hubspot")
    first = held.sync()
    contacts = len(held.rows("contacts"))
    assert bad(first) == {}
    assert contacts > 500
    assert first["contacts"].requests == pages(contacts, 100) + 2, "pages, one search, the archived records"
    links = first["contacts_to_companies"]
    companies = len(held.rows("companies"))
    assert links.requests <= pages(contacts, 1000) + pages(companies, 1000), "both sides"

    account.advance(HOUR)
    held.sync()
    account.advance(HOUR)
    before = len(account.requests())
    second = held.sync()

    assert bad(second) == {}
    rates = pages(len(held.rows("exchange_rates")), 100)
    listings = {"owners": 2, "pipeline_stages": 3, "exchange_rates": rates}
    more = {name: one.requests for name, one in second.items() if one.requests > 1}
    assert more.items() <= listings.items(), "those who left too; a call an object; all pages"
    assert len(account.requests(before)) <= len(second), "the whole run: at most a call a stream"

    account.advance(DAY)
    third = held.sync()

    assert bad(third) == {}
    assert third["contacts"].requests == third["deals"].requests == 1
    assert third["contacts_to_companies"].requests <= 2 * pages(contacts, 1000) + pages(contacts, 100)
