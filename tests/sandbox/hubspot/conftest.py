"""A HubSpot account over a small world, and a plain client of it."""

import pytest
import requests

from closedloop.sandbox import hubspot
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate


@pytest.fixture(scope="session")
def world():
    return as_members(generate(5, 0.05), unknown="contact")


class Plain:
    """Asks without a library of HubSpot's."""

    def __init__(self, simulator):
        self.simulator = simulator
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {simulator.token}"

    def ask(self, method, path, body=None, **params):
        return self.session.request(method, self.simulator.url + path, json=body, params=params or None)

    def get(self, path, **params):
        return self.ask("GET", path, **params)

    def post(self, path, body, **params):
        return self.ask("POST", path, body, **params)

    def search(self, name, *, version="2026-09", filters=(), sort=None, limit=100, after="0", properties=()):
        body = {
            "filterGroups": [{"filters": list(filters)}] if filters else [],
            "sorts": [sort] if sort else [],
            "limit": limit,
            "after": after,
            "properties": list(properties),
        }
        return self.post(f"/crm/objects/{version}/{name}/search", body)


@pytest.fixture
def serve(world):
    """Serve the world with options; every account is closed at the end of the test."""
    started = []

    def _serve(**options):
        simulator = hubspot.serve(world, options=hubspot.Options(**{"search_limit": 1000, **options}))
        started.append(simulator)
        plain = Plain(simulator)
        started.append(plain.session)
        return plain

    yield _serve
    for one in reversed(started):
        one.close()


@pytest.fixture(scope="module")
def shared(world):
    """An account that no test of a module changes so that another could tell."""
    options = hubspot.Options(search_limit=1000, ten_second_limit=10_000)
    with hubspot.serve(world, options=options) as simulator:
        plain = Plain(simulator)
        yield plain
        plain.session.close()
