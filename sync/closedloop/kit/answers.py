"""What a target answers besides Singer, one JSON line for another: records by id or by key, and fields that it made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit.writer import FieldWish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.kit.writer import Writer

_T = TypeVar("_T")


class _ReadRequest(msgspec.Struct, frozen=True, kw_only=True):
    stream: str
    ids: list[str | int]
    fields: list[str]


class _FindRequest(msgspec.Struct, frozen=True, kw_only=True):
    stream: str
    key: str
    values: list[str]
    fields: list[str]


def read(writer: Writer, line: str) -> Iterator[dict[str, Any]]:
    """Yield the records that a line of `--read` names by id."""
    request = _decode(line, _ReadRequest)
    ids = [str(key) for key in request.ids]
    found = writer.read(request.stream, ids, request.fields)
    for key in ids:
        answer = {"stream": request.stream, "id": key}
        yield {**answer, "values": found[key]} if key in found else {**answer, "missing": True}


def find(writer: Writer, line: str) -> Iterator[dict[str, Any]]:
    """Yield the records that a line of `--find` names by a key."""
    request = _decode(line, _FindRequest)
    found = writer.find(request.stream, request.key, request.values, request.fields)
    for value in request.values:
        answer, record = {"stream": request.stream, "key": value}, found.get(value)
        if record is None:
            yield {**answer, "missing": True}
        else:
            yield {**answer, "id": record.id, "values": dict(record.values)}


def provision(writer: Writer, line: str) -> Iterator[dict[str, Any]]:
    """Yield what became of the field that a line of `--provision` asks for."""
    yield msgspec.to_builtins(writer.provision(_decode(line, FieldWish)))


def _decode(line: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        msg = f"a line of the input cannot be read: {error}"
        raise ConfigError(msg, where="standard input") from error
