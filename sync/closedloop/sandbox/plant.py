"""Faults planted into the models on purpose: a check that does not find them proves nothing.

Each fault rewrites a place or two of one model's SQL, as a tired person might. Written into the folder of an admin's
own models (``models_dir``) the spoilt model takes the place of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class PlantError(Exception):
    """The model no longer reads as the fault expects: the fault must be written anew."""


@dataclass(slots=True, kw_only=True, frozen=True)
class Fault:
    """One mistake.

    Args:
        name: What was done wrong.
        layer: Folder of the model: ``canonical`` or ``marts``.
        model: The model's name.
        edits: (text as it stands, text instead); every occurrence is replaced.
    """

    name: str
    layer: str
    model: str
    edits: tuple[tuple[str, str], ...]

    @property
    def file(self) -> str:
        """The model's file below the folder of the models."""
        return f"{self.layer}/{self.model}.sql"


def _fault(name: str, model: str, *edits: tuple[str, str], layer: str = "marts") -> Fault:
    return Fault(name=name, layer=layer, model=model, edits=edits)


_RECEIPTS = "where document.kind not in ('sales_receipt', 'refund')"
_LINK = "left join link_customer_account as link on link.customer_key = valued.customer_key"
_TWO_ACCOUNTS = (
    "left join (select customer_key, account_key from link_customer_account"
    " union all select customer_key, (select min(account_key) from link_customer_account)"
    " from link_customer_account) as link on link.customer_key = valued.customer_key"
)
_HOME_STATED = "when revenue = net and home_net is not null then home_net"

FAULTS: tuple[Fault, ...] = (
    _fault(
        "credit_note_sign_flipped", "document", ("then 1 else -1 end", "then 1 else 1 end"), layer="canonical"
    ),
    _fault(
        "credit_note_dropped",
        "document_money",
        (
            "where document.status = 'posted'",
            "where document.kind <> 'credit_note' and document.status = 'posted'",
        ),
    ),
    _fault(
        "draft_counted",
        "document_money",
        ("document.status = 'posted'", "document.status in ('posted', 'draft')"),
    ),
    _fault(
        "void_counted",
        "document_money",
        ("document.status = 'posted'", "document.status in ('posted', 'void')"),
    ),
    _fault("future_document_counted", "document_money", ("and document.date <= run.as_of", "")),
    _fault(
        "rate_used_twice",
        "document_money",
        (
            _HOME_STATED,
            _HOME_STATED.replace(
                "then home_net", "then to_home(home_net, rate, rate_direction, scale, home_scale)"
            ),
        ),
    ),
    _fault("unlike_currencies_summed", "document_money", (_HOME_STATED, "when revenue = net then revenue")),
    _fault(
        "tax_counted_as_revenue",
        "document_money",
        ("when currency = home_currency then revenue", "when currency = home_currency then gross"),
    ),
    _fault(
        "deposit_counted_as_revenue",
        "document_money",
        ("sum(net) filter (where line_class = 'revenue') as revenue", "sum(net) as revenue"),
    ),
    _fault(
        "payment_day_ignored",
        "document_figure",
        (
            "sum(settlement.amount) filter (where settlement.effective_date <= run.as_of)",
            "sum(settlement.amount)",
        ),
    ),
    _fault(
        "fan_out_over_lines",
        "document_figure",
        (_LINK, f"{_LINK} left join line on line.document_key = valued.document_key"),
    ),
    _fault("customer_under_two_accounts", "document_figure", (_LINK, _TWO_ACCOUNTS)),
    _fault("receipt_settled_twice", "settlement", (_RECEIPTS, "where true")),
    _fault(
        "credit_settles_nothing",
        "settlement",
        (_RECEIPTS, f"{_RECEIPTS} and allocation.payment_key is not null"),
    ),
    _fault(
        "split_without_remainder",
        "shared_credit",
        ("case when value_place <= value_left then 1 else 0 end", "0"),
        ("when 2 * value_rest > total or (2 * value_rest = total and key_place = 1) then 1", ""),
        ("then case when key_place <= abs(value) % touches then 1 else 0 end", "then 0"),
    ),
    _fault(
        "open_deal_credited_as_won", "credit_item", ("case when is_won then 'won' else 'open' end", "'won'")
    ),
    _fault("look_back_ignored", "journey_bound", ("- run.look_back_days", "- 100000")),
    _fault(
        "journey_past_the_close",
        "journey_bound",
        ("least(coalesce(deal.closed_date, document.date), document.date)", "document.date"),
    ),
    _fault(
        "credit_note_without_the_deal_it_credits",
        "document_part",
        ("credited.document_key = part.credited_document_key", "credited.document_key = part.document_key"),
    ),
    _fault(
        "new_business_inverted",
        "part_bucket",
        (
            "part.date) <= first.first_document_date + 30",
            "part.date) > first.first_document_date + 30",
        ),
    ),
    _fault("touch_counted_twice", "touch_resolved", ("where ranked.place = 1", "where true")),
    _fault(
        "no_show_as_attended",
        "touch_resolved",
        (
            "touch.status,",
            "case when touch.status = 'no_show' then 'attended' else touch.status end as status,",
        ),
    ),
    _fault(
        "cancelled_as_attended",
        "touch_resolved",
        ("where touch.status <> 'cancelled'", ""),
        (
            "touch.status,",
            "case when touch.status = 'cancelled' then 'attended' else touch.status end as status,",
        ),
    ),
    _fault(
        "same_person_counted_by_mailbox",
        "touch_resolved",
        (
            "coalesce(link.person_key, evidence.identity_key) as person_identity",
            "touch.key as person_identity",
        ),
    ),
    _fault(
        "day_of_the_scan_in_utc",
        "touch",
        (
            "cast((touch.occurred_at at time zone run.time_zone) as date)",
            "cast(touch.occurred_at as date) + 1",
        ),
        layer="canonical",
    ),
    _fault(
        "follow_up_ignored",
        "campaign_opportunity",
        ("opportunity.created_date <= account_first.touch_date + run.follow_up_days", "true"),
    ),
    _fault(
        "all_time_value_after_the_event",
        "group_account",
        ("and document.date >= came.start_date", ""),
    ),
    _fault(
        "lost_deal_as_won",
        "group_deals",
        ("deal.is_created and deal.is_won) as won", "deal.is_created and deal.is_closed) as won"),
    ),
    _fault(
        "win_rate_of_all_deals",
        "group_measures",
        ("ratio(won, won + lost)", "ratio(won, won + lost + open_count)"),
    ),
    _fault(
        "return_before_cost",
        "group_measures",
        ("ratio(attributed - cost, cost)", "ratio(attributed, cost)"),
    ),
    _fault("cost_from_budget", "campaign_cost", ("then entered.actual_cost", "then entered.budget")),
    _fault("draft_cost_counted", "cost_line", ("and cost.status = 'posted'", ""), layer="canonical"),
)


def plant(fault: Fault, models: Path, folder: Path) -> Path:
    """Write a model with a fault into a folder of own models.

    Args:
        fault: What to do wrong.
        models: The folder of our models, with ``canonical`` and ``marts`` below it.
        folder: The ``models_dir`` of the configuration; it is made.

    Returns:
        The file written.

    Raises:
        PlantError: The model is not there, or does not hold the text that the fault changes.
    """
    source = models / fault.file
    if not source.is_file():
        message = f"{fault.name}: there is no model {fault.file}"
        raise PlantError(message)
    sql = source.read_text(encoding="utf-8")
    for before, after in fault.edits:
        if before not in sql:
            message = f"{fault.name}: {fault.file} does not hold: {before}"
            raise PlantError(message)
        sql = sql.replace(before, after)
    target = folder / fault.file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(sql, encoding="utf-8")
    return target
