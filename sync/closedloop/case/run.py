"""Runs a case: its rows into a scratch store, the models over it, every table out as CSV."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from closedloop import models
from closedloop.case import company, given, keys, meanings, rows, sheet
from closedloop.errors import ConfigError
from closedloop.models import graph
from closedloop.models.entities import ENTITIES
from closedloop.settings import Connection
from closedloop.store.analytical import Store
from closedloop.store.names import literal, quote
from closedloop.store.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from closedloop.clock import Clock
    from closedloop.models import Reconciled
    from closedloop.settings import Settings

_NAME = "case"
#: Layer of tables → folder below the output's.
_FOLDERS = {"marts": "", "canonical": "canonical", "link": "link"}
_CHECKS = "failed_checks.csv"
_MEANINGS = "definitions.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a case came to.

    Args:
        reconciled: Row counts and failed checks.
        said: What the figures rest on, in words.
        files: What was written.
    """

    reconciled: Reconciled
    said: str
    files: list[Path]


def run(
    source: Path,
    out: Path,
    *,
    config: Path | None,
    as_of: date | None,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
) -> Done:
    """Compute a case.

    Args:
        source: Folder with one CSV per entity.
        out: Folder for the tables; made if it is not there.
        config: What to configure; none: the defaults.
        as_of: Documents dated later do not count; none: today in the company's zone.
        clock: What time it is.
        progress: Told each model.

    Raises:
        CaseError: A file, line or cell cannot be used.
        ConfigError: A folder, a file's name or the configuration cannot be used.
    """
    sheets = sheet.read(source)
    if source.resolve() == out.resolve():
        raise ConfigError(
            "this is where the case is read from", where=str(out), fix="name another folder for --out"
        )
    ground = company.ground(sheets, config)
    sheets = keys.mark(sheets)
    whole = rows.typed(sheets, ground.settings)
    _make(out)
    with tempfile.TemporaryDirectory(prefix="closedloop-case-") as scratch:
        folder = Path(scratch)
        settings = _settings(ground.settings, folder, whole)
        given.silence(sheets, ground.settings.models_dir, folder / "models")
        store = Store.open(folder / "store.duckdb")
        operations = Operations.open(folder / "operations.db")
        try:
            _land(store, whole, folder / "rows.csv")
            given.decide(sheets, store, operations)
            found = models.reconcile(settings, store, operations, as_of=as_of, clock=clock, progress=progress)
            files = [*_tables(store, out), _checks(store, found, out), _meanings(settings, out)]
        finally:
            store.close()
            operations.close()
    checks = [replace(check, example=keys.outside(check.example)) for check in found.checks]
    return Done(
        reconciled=replace(found, checks=checks), said=f"{ground.said}, as of {found.as_of}", files=files
    )


def _settings(settings: Settings, folder: Path, whole: Mapping[str, object]) -> Settings:
    staging = folder / "staging"
    for place in (staging, folder / "models"):
        place.mkdir()
    for entity in whole:
        (staging / f"{entity}.sql").write_text(f"-- requires: {entity}\nselect * from raw.{entity}\n")
    connection = Connection(connector="singer", staging=staging)
    return settings.model_copy(
        update={"connections": {_NAME: connection}, "home": folder, "models_dir": folder / "models"}
    )


def _land(store: Store, whole: Mapping[str, list[rows.Cells]], spool: Path) -> None:
    store.query(f"create schema raw_{_NAME}")
    for entity, found in whole.items():
        kinds = ENTITIES[entity]
        with spool.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(found)
        texts = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in kinds)
        casts = ", ".join(f"cast({quote(name)} as {kind}) as {quote(name)}" for name, kind in kinds.items())
        store.query(
            f"create table raw_{_NAME}.{entity} as select {casts} from read_csv({literal(str(spool))},"
            # Told which line end is ours: else a text with another one in it ends the row for the reader.
            " auto_detect = false, header = false, new_line = '\\r\\n', delim = ',', quote = '\"', escape = '\"', nullstr = '',"
            f" max_line_size = 20000000, parallel = false, columns = {{{texts}}})"
        )


def _make(out: Path) -> None:
    try:
        for folder in _FOLDERS.values():
            (out / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the folder cannot be made: {error.strerror}"
        raise ConfigError(msg, where=str(out), fix="name a folder that can be written") from error


def _tables(store: Store, out: Path) -> list[Path]:
    found = store.query(
        "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
        f" and table_schema in ({', '.join(literal(layer) for layer in _FOLDERS)}) order by 1, 2"
    )
    files = []
    for schema, table in found:
        file = out / _FOLDERS[schema] / f"{table}.csv"
        store.query(
            f"copy (select * from {quote(schema)}.{quote(table)} order by all) to {literal(str(file))} (header, delim ',')"
        )
        _as_written(file)
        files.append(file)
    return files


def _as_written(file: Path) -> None:
    """Give a table its keys back as the case wrote them."""
    made = file.with_suffix(".part")
    with (
        file.open(encoding="utf-8", newline="") as source,
        made.open("w", encoding="utf-8", newline="") as target,
    ):
        target.writelines(keys.outside(line) for line in source)
    made.replace(file)


def _meanings(settings: Settings, out: Path) -> Path:
    """Write what each table and figure means, from the headers of the tables as written."""
    file = out / _MEANINGS
    columns = {}
    for table in (one for folder in _FOLDERS.values() for one in (out / folder).glob("*.csv")):
        if table.name not in {_CHECKS, _MEANINGS}:
            with table.open(encoding="utf-8", newline="") as source:
                columns[table.stem] = next(csv.reader(source), [])
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(meanings.COLUMNS)
        writer.writerows(meanings.meanings(columns, graph.load(settings.models_dir)))
    return file


def _checks(store: Store, found: Reconciled, out: Path) -> Path:
    """Write every row of every failed check: (check, record, detail)."""
    file = out / _CHECKS
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("check", "record", "detail"))
        for check in found.checks:
            for record, *rest in store.query(f"select * from checks.{quote(check.name)} order by all"):
                writer.writerow(
                    (
                        check.name,
                        *(
                            keys.outside(str(one))
                            for one in (record, ": ".join(str(part) for part in rest if part is not None))
                        ),
                    )
                )
    return file
