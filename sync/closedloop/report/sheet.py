"""The figures of every event as CSV: what a person opens in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from closedloop.models.measures import MEASURES
from closedloop.report.text import cell

if TYPE_CHECKING:
    from closedloop.report.figures import Figures, Row
    from closedloop.report.text import Money

#: What names an event; the measures follow in the catalogue's order.
IDENTITY = ("campaign_key", "name", "kind", "series", "edition", "start_date", "end_date", "url")


def events(figures: Figures, money: Money) -> str:
    """Return one line an event, best realised ROI first; money in major units of the home currency, blanks blank."""
    columns = [measure for measure in MEASURES if measure.entity == "campaign"]
    present = set(figures.campaigns[0]) if figures.campaigns else {measure.name for measure in columns}
    columns = [measure for measure in columns if measure.name in present]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*IDENTITY, "currency", *(measure.name for measure in columns)])
    for row in figures.campaigns:
        values = (
            money_text(row, measure.name, money) if measure.unit == "money" else row[measure.name]
            for measure in columns
        )
        writer.writerow(
            [*(cell(row[name]) for name in IDENTITY), money.currency, *(cell(value) for value in values)]
        )
    return text.getvalue()


def money_text(row: Row, name: str, money: Money) -> object:
    """Return an amount as a plain number a spreadsheet can add up."""
    return None if row[name] is None else money.major(row[name])
