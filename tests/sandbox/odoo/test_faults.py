"""Faults on demand: what a client sees while the source still counts the truth."""

from __future__ import annotations

import pytest
import requests

from closedloop.sandbox.odoo import serve

FIELDS = ["id", "write_date"]


@pytest.fixture(scope="module")
def running(small):
    with serve(small) as simulator:
        yield simulator


@pytest.fixture
def simulator(running):
    """One simulator for all of these tests, calm at the start of each."""
    yield running
    running.faults.clear()


@pytest.fixture
def log(running):
    """The requests since the test began."""
    start = len(running.requests())
    return lambda: running.requests(start)


def pages(odoo, size=10, model="event.registration"):
    """Read a model as the tap does: by id, until a page is short; at most 100 pages."""
    last, seen = 0, []
    for _ in range(100):
        page = odoo.call(
            model, "search_read", domain=[["id", ">", last]], fields=FIELDS, limit=size, order="id"
        )
        seen.append([row["id"] for row in page])
        if len(page) < size:
            break
        last = page[-1]["id"]
    return seen


@pytest.fixture
def registrations(crm):
    return [key for page in pages(crm) for key in page]


def test_without_a_fault_pages_cover_the_model(crm, registrations):
    assert len(registrations) == crm.call("event.registration", "search_count", domain=[])
    assert registrations == sorted(set(registrations))


def test_drop_row_hides_one_row_from_listings_and_not_from_the_count(simulator, crm, registrations):
    fault = simulator.faults.add("drop_row", model="event.registration")
    listed = [key for page in pages(crm) for key in page]
    assert set(registrations) - set(listed) == set(fault.ids)
    assert len(fault.ids) == 1
    assert crm.call("event.registration", "search", domain=[], order="id") == listed
    assert crm.call("event.registration", "search_count", domain=[]) == len(registrations)


def test_short_page_ends_the_listing_early_until_it_starts_anew(simulator, crm, registrations):
    simulator.faults.add("short_page", model="event.registration", nth=2, times=1)
    listed = pages(crm)
    assert [len(page) for page in listed] == [10, 5]
    assert [key for page in pages(crm) for key in page] == registrations


def test_repeat_page_shows_the_same_page_again(simulator, crm):
    simulator.faults.add("repeat_page", model="event.registration", times=1)
    listed = pages(crm, size=5)
    assert listed[1] == listed[0]
    assert listed[2] == listed[0] or listed[2][0] > listed[0][-1]


def test_freeze_cursor_hides_what_is_newer(simulator, crm, registrations):
    simulator.faults.add("freeze_cursor", model="event.registration")
    listed = [key for page in pages(crm) for key in page]
    assert 0 < len(listed) < len(registrations)
    assert crm.call("event.registration", "search_count", domain=[]) == len(registrations)
    newest = crm.call(
        "event.registration", "search_read", domain=[], fields=FIELDS, limit=1, order="write_date desc"
    )
    assert newest[0]["id"] not in listed


def test_freeze_cursor_can_turn_in_a_circle(simulator, crm):
    simulator.faults.add("freeze_cursor", model="event.registration", mode="loop")
    listed = pages(crm)
    assert len(listed) == 100
    assert all(page == listed[0] for page in listed)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reset_loses_the_answer_and_maybe_the_write(simulator, crm, log, when):
    [lead] = crm.call("crm.lead", "search", domain=[], limit=1)
    simulator.faults.add("reset", model="crm.lead", method="write", when=when)
    with pytest.raises(requests.ConnectionError):
        crm.ask("crm.lead", "write", ids=[lead], vals={"function": "changed"})
    [row] = crm.call("crm.lead", "read", ids=[lead], fields=["function"])
    assert row["function"] == ("changed" if when == "after" else False)
    crm.call("crm.lead", "write", ids=[lead], vals={"function": False})
    [entry, _] = [entry for entry in log() if entry["method"] == "write"]
    assert (entry["status"], entry["executed"], entry["fault"]) == (0, when == "after", "reset")


def test_429_says_when_to_come_back_and_is_a_page(simulator, crm):
    date = "Sat, 31 Oct 2026 12:00:30 GMT"
    simulator.faults.add("429", model="crm.lead", retry_after=3)
    simulator.faults.add("429", model="crm.stage", retry_after=date)
    for model, after in (("crm.lead", "3"), ("crm.stage", date)):
        reply = crm.raw(f"/json/2/{model}/search", {"domain": []})
        assert (reply.status_code, reply.headers["Retry-After"]) == (429, after)
        assert reply.headers["Content-Type"].startswith("text/html")
        assert crm.ask(model, "search", domain=[])[0] == 200


@pytest.mark.parametrize(
    ("kind", "options", "status"),
    [
        ("401", {}, 401),
        ("500", {}, 500),
        ("html", {}, 502),
        ("html", {"status": 200}, 200),
        ("slow", {"seconds": 0.01}, 200),
    ],
)
def test_a_fault_of_the_way_strikes_once_and_only_its_target(simulator, crm, log, *, kind, options, status):
    simulator.faults.add(kind, model="crm.lead", method="search_count", nth=2, **options)
    path = "/json/2/crm.lead/search_count"
    assert crm.raw("/json/2/crm.stage/search_count", {"domain": []}).status_code == 200
    replies = [crm.raw(path, {"domain": []}) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, status, 200]
    assert [entry["fault"] for entry in log()].count(kind) == 1
    if kind == "html":
        assert replies[1].text.startswith("<html>")


def test_faults_strike_the_older_ways_in_as_well(simulator, crm):
    simulator.faults.add("500", model="crm.lead")
    answer = crm.jsonrpc("object", "execute_kw", "crm", 2, crm.key, "crm.lead", "search_count", [[]])
    assert answer["error"]["data"]["name"] == "builtins.RuntimeError"
    again = crm.jsonrpc("object", "execute_kw", "crm", 2, crm.key, "crm.lead", "search_count", [[]])
    assert again["result"] > 0


def test_an_unknown_fault_is_refused(simulator):
    with pytest.raises(ValueError, match="unknown fault 'rust'"):
        simulator.faults.add("rust")
