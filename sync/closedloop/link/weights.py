"""The weights: per comparison and level how often true pairs (m) and other pairs (u) are at it, as a file that ships.

The file is neutral of dialect: conditions are plain SQL with the names of a few functions left open, and the settings
of Splink are made from it for the engine at hand (a model that Splink saved on one engine does not load on another).
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

#: Function left open → what it is called, by dialect. Edits with swapped neighbours are counted as one where it can be.
FUNCTIONS = {
    "duckdb": {"edits": "damerau_levenshtein", "likeness": "jaro_winkler_similarity"},
    "spark": {"edits": "levenshtein", "likeness": "jaro_winkler"},
    "postgres": {"edits": "levenshtein", "likeness": "jaro_winkler"},
}


@dataclass(frozen=True)
class Model:
    """The comparisons of one job, with their weights.

    Args:
        content: What is in the file: `version`, `prior`, `comparisons`, `gate`.
    """

    content: dict[str, Any]

    @cached_property
    def fingerprint(self) -> str:
        """Digest of everything that a score depends on: the gate judges scores, it makes none."""
        scored = {name: part for name, part in self.content.items() if name != "gate"}
        return hashlib.sha256(json.dumps(scored, sort_keys=True).encode()).hexdigest()

    @property
    def prior_weight(self) -> float:
        """What a pair weighs before anything was compared, in bits."""
        prior = float(self.content["prior"])
        return math.log2(prior / (1 - prior))

    @property
    def comparisons(self) -> list[dict[str, Any]]:
        """The comparisons, in their order."""
        return list(self.content["comparisons"])

    def labels(self, comparison: str) -> list[str]:
        """Return the labels of a comparison's levels, the level that says nothing first."""
        [found] = [one for one in self.comparisons if one["name"] == comparison]
        return [level["label"] for level in found["levels"]]

    def settings(self, dialect: str = "duckdb") -> dict[str, Any]:
        """Return Splink's settings for an engine."""
        return {
            "link_type": "link_only",
            "unique_id_column_name": "key",
            "probability_two_random_records_match": self.content["prior"],
            "retain_matching_columns": True,  # without it Splink gives no level numbers
            "retain_intermediate_calculation_columns": True,
            "blocking_rules_to_generate_predictions": [],
            "comparisons": [self._comparison(one, FUNCTIONS[dialect]) for one in self.comparisons],
        }

    def compared(self, *, left: str, right: str, pairs: str, dialect: str = "duckdb") -> str:
        """Return the query (l, r, code) over ``pairs`` (l, r): ``code`` says which level every comparison came to.

        The levels' conditions are those of `settings`, but they are evaluated once a pair, over two narrow tables:
        Splink carries every column along and needs five times as long.
        """
        parts, step = [], 1
        for one in self.comparisons:
            parts.append(f"{step} * {_place(one, FUNCTIONS[dialect])}")
            step *= len(one["levels"])
        names = sorted(self._columns())
        columns = ", ".join(f"l.{name} as {name}_l, r.{name} as {name}_r" for name in names)
        return (
            f"select key_l as l, key_r as r, {' + '.join(parts)} as code from (select {columns}"
            f" from {pairs} as pair inner join {left} as l on l.key = pair.l inner join {right} as r on r.key = pair.r)"
        )

    def weighed(self, codes: Iterable[int]) -> pa.Table:
        """Return what Splink says of pairs that compare alike, one row for each of ``codes``.

        Columns: `code`, `weight` (log2), and for each comparison `<name>` (label of its level) and `w_<name>` (what it
        adds). Splink has a database of its own for it, so it leaves nothing in the store.
        """
        import duckdb

        with duckdb.connect() as connection:
            made = [(code, *self._places(code)) for code in sorted(codes)]
            named = ", ".join(
                f"col{1 + place} as {one['name']}" for place, one in enumerate(self.comparisons)
            )
            _register(connection, "cl_codes", made)
            connection.execute(
                f"create table cl_l as select cast(col0 as varchar) as key, {named} from cl_codes"
            )
            connection.execute("create table cl_r as select * replace ('any' as key) from cl_l limit 1")
            found = _splink(connection, self._alike())
            levels = ", ".join(
                f"[{', '.join(_quoted(level['label']) for level in one['levels'])}][made.{one['name']} + 1] as {one['name']},"
                f" round(found.mw_{one['name']}, 3) as w_{one['name']}"
                for one in self.comparisons
            )
            return connection.execute(
                f"select cast(key as bigint) as code, round(found.match_weight, 3) as weight, {levels}"
                f" from {found} as found inner join cl_l as made on made.key = found.key_l order by code"
            ).to_arrow_table()

    def predict(
        self, connection: DuckDBPyConnection, *, left: str, right: str, pairs: str, into: str
    ) -> None:
        """Score ``pairs`` (l, r) of two tables of comparable records; make the temp table ``into``.

        Columns of the result: `l`, `r`, and those of `weighed`.
        """
        connection.execute(
            f"create or replace temp table cl_vector as {self.compared(left=left, right=right, pairs=pairs)}"
        )
        codes = connection.execute("select distinct code from cl_vector").fetchall()
        connection.register("cl_weighed", self.weighed(code for (code,) in codes))
        connection.execute(
            f"create or replace temp table {into} as select vector.l, vector.r, weighed.* exclude (code)"
            " from cl_vector as vector inner join cl_weighed as weighed on weighed.code = vector.code"
        )
        connection.unregister("cl_weighed")
        connection.execute("drop table cl_vector")

    def _places(self, code: int) -> list[int]:
        places = []
        for one in self.comparisons:
            code, place = divmod(code, len(one["levels"]))
            places.append(place)
        return places

    def _columns(self) -> set[str]:
        conditions = " ".join(level["sql"] for one in self.comparisons for level in one["levels"])
        return {"key"} | set(re.findall(r"\b([a-z][a-z0-9_]*)_[lr]\b", conditions))

    def _alike(self) -> dict[str, Any]:
        """Return Splink's settings for records whose columns say the place of the level that a pair came to."""
        content = copy.deepcopy(self.content)
        for one in content["comparisons"]:
            for place, level in enumerate(one["levels"]):
                level["sql"] = f"{one['name']}_l = {place}"
        return Model(content).settings()

    @staticmethod
    def _comparison(one: dict[str, Any], functions: dict[str, str]) -> dict[str, Any]:
        levels = []
        for level in one["levels"]:
            made: dict[str, Any] = {
                "sql_condition": level["sql"].format(**functions),
                "label_for_charts": level["label"],
            }
            if level.get("null"):
                made["is_null_level"] = True
            else:
                made |= {"m_probability": level["m"], "u_probability": level["u"]}
            levels.append(made)
        return {"output_column_name": one["name"], "comparison_levels": levels}


def load(name: str, path: Path | None = None) -> Model:
    """Return the weights of a job: those in ``path`` if it is there, else those that ship with the product."""
    file = (
        path
        if path is not None and path.is_file()
        else files(__package__).joinpath("weights", f"{name}.json")
    )
    return Model(json.loads(file.read_text(encoding="utf-8")))


def own(name: str, home: Path) -> Path:
    """Return where the weights of a job are that this company learnt for itself."""
    return home / "weights" / f"{name}.json"


def _place(comparison: dict[str, Any], functions: dict[str, str]) -> str:
    cases = [
        f"else {place}" if level["sql"] == "ELSE" else f"when {level['sql'].format(**functions)} then {place}"
        for place, level in enumerate(comparison["levels"])
    ]
    return f"case {' '.join(cases)} end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _register(connection: DuckDBPyConnection, name: str, rows: Sequence[tuple[int, ...]]) -> None:
    import pyarrow as pa

    columns = [pa.array(column, pa.int64()) for column in zip(*rows, strict=True)]
    connection.register(name, pa.table(columns, names=[f"col{place}" for place in range(len(columns))]))


def _splink(connection: DuckDBPyConnection, settings: dict[str, Any]) -> str:
    """Let Splink weigh every record of ``cl_l`` with the one of ``cl_r``; return the name of its result."""
    import logging

    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=connection)
    connection.execute(
        "create table cl_blocked as select 0 as match_key, 'l-__-' || key as join_key_l, 'r-__-any' as join_key_r from cl_l"
    )
    sides = [api.register(f"cl_{name}", dataset_display_name=name) for name in ("l", "r")]
    linker = Linker(sides, settings, log_level=logging.ERROR, validate_settings=False)
    linker.table_management.register_blocked_pairs_for_predict(api.register("cl_blocked"))
    return str(linker.inference.predict(warning_mode="never").physical_name)
