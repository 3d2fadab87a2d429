"""Taps that start fast, for the tests that ask for them."""

from pathlib import Path

import pytest
from tests.warm import Warm

from closedloop import connectors
from closedloop.store.operations import Operations


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


#: Modules whose tests run on PostgreSQL too (make test-servers): every database they open by a path is one there.
ON_BOTH_DATABASES = {
    "tests.forget.test_records",
    "tests.history.test_history",
    "tests.link.test_decisions",
    "tests.service.test_lease",
    "tests.service.test_rename",
    "tests.store.test_lease",
    "tests.store.test_operations",
    "tests.store.test_upgrade",
    "tests.writeback.test_writeback",
}
#: And those that take longer (make test-long).
ON_BOTH_AT_LENGTH = {
    "tests.extract.test_backfill",
    "tests.extract.test_completeness",
    "tests.extract.test_sync",
    "tests.history.test_causes",
    "tests.models.test_chain_history",
}


def pytest_generate_tests(metafunc):
    name, alone = metafunc.module.__name__, metafunc.definition.get_closest_marker("sqlite")
    if alone or name not in ON_BOTH_DATABASES | ON_BOTH_AT_LENGTH:
        return
    marks = [pytest.mark.servers, *([pytest.mark.long] if name in ON_BOTH_AT_LENGTH else [])]
    metafunc.parametrize("database", ["sqlite", pytest.param("postgres", marks=marks)], indirect=True)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server for the session; skipped with the reason where there is none."""
    pytest.importorskip("psycopg", reason="the driver psycopg is not installed: closedloop[postgres]")
    from tests.postgres import Postgres, UnavailableError

    try:
        server = Postgres()
    except UnavailableError as error:
        pytest.skip(str(error))
    yield server
    server.close()


@pytest.fixture(autouse=True)
def database(request, monkeypatch):
    """Say which database a path means: the file, or one on the server."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield
        return
    server, opened, open_it = request.getfixturevalue("postgres"), {}, Operations.open.__func__
    made = []

    def instead(cls, target):
        path = str(target)
        path = path if "://" in path else str(Path(path).resolve())
        if "://" not in path and path not in opened:
            opened[path] = server.fresh()
        made.append(open_it(cls, opened.get(path, path)))
        return made[-1]

    monkeypatch.setattr(Operations, "open", classmethod(instead))
    yield
    for one in made:
        one.close()
