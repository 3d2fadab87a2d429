"""The catalogue of the figures that judge an event: same age, outlook, comparison, scorecard.

They stand in tables of their own and are printed beside their definition; none is written back into a CRM: an expected
ROI is no ROI.
"""

from __future__ import annotations

from closedloop.models.measures import Kind, Measure, Unit


def _judged(  # noqa: PLR0917 (a table reads best row by row)
    name: str, unit: Unit, kind: Kind, label: str, number: str, definition: str
) -> Measure:
    return Measure(
        name=name, entity="campaign", unit=unit, kind=kind, label=label, number=number, definition=definition
    )


COMPARED: tuple[Measure, ...] = (
    _judged(
        "roi_at_age", "ratio", "ratio", "ROI at an age", "at_age",
        "Realised ROI of the documents dated up to so many days after the event's last day, with credits, links and cost"
        " as known now. Shown once that day is over and every source it needs is proved complete through it.",
    ),
    _judged(
        "expected_roi", "ratio", "ratio", "Expected ROI of a repeat", "17",
        "Companies reached times the share expected to pay times the mean value of a paying one ÷ cost, less one. The share"
        " expected to pay is the event's own, drawn towards that of events of its kind as if by ten more companies.",
    ),
    _judged(
        "roi_low", "ratio", "ratio", "Expected ROI, from", "17",
        "The ROI that a repeat would fall short of once in forty times, if only chance decides who pays.",
    ),
    _judged(
        "roi_high", "ratio", "ratio", "Expected ROI, to", "17",
        "The ROI that a repeat would exceed once in forty times, if only chance decides who pays.",
    ),
    _judged(
        "group_number", "count", "fact", "Group", "18",
        "Events that the data cannot tell apart from the best of their group, with 97.5 % certainty over all comparisons.",
    ),
    _judged(
        "paying_median", "money", "ratio", "Median of paying companies", "18",
        "What the middle one of the paying companies brought.",
    ),
    _judged(
        "largest_share", "ratio", "ratio", "Largest company's share", "18",
        "The part of what paying companies brought that came from the largest alone.",
    ),
    _judged(
        "risk_difference", "ratio", "ratio", "Bought more often than others", "19",
        "Share of the attendees' companies that bought within the follow-up window, less that of the others; weighted"
        " over groups alike before the event that hold at least five others. A comparison, not proof.",
    ),
    _judged(
        "risk_difference_before", "ratio", "ratio", "The same before the event", "19",
        "The same difference over as many days before the event: what there was without it.",
    ),
    _judged(
        "matched_share", "ratio", "ratio", "Found alike", "19",
        "Share of the attendees' companies for which at least five others alike were found.",
    ),
    _judged(
        "step_state", "text", "fact", "Step of the scorecard", "scorecard",
        "done: the whole plan, or the share that the settings ask for. missing: nothing, or nothing to count yet. partly:"
        " in between.",
    ),
    _judged(
        "repeatable", "text", "fact", "Repeatable", "scorecard", "All five steps are done.",
    ),
    _judged(
        "improvable", "text", "fact", "Improvable", "scorecard",
        "ROI at the same age is above that of the edition before.",
    ),
    _judged(
        "measurable", "text", "fact", "Measurable", "scorecard",
        "The companies of the attendees, the cost and the invoices of won deals are known to the share that the settings"
        " ask for.",
    ),
    _judged(
        "scalable", "text", "fact", "Scalable", "scorecard",
        "With more attendees than the edition before, an opportunity cost no more and a unit of cost brought no less.",
    ),
)  # fmt: skip
