"""The shipped weights: what Splink makes of them, and that they are of no one database's dialect."""

import re

import duckdb
import pytest
import sqlglot
from tests.link.conftest import values

from closedloop.link import engine, frequency, linker, normal, weights

JOBS = pytest.mark.parametrize("job", [linker.COMPANIES, linker.PEOPLE], ids=lambda job: job.name)
LEFT = [
    {"key": "l0", "name": "Alder Foods Inc.", "website": "alder.com", "phone": "+1 303 555 1234", "country": "US"},
    {"key": "l1", "name": "Birch Toosl", "email": "billing@birch.com", "street": "1 High St", "postal_code": "80203"},
    {"key": "l2", "name": "Cedar Marine Holdings", "tax_id": "12-3456789", "external_id": "r2"},
]  # fmt: skip
RIGHT = [
    {"key": "r0", "source_id": "r0", "name": "Alder Foods", "website": "www.alder.com", "country": "United States"},
    {"key": "r1", "source_id": "r1", "name": "Birch Tools", "website": "birch.com", "street": "1 High Street", "postal_code": "80203"},
    {"key": "r2", "source_id": "r2", "name": "Cedar Marine", "tax_id": "12-3456789"},
]  # fmt: skip


@pytest.fixture(scope="module")
def compared():
    """Two tables of comparable records, in a database of their own."""
    with duckdb.connect() as connection:
        engine.score(
            connection,
            linker.COMPANIES,
            left=values(linker.COMPANIES, LEFT),
            right=values(linker.COMPANIES, RIGHT),
        )
        yield connection


def test_a_pair_weighs_what_splink_says_of_it_when_it_compares_the_records_itself(compared):
    from splink import DuckDBAPI, Linker

    model = weights.load("company")
    own = duckdb.connect()
    for name, side in (("one", "left"), ("two", "right")):
        table = compared.execute(f"from linkage.company_{side}").to_arrow_table()
        own.register("given", table)
        own.execute(f"create table {name} as from given")
        own.unregister("given")
    api = DuckDBAPI(connection=own)
    settings = model.settings() | {"blocking_rules_to_generate_predictions": ["1 = 1"]}
    sides = [api.register(name, dataset_display_name=name) for name in ("one", "two")]
    found = Linker(sides, settings, validate_settings=False).inference.predict(warning_mode="never")
    theirs = own.execute(
        "select least(key_l, key_r), greatest(key_l, key_r), round(match_weight, 3), round(mw_name, 3)"
        f" from {found.physical_name} order by 1, 2"
    ).fetchall()
    compared.execute(
        "create or replace temp table every as select one.key as l, two.key as r"
        " from linkage.company_left as one cross join linkage.company_right as two"
    )
    model.predict(
        compared, left="linkage.company_left", right="linkage.company_right", pairs="every", into="ours"
    )
    ours = compared.execute("select l, r, weight, w_name from ours order by 1, 2").fetchall()
    assert ours == theirs
    assert len({weight for _, _, weight, _ in ours}) > 3


def test_a_weight_is_the_prior_and_what_every_comparison_adds(compared):
    model = weights.load("company")
    parts = " + ".join(f"w_{one['name']}" for one in model.comparisons)
    found = compared.execute(f"select weight, {parts} from linkage.company_pair").fetchall()
    assert found
    for weight, added in found:
        assert weight == pytest.approx(model.prior_weight + added, abs=0.01)


@JOBS
@pytest.mark.parametrize("dialect", ["spark", "postgres"])
def test_the_settings_are_built_for_another_engine_too(job, dialect):
    settings = weights.load(job.name).settings(dialect)
    conditions = [
        level["sql_condition"] for one in settings["comparisons"] for level in one["comparison_levels"]
    ]
    assert len(conditions) > 20
    for condition in conditions:
        if condition != "ELSE":
            sqlglot.parse_one(condition, dialect=dialect)
        assert "damerau" not in condition
        assert "jaro_winkler_similarity" not in condition
        assert "{" not in condition


@JOBS
@pytest.mark.parametrize("dialect", ["spark", "postgres"])
@pytest.mark.parametrize("part", ["pairs", "decide"])
def test_pairs_and_decisions_are_written_in_what_another_engine_reads(job, dialect, part):
    gate = {name: str(value) for name, value in weights.load(job.name).content["gate"].items()}
    names = {"frequency": "f", "many": "40", "left": "a", "right": "b", "vector": "v", "pattern": "p", "rejected": "x", "same": "y"}  # fmt: skip
    statement = normal.sql(f"{job.name}_{part}", **names, **gate)
    [made] = sqlglot.transpile(
        statement, read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert sqlglot.parse_one(made, dialect=dialect).find(sqlglot.exp.Select)


def test_the_weights_load_in_splink_on_spark():
    """Shown where pyspark is installed: it is no dependency of the product."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    from splink import SettingsCreator

    made = SettingsCreator(**weights.load("company").settings("spark")).create_settings_dict("spark")
    assert len(made["comparisons"]) == len(weights.load("company").comparisons)


@JOBS
def test_conditions_ask_only_for_numbers_that_records_keep(job):
    conditions = " ".join(
        level["sql"] for one in weights.load(job.name).comparisons for level in one["levels"]
    )
    asked = {int(number) for number in re.findall(r"\w+_n_l, \w+_n_r\) <= (\d+)", conditions)}
    assert asked
    assert asked <= set(frequency.CUTS)
