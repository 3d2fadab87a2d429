"""A client that we did not write drives the simulator."""

import warnings

import pytest

from closedloop.sandbox import zendesk
from closedloop.sandbox.world import generate


@pytest.fixture(scope="module")
def served():
    with zendesk.serve(
        generate(5, 0.05), options=zendesk.Options(export_limit=1000, page_size=7)
    ) as simulator:
        yield simulator


@pytest.fixture
def client(served, monkeypatch):
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", "http")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zenpy = pytest.importorskip("zenpy", reason="zenpy is not installed")
        host, _, port = served.url.removeprefix("http://").partition(":")
        first, _, rest = host.partition(".")
        yield zenpy.Zenpy(subdomain=first, domain=f"{rest}:{port}", oauth_token=served.engine.access_token())


def test_zenpy_reads_the_exports(served, client):
    tickets = list(client.tickets.incremental(start_time=1, paginate_by_time=False))
    users = list(client.users.incremental(start_time=1, paginate_by_time=False))

    assert {one.id for one in tickets} == set(served.desk.tables["tickets"])
    assert {one.id for one in users} == set(served.desk.tables["users"])
    by_id = {one.id: one for one in tickets}
    for number, row in served.desk.tables["tickets"].items():
        assert (by_id[number].status, by_id[number].subject) == (row["status"], row["subject"])


def test_zenpy_reads_organisations_by_time(served, client):
    found = {one.id: one.name for one in client.organizations.incremental(start_time=1)}

    assert found == {number: row["name"] for number, row in served.desk.tables["organizations"].items()}


def test_zenpy_waits_as_long_as_a_limit_says(served, client, monkeypatch):
    waits = []
    monkeypatch.setattr("zenpy.lib.api.sleep", waits.append)
    served.can(429, {"error": "APIRateLimitExceeded", "description": "too many"}, **{"Retry-After": "7"})

    assert next(iter(client.users.incremental(start_time=1, paginate_by_time=False))).id
    assert sum(waits) >= 7


def test_zenpy_s_errors_are_the_vendor_s(served, client):
    from zenpy.lib.exception import RecordNotFoundException

    with pytest.raises(RecordNotFoundException):
        client.tickets(id=1)
