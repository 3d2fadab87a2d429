"""One file as a list: first what it is, in one pass, then its people, in another. Neither holds more than a row."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from tap_leadlist import book, dates, header, lines, mapping
from tap_leadlist.encoding import Content, content
from tap_leadlist.refusal import RefusedFileError
from tap_leadlist.words import meaning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from tap_leadlist.folder import Found
    from tap_leadlist.header import Header
    from tap_leadlist.lines import Row
    from tap_leadlist.options import Options

#: Columns that may tell a day.
DAYS = ("occurred_at", "checked_in", "date")
_FIRST = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a file turned out to be.

    Args:
        content: Its bytes.
        delimiter: Between cells; empty for a workbook.
        is_quoted: Cells may stand in quotation marks.
        header: Its headings.
        columns: Field to place.
        is_confirmed: The admin named the columns.
        order: Of day and month, where a day there has two readings.
        rows: Rows of data that are not blank.
        guesses: What was found out and not said, in words.
    """

    content: Content
    delimiter: str
    is_quoted: bool
    header: Header
    columns: mapping.Columns
    is_confirmed: bool
    order: dates.Order | None
    rows: int
    guesses: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Listing:
    """One file.

    Args:
        found: The file.
        options: How to read it.
    """

    found: Found
    options: Options
    _spool: IO[bytes] | None = None
    _guesses: list[str] = field(default_factory=list)

    def close(self) -> None:
        """Forget what was unpacked."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def shape(self) -> Shape:
        """Look at the whole file.

        Raises:
            RefusedFileError: It is no list that can be read.
        """
        options, self._guesses = self.options, []
        held = content(self.found.path, encoding=options.encoding)
        if held.is_guessed:
            self._guesses.append(f"encoding {held.encoding}")
        delimiter, is_quoted, first = self._cut(held)
        heads = self._header(first)
        columns = mapping.stated(heads, options.columns) if options.columns else mapping.guessed(heads)
        shape = Shape(
            content=held, delimiter=delimiter, is_quoted=is_quoted, header=heads, columns=columns,
            is_confirmed=bool(options.columns), order=options.dates, rows=0, guesses=(),
        )  # fmt: skip
        order, count = self._measured(shape)
        return replace(shape, order=order, rows=count, guesses=tuple(self._guesses))

    def rows(self, shape: Shape) -> Iterator[Row]:
        """Yield the rows of data: the line of each and its cells. Blank rows are none."""
        for number, (line, cells) in enumerate(
            self._all(shape.content, shape.delimiter, is_quoted=shape.is_quoted)
        ):
            if number >= shape.header.rows and any(cell.strip() for cell in cells):
                yield line, cells

    def _all(self, held: Content, delimiter: str, *, is_quoted: bool) -> Iterator[Row]:
        if held.is_book:
            return self._unpacked()
        return lines.rows(self.found.path, held.encoding, delimiter, is_quoted=is_quoted)

    def _unpacked(self) -> Iterator[Row]:
        """Yield a workbook's rows; it is unpacked once, because that is what takes long."""
        if self._spool is None:
            self._spool = tempfile.TemporaryFile(prefix="closedloop")  # noqa: SIM115 (`close` closes it)
            encode = msgspec.json.Encoder().encode
            for row in book.rows(self.found.path, self.options.sheet):
                self._spool.write(encode(row) + b"\n")
        self._spool.seek(0)
        decode = msgspec.json.Decoder(tuple[int, list[str]]).decode
        return (decode(line) for line in self._spool)

    def _cut(self, held: Content) -> tuple[str, bool, list[list[str]]]:
        if held.is_book:
            return "", True, [cells for _, cells in islice(self._unpacked(), _FIRST)]
        text = lines.sample(self.found.path, held.encoding)
        offers = lines.candidates(text)
        delimiter = self.options.delimiter
        if delimiter is None:
            known = {one: header.find(rows) for one, rows in offers.items()}
            delimiter = max(offers, key=lambda one: (len(_fields(known[one])), -list(offers).index(one)))
        is_quoted = not held.has_open_quote or lines.pairs_up(self.found.path, held.encoding, delimiter)
        if not is_quoted:
            self._guesses.append("a quotation mark is never closed: every line was taken as a row")
        first = lines.rows(self.found.path, held.encoding, delimiter, is_quoted=is_quoted)
        return delimiter, is_quoted, [cells for _, cells in islice(first, _FIRST)]

    def _header(self, first: list[list[str]]) -> Header:
        if not any(cell.strip() for cells in first for cell in cells):
            raise RefusedFileError("the file holds no rows", fix="export the list again")
        said = self.options.header_row
        if said == 0:
            return header.numbered(max(map(len, first)))
        if said is not None:
            if said > len(first):
                msg = f"there is no row {said} of headings"
                raise RefusedFileError(msg, fix="correct `header_row`")
            return header.at(first, said - 1)
        found = header.find(first)
        if found is None and self.options.columns:
            return header.at(first, 0)
        if found is None:
            raise RefusedFileError(
                "no row of headings was found",
                fix="set `header_row` to its number, counted from 1, or to 0 where there is none, and `columns`",
            )
        return found

    def _measured(self, shape: Shape) -> tuple[dates.Order | None, int]:
        """Return the order of day and month, and how many rows there are."""
        places = [shape.columns[name] for name in DAYS if name in shape.columns]
        count, highest = 0, [0, 0]
        for _, cells in self.rows(shape):
            count += 1
            for place in places:
                pair = dates.two_ways(cells[place]) if place < len(cells) else None
                if pair is not None:
                    highest = [max(highest[0], pair[0]), max(highest[1], pair[1])]
        return self._order(shape, highest, count)

    def _order(self, shape: Shape, highest: list[int], count: int) -> tuple[dates.Order | None, int]:
        if shape.order is not None or not any(highest):
            return shape.order, count
        order = dates.order(*highest)
        if order is None:
            raise RefusedFileError(
                "its dates can be read with the day first or with the month first",
                fix="set `dates: day_first` or `dates: month_first`",
            )
        self._guesses.append(f"dates {order.replace('_', ' ')}")
        return order, count


def _fields(found: Header | None) -> set[str]:
    return {known[0] for text in (found.texts if found else ()) if (known := meaning(text))}
