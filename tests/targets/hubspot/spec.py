"""What HubSpot's own API description knows of a request. It lies beside the project and is read where it is.

Its flags are not to be taken at their word (see the note beside it): a body need not hold what it calls required, and a
release of 2026-09 is described by the files of 2026-03. Names that it does not know are faults.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest

SPECS = Path(os.environ.get("CLOSEDLOOP_SPECS") or Path(__file__).parents[4] / "shared" / "specs") / "hubspot"

needs_spec = pytest.mark.skipif(not SPECS.is_dir(), reason="HubSpot's description is not beside the project")


@cache
def operations():
    """(method, pattern of the path) → operation and the document it stands in."""
    found = []
    for file in sorted(SPECS.rglob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        for path, item in document["paths"].items():
            pattern = re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(path)) + "$")
            literal = path.count("{")
            found += [
                (literal, method, pattern, operation, document)
                for method, operation in item.items()
                if method in {"get", "post", "put", "patch", "delete"}
            ]
    return sorted(found, key=lambda one: one[0])


def wrong(request):
    """What of a prepared request the description does not know; empty where all is well."""
    parts = urlsplit(request.url)
    path = parts.path.replace("/2026-09", "/2026-03")
    matched = [one for one in operations() if one[1] == request.method.lower() and one[2].match(path)]
    if not matched:
        return [f"{request.method} {path}"]
    faults = [_faults(request, parts.query, operation, document) for *_, operation, document in matched]
    return min(faults, key=len)


def _faults(request, query, operation, document):
    known = {one["name"]: one["schema"] for one in operation.get("parameters", []) if one["in"] == "query"}
    faults = [f"query {name}" for name, value in parse_qsl(query) if not _fits(value, known.get(name))]
    content = (operation.get("requestBody") or {}).get("content", {})
    if "application/json" in content:
        body = json.loads(request.body)
        schema = _strict(content["application/json"]["schema"], document)
        found = jsonschema.Draft202012Validator(schema).iter_errors(body)
        faults += [f"body {'/'.join(map(str, one.absolute_path))}: {one.message}" for one in found]
    elif request.body and not content:
        faults.append("a body where none is described")
    return faults


def _fits(value, schema):
    if schema is None:
        return False
    kind = schema.get("type")
    if kind == "integer":
        return value.isdigit()
    return value in {"true", "false"} if kind == "boolean" else True


def _strict(schema, document):
    """The schema with references resolved, unknown names refused, and nothing required."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _strict(document["components"]["schemas"][name], document)
    kept = {key: schema[key] for key in ("type", "enum") if key in schema}
    if "items" in schema:
        kept["items"] = _strict(schema["items"], document)
    if "properties" in schema:
        kept["properties"] = {name: _strict(one, document) for name, one in schema["properties"].items()}
        kept["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _strict(schema["additionalProperties"], document)
    return kept
