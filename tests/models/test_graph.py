"""The order of the models comes from their SQL; what cannot be ordered is an error that names the file."""

import pytest
from tests.models import kit

from closedloop.errors import ConfigError
from closedloop.models import graph, staging
from closedloop.models.entities import ENTITIES


def write(folder, name, sql):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sql)


def test_each_model_comes_after_those_it_reads():
    models = graph.load()
    place = {model.name: n for n, model in enumerate(graph.ordered(models))}
    assert all(place[need] < place[name] for name, model in models.items() for need in model.needs)


def test_every_file_says_what_it_is_for():
    for model in graph.load().values():
        assert model.sql.startswith(f"-- {model.name}: "), model.where
        assert model.layer == "checks" or "-- grain: " in model.sql, model.where


def test_unresolved_name_names_the_file_and_the_name(tmp_path):
    write(tmp_path, "marts/mine.sql", "select * from document_valu")
    with pytest.raises(ConfigError, match="document_valu is neither a model") as error:
        graph.load(tmp_path)
    assert error.value.where == "marts/mine.sql"


@pytest.mark.parametrize("sql", ["select * from staging.invoice", "select * from param.rum"])
def test_unknown_entity_or_setting_is_an_error(tmp_path, sql):
    write(tmp_path, "marts/mine.sql", sql)
    with pytest.raises(ConfigError, match="neither a model nor an entity"):
        graph.load(tmp_path)


def test_circle_is_an_error_that_names_its_models(tmp_path):
    write(tmp_path, "marts/one.sql", "select * from two")
    write(tmp_path, "marts/two.sql", "select * from one")
    with pytest.raises(ConfigError, match=r"in a circle: (one ← two ← one|two ← one ← two)"):
        graph.ordered(graph.load(tmp_path))


def test_own_model_joins_and_replaces_ours(tmp_path):
    write(tmp_path, "marts/totals.sql", "select 'mine' as name, 1 as value")
    write(tmp_path, "marts/best_event.sql", "with totals as (select * from totals) select * from totals")
    models = graph.load(tmp_path)
    assert models["totals"].where == "marts/totals.sql"
    assert models["best_event"].needs == {"totals"}
    assert "marts.totals" in graph.statement(models["best_event"], models, "duckdb")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from raw_crm.account_move", "a model reads models, staging and param only"),
        ("select 1; select 2", "a model is one select"),
        ("drop table x", "a model is one select"),
        ("select * from (", "cannot be read"),
        ("select mul_div(1, 2) as x", "takes 3 arguments"),
    ],
)
def test_file_that_is_no_model_is_an_error(tmp_path, sql, message):
    write(tmp_path, "marts/mine.sql", sql)
    with pytest.raises(ConfigError, match=message):
        graph.load(tmp_path)


def test_missing_folder_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        graph.load(tmp_path / "nowhere")


@pytest.fixture
def world(tmp_path):
    world = kit.build(tmp_path, {"account": [{"key": "a", "name": "Acme"}]})
    world.store.query("create schema staging")
    yield world
    world.close()


def test_entity_that_nobody_brings_is_empty_and_has_its_columns(world):
    staging.create(world.store, world.settings)
    assert world.rows("select * from staging.document") == []
    assert list(world.store.columns("staging", "document")) == list(ENTITIES["document"])
    assert world.by("staging.account", "key", "name") == {"a": "Acme"}


def test_missing_column_names_the_file_and_the_column(world, tmp_path):
    write(tmp_path, "staging/account.sql", "select * exclude (tax_id) from raw.account")
    with pytest.raises(ConfigError, match="the column tax_id is missing") as error:
        staging.create(world.store, world.settings)
    assert error.value.where.endswith("account.sql")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select * from raw.partner", "reads raw.partner, which src has not landed"),
        ("select * from raw_other.account", "reads raw_other.account"),
        ("select nothing from raw.account", "does not fit what has landed"),
    ],
)
def test_staging_that_does_not_fit_is_an_error(world, tmp_path, sql, message):
    write(tmp_path, "staging/account.sql", sql)
    with pytest.raises(ConfigError, match=message):
        staging.create(world.store, world.settings)


def test_view_is_left_out_while_a_required_stream_has_not_landed(world, tmp_path):
    write(tmp_path, "staging/account.sql", "-- requires: account, partner\nselect * from raw.account")
    staging.create(world.store, world.settings)
    assert world.rows("select * from staging.account") == []


def test_staging_knows_its_own_connection_only_and_one_entity_may_have_two_files(world, tmp_path):
    more = (
        "select a.* replace (c.url as url, 'b' as key) from raw.account as a cross join param.connection as c"
    )
    write(tmp_path, "staging/account__more.sql", more)
    staging.create(world.store, world.settings)
    assert world.by("staging.account", "key", "url") == {"a": "u/a", "b": "https://crm.example"}


def test_file_that_names_no_entity_is_an_error(world, tmp_path):
    write(tmp_path, "staging/accounts.sql", "select * from raw.account")
    with pytest.raises(ConfigError, match="accounts is no entity"):
        staging.create(world.store, world.settings)


def test_failed_run_leaves_the_old_figures(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    world = kit.build(tmp_path, {"account": [{"key": "a", "name": "Acme"}]}, models_dir=own)
    world.reconcile()
    write(own, "marts/late.sql", "select no_such_column from account_measures")
    with pytest.raises(ConfigError, match="does not fit the models it reads") as error:
        world.reconcile()
    assert error.value.where == "marts/late.sql"
    assert world.by("marts.account_measures", "account_key", "name") == {"a": "Acme"}
    write(own, "marts/late.sql", "select cast(name as integer) as n from account_measures")
    with pytest.raises(ConfigError, match="a value cannot be used") as error:
        world.reconcile()
    assert "Acme" not in str(error.value)
    world.close()
