import subprocess
import sys

import duckdb
import pytest

from closedloop.errors import ConfigError
from closedloop.store.analytical import InUseError, Store
from closedloop.store.names import quote
from closedloop.store.raw import ensure_table, wider


@pytest.fixture
def store(tmp_path):
    found = Store.open(tmp_path / "deep" / "store.duckdb")
    yield found
    found.close()


def test_it_keeps_its_identity_and_its_rows(store):
    store.query("create table t as select 1 as n")
    identity, path = store.identity, store.path
    store.close()
    again = Store.open(path)
    assert (again.identity, again.query("select n from t")) == (identity, [(1,)])
    again.close()


def test_every_session_is_in_utc(store):
    sql = "select '2026-01-01'::timestamptz::varchar"
    assert store.query(sql) == store.cursor().execute(sql).fetchall() == [("2026-01-01 00:00:00+00",)]


def test_an_error_rolls_everything_back_and_readers_never_see_it(store):
    store.query("create table t (n int)")
    reader = store.cursor()
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 (what is seen inside is the point)
        store.query("insert into t values (1)")
        assert reader.execute("select count(*) from t").fetchall() == [(0,)]
        raise ZeroDivisionError
    assert store.query("select count(*) from t") == [(0,)]


def test_another_process_is_told_what_to_do(store):
    script = "import sys; from closedloop.store.analytical import Store; Store.open(sys.argv[1])"
    answer = subprocess.run(
        [sys.executable, "-c", script, store.path], capture_output=True, text=True, check=False
    )
    assert (
        f"{InUseError.__name__}: {store.path}: the analytical store is open in another process"
        in answer.stderr
    )
    assert "try again when it has ended" in answer.stderr


def test_scratch_is_on_the_stores_volume_and_what_a_killed_writer_left_goes(store):
    with store.scratch() as folder:
        (folder / "half").write_text("x")
        assert folder.parent == store.path.parent
    assert not folder.exists()
    folder.mkdir()
    (folder / "left").touch()
    with store.scratch() as again:
        assert list(again.iterdir()) == []


def test_a_file_that_is_no_store_is_a_clear_error(tmp_path):
    (tmp_path / "x").write_text("no store at all")
    with pytest.raises(ConfigError, match="is damaged"):
        Store.open(tmp_path / "x")


@pytest.mark.parametrize("limit", [None, "1GB"])
def test_modesty_ends(tmp_path, limit):
    store = Store.open(tmp_path / "store.duckdb", memory_limit=limit)
    sql = "select current_setting('memory_limit'), current_setting('threads'), current_setting('checkpoint_threshold')"
    with store.modest("300MB"):
        pass  # what is printed is rounded: it may differ from the first, and no more after that
    before = store.query(sql)
    with store.modest("300MB"):
        assert store.query(sql) != before
        assert store.query(sql)[0][1] == 1
    assert store.query(sql) == before
    store.close()


def test_after_modesty_a_large_query_has_its_memory_again(tmp_path):
    large = "select count(*) from (select distinct 'longer than twelve characters ' || i from range(300000) as n (i))"
    store = Store.open(tmp_path / "a.duckdb")
    store.query("set temp_directory = ''")  # nothing is put on disk instead
    with store.modest("20MB"), pytest.raises(duckdb.OutOfMemoryException):
        store.query(large)

    assert store.query(large) == [(300_000,)]
    store.close()


def test_a_table_grows_and_widens_but_never_shrinks(store):
    assert store.columns("raw_a", "s") == {}
    ensure_table(store, "a", "s", {"id": "BIGINT", "n": "BIGINT", "d": "DATE", "gone": "VARCHAR"})
    store.query("insert into raw_a.s values (1, 2, '2026-01-01', 'x', now(), null, 1)")
    types = ensure_table(store, "a", "s", {"ID": "BIGINT", "n": "DOUBLE", "d": "TIMESTAMPTZ", "new": "JSON"})
    assert {name: types[name] for name in ("id", "n", "d", "gone", "new")} == {
        "id": "BIGINT", "n": "DOUBLE", "d": "TIMESTAMPTZ", "gone": "VARCHAR", "new": "JSON",
    }  # fmt: skip
    ensure_table(store, "a", "s", {"id": "BIGINT", "n": "BIGINT"})
    assert store.query("select id, n, d::varchar, gone, new from raw_a.s") == [
        (1, 2.0, "2026-01-01 00:00:00+00", "x", None)
    ]
    assert store.streams("a") == ["s"]


@pytest.mark.parametrize(
    ("held", "declared", "wide"),
    [("BIGINT", "DOUBLE", "DOUBLE"), ("DOUBLE", "BIGINT", "DOUBLE"), ("DATE", "TIMESTAMPTZ", "TIMESTAMPTZ"),
     ("VARCHAR", "BIGINT", "VARCHAR"), ("JSON", "BIGINT", "VARCHAR"), ("BOOLEAN", "BOOLEAN", "BOOLEAN")],
)  # fmt: skip
def test_the_wider_type_holds_both(held, declared, wide):
    assert wider(held, declared) == wide


@pytest.mark.parametrize("name", ['a"b', "select", "a b", "x; drop table t; --", "ü"])
def test_a_quoted_name_is_only_a_name(name):
    with duckdb.connect() as connection:
        connection.execute(f"create table {quote(name)} ({quote(name)} int)")
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == [(name,)]
