"""Write the report's files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.report import figures, page, sheet
from closedloop.report.text import Money

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from closedloop.settings import Settings
    from closedloop.store.analytical import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where the report lies."""

    page: Path
    events: Path


def write(store: Store, settings: Settings, folder: Path, *, now: datetime) -> Report:
    """Write ``index.html`` and ``events.csv`` into a folder, each whole or not at all.

    Args:
        store: Holds the figures of the last reconcile.
        settings: For the company's name and the definitions in force.
        folder: Made if missing.
        now: When the report was written, aware UTC.
    """
    shown = figures.read(store)
    money = Money(currency=shown.run["home_currency"], digits=shown.run["home_digits"])
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(page=folder / "index.html", events=folder / "events.csv")
    _replace(report.page, page.render(shown, settings, money, now=now))
    _replace(report.events, sheet.events(shown, money))
    return report


def _replace(path: Path, text: str) -> None:
    """Write beside, then rename: a reader never sees half a page."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    os.replace(part, path)  # noqa: PTH105 (the same call, and it says that it replaces)
