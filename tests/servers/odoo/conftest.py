"""One real Odoo for the whole session, filled with a small world."""

import shutil
import tempfile
from pathlib import Path

import pytest
from tests.servers.odoo.load import load
from tests.servers.odoo.program import UnavailableError
from tests.servers.odoo.server import Server

from closedloop.sandbox.members import as_registrations
from closedloop.sandbox.world import generate

SCALE = 0.1
LOADED = "loaded"


def holds_every_case(world):
    """Whether a world has what a ledger can do to a document: a small one seldom has it all."""
    documents, payments = world.documents, world.payments
    lines = [line for document in documents for line in document.lines]
    return (
        {document.kind for document in documents} >= {"invoice", "sales_receipt", "credit_note"}
        and {document.status for document in documents} == {"posted", "draft", "void"}
        and {document.currency for document in documents} == {currency.code for currency in world.currencies}
        and any(0 < document.balance < document.gross for document in documents)
        and any(document.repeating for document in documents)
        and any(document.tax for document in documents)
        and any(document.credited for document in documents)
        and any(allocation.credit and not allocation.automatic for allocation in world.allocations)
        and {payment.direction for payment in payments} == {"in", "out"}
        and "draft" in {payment.status for payment in payments}
        and "pass_through" in {line.line_class for line in lines}
    )


def small_world():
    """The first small world with every case in it."""
    return as_registrations(
        next(world for seed in range(1, 500) if holds_every_case(world := generate(seed, SCALE)))
    )


class Company:
    """The filled server: put back as it was filled before each test that asks for it."""

    def __init__(self, server, world, keys):
        self.server, self.world, self.keys = server, world, keys

    def restored(self):
        self.server.reset(LOADED)
        return self


@pytest.fixture(scope="session")
def filled():
    state = Path(tempfile.mkdtemp(prefix="closedloop-odoo-"))
    server = Server(state)
    try:
        server.up()
        world = small_world()
        keys = load(server, world)
        server.snapshot(LOADED)
        yield Company(server, world, keys)
    except UnavailableError as error:
        pytest.skip(str(error))
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def company(filled):
    return filled.restored()
