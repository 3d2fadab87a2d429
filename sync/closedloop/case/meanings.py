"""What the tables of a case's answer hold, and how each figure in them is defined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from closedloop.models.measures import MEASURES, Entity
from closedloop.models.measures_compared import COMPARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from closedloop.models.graph import Model

#: The header of the rows.
COLUMNS = ("table", "column", "kind", "unit", "definition", "number")
_COMMENT = re.compile(r"(?:^--[^\n]*\n)+", re.MULTILINE)


def meanings(tables: Mapping[str, Iterable[str]], models: Mapping[str, Model]) -> Iterator[tuple[str, ...]]:
    """Yield a row for each table, and one for each of its columns that is a published figure, as `COLUMNS` says.

    Args:
        tables: Table → its columns.
        models: The model behind each table; its opening comment tells purpose and grain.
    """
    figures = {(measure.entity, measure.name): measure for measure in (*MEASURES, *COMPARED)}
    for table in sorted(tables):
        yield table, "", "", "", _purpose(models[table]) if table in models else "", ""
        if not table.endswith(_WITH_FIGURES):
            continue
        for column in tables[table]:
            if (figure := figures.get((_WHOSE.get(table, "campaign"), column))) is not None:
                yield table, column, figure.kind, figure.unit, figure.definition, figure.number


#: Ends of the names of the tables whose columns are the published figures.
_WITH_FIGURES = ("_measures", "_model", "_at_age", "_outlook", "_comparison", "_share", "_total", "_rims")
#: Tables of other figures than those of events, series, kinds and owners of events.
_WHOSE: dict[str, Entity] = {
    "account_measures": "account", "contact_measures": "contact", "chain_share": "company", "chain_total": "company",
}  # fmt: skip


def _purpose(model: Model) -> str:
    found = _COMMENT.search(model.sql)
    lines = found[0].splitlines() if found else []
    return " ".join(line.removeprefix("--").strip() for line in lines).removeprefix(f"{model.name}: ")
