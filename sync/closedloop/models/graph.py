"""Finds the models, resolves the names in their SQL, and puts them in order.

A model is a file with one ``select``; its name is the file's. It reads other models by plain name, the canonical
entities as ``staging.<entity>``, and settings as ``param.<table>``. Nothing else: raw tables belong to staging.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from closedloop.errors import ConfigError
from closedloop.models.entities import ENTITIES
from closedloop.models.functions import expand

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Folder → what the models in it may be read by. `checks` come last and nothing reads them.
LAYERS = ("canonical", "link", "marts", "checks")

#: The settings a model can read, filled by `closedloop.models.parameters`.
PARAMETERS = (
    "run",
    "connection",
    "credit_status",
    "status_rank",
    "decision",
    "currency",
    "role_mailbox",
    "free_mail",
    "attribution_model",
    "decay_weight",
    "lead_source",
    "source",
    "scorecard",
)


_VIEW = re.compile(r"^-- view: ", re.MULTILINE)
_WRITING = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One model.

    Args:
        name: Unique over all layers.
        layer: The schema its table is in.
        where: Its file, as an error names it.
        sql: Its statement, as written.
        needs: The models that it reads.
        is_view: It says ``-- view: why``: what it reads says the same, and to keep it would only cost time and space.
    """

    name: str
    layer: str
    where: str
    sql: str
    needs: frozenset[str]
    is_view: bool = False

    @property
    def kind(self) -> str:
        """What SQL calls what it is kept as."""
        return "view" if self.is_view else "table"


def load(own: Path | None = None) -> dict[str, Model]:
    """Return all models by name: ours, and the admin's instead of ours where the names are equal.

    Args:
        own: The admin's folder, with `canonical`, `link`, `marts` and `checks` below it.

    Raises:
        ConfigError: A folder or file cannot be used: no SQL, two files with one name, an unresolved name.
    """
    package = Path(__file__).parent
    ours = {layer: package / layer for layer in LAYERS}
    ours["link"] = package.parent / "link"
    models = _folder(ours, package.parent)
    if own is not None:
        if not own.is_dir():
            raise ConfigError(
                "there is no such folder", where=f"models_dir: {own}", fix="make it, or mend the path"
            )
        models |= _folder({layer: own / layer for layer in LAYERS}, own)
    for model in models.values():
        _resolve(model, models)
    return models


def ordered(models: dict[str, Model]) -> list[Model]:
    """Return the models so that each comes after those it reads; checks last.

    Raises:
        ConfigError: Models read each other in a circle.
    """
    graph = {name: sorted(models[name].needs) for name in sorted(models)}
    try:
        names = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        msg = f"these models read each other in a circle: {' ← '.join(circle)}"
        raise ConfigError(
            msg, where=models[circle[0]].where, fix="let one of them stop reading the other"
        ) from error
    return sorted((models[name] for name in names), key=lambda model: model.layer == "checks")


@cache
def read(sql: str, where: str) -> exp.Query:
    """Return the tree of the one statement in ``sql``, our functions expanded. It is shared: copy it to change it.

    Raises:
        ConfigError: It is not one readable ``select``.
    """
    try:
        statements = [_bare(tree) for tree in parse(sql, dialect="duckdb") if tree is not None]
        if len(statements) == 1 and isinstance(statements[0], exp.Query):
            expanded = expand(statements[0])
            if isinstance(expanded, exp.Query):
                return expanded
    except (SqlglotError, ValueError) as error:
        msg = f"this SQL cannot be read: {str(error).splitlines()[0]}"
        raise ConfigError(msg, where=where, fix="mend the statement") from error
    raise ConfigError("a model is one select", where=where, fix="write one select statement in each file")


def tables(tree: exp.Expr) -> Iterable[exp.Table]:
    """Yield every real table that a statement reads; names of its own `with` parts and functions are none."""
    seen: set[int] = set()
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and source.name and id(source) not in seen:
                seen.add(id(source))
                yield source


def statement(model: Model, models: dict[str, Model], dialect: str, *, mark: str = "") -> str:
    """Return the model's SQL with every model's name in its schema: ``document`` → ``canonical.document``.

    Args:
        model: The model.
        models: All models.
        dialect: What sqlglot calls the engine.
        mark: What ends the names of the tables that it reads; see `closedloop.models.draft`.
    """
    layers = tuple(sorted((name, models[name].layer) for name in model.needs))
    return _written(model.sql, model.where, layers, dialect, mark)


def _bare(tree: exp.Expr) -> exp.Expr:
    """Return the tree without the places of its words in the text: to copy them takes longer than all the rest."""
    for node in tree.walk():
        node._meta = None  # noqa: SLF001 - there is no other way to it
    return tree


def creation(model: Model, models: dict[str, Model], dialect: str, *, mark: str = "") -> str:
    """Return the statement that puts the model in its place, or among a draft's tables, whatever was there."""
    sql = statement(model, models, dialect, mark=mark)
    return f'create or replace {model.kind} {model.layer}."{model.name}{mark}" as {sql}'


@cache
def _written(sql: str, where: str, layers: tuple[tuple[str, str], ...], dialect: str, mark: str) -> str:
    place = dict(layers)
    tree = read(sql, where)
    named = [(table, dict(table.args)) for table in tables(tree) if table.db in {"", "param"}]
    with _WRITING:  # a copy of the tree would take longer than to write it
        for table, _ in named:
            _place(table, place, mark)
        try:
            return tree.sql(dialect=dialect)
        finally:
            for table, before in named:
                table.args = before


def _place(table: exp.Table, place: dict[str, str], mark: str) -> None:
    name = table.name.lower()
    if not table.db:
        table.set("db", exp.to_identifier(place[name]))
    if mark:
        if not table.alias:  # its columns are called after the table
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
        table.set("this", exp.to_identifier(name + mark, quoted=True))


@cache
def _names(sql: str, where: str) -> frozenset[tuple[str, str]]:
    """Return what a statement reads: (schema or nothing, name), in lower case."""
    return frozenset((table.db.lower(), table.name.lower()) for table in tables(read(sql, where)))


def _folder(folders: dict[str, Path], root: Path) -> dict[str, Model]:
    found: dict[str, Model] = {}
    for layer, folder in folders.items():
        for file in sorted(folder.glob("*.sql")):
            where = str(file.relative_to(root))
            name = file.stem.lower()
            if name in found:
                msg = f"{name} is there twice, the other is {found[name].where}"
                raise ConfigError(msg, where=where, fix="give each model a name of its own")
            sql = file.read_text(encoding="utf-8")
            needs = frozenset(name for place, name in _names(sql, where) if not place)
            found[name] = Model(
                name=name, layer=layer, where=where, sql=sql, needs=needs, is_view=bool(_VIEW.search(sql))
            )
    return found


def _resolve(model: Model, models: dict[str, Model]) -> None:
    names = {"": set(models), "staging": set(ENTITIES), "param": set(PARAMETERS)}
    for place, name in _names(model.sql, model.where):
        known = names.get(place)
        if known is None:
            msg = f"reads {place}.{name}: a model reads models, staging and param only"
            raise ConfigError(msg, where=model.where, fix="read the canonical entity instead")
        if name not in known:
            full = f"{place}.{name}" if place else name
            msg = f"{full} is neither a model nor an entity nor a setting"
            raise ConfigError(msg, where=model.where, fix="mend the name, or add the model")
        if not place and models[name].layer == "checks" and name != model.name:
            msg = f"reads the check {name}"
            raise ConfigError(msg, where=model.where, fix="checks come last: read the models it reads")
