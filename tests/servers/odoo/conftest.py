"""One real Odoo for the whole session, filled with a small world."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from tests.servers.odoo.load import load
from tests.servers.odoo.program import UnavailableError
from tests.servers.odoo.server import Server

from closedloop.sandbox.world import generate

SEED, SCALE = 7, 0.1
LOADED = "loaded"


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
    except UnavailableError as error:
        shutil.rmtree(state)
        pytest.skip(str(error))
    try:
        world = generate(int(os.environ.get("CLOSEDLOOP_SEED", SEED)), SCALE)
        keys = load(server, world)
        server.snapshot(LOADED)
        yield Company(server, world, keys)
    finally:
        server.stop()
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def company(filled):
    return filled.restored()
