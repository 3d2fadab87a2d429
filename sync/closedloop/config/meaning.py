"""What types cannot check: names that must exist elsewhere, cron lines, fields used twice."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from closedloop.config.problem import did_you_mean
from closedloop.units import EVERY, SPAN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from closedloop.config.document import Data, Document, Path_

#: Connector that runs any Singer executable.
FOREIGN = "singer"
TAPS, TARGETS = "closedloop.taps", "closedloop.targets"
_ENTITIES = ("campaign", "account")


def check_meaning(document: Document, data: Data) -> None:
    """Add a problem for everything in ``data`` that is well-formed and still cannot work."""
    top = _mapping(data)
    connections = _mapping(top.get("connections"))
    if "connections" in top and isinstance(top["connections"], dict) and not connections:
        document.add(
            ("connections",), "no connection is given", "add one; `closedloop init` writes a first file"
        )
    for name, connection in connections.items():
        _connection(document, ("connections", name), _mapping(connection))
    _cron(document, ("service", "reconcile_schedule"), _mapping(top.get("service")).get("reconcile_schedule"))
    for name, part in _mapping(top.get("writeback")).items():
        path = ("writeback", name)
        if name not in connections:
            document.add(path, f"there is no connection {name}", did_you_mean(name, connections))
        else:
            _writable(document, path, _mapping(connections[name]))
        _writeback(document, path, _mapping(part))


def _mapping(data: Data) -> dict[str, Data]:
    return data if isinstance(data, dict) else {}


def _connection(document: Document, path: Path_, connection: dict[str, Data]) -> None:
    _cron(document, (*path, "schedule"), connection.get("schedule"))
    connector = connection.get("connector")
    if connector == FOREIGN:
        for key in ("executable", "staging"):
            if key not in connection:
                document.add((*path, "connector"), f"connector: singer needs {key}", f"add `{key}:`")
    elif isinstance(connector, str):
        _known(document, (*path, "connector"), connector, _installed(TAPS), "connector")


def _writable(document: Document, path: Path_, connection: dict[str, Data]) -> None:
    connector = connection.get("connector")
    if connector in {*_installed(TAPS), FOREIGN} and connector not in _installed(TARGETS):
        message = f"nothing can be written to a {connector} connection"
        document.add(path, message, f"these can be written to: {', '.join(sorted(_installed(TARGETS)))}")


def _installed(group: str) -> set[str]:
    return {entry.name for entry in entry_points(group=group)}


def _known(document: Document, path: Path_, name: str, names: Collection[str], what: str) -> None:
    if name not in names:
        document.add(path, f"there is no {what} {name}", did_you_mean(name, names))


def _cron(document: Document, path: Path_, line: Data) -> None:
    from croniter import croniter

    if not isinstance(line, str) or re.fullmatch(f"{EVERY}{SPAN}", line):
        return
    if not (len(line.split()) == 5 and croniter.is_valid(line)):  # noqa: PLR2004 (cron's five)
        document.add(
            path,
            f"{line} is not a cron line",
            'write minute hour day month weekday: "*/15 * * * *"; or an interval: every 15m, every 2h',
        )


def _writeback(document: Document, path: Path_, part: dict[str, Data]) -> None:
    fields: dict[str, list[Path_]] = {}
    for entity in _ENTITIES:
        measures = list(_measures(entity))
        for measure, field in _mapping(part.get(entity)).items():
            here = (*path, entity, measure)
            _known(document, here, measure, measures, f"{entity} measure")
            if isinstance(field, str):
                fields.setdefault(f"{entity} {field}", []).append(here)
    for named, places in fields.items():
        for place in places[1:]:
            field = named.split(" ", 1)[1]
            document.add(place, f"two figures go into {field}", "give each figure its own field")
    names = {named.split(" ", 1)[1] for named in fields}
    for field in _mapping(part.get("policy")):
        if field not in names:
            document.add(
                (*path, "policy", field), "no figure is written into this field", did_you_mean(field, names)
            )


def _measures(entity: str) -> Iterator[str]:
    from closedloop.models.measures import MEASURES

    for measure in MEASURES:
        if measure.entity == entity:
            yield measure.name
