"""What each figure of an event is made of. A figure of the catalogue that has no list of its own shows how it is defined."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.models import evidence_sql as sql
from closedloop.models.evidence_node import (
    Node,
    Row,
    customers,
    deal_line,
    document_label,
    figure,
    group,
    rows,
    summed,
)
from closedloop.models.measures import MEASURES, Measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from closedloop.store.analytical import Store

#: Column of `campaign_account` → column of `document_value`, whether only from the event's first day on.
_LIFETIME = {
    "attendee_ltv": ("invoiced", "value", False),
    "attendee_ltv_collected": ("collected", "collected", False),
    "ltv_after_event": ("invoiced_after", "value", True),
    "ltv_after_event_collected": ("collected_after", "collected", True),
}
_PEOPLE: dict[str, Callable[[Row], bool]] = {
    "attended": lambda row: row["status"] == "attended",
    "leads_captured": lambda row: row["is_credit"] and row["has_identity"],
    "registered": lambda row: row["status"] in {"registered", "no_show", "attended"},
    "no_shows": lambda row: row["status"] == "no_show",
}
#: Figure → (which opportunities, their amount).
_DEALS: dict[str, tuple[Callable[[Row], bool], str | None]] = {
    "opportunities_created": (lambda row: row["by_account"] and row["role"] == "created", None),
    "opportunities_created_role": (lambda row: row["by_role"] and row["role"] == "created", None),
    "opportunities_advanced": (lambda row: row["by_account"] and row["role"] == "advanced", None),
    "pipeline_created": (lambda row: row["by_account"] and row["role"] == "created", "amount_created"),
    "pipeline_at_event": (lambda row: row["by_account"] and row["role"] == "advanced", "amount_at_event"),
    "pipeline_open": (lambda row: row["by_account"] and not row["is_closed"], "amount_now"),
    "won": (lambda row: _created(row) and row["is_won"], None),
    "lost": (lambda row: _created(row) and row["is_closed"] and not row["is_won"], None),
    "open_count": (lambda row: _created(row) and not row["is_closed"], None),
    "won_amount": (lambda row: _created(row) and row["is_won"], "amount_now"),
    "lost_amount": (lambda row: _created(row) and row["is_closed"] and not row["is_won"], "amount_now"),
}
#: Figure → the figures that it follows from, and how. `{m}` is the primary model.
FOLLOWS: dict[str, tuple[tuple[str, ...], str]] = {
    "roi_realised": (("attributed_{m}", "cost"), "(attributed less cost) ÷ cost"),
    "roi_collected": (("attributed_{m}_collected", "cost"), "(attributed, collected less cost) ÷ cost"),
    "roi_margin": (("attributed_{m}", "cost"), "(attributed times gross margin less cost) ÷ cost"),
    "roi_closed_won": (("credited_won_{m}", "cost"), "(won amount credited less cost) ÷ cost"),
    "roi_pipeline": (
        ("credited_won_{m}", "credited_open_{m}", "cost"),
        "(won amount credited + open amount credited times probability less cost) ÷ cost",
    ),
    "roi_without_largest": (
        ("attributed_{m}", "cost"),
        "(attributed without its largest account less cost) ÷ cost",
    ),
    "win_rate": (("won", "lost"), "won ÷ (won + lost)"),
    "win_rate_low": (("won", "lost"), "the exact 95 % interval of won ÷ (won + lost)"),
    "win_rate_high": (("won", "lost"), "the exact 95 % interval of won ÷ (won + lost)"),
    "win_rate_by_amount": (("won_amount", "lost_amount"), "won amount ÷ (won + lost amount)"),
    "show_rate": (("attended", "registered"), "attended ÷ registered"),
    "cost_per_attendee": (("cost", "attended"), "cost ÷ attended"),
    "cost_per_lead": (("cost", "leads_captured"), "cost ÷ leads captured"),
    "cost_per_opportunity": (("cost", "opportunities_created"), "cost ÷ opportunities created"),
    "cost_per_new_customer": (("cost", "new_customers"), "cost ÷ new customers"),
    "cost_fully_loaded": (("cost",), "cost times (1 + indirect share)"),
    "budget_variance": (("budget", "cost"), "budget less cost"),
    "pipeline_weighted": (("pipeline_open",), "each open amount times its probability, rounded one by one"),
    "pipeline_per_cost": (("pipeline_created", "cost"), "pipeline created ÷ cost"),
}
_SPLIT = re.compile(r"(attributed|credited_won|credited_open)(?:_([a-z0-9_]+?))?(?:_(collected|no_deal))?")
#: What is shown when no figure is asked for.
SHOWN = ("attendee_ltv", "attributed_{m}", "cost", "roi_realised", "win_rate")


@dataclass(slots=True, kw_only=True)
class Campaign:
    """One event, with what was asked of the store already.

    Args:
        store: The analytical store, after a reconcile.
        key: The campaign.
        row: Its published figures.
        primary: The model behind the ROI.
        models: All models that were computed.
    """

    store: Store
    key: str
    row: Row
    primary: str
    models: frozenset[str]
    _asked: dict[str, list[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, store: Store, key: str) -> Campaign:
        """Return the event with this key."""
        [run] = rows(store, "select primary_model from param.run")
        models = rows(store, "select model from param.attribution_model")
        return cls(
            store=store,
            key=key,
            row=rows(store, sql.CAMPAIGN, [key])[0],
            primary=run["primary_model"],
            models=frozenset(row["model"] for row in models) | {run["primary_model"]},
        )

    def explain(self, name: str) -> Node:
        """Return the tree of one figure of the catalogue; ``{m}`` in its name is the primary model."""
        name = name.replace("{m}", self.primary)
        measure = next((one for one in MEASURES if one.entity == "campaign" and one.name == name), None)
        label = measure.label if measure else name.replace("_", " ")
        if name in _LIFETIME:
            found = figure(label, self.row[name], self._reached(name))
        elif name in _PEOPLE:
            found = self._counted(label, name, map(person_line, filter(_PEOPLE[name], self._people())))
        elif name in _DEALS:
            found = self._deals(label, name)
        elif name in {"accounts_reached", "new_customers"}:
            found = self._accounts(label, name)
        elif name == "cost":
            found = self._cost(label)
        elif name in FOLLOWS:
            found = self._follows(label, name, measure)
        else:
            found = self._split(label, name) or self._plain(label, name, measure)
        return found

    def _ask(self, name: str, statement: str) -> list[Row]:
        if name not in self._asked:
            self._asked[name] = rows(self.store, statement, [self.key])
        return self._asked[name]

    def _people(self) -> list[Row]:
        return self._ask("people", sql.CAMPAIGN_PEOPLE)

    def people_of(self, account: str | None) -> list[Node]:
        """Return who attended from an account; none: those whose account nobody knows."""
        return [
            person_line(row)
            for row in self._people()
            if row["status"] == "attended" and row["account_key"] == account
        ]

    def deals(self) -> list[Node]:
        """Return the opportunities that the event opened or moved on."""
        return [deal_line(row) for row in self._ask("deals", sql.CAMPAIGN_OPPORTUNITIES)]

    def _reached(self, name: str) -> list[Node]:
        column, amount, after = _LIFETIME[name]
        since = self.row["start_date"] if after else None
        statement = sql.CAMPAIGN_DOCUMENTS.format(amount=amount)
        documents = customers(rows(self.store, statement, [self.key, since]))
        found = []
        for row in self._ask("accounts", sql.CAMPAIGN_ACCOUNTS):
            account = row["account_key"]
            bought = figure(row["name"], row[column], documents.get(account, []))
            people = group("people", self.people_of(account))
            found.append(
                Node(
                    label=row["name"], amount=row[column], url=row["url"], children=(people, *bought.children)
                )
            )
        return found

    def _counted(self, label: str, name: str, lines: Iterable[Node]) -> Node:
        children = tuple(lines)
        how = "one for each line below"
        return Node(label=label, value=self.row[name], unit="count", how=how, children=children)

    def _accounts(self, label: str, name: str) -> Node:
        found = [
            Node(
                label=f"{row['name']}, first invoice {row['first_document_date'] or 'none'}",
                url=row["url"],
                children=tuple(self.people_of(row["account_key"])),
            )
            for row in self._ask("accounts", sql.CAMPAIGN_ACCOUNTS)
            if name == "accounts_reached" or row["is_new_customer"]
        ]
        return self._counted(label, name, found)

    def _deals(self, label: str, name: str) -> Node:
        chosen, column = _DEALS[name]
        found = [row for row in self._ask("deals", sql.CAMPAIGN_OPPORTUNITIES) if chosen(row)]
        lines = [deal_line({**row, "amount": row[column] if column else None}) for row in found]
        if column is None:
            return self._counted(label, name, lines)
        return figure(label, self.row.get(name), lines)

    def _cost(self, label: str) -> Node:
        if self.row["cost_source"] == "ledger":
            lines = [_cost_line(row) for row in self._ask("cost", sql.CAMPAIGN_COST)]
            return figure(f"{label} (tagged in the ledger)", self.row["cost"], lines)
        said = "entered in the CRM" if self.row["cost"] is not None else "no cost"
        return Node(label=f"{label} ({said})", amount=self.row["cost"], url=self.row["url"])

    def _follows(self, label: str, name: str, measure: Measure | None) -> Node:
        parts, how = FOLLOWS[name]
        names = [part.replace("{m}", self.primary) for part in parts]
        children = tuple(self.explain(part) for part in names if part in self.row)
        found = self._plain(label, name, measure)
        reason = self.row["roi_blank_reason"] if name.startswith("roi_") and self.row[name] is None else None
        return Node(
            label=label,
            amount=found.amount,
            value=found.value,
            unit=found.unit,
            how=f"{how}: blank, {reason.replace('_', ' ')}" if reason else how,
            children=children,
        )

    def _split(self, label: str, name: str) -> Node | None:
        """Return the tree of a figure that a model splits; none if the name speaks of no model."""
        found = _SPLIT.fullmatch(name)
        model = (found[2] or self.primary) if found else None
        if found is None or model not in self.models:
            return None
        if found[1] == "attributed":
            table = "attribution_no_deal" if found[3] == "no_deal" else "attribution_credit"
            amount = "collected" if found[3] == "collected" else "value"
            statement = sql.CREDITS.format(table=table, amount=amount, entity="campaign", other="account")
            lines = by_other(rows(self.store, statement, [self.key, model]), credit_line)
        else:
            state = found[1].removeprefix("credited_")
            credits_ = rows(self.store, sql.DEAL_CREDITS, [self.key, model, state])
            lines = by_other(credits_, lambda row: deal_line({**row, "amount": row["credit"]}))
        return figure(label, self.row[name], lines)

    def _plain(self, label: str, name: str, measure: Measure | None) -> Node:
        return plain(label, self.row[name], measure)


def plain(label: str, value: Any, measure: Measure | None) -> Node:
    """Return a figure that is told by its definition alone."""
    how = measure.definition if measure else None
    unit = measure.unit if measure else "text"
    if unit == "money":
        return Node(label=label, amount=value, how=how)
    return Node(label=label, value=value, unit=unit, how=how)


def by_other(found: list[Row], line: Callable[[Row], Node]) -> list[Node]:
    """Return one summed line for each account, or for each event, with its shares below."""
    lines: dict[str, list[Node]] = {}
    heads: dict[str, Row] = {}
    for row in found:
        lines.setdefault(row["other_key"], []).append(line(row))
        heads[row["other_key"]] = row
    return [summed(heads[key]["other"], shares, heads[key]["other_url"]) for key, shares in lines.items()]


def credit_line(row: Row) -> Node:
    """Return the share of one document."""
    label = f"share of {document_label(row)}, deal {row['deal_rule']}"
    return Node(label=label, amount=row["credit"], url=row["url"])


def person_line(row: Row) -> Node:
    """Return who somebody at an event is, and why."""
    who = row["person"] or row["name"] or row["email"] or row["touch_key"]
    link = row["evidence"] or "Nobody in the CRM was found."
    return Node(label=f"{who}: {link} {row['account_evidence'] or ''}".rstrip(), url=row["url"])


def _cost_line(row: Row) -> Node:
    label = " ".join(str(part) for part in (row["document_number"], row["description"]) if part)
    return Node(label=f"{label or 'cost'} of {row['date']}", amount=row["amount"], url=row["url"])


def _created(row: Row) -> bool:
    return bool(row["by_account"] and row["role"] == "created")
