"""Taps that start fast, for the tests that ask for them."""

import pytest
from tests.warm import Warm

from closedloop import connectors


@pytest.fixture(scope="session")
def hasty_taps():
    """One process that has imported the taps; they do not sleep."""
    started = Warm(naps=False)
    yield started
    started.close()


@pytest.fixture(scope="session")
def warm_taps():
    """One process that has imported the taps."""
    started = Warm()
    yield started
    started.close()


@pytest.fixture
def warm(warm_taps, monkeypatch):
    """Start taps from there."""
    monkeypatch.setattr(connectors, "process", warm_taps.process)


@pytest.fixture(scope="module")
def warm_module(warm_taps):
    """Start taps from there in the fixtures of a module too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectors, "process", warm_taps.process)
        yield
