"""The tap over a simulated Mailchimp, in this process."""

import pytest
from tests.taps.running import Runner

from closedloop.sandbox import mailchimp
from closedloop.sandbox.world import generate
from tap_mailchimp.tap import TapMailchimp


@pytest.fixture(scope="session")
def world():
    return generate(5, 0.05)


@pytest.fixture
def serve(world):
    """Serve the world with options; every simulator is closed at the end of the test."""
    started = []

    def _serve(**options):
        started.append(mailchimp.serve(world, options=mailchimp.Options(**options)))
        return started[-1]

    yield _serve
    for simulator in started:
        simulator.close()


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture
def no_waiting(monkeypatch):
    """Waits are asked for, not slept through."""
    waits = []
    monkeypatch.setattr("closedloop.kit.http.time.sleep", waits.append)
    return waits


@pytest.fixture
def read(tmp_path, monkeypatch, no_waiting):
    """Run the tap's command line against a simulator."""

    def run(simulator, *args, **more):
        return Runner(TapMailchimp, tmp_path, monkeypatch, simulator.settings)(*args, **more)

    return run
