"""The weights: per comparison and level how often true pairs (m) and other pairs (u) are at it, as a file that ships.

The file is neutral of dialect: conditions are plain SQL with the names of a few functions left open, and the settings
of Splink are made from it for the engine at hand (a model that Splink saved on one engine does not load on another).
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

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
        """Digest of everything that a score depends on."""
        return hashlib.sha256(json.dumps(self.content, sort_keys=True).encode()).hexdigest()

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

    def predict(
        self, connection: DuckDBPyConnection, *, left: str, right: str, pairs: str, into: str
    ) -> None:
        """Score ``pairs`` (l, r) of two tables of comparable records with Splink; make the temp table ``into``.

        Columns of the result: `l`, `r`, `weight` (log2), and for each comparison `<name>` (label of its level) and
        `w_<name>` (what it adds).
        """
        found, linker = _splink(connection, self.settings(), left=left, right=right, pairs=pairs)
        levels = ", ".join(
            f"case gamma_{one['name']} "
            + " ".join(f"when {place} then '{label}'" for place, label in _places(one))
            + f" end as {one['name']}, round(log2(bf_{one['name']}), 3) as w_{one['name']}".replace(
                "log2(bf_", "(mw_"
            )
            for one in self.comparisons
        )
        connection.execute(
            f"create or replace temp table {into} as select key_l as l, key_r as r, round(match_weight, 3) as weight, {levels}"
            f" from {found}"
        )
        linker.table_management.delete_tables_created_by_splink_from_db()

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


def _places(comparison: dict[str, Any]) -> list[tuple[int, str]]:
    """Return Splink's number of each level: the last one has 0, the one that says nothing -1."""
    telling = [level["label"] for level in comparison["levels"] if not level.get("null")]
    silent = [(-1, level["label"]) for level in comparison["levels"] if level.get("null")]
    return silent + [(len(telling) - 1 - place, label) for place, label in enumerate(telling)]


def _splink(
    connection: DuckDBPyConnection, settings: dict[str, Any], *, left: str, right: str, pairs: str
) -> tuple[str, Any]:
    import logging

    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(connection=connection)
    connection.execute(
        "create or replace temp table cl_blocked as"
        " select 0 as match_key, 'l-__-' || l as join_key_l, 'r-__-' || r as join_key_r from " + pairs
    )
    # Splink looks a table's columns up by its bare name.
    for table, name in ((left, "l"), (right, "r")):
        connection.execute(f"create or replace temp view cl_side_{name} as select * from {table}")
    sides = [api.register(f"cl_side_{name}", dataset_display_name=name) for name in ("l", "r")]
    linker = Linker(sides, settings, log_level=logging.ERROR, validate_settings=False)
    linker.table_management.register_blocked_pairs_for_predict(api.register("cl_blocked"))
    predicted = linker.inference.predict(warning_mode="never")
    return str(predicted.physical_name), linker
