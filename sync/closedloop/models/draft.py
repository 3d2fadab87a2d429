"""A draft of the figures: every table is made under a name of its own, and all take their places in one transaction.

Readers see the old figures until then. They would too if all were made in that transaction, but DuckDB reads a table that
its own transaction has made with one thread, and plans as if it were empty: large ones are committed before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.engines.duckdb import DuckdbEngine
from closedloop.models import graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.models.graph import Model
    from closedloop.store.analytical import Store

#: Rows that one thread takes at a time (DuckDB's guide to performance, "Parallelism").
ROW_GROUP = 122_880
#: What ends the names of a draft's tables.
MARK = "~"
#: The settings as the figures saw them are a part of the figures.
_SCHEMAS = (*graph.LAYERS, "param")
_NAMES = re.compile(rf"\b({'|'.join(_SCHEMAS)})\.(\w+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Where figures are made.

    Args:
        store: The analytical store, in a transaction of the caller's.
        mark: What ends the tables' names; nothing: they are made in place, and all of it in the one transaction.
    """

    store: Store
    mark: str = ""

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run a statement that names tables by layer, ``marts.touch``, on those of the draft."""
        return self.store.query(self.named(sql), params)

    def named(self, sql: str) -> str:
        """Return the statement with the draft's names in it. No alias of it may be called like a layer."""
        return _NAMES.sub(rf'\1."\2{self.mark}"', sql)

    def settle(self, rows: int) -> None:
        """Commit what the draft has so far, if the table that was made last is one that two threads can share."""
        if self.mark and rows > ROW_GROUP:
            self.store.query("commit")
            self.store.query("begin transaction")

    def begin(self) -> None:
        """Make room: in place, nothing outlives the model that made it."""
        for schema in graph.LAYERS:
            if not self.mark:
                self.store.query(f"drop schema if exists {schema} cascade")
            self.store.query(f"create schema if not exists {schema}")

    def publish(self, models: dict[str, Model]) -> None:
        """Put the draft in place of what stands."""
        if not self.mark:
            return
        standing = self._standing()
        for kind, schema, name in standing:
            if kind == "view" or not name.endswith(self.mark):
                self.store.query(f'drop {kind} {schema}."{name}"')
        for kind, schema, name in standing:
            if kind == "table" and name.endswith(self.mark):
                self.store.query(f'alter table {schema}."{name}" rename to "{name.removesuffix(self.mark)}"')
        for model in graph.ordered(models):
            if model.is_view:
                self.store.query(graph.creation(model, models, DuckdbEngine.dialect))

    def discard(self) -> None:
        """Take away whatever drafts there are."""
        for kind, schema, name in self._standing():
            if name.endswith(MARK):
                self.store.query(f'drop {kind} if exists {schema}."{name}"')

    def _standing(self) -> list[tuple[str, str, str]]:
        """Return (table or view, schema, name) of everything that the models and settings are kept in; views first."""
        found = self.store.query(
            "select 'view', schema_name, view_name from duckdb_views() where database_name = current_database()"
            " union all select 'table', schema_name, table_name from duckdb_tables()"
            " where database_name = current_database() order by 1 desc, 2, 3"
        )
        return [(kind, schema, name) for kind, schema, name in found if schema in _SCHEMAS]
