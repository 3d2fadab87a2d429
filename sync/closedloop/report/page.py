"""The report's one HTML page."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from closedloop.models.measures import MEASURES
from closedloop.models.measures_compared import COMPARED
from closedloop.report import judged, plots, text
from closedloop.report.figures import TIE_OUT_PARTS

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.report.figures import Figures, Row
    from closedloop.settings import Settings


def render(figures: Figures, settings: Settings, money: text.Money, *, now: datetime) -> str:
    """Return the page. Every name in it came from a CRM and is escaped; only our own SVG is not."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            company=settings.company.name or "Your company",
            zone=settings.company.time_zone,
            now=now,
            figures=figures,
            run=figures.run,
            money=money,
            campaigns=figures.campaigns,
            headline=headline(figures),
            measures=[measure for measure in (*MEASURES, *COMPARED) if measure.entity == "campaign"],
            ages=judged.AGES,
            rims=judged.RIMS,
            value_plot=Markup(plots.value_against_cost(figures.campaigns, money)),  # noqa: S704 (made here, names escaped)
            tie_out_parts=TIE_OUT_PARTS,
            shares=[one for one in MEASURES if one.entity == "company" and one.unit == "ratio"],
            at_stake=next(one.definition for one in MEASURES if one.name == "at_stake"),
            series_plot=Markup(plots.editions(figures.campaigns)),  # noqa: S704 (as above)
            most_breaks=max((row["at_stake"] or 0 for row in figures.breaks), default=0),
        )
    )


def headline(figures: Figures) -> dict[str, int]:
    """Return how many events paid back, did not, are too young, or lack a cost."""
    groups = {"paid": 0, "unpaid": 0, "early": 0, "no_cost": 0, "no_dates": 0, "not_yet": 0}
    for row in figures.campaigns:
        groups[group(row)] += 1
    return groups


def group(row: Row) -> str:
    """Return which of the headline's groups an event is in."""
    if row["roi_realised"] is None:
        return str(row["roi_blank_reason"] or "no_cost")
    if row["roi_realised"] >= 0:
        return "paid"
    return "early" if row["immature"] else "unpaid"


@cache
def environment() -> Environment:
    """Return the templates' environment: escapes all, and an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("closedloop.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(percent=text.percent, count=text.count, day=text.day, safe_link=text.link)
    made.globals["BLANK"] = text.BLANK
    return made
