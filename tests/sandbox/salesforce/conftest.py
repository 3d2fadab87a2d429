"""A small org for every test that only reads, one of its own for every test that writes, and a plain client."""

import pytest
import requests

from closedloop.sandbox import salesforce
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate

VERSION = "v67.0"


class Client:
    """Asks the org as an integration does."""

    def __init__(self, simulator, version=VERSION):
        self.simulator = simulator
        self.base = f"{simulator.url}/services/data/{version}"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {simulator.tokens.access()}"

    def __call__(self, verb, path, **options):
        address = f"{self.simulator.url}{path}" if path.startswith("/services") else f"{self.base}{path}"
        return self.session.request(verb, address, timeout=10, **options)

    def ask(self, statement, resource="query", **options):
        return self("GET", f"/{resource}", params={"q": statement}, **options)

    def rows(self, statement, resource="query"):
        reply = self.ask(statement, resource)
        assert reply.status_code == 200, reply.text
        return reply.json()["records"]


@pytest.fixture(scope="session")
def world():
    return as_members(generate(3, 0.1), unknown="lead")


@pytest.fixture(scope="module")
def shared(world):
    with salesforce.serve(world) as simulator:
        yield simulator


@pytest.fixture
def reading(shared):
    return Client(shared)


@pytest.fixture
def org(world):
    with salesforce.serve(world) as simulator:
        yield simulator


@pytest.fixture
def client(org):
    return Client(org)


@pytest.fixture
def serving(world):
    """Serve the world with other options."""
    running = []

    def serve(**options):
        running.append(salesforce.serve(world, options=salesforce.Options(**options)))
        return running[-1], Client(running[-1])

    yield serve
    for simulator in running:
        simulator.close()
