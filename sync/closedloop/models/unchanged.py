"""Tells whether anything that the figures rest on has changed since they were made: if not, they stand.

What landed is compared by its content: a run reads the latest records again, and lands the same rows anew.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

from closedloop.models import graph, staging
from closedloop.store.names import quote, raw_schema, relation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedloop.models.draft import Draft
    from closedloop.models.graph import Model
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store

#: When and with which segment a row landed says nothing about it.
_BESIDE = frozenset({"_loaded_at", "_segment"})


def content(draft: Draft, settings: Settings, models: Mapping[str, Model]) -> str:
    """Return the digest of all that the figures rest on, but for what the linker keeps of its own.

    Args:
        draft: `param` is filled already.
        settings: The admin's configuration.
        models: The models as they would run now.
    """
    whole = hashlib.sha256()
    for text in _texts(settings, models):
        whole.update(text.encode() + b"\0")
    for name, value in _tables(draft, settings):
        whole.update(f"{name} {value}\0".encode())
    return whole.hexdigest()


def basis(store: Store, found: str) -> str | None:
    """Return the digest of the figures that stand, if nothing that they rest on has changed since; else none.

    Args:
        store: The analytical store.
        found: The `content` of now.
    """
    kept = store.query("select fingerprint, basis from meta.made")
    return str(kept[0][1]) if kept and kept[0][0] == _fingerprint(store, found) else None


def keep(store: Store, found: str, digest: str) -> None:
    """Remember what the figures rest on, in the transaction that makes them stand."""
    store.query("delete from meta.made")
    store.query("insert into meta.made values (?, ?)", [_fingerprint(store, found), digest])


def _fingerprint(store: Store, found: str) -> str:
    # `link refresh` takes away what the linker keeps.
    linkage = store.query(
        "select table_name from duckdb_tables()"
        " where database_name = current_database() and schema_name = 'linkage' order by 1"
    )
    return hashlib.sha256(f"{found} {linkage}".encode()).hexdigest()


def _texts(settings: Settings, models: Mapping[str, Model]) -> Iterator[str]:
    yield version("closedloop")
    yield settings.matching.model_dump_json()
    for name, model in sorted(models.items()):
        yield f"{model.layer} {name} {model.sql}"
    for file in staging.files(settings):
        yield f"{file.view} {file.sql}"
    for path in sorted((settings.home / "weights").glob("*.json")):
        yield path.read_text(encoding="utf-8")


def _tables(draft: Draft, settings: Settings) -> Iterator[tuple[str, object]]:
    for name in graph.PARAMETERS:
        yield name, _content(draft, f"param.{name}", "*")
    for connection in settings.connections:
        for stream in draft.store.streams(connection):
            columns = draft.store.columns(raw_schema(connection), stream).keys() - _BESIDE
            chosen = ", ".join(map(quote, sorted(columns)))
            yield (
                f"{connection} {stream} {chosen}",
                _content(draft, relation(raw_schema(connection), stream), chosen),
            )


def _content(draft: Draft, table: str, columns: str) -> tuple[object, ...]:
    """Return the number of rows and the sum of their hashes: the same whatever their order."""
    return draft.query(
        f"select count(*), sum(cast(hash(one) as hugeint)) from (select {columns} from {table}) as one"
    )[0]
