"""The rows of an Excel workbook, as text: values that Excel computed and saved, never formulas.

Source: the read-only mode of openpyxl, which keeps one row in memory.
"""

from __future__ import annotations

import warnings
import zipfile
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tap_leadlist.refusal import RefusedFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap_leadlist.lines import Row

#: Stands for a formula whose value was never saved; no text that anybody types.
UNSAVED = "\x00formula"
_CHUNK = 1 << 20


def rows(path: Path, sheet: str | None = None) -> Iterator[Row]:
    """Yield the rows of one sheet.

    Args:
        path: The workbook.
        sheet: Its sheet's name; none: the first that is not hidden.

    Raises:
        RefusedFileError: It is no workbook, is protected, or has no such sheet.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    formulas = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that no list needs
        try:
            book = load_workbook(path, read_only=True, data_only=True)
            if _has_formulas(path):
                formulas = load_workbook(path, read_only=True)
        except (
            InvalidFileException,
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            OSError,
            SyntaxError,
        ) as error:
            raise RefusedFileError(
                "this is no Excel workbook that can be opened", fix="save it again as .xlsx"
            ) from error
        try:
            yield from _rows(book, formulas, sheet)
        finally:
            book.close()
            if formulas is not None:
                formulas.close()


def _rows(book: Any, formulas: Any, sheet: str | None) -> Iterator[Row]:
    name = _sheet(book, sheet)
    page = book[name]
    page.reset_dimensions()  # some programs write a wrong size
    other = None
    if formulas is not None:
        written = formulas[name]
        written.reset_dimensions()
        other = written.iter_rows(values_only=True)
    for number, values in enumerate(page.iter_rows(values_only=True), start=1):
        cells = [_text(value) for value in values]
        if other is not None:
            cells = [_formula(cell, value) for cell, value in zip(cells, next(other), strict=False)]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _sheet(book: Any, wanted: str | None) -> str:
    pages = [page.title for page in book.worksheets if page.sheet_state == "visible"]
    if wanted is None and pages:
        return str(pages[0])
    if wanted in book.sheetnames and wanted is not None:
        return wanted
    msg = f"the workbook has no sheet {wanted}" if wanted else "the workbook has no sheet"
    raise RefusedFileError(
        msg, fix=f"set `sheet` to one of: {', '.join(pages)}" if pages else "save it again"
    )


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as packed:
        names = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
        return any(_contains(packed, name) for name in names)


def _contains(packed: zipfile.ZipFile, name: str) -> bool:
    end = b""
    with packed.open(name) as file:
        while chunk := file.read(_CHUNK):
            text = end + chunk
            if b"<f>" in text or b"<f " in text or b"<f/>" in text:
                return True
            end = chunk[-3:]
    return False


def _formula(cell: str, written: Any) -> str:
    return UNSAVED if not cell and isinstance(written, str) and written.startswith("=") else cell


def _text(value: Any) -> str:
    """Return a value as somebody would type it."""
    if isinstance(value, str):
        return value
    return next(
        (spell(value) for kind, spell in _SPELLINGS if isinstance(value, kind)),
        "" if value is None else str(value),
    )


def _moment(value: datetime) -> str:
    return (
        value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    )


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else format(value, ".15g")


#: A truth value is a whole number too, and a moment a day: they come first.
_SPELLINGS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (bool, lambda value: "yes" if value else "no"),
    (float, _number),
    (datetime, _moment),
    (date, date.isoformat),
    (time, time.isoformat),
    (timedelta, lambda value: f"{value.total_seconds() / 60:g}"),
)
