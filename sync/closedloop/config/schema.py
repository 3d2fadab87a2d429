"""The JSON Schema of `closedloop.yaml`, for editors.

`python -m closedloop.config.schema FILE` writes it; a test keeps `config/closedloop.schema.json` fresh.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedloop.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCALARS = {"integer", "number", "boolean"}


def schema() -> dict[str, Any]:
    """Return the schema. A number or choice may also be a `${VARIABLE}`; settings may be given as `<key>_file`."""
    found = Settings.model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "closedloop.yaml"
    for section, keys in (
        (found, ("database",)),
        (found["$defs"]["Webhook"], ("url", "secret")),
        (found["$defs"]["Email"], ("user", "password")),
    ):
        _with_files(section, keys)
    return _with_variables(found)  # type: ignore[no-any-return]


def text() -> str:
    """Return the schema as the file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _with_files(section: dict[str, Any], keys: Sequence[str]) -> None:
    """Let each key be given as the name of a file that holds it: what `closedloop.config.secrets` reads."""
    for key in keys:
        section["properties"][f"{key}_file"] = {"type": "string", "description": f"File that holds `{key}`."}
        if key in section.get("required", ()):
            section["required"].remove(key)
            section.setdefault("allOf", []).append(
                {"oneOf": [{"required": [key]}, {"required": [f"{key}_file"]}]}
            )


def _with_variables(node: Any) -> Any:
    if isinstance(node, list):
        return [_with_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_variables(value) for key, value in node.items()}
    if node.get("type") in _SCALARS or ("enum" in node and node.get("type") == "string"):
        rest = {key: node.pop(key) for key in ("title", "description", "default") if key in node}
        return {**rest, "anyOf": [node, {"type": "string", "pattern": r"\$\{.+\}"}]}
    return node


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
