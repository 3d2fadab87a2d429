"""What the page says beyond the sums: same age, what an event would return again, comparisons, scorecards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Row = dict[str, Any]

#: The ages that the page shows, as the marts name them; the fifth is the company's own.
AGES = ("30", "90", "180", "365", "cycle")
#: The four questions of the scorecard, as the marts name them.
RIMS = ("repeatable", "improvable", "measurable", "scalable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Events judged; each list has the newest event first.

    Args:
        ages: One row an event that has reached an age: `at` holds age name → row of ``campaign_at_age``.
        groups: Events that the data cannot separate, best group first; inside a group the newest first, not the best.
        comparisons: One row an event: `against` holds the kind of others → row of ``campaign_comparison``.
        scorecards: One row an event: `steps` holds its five rows of ``campaign_scorecard``, and the columns of RIMS.
    """

    ages: list[Row] = field(default_factory=list)
    groups: list[list[Row]] = field(default_factory=list)
    comparisons: list[Row] = field(default_factory=list)
    scorecards: list[Row] = field(default_factory=list)

    @property
    def early(self) -> set[str]:
        """The ages that are younger than the company's own time from touch to won: one answer for all events."""
        return {name for row in self.ages for name, figure in row["at"].items() if figure["immature"]}


def read(rows: Callable[[str], list[Row]]) -> Judged:
    """Read the judgements of the last reconcile; ``rows`` returns a query's rows."""
    return Judged(
        ages=_gathered(rows(_AGES), "age_name", "at"),
        groups=_grouped(rows(_OUTLOOK)),
        comparisons=_gathered(rows(_COMPARISONS), "against", "others"),
        scorecards=_gathered(rows(_SCORECARDS), "step", "steps"),
    )


def _gathered(found: list[Row], column: str, name: str) -> list[Row]:
    """Return one row a campaign, in the order they came, with its rows by ``column`` under ``name``."""
    made: dict[str, Row] = {}
    for row in found:
        first = made.setdefault(row["campaign_key"], {**row, name: {}})
        first[name][row[column]] = row
    return list(made.values())


def _grouped(found: list[Row]) -> list[list[Row]]:
    groups: dict[int, list[Row]] = {}
    for row in found:
        groups.setdefault(row["group_number"], []).append(row)
    return [groups[number] for number in sorted(groups)]


_NEWEST = "order by campaign.start_date desc nulls last, campaign.campaign_key"

_AGES = f"""
select campaign.name, campaign.start_date, age.campaign_key, age.age_name, age.age_days, age.roi_realised, age.immature
from marts.campaign_at_age as age
join marts.campaign_measures as campaign on campaign.campaign_key = age.campaign_key
where age.is_shown and age.roi_realised is not null
{_NEWEST}, age.age_days
"""

_OUTLOOK = f"""
select campaign.name, campaign.start_date, outlook.*
from marts.campaign_outlook as outlook
join marts.campaign_measures as campaign on campaign.campaign_key = outlook.campaign_key
where outlook.group_number is not null
{_NEWEST}
"""

_COMPARISONS = f"""
select campaign.name, campaign.start_date, comparison.*
from marts.campaign_comparison as comparison
join marts.campaign_measures as campaign on campaign.campaign_key = comparison.campaign_key
where comparison.risk_difference is not null
{_NEWEST}, comparison.against
"""

_SCORECARDS = f"""
select campaign.name, campaign.start_date, score.campaign_key, score.step, score.name as step_name, score.state,
    score.missing, score.share, score.n, rims.steps_done, rims.repeatable, rims.improvable, rims.measurable, rims.scalable,
    rims.coverage_attendees, rims.coverage_cost, rims.coverage_revenue
from marts.campaign_scorecard as score
join marts.campaign_rims as rims on rims.campaign_key = score.campaign_key
join marts.campaign_measures as campaign on campaign.campaign_key = score.campaign_key
{_NEWEST}, score.step
"""
