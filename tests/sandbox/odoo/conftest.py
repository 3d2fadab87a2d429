"""A simulator over a small world, and one way to ask it or a real Odoo the same thing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import pytest
import requests

from closedloop.sandbox.odoo import serve
from closedloop.sandbox.world import generate


@dataclass
class Odoo:
    """One database of an Odoo, simulated or real, over JSON-2."""

    url: str
    key: str
    database: str
    session: requests.Session = field(default_factory=requests.Session)

    def raw(self, path, body=None, *, verb="POST", **headers):
        sent = {"Authorization": f"bearer {self.key}", "X-Odoo-Database": self.database} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        kept = {name: value for name, value in sent.items() if value is not None}
        data = {"data": body} if isinstance(body, bytes) else {"json": body}
        if isinstance(body, bytes):
            kept.setdefault("Content-Type", "application/json")
        return self.session.request(verb, self.url + path, headers=kept, timeout=20, **data)

    def ask(self, model, method, **arguments):
        reply = self.raw(f"/json/2/{model}/{method}", arguments)
        return reply.status_code, reply.json()

    def call(self, model, method, **arguments):
        status, answer = self.ask(model, method, **arguments)
        assert status == 200, answer
        return answer

    def jsonrpc(self, service, method, *arguments):
        params = {"service": service, "method": method, "args": list(arguments)}
        envelope = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 7}
        return self.raw("/jsonrpc", envelope, Authorization=None, X_Odoo_Database=None).json()


def client(simulator, database="crm"):
    return Odoo(simulator.url, simulator.api_keys[database], database)


@pytest.fixture(scope="session")
def world():
    return generate(3, 0.1)


@pytest.fixture(scope="session")
def small():
    return generate(3, 0.02)


@pytest.fixture(scope="module")
def shared(world):
    with serve(world) as simulator:
        yield simulator


@pytest.fixture
def simulator(small):
    with serve(small) as simulator:
        yield simulator


@pytest.fixture
def crm(simulator):
    with requests.Session() as session:
        yield Odoo(simulator.url, simulator.api_keys["crm"], "crm", session)


@pytest.fixture
def books(simulator):
    with requests.Session() as session:
        yield Odoo(simulator.url, simulator.api_keys["books"], "books", session)


@pytest.fixture(scope="module", params=["simulator", pytest.param("real", marks=pytest.mark.servers)])
def odoo(request):
    """The database `crm` of the simulator, and of a real Odoo 19 where the environment names one."""
    with requests.Session() as session:
        if request.param == "simulator":
            simulator = request.getfixturevalue("shared")
            yield Odoo(simulator.url, simulator.api_keys["crm"], "crm", session)
            return
        url, key = os.environ.get("ODOO_URL"), os.environ.get("ODOO_CRM_API_KEY")
        if not url or not key:
            pytest.skip("ODOO_URL and ODOO_CRM_API_KEY name no real Odoo")
        yield Odoo(url, key, "crm", session)
