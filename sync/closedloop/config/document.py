"""A YAML file as plain data that remembers the line of every key.

The YAML of this file is the safe core: text, numbers, true/false, null, lists and mappings. Dates stay text and `on`
stays `on`, because cron lines, days and secrets must arrive as they were written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from closedloop.config.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Path_ = tuple[str | int, ...]
Data = None | bool | int | float | str | list["Data"] | dict[str, "Data"]

_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, Callable[[str], Data]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text.lower() == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": float,
    f"{_TAG}str": str,
}


class _Loader(yaml.SafeLoader):
    """SafeLoader with the few implicit types of YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own shape)


for _name, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(_pattern), _first)


@dataclass(slots=True, kw_only=True)
class Document:
    """One file, read.

    Args:
        data: The values, unexpanded.
        lines: Line of every key and list item, by path; the top is the empty path.
        problems: What the reader already knows to be wrong.
    """

    data: Data = None
    lines: dict[Path_, int] = field(default_factory=lambda: {(): 1})
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path_) -> int:
        """Return the line of ``path``, or of its nearest parent that is in the file."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def add(self, path: Path_, message: str, fix: str) -> None:
        """Note a problem at ``path``."""
        self.problems.append(Problem(line=self.line(path), path=path, message=message, fix=fix))


def read(file: Path) -> Document:
    """Read a YAML file.

    Args:
        file: A UTF-8 file that exists.

    Returns:
        The document; a syntax error is its only problem and leaves it without data.
    """
    document = Document()
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_Loader)
    except UnicodeDecodeError:
        document.add((), "the file is not UTF-8 text", "save it as UTF-8")
    except yaml.YAMLError as error:
        document.problems.append(_syntax(error))
    else:
        if node is not None:
            document.data = _value(node, (), document, ())
    return document


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or "unreadable character"
    place = f", column {mark.column + 1}" if mark else ""
    return Problem(
        line=mark.line + 1 if mark else 1,
        path=(),
        message=f"not valid YAML: {what}{place}",
        fix="check indentation, colons and quotes on this line and the one above; tabs may not indent",
    )


def _value(node: yaml.Node, path: Path_, document: Document, above: tuple[int, ...]) -> Data:
    """Turn one node into data, noting lines; ``above`` holds the ids of the nodes around it."""
    document.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above:
        document.add(path, "an alias that contains itself", "write the value out")
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document, (*above, id(node)))
    if isinstance(node, yaml.SequenceNode):
        inside = (*above, id(node))
        return [_value(item, (*path, n), document, inside) for n, item in enumerate(node.value)]
    convert = _SCALARS.get(node.tag)
    if convert is None:
        document.add(path, f"the tag {node.tag} means nothing here", "write the plain value")
        return None
    return convert(node.value)


def _mapping(
    node: yaml.MappingNode, path: Path_, document: Document, above: tuple[int, ...]
) -> dict[str, Data]:
    values: dict[str, Data] = {}
    for key_node, value_node in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        if key is None:
            document.add(path, "a key that is not a plain word", "write `key: value`")
            continue
        here = (*path, key)
        line = key_node.start_mark.line + 1
        if key in values:
            message = f"the key is written twice, first on line {document.lines[here]}"
            problem = Problem(line=line, path=here, message=message, fix="keep one of the two")
            document.problems.append(problem)
            continue
        document.lines[here] = line
        values[key] = _value(value_node, here, document, above)
    return values
