"""pydantic's errors in the words of the file: line, key, what is wrong, what to write."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING

from pydantic import BaseModel

from closedloop.config.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

    from closedloop.config.document import Document, Path_

_EXAMPLES = {
    "company": "company: {currency: USD, time_zone: America/Chicago}",
    "currency": "currency: USD",
    "time_zone": "time_zone: America/Chicago",
    "connections": "connections: with one entry for each system; `closedloop init` writes a first file",
    "connector": "connector: odoo",
}
_WANTED = {
    "bool": "true or false",
    "int": "a whole number",
    "decimal": "a number or a share such as 30%",
    "string": "text",
    "list": "a list: [one, two]",
    "dict": "keys with values, indented below it",
    "model": "keys with values, indented below it",
    "path": "a path",
}
#: What pydantic puts into a location beside the keys of the file.
_MARKS = ("[key]", "Milestones", "Decay")
_SECRET_PLACES = ("settings", "database", "webhooks", "password")


def explain(errors: Sequence[ErrorDetails], model: type[BaseModel], document: Document) -> Iterator[Problem]:
    """Yield one problem for each thing pydantic found, leaving out places the document already complains about."""
    known = {problem.path for problem in document.problems}
    known |= {
        (*path[:-1], str(path[-1]).removesuffix("_file")) for path in known if path
    }  # a file we could not read
    for error in errors:
        path = _in_file(error["loc"])
        if not any(path[: len(place)] == place for place in known if place):
            yield _problem(error, path, model, document)


def _in_file(location: tuple[int | str, ...]) -> Path_:
    """Drop pydantic's own marks (`[key]`, union branches) from a location."""
    return tuple(part for part in location if part not in _MARKS)


def _problem(error: ErrorDetails, path: Path_, model: type[BaseModel], document: Document) -> Problem:
    kind = error["type"]
    key = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        message, fix = "unknown key", did_you_mean(key, _fields(model, path[:-1]))
    elif kind == "missing":
        message, fix = "is missing", f"add {_EXAMPLES.get(key, f'`{key}:`')}"
    elif "[key]" in error["loc"]:
        message, fix = "not a usable name", "use small letters, digits and _, beginning with a letter"
    else:
        message, fix = _value(error, path)
    return Problem(line=document.line(path), path=path, message=message, fix=fix)


def _value(error: ErrorDetails, path: Path_) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    shown = _shown(error["input"], path)
    if kind == "literal_error":
        choices = _choices(str(context.get("expected", "")))
        return f"{shown}is not one of {', '.join(choices)}", did_you_mean(str(error["input"]), choices)
    if kind == "value_error":
        message, _, fix = error["msg"].removeprefix("Value error, ").partition("; ")
        return message, fix or "correct the value"
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), None)
    if wanted and ("type" in kind or "parsing" in kind):
        return f"{shown}is not {wanted}", f"write {wanted}"
    if kind == "string_pattern_mismatch":
        return f"{shown}does not have the right form", _EXAMPLES.get(str(path[-1]), "correct the spelling")
    return f"{shown}is not allowed", error["msg"].replace("Input should be", "it should be")


def _choices(expected: str) -> list[str]:
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(", ")]


def _shown(value: object, path: Path_) -> str:
    """Return the value for the message, unless it may be secret or long."""
    if any(place in path for place in _SECRET_PLACES) or isinstance(value, (dict, list)):
        return "the value "
    text = "nothing" if value is None else str(value)
    return f"{text} " if len(text) <= 40 else "the value "  # noqa: PLR2004 (what fits a line)


def _fields(model: type[BaseModel], path: Path_) -> list[str]:
    """Return the keys the model knows at ``path``."""
    found: object = model
    for part in path:
        found = _step(found, part)
    return list(found.model_fields) if _is_model(found) else []


def _is_model(found: object) -> typing.TypeGuard[type[BaseModel]]:
    return isinstance(found, type) and issubclass(found, BaseModel)


def _step(found: object, part: str | int) -> object:
    if _is_model(found):
        field = found.model_fields.get(str(part))
        return _plain(field.annotation) if field else None
    arguments = typing.get_args(found)
    return _plain(arguments[-1]) if arguments else None


def _plain(annotation: object) -> object:
    """Take `X` out of `X | None` and `Annotated[X, …]`."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _plain(next(part for part in typing.get_args(annotation) if part is not types.NoneType))
    if typing.get_origin(annotation) is typing.Annotated:
        return _plain(typing.get_args(annotation)[0])
    return annotation
