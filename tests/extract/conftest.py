import os

import pytest
from tests.extract.crm import Crm
from tests.extract.support import Place, install

from closedloop import connectors


@pytest.fixture
def place(tmp_path, monkeypatch):
    path = install(tmp_path / "site")
    for folder in path.split(os.pathsep):
        monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", path)
    found = Place(home=tmp_path)
    yield found
    found.close()


@pytest.fixture
def foreign(place):
    place.connector = "singer"
    return place


@pytest.fixture
def crm(tmp_path, hasty_taps, monkeypatch):
    """Open stores over a simulator; they are closed at the end."""
    monkeypatch.setattr(connectors, "process", hasty_taps.process)
    opened = []

    def make(simulator, connector, **settings):
        opened.append(Crm(tmp_path / str(len(opened)), simulator, connector, **settings))
        return opened[-1]

    yield make
    for one in opened:
        one.close()
