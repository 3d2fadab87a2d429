"""The CSV files of a case as rows of text, each with its line."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.case.columns import NAMED, files
from closedloop.case.problem import CaseError, Problem
from closedloop.config.problem import did_you_mean
from closedloop.errors import ConfigError
from closedloop.models.entities import ENTITIES

if TYPE_CHECKING:
    from pathlib import Path

_CELL = 10_000_000


@dataclass(slots=True, kw_only=True)
class Sheet:
    """One file.

    Args:
        name: Its name without the ending: an entity or a link.
        file: Its name.
        columns: The header.
        rows: (line, cells); a blank cell is none.
    """

    name: str
    file: str
    columns: list[str]
    rows: list[tuple[int, list[str | None]]] = field(default_factory=list)

    def column(self, name: str) -> list[str | None]:
        """Return a column's cells; nothing but none where the file does not have it."""
        if name not in self.columns:
            return [None] * len(self.rows)
        place = self.columns.index(name)
        return [cells[place] for _, cells in self.rows]


def read(folder: Path) -> dict[str, Sheet]:
    """Return the sheets of a case by name.

    Raises:
        CaseError: A file is no table of documented columns.
        ConfigError: There is no such folder, nothing in it, or a file that no entity is named after.
    """
    if not folder.is_dir():
        raise ConfigError(
            "there is no such folder", where=str(folder), fix="name the folder with the CSV files"
        )
    known = files()
    found: dict[str, Sheet] = {}
    problems: list[Problem] = []
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() != ".csv" or file.name.startswith(".") or not file.is_file():
            continue
        if file.stem not in known:
            msg = f"{file.stem} is no entity"
            raise ConfigError(msg, where=str(file), fix=did_you_mean(file.stem, known))
        try:
            found[file.stem] = _sheet(file, known[file.stem])
        except CaseError as error:
            problems += error.problems
    if problems:
        raise CaseError(problems)
    if not found:
        raise ConfigError(
            "there is no CSV file in this folder",
            where=str(folder),
            fix=f"write one for each entity you have: {', '.join(f'{name}.csv' for name in ENTITIES)}",
        )
    return found


def _sheet(file: Path, known: tuple[str, ...]) -> Sheet:
    lines = _text(file).splitlines(keepends=True)
    reader = csv.reader(_unbroken(lines), strict=True)
    csv.field_size_limit(_CELL)
    sheet: Sheet | None = None
    problems: list[Problem] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if sheet is None:
                    sheet = _header(file, line, cells, known)
                else:
                    _row(sheet, line, cells, problems)
            line = reader.line_num + 1
    except csv.Error as error:
        message, fix = f"this is not CSV: {error}", "put a text with quotes or line ends in double quotes"
        raise CaseError([Problem(file=file.name, line=line, message=message, fix=fix)]) from error
    if sheet is None:
        fix = f"the first line names the columns, such as {', '.join(known[:4])}; remove the file if there is nothing"
        raise CaseError([Problem(file=file.name, line=1, message="the file is empty", fix=fix)])
    if problems:
        raise CaseError(problems)
    return sheet


def _unbroken(lines: list[str]) -> list[str]:
    # `splitlines` also cuts at characters that are no line end to CSV: they belong to a text.
    whole: list[str] = []
    for line in lines:
        if whole and not whole[-1].endswith(("\n", "\r")):
            whole[-1] += line
        else:
            whole.append(line)
    return whole


def _text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        msg = f"the file cannot be read: {error.strerror}"
        raise ConfigError(msg, where=str(file), fix="check its permissions") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CaseError([_encoding(file, line, "a character is not UTF-8")]) from error
    if "\0" in text:
        raise CaseError([_encoding(file, text[: text.index("\0")].count("\n") + 1, "there is a NUL byte")])
    return text


def _encoding(file: Path, line: int, message: str) -> Problem:
    return Problem(
        file=file.name, line=line, message=message, fix="save the file as UTF-8 (in Excel: CSV UTF-8)"
    )


def _header(file: Path, line: int, cells: list[str], known: tuple[str, ...]) -> Sheet:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    problems = [
        Problem(file=file.name, line=line, column=name or f"{place}", message=message, fix=fix)
        for place, name in enumerate(names, start=1)
        for message, fix in _wrong(name, names[: place - 1], known)
    ]
    entity = file.stem
    if entity in NAMED and "key" not in names and not problems:
        problems.append(
            Problem(
                file=file.name,
                line=line,
                message="the column key is missing",
                fix="other rows name this one by it",
            )
        )
    if problems:
        raise CaseError(problems)
    return Sheet(name=entity, file=file.name, columns=names)


def _wrong(name: str, before: list[str], known: tuple[str, ...]) -> list[tuple[str, str]]:
    if not name:
        return [("a column has no name", "name it, or remove it")]
    if name in before:
        return [("the column is there twice", "remove one of them")]
    if name in known:
        return []
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if mark in name:
            return [(f"the columns are separated by {word}", "save the file with commas")]
    return [
        ("there is no such column", f"{did_you_mean(name, known)} `closedloop marts --columns` lists them")
    ]


def _row(sheet: Sheet, line: int, cells: list[str], problems: list[Problem]) -> None:
    width = len(sheet.columns)
    rest = cells[width:]
    if len(cells) < width or any(cell.strip() for cell in rest):
        message = f"there are {len(cells)} values under {width} columns"
        fix = "give each column a value or nothing between its commas; a value with a comma stands in double quotes"
        problems.append(Problem(file=sheet.file, line=line, message=message, fix=fix))
        return
    sheet.rows.append((line, [cell if cell.strip() else None for cell in cells[:width]]))
