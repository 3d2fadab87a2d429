"""Plots as SVG text that stands inside the page: no script, no font or picture from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from decimal import Decimal

    from closedloop.report.figures import Row
    from closedloop.report.text import Money

INK, MUTED, GAIN, LOSS, COST = "#1c2733", "#6b7885", "#1a7f6b", "#b5483a", "#c9d1d9"
FONT = "Helvetica, Arial, sans-serif"
#: More bars than this cannot be read on one screen; the table below the plot has all events.
SHOWN = 20
NAME_LENGTH = 34


def value_against_cost(campaigns: list[Row], money: Money) -> str:
    """Draw, for the best events that have a cost, what each returned beside what it cost."""
    shown = [row for row in campaigns if row["cost"] is not None and row["roi_realised"] is not None][:SHOWN]
    if not shown:
        return ""
    import altair as alt

    data = [point(row, money) for row in shown]
    order = [row["event"] for row in data]
    base = alt.Chart({"values": data}).encode(y=alt.Y("event:N", sort=order, title=None))
    cost = base.mark_bar(color=COST, height=14).encode(
        x=alt.X("cost:Q", title=f"{money.currency}: grey is cost, colour is attributed revenue")
    )
    value = base.mark_bar(height=6).encode(
        x="value:Q",
        color=alt.Color("paid:N", scale=alt.Scale(domain=[True, False], range=[GAIN, LOSS]), legend=None),
    )
    label = base.mark_text(align="left", dx=5, color=INK, fontSize=11).encode(x="end:Q", text="roi:N")
    return draw(alt.layer(cost, value, label).properties(width=560, height=24 * len(shown)))


def editions(campaigns: list[Row]) -> str:
    """Draw realised ROI over the editions of each series that has at least two with a figure."""
    rows = [
        row for row in campaigns if row["series"] and row["start_date"] and row["roi_realised"] is not None
    ]
    series = sorted(
        {row["series"] for row in rows if sum(other["series"] == row["series"] for other in rows) > 1}
    )
    if not series:
        return ""
    import altair as alt

    data = [
        {
            "series": short(row["series"]),
            "day": row["start_date"].isoformat(),
            "roi": exact(row["roi_realised"]),
        }
        for row in rows
        if row["series"] in series
    ]
    chart = (
        alt.Chart({"values": data})
        .mark_line(point=alt.OverlayMarkDef(size=36, filled=True), color=GAIN, strokeWidth=2)
        .encode(
            x=alt.X("day:T", title=None, axis=alt.Axis(format="%Y", tickCount="year")),
            y=alt.Y("roi:Q", title="realised ROI", axis=alt.Axis(format="+.0%", tickCount=4)),
        )
        .properties(width=210, height=96)
        .facet(facet=alt.Facet("series:N", title=None), columns=3)
        .resolve_scale(y="independent")
    )
    return draw(chart)


def point(row: Row, money: Money) -> dict[str, Any]:
    """Return one event's bar: amounts in major units, for drawing only."""
    value, cost = row["attributed"], row["cost"]
    return {
        "event": f"{short(row['name'])}  {row['start_date'] or ''}",
        "value": exact(money.major(value)),
        "cost": exact(money.major(cost)),
        "end": exact(money.major(max(value, cost, 0))),
        "paid": value >= cost,
        "roi": f"{exact(row['roi_realised']):+.0%}" + (" (early)" if row.get("immature") else ""),
    }


def exact(value: Decimal) -> float:
    """Return a position on an axis; a pixel needs no cents."""
    return float(value)


def short(name: str) -> str:
    """Return a name that fits beside a bar."""
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"


def draw(chart: Any) -> str:
    """Return a chart as SVG text."""
    import vl_convert

    themed = (
        # Room at the left: a browser's font may be wider than the one the labels were measured with.
        chart.configure(font=FONT, padding={"left": 40, "right": 10, "top": 5, "bottom": 5})
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=MUTED,
            titleFontWeight="normal",
            gridColor="#eef1f4",
            domain=False,
            ticks=False,
            labelLimit=330,
        )
        .configure_header(labelColor=INK, labelFontWeight="bold", labelAnchor="start")
    )
    return str(vl_convert.vegalite_to_svg(themed.to_dict()))
