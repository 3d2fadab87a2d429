import os

import pytest
from tests.extract.support import Place, install


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
