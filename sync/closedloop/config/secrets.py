"""Values that do not stand in the file: `${NAME}`, `${NAME:-default}`, and `<key>_file:` in the place of a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from closedloop.config.document import Data, Document, Path_

_VARIABLE = re.compile(
    r"\$\$|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}|\$\{(?P<bad>[^}]*)\}?"
)
_FILE = "_file"
#: Where the file may name a file instead: key by key, and every key of a connection's settings. ``*`` is any.
SECRETS: dict[Path_, tuple[str, ...] | None] = {
    (): ("database",),
    ("connections", "*", "settings"): None,
    ("notify", "webhooks", "*"): ("url", "secret"),
    ("notify", "email"): ("user", "password"),
}


def expand(document: Document, environment: Mapping[str, str], folder: Path) -> Data:
    """Return the document's data with variables and secret files put in.

    A variable's value is always text and is never expanded again; `$$` is one dollar sign. What cannot be expanded
    becomes a problem of the document.

    Args:
        document: The file as read.
        environment: Where variables come from.
        folder: Where a relative secret file is looked for.
    """
    data = _walk(document.data, (), document, environment)
    for pattern, keys in SECRETS.items():
        for path, values in _matching(data, pattern, ()):
            _read_files(values, path, keys, document, folder)
    return data


def _matching(value: Data, pattern: Path_, path: Path_) -> Iterator[tuple[Path_, dict[str, Data]]]:
    """Yield the mappings whose path fits a pattern."""
    if not pattern:
        if isinstance(value, dict):
            yield path, value
        return
    inside: Iterable[tuple[str | int, Data]] = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, item in inside:
        if pattern[0] in {"*", key}:
            yield from _matching(item, pattern[1:], (*path, key))


def _walk(value: Data, path: Path_, document: Document, environment: Mapping[str, str]) -> Data:
    if isinstance(value, dict):
        return {key: _walk(item, (*path, key), document, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, (*path, n), document, environment) for n, item in enumerate(value)]
    return _text(value, path, document, environment) if isinstance(value, str) else value


def _text(text: str, path: Path_, document: Document, environment: Mapping[str, str]) -> str:
    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, default = match["name"], match["default"]
        if name is None:
            message = f"${{{match['bad']}}} is not a variable"
            document.add(path, message, "write ${NAME} or ${NAME:-default}; a plain dollar sign is $$")
            return ""
        value = environment.get(name)
        if value:
            return value
        if default is not None:
            return default
        state = "is not set" if value is None else "is empty"
        document.add(
            path,
            f"the variable {name} {state}",
            f"set {name} in the environment, or write ${{{name}:-a default}}",
        )
        return ""

    return _VARIABLE.sub(put, text)


def _read_files(
    values: dict[str, Data], path: Path_, only: tuple[str, ...] | None, document: Document, folder: Path
) -> None:
    """Replace `<key>_file: path` by `<key>:` and the file's text, for every key or only for those named."""
    named_files = [key for key in values if key.endswith(_FILE)]
    for key in named_files if only is None else [key for key in named_files if key[: -len(_FILE)] in only]:
        here = (*path, key)
        plain = key[: -len(_FILE)]
        named = values.pop(key)
        document.lines.setdefault((*path, plain), document.line(here))
        if plain in values:
            document.add(here, f"both {plain} and {key} are given", "keep one of the two")
        else:
            values[plain] = _secret(named, here, document, folder)


def _secret(named: Data, path: Path_, document: Document, folder: Path) -> str:
    if not isinstance(named, str) or not named:
        document.add(path, "needs the name of a file", "write the path of the file that holds the secret")
        return ""
    try:
        text = (folder / named).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        document.add(
            path, f"cannot read {named}: {reason}", "mount or create the file, readable by this user"
        )
        return ""
    if not text:
        document.add(path, f"{named} is empty", "put the secret into the file")
    return text
