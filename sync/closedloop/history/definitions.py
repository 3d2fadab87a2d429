"""What the figures are defined by: the settings they rest on, and the models."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from closedloop.models import graph

if TYPE_CHECKING:
    from closedloop.settings import Settings

#: Settings that no figure rests on.
_BESIDE = {"connections", "writeback", "service", "engine", "home", "database", "models_dir"}


def text(settings: Settings) -> str:
    """Return the definitions in force as JSON: every setting by its dotted name, and a digest of the models."""
    whole = hashlib.sha256()
    for name, model in sorted(graph.load(settings.models_dir).items()):
        if model.layer != "checks":
            whole.update(f"{name}\n{model.sql}\n".encode())
    found = dict(_flat(settings.model_dump(mode="json", exclude=_BESIDE), ""))
    return json.dumps(found | {"models": whole.hexdigest()}, sort_keys=True)


def digest(definitions: str) -> str:
    """Return the digest that names these definitions."""
    return hashlib.sha256(definitions.encode()).hexdigest()


def difference(before: str, now: str) -> str:
    """Return in words what changed between two definitions, as `text` gives them; empty when nothing did."""
    old, new = json.loads(before), json.loads(now)
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    told = [
        "the models of a new version" if name == "models" else f"{name}: {old.get(name)} → {new.get(name)}"
        for name in names
    ]
    return f"definitions changed: {', '.join(told)}" if told else ""


def _flat(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [
            pair for name, part in value.items() for pair in _flat(part, f"{path}.{name}" if path else name)
        ]
    return [(path, value)]
