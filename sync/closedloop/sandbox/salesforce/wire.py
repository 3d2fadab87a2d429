"""How values look on the way: REST and bulk write times differently, and numbers like Java does."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ENCODER = msgspec.json.Encoder()
_BIG, _SMALL = Decimal(10_000_000), Decimal("0.001")
DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "PIPE": "|", "TAB": "\t", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


def number_text(value: Decimal, *, exponent: bool) -> str:
    """Return a number as Java prints a double: ``15000.0``, and from ten million on ``1.5E7``."""
    size = abs(value)
    if not exponent or size == 0 or _SMALL <= size < _BIG:
        text = f"{value.normalize():f}"
        return text if "." in text else f"{text}.0"
    sign, digits, power = value.normalize().as_tuple()
    whole = "".join(map(str, digits))
    return f"{'-' * sign}{whole[0]}.{whole[1:] or '0'}E{int(power) + len(digits) - 1}"


def rest_value(value: Any, *, exponent: bool) -> Any:
    """Return a value as an answer in JSON has it: times with an offset that has no colon."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')[:23]}+0000"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return msgspec.Raw(number_text(value, exponent=exponent).encode())
    return value


def bulk_value(value: Any, *, exponent: bool) -> str:
    """Return a value as a bulk job's file has it: times with Z, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.isoformat(timespec='milliseconds')[:23]}Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return number_text(value, exponent=exponent)
    return str(value)


def encode(value: Any) -> bytes:
    """Return an answer as JSON."""
    return _ENCODER.encode(value)


def write_csv(
    header: Sequence[str] | None,
    rows: Iterable[Sequence[str]],
    *,
    delimiter: str = "COMMA",
    line_end: str = "LF",
) -> bytes:
    """Return a file, every value in quotes; without a header, only the rows."""
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDS[line_end], quoting=csv.QUOTE_ALL
    )
    if header is not None:
        writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def read_csv(text: str, *, delimiter: str = "COMMA") -> tuple[list[str], list[dict[str, str]]]:
    """Return a file's columns and its rows."""
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter])
    rows = [dict(row) for row in reader]
    return list(reader.fieldnames or []), rows
