"""Runs SQL that is written once, in DuckDB's dialect: other engines translate it with sqlglot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sqlglot import exp, parse_one
from sqlglot.errors import ParseError

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.store.analytical import Store

#: The dialect that every model is written in.
DIALECT = "duckdb"


class Engine(Protocol):
    """Something that runs the models' statements."""

    #: The sqlglot dialect it executes.
    dialect: str

    def parse(self, sql: str, *, where: str) -> exp.Expr:
        """Return the tree of one statement written in `DIALECT`."""

    def execute(self, statement: exp.Expr | str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""


class DuckdbEngine:
    """Runs statements in the analytical store itself.

    Args:
        store: The open store; the caller owns the transaction.
    """

    dialect = DIALECT

    def __init__(self, store: Store) -> None:
        self.store = store

    def parse(self, sql: str, *, where: str) -> exp.Expr:
        """Return the tree of one statement.

        Args:
            sql: One statement in DuckDB's dialect.
            where: The file, for the error.

        Raises:
            ConfigError: It cannot be parsed, or is not one statement.
        """
        try:
            tree: exp.Expr = parse_one(sql, dialect=DIALECT)
        except ParseError as error:
            message = str(error).splitlines()[0]
            msg = f"this SQL cannot be read: {message}"
            raise ConfigError(msg, where=where, fix="mend the statement") from error
        return tree

    def execute(self, statement: exp.Expr | str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""
        sql = statement if isinstance(statement, str) else statement.sql(dialect=self.dialect)
        return self.store.query(sql, params)
