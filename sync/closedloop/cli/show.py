"""Tables, JSON and progress bars. Everything that came from a vendor is cleaned before it meets a terminal."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

#: Wide enough for our tables where no terminal tells its width.
_PIPE_WIDTH = 160


def clean(value: object) -> str:
    """Return ``value`` as one line without control characters: a name may hold escape sequences."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value)
    return "".join(letter if letter.isprintable() else " " for letter in text)


def console() -> Console:
    """Return a console on stdout, as wide as the terminal or as our tables need."""
    from rich.console import Console

    return Console(
        markup=False, highlight=False, emoji=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH
    )


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a column whose name begins with ``#`` is set to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=clean(title) or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        shown.add_column(
            column.lstrip("#"), justify="right" if column.startswith("#") else "left", overflow="fold"
        )
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    console().print(shown)


def line(text: object) -> None:
    """Print one line."""
    typer.echo(clean(text))


def machine(value: object) -> None:
    """Print ``value`` as JSON: decimals as text, days and times in ISO."""
    typer.echo(json.dumps(value, default=plain, ensure_ascii=False, indent=2))


def money(minor: int | None, digits: int = 2) -> str:
    """Return an amount in minor units for people: ``12,345.60``."""
    if minor is None:
        return ""
    sign, whole = ("-" if minor < 0 else ""), abs(minor)
    if not digits:
        return f"{sign}{whole:,}"
    return f"{sign}{whole // 10**digits:,}.{whole % 10**digits:0{digits}d}"


def ratio(value: Decimal | None) -> str:
    """Return a ratio as a percentage: ``123 %``."""
    return "" if value is None else f"{value * 100:,.0f} %"


def plain(value: object) -> object:
    """Return what JSON has no word for as what it has."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return {name: getattr(value, name) for name in fields}
    return str(value)


@contextmanager
def progress() -> Iterator[Bars]:
    """Show progress bars meanwhile on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield Bars()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
    )
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bars:
        yield Bars(bars)


class Bars:
    """Progress by stage and name; called by the parts that work.

    Args:
        shown: rich's progress display; none shows nothing.
    """

    def __init__(self, shown: Any = None) -> None:
        self._shown = shown
        self._tasks: dict[str, Any] = {}

    def __call__(self, name: str, done: int = 0, total: int | None = None) -> None:
        """Show that ``done`` of ``total`` steps of ``name`` are done."""
        if self._shown is None:
            return
        if name not in self._tasks:
            self._tasks[name] = self._shown.add_task(clean(name), total=total)
        self._shown.update(self._tasks[name], completed=done, total=total)


def pairs(values: Mapping[str, object]) -> str:
    """Return ``a 1, b 2`` of a mapping."""
    return ", ".join(f"{clean(name)} {clean(value)}" for name, value in values.items())
