"""What HubSpot's own description says of an answer. It lies beside the project and is read where it is."""

import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

SPECS = Path(os.environ.get("CLOSEDLOOP_SPECS") or Path(__file__).parents[4] / "shared" / "specs")
HUBSPOT, RECORDINGS = SPECS / "hubspot", SPECS.parent / "recordings" / "hubspot"

needs_spec = pytest.mark.skipif(
    not HUBSPOT.is_dir(), reason="HubSpot's description is not beside the project"
)
needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)
#: HubSpot's guides name them so; its description leaves the one out and calls the other an object.
KNOWN_BETTER = ("error.status", ".subCategory")
_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}


@cache
def operations():
    """(how many parts are variable, method, pattern) → responses and the document they stand in."""
    found = []
    for file in sorted(HUBSPOT.glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path)) + "$")
            methods = {"get", "post", "put", "patch", "delete"} & {*item}
            found += [(path.count("{"), one, pattern, item[one]["responses"], document) for one in methods]
    return sorted(found, key=lambda one: one[0])


def described(method, path):
    """The operations that a dated path may mean."""
    path = path.replace("/2026-09", "/2026-03")
    return [one for one in operations() if one[1] == method.lower() and one[2].match(path)]


def faults(method, path, status, body):
    """What of an answer the description does not know; empty where all is well."""
    matched = described(method, path)
    assert matched, f"{method} {path} is not described"
    return min((_faults(one, status, body) for one in matched), key=len)


def _faults(operation, status, body):
    *_, responses, document = operation
    if str(status) not in responses and status >= 400:
        return [*_wrong({"$ref": "#/components/schemas/Error"}, body, document, "error")]
    if str(status) not in responses:
        return [] if body is None and "default" in responses else [f"status {status}"]
    content = responses[str(status)].get("content", {})
    if not content:
        return [] if body is None else ["a body where none is described"]
    schema = next(iter(content.values()))["schema"]
    return [*_wrong(schema, body, document, "")]


def _wrong(schema, value, document, where):
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if value is None or where.endswith(KNOWN_BETTER):
        return
    kind = schema.get("type")
    if kind and (
        not isinstance(value, _TYPES[kind]) or (kind in {"integer", "number"} and isinstance(value, bool))
    ):
        yield f"{where}: {value!r} is no {kind}"
        return
    if schema.get("enum") and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum'][:5]}"
    if kind == "array":
        for one in value[:50]:
            yield from _wrong(schema["items"], one, document, where + "[]")
    elif isinstance(value, dict):
        yield from _object(schema, value, document, where)


def _object(schema, value, document, where):
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name in set(schema.get("required", ())) - {*value}:
        yield f"{where}.{name} is missing"
    for name, one in value.items():
        if name in known:
            yield from _wrong(known[name], one, document, f"{where}.{name}")
        elif isinstance(others, dict):
            yield from _wrong(others, one, document, f"{where}.{name}")
        elif known and not f"{where}.{name}".endswith(KNOWN_BETTER):
            yield f"{where}.{name} is not described"
