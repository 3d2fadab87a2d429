"""The rows of a text file: its delimiter, its quotes, and the line where each row begins."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: A row: the line it begins in, counted from 1, and its cells.
Row = tuple[int, list[str]]

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARS = 1 << 16
_SAMPLE_ROWS = 60
#: Longest cell: 8 MiB is what a line may hold on its way into the store.
_LONGEST = 4 << 20
_STATED = "sep="


def sample(path: Path, encoding: str) -> str:
    """Return the beginning of a text, up to the end of a line."""
    with path.open(encoding=encoding, newline="") as file:
        text = file.read(_SAMPLE_CHARS)
    return text if len(text) < _SAMPLE_CHARS else text[: text.rfind("\n") + 1] or text


def candidates(text: str) -> dict[str, list[list[str]]]:
    """Return the first rows of a text as each delimiter would cut it, the most regular first."""
    if text[: len(_STATED)].lower() == _STATED and text[len(_STATED) : len(_STATED) + 1] in DELIMITERS:
        return {text[len(_STATED)]: _cut(text, text[len(_STATED)])}
    found = {delimiter: _cut(text, delimiter) for delimiter in DELIMITERS}
    return dict(sorted(found.items(), key=lambda item: -_regular(item[1])))


def _cut(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(_LONGEST)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [row for row, _ in zip(rows, range(_SAMPLE_ROWS), strict=False)]
    except csv.Error:
        return []


def _regular(rows: list[list[str]]) -> int:
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return max(widths.values(), default=0)


def rows(path: Path, encoding: str, delimiter: str, *, is_quoted: bool = True) -> Iterator[Row]:
    """Yield the rows of a text.

    Args:
        path: The file.
        encoding: Its encoding.
        delimiter: Between cells.
        is_quoted: Cells may stand in quotation marks; else every line is a row.
    """
    csv.field_size_limit(_LONGEST)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if is_quoted else csv.QUOTE_NONE
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting)
        begins = 1
        for cells in reader:
            yield begins, cells if is_quoted else [cell.strip().strip('"') for cell in cells]
            begins = reader.line_num + 1


def pairs_up(path: Path, encoding: str, delimiter: str) -> bool:
    """Whether quotation marks pair up. A mark that is never closed swallows the lines behind it."""
    last: list[str] = []
    try:
        for _, cells in rows(path, encoding, delimiter):
            last = cells
    except csv.Error:
        return False
    return not any("\n" in cell or "\r" in cell for cell in last[-1:])
