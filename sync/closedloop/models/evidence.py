"""The evidence behind a figure, as a tree: event → accounts and people → links → documents.

Where a node has an amount and nodes below it have amounts, those sum to it, or the node says how it follows from them.
Amounts are minor home units.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb

from closedloop.errors import PartlyFailedError
from closedloop.models import evidence_sql as sql
from closedloop.models.evidence_campaign import SHOWN, Campaign, by_other, credit_line, plain
from closedloop.models.evidence_find import find, known
from closedloop.models.evidence_node import (
    Node,
    Row,
    customers,
    cut,
    deal_line,
    document_label,
    figure,
    group,
    linked_customers,
    rows,
    summed,
)
from closedloop.models.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from closedloop.store.analytical import Store

#: Figures of an account → the column of `document_value` that they sum.
_OF_DOCUMENTS = {"invoiced": "value", "collected": "collected", "written_off": "written_off"}
#: Figures of a document and of a deal: what is published of them, beside the catalogue.
_DOCUMENT = ("value", "collected", "written_off", "open")
_DEAL = ("amount",)


def explain(store: Store, kind: str, name: str, measures: Sequence[str] = (), *, limit: int = 0) -> Node:
    """Return the evidence behind a campaign, account, invoice, person or opportunity.

    Args:
        store: The analytical store, after a reconcile.
        kind: One of those five words.
        name: A key, the id in the source, a number or e-mail, or the name.
        measures: Only these figures; none: the main ones.
        limit: Lines below one line; what is left out is counted and summed. 0: all of them.

    Raises:
        ConfigError: The kind is not one of the five, nothing has this name, several things have it, or there is no
            such figure.
        PartlyFailedError: Nothing was reconciled yet.
    """
    builders: dict[str, Callable[[Store, str, Sequence[str]], Node]] = {
        "campaign": _campaign,
        "account": _account,
        "invoice": _invoice,
        "person": _person,
        "opportunity": _opportunity,
    }
    try:
        key = find(store, kind, name)
        tree = builders[kind](store, key, measures)
    except duckdb.CatalogException as error:
        raise PartlyFailedError("nothing was reconciled yet", fix="closedloop reconcile") from error
    # What was asked for stays whole: only the lists below it are cut.
    return replace(tree, children=tuple(cut(child, limit) for child in tree.children))


def _names(kind: str, row: Row) -> list[str]:
    return [one.name for one in MEASURES if one.entity == kind and one.name in row]


def _campaign(store: Store, key: str, measures: Sequence[str]) -> Node:
    campaign = Campaign.of(store, key)
    label = f"{campaign.row['name']} ({campaign.row['start_date']})"
    for name in measures:
        known(name, _names("campaign", campaign.row), what="an event")
    children = [campaign.explain(name) for name in measures or SHOWN]
    if not measures:
        children += [
            group("attended, account unknown", campaign.people_of(None)),
            group("opportunities", campaign.deals()),
        ]
        records = [_record_line(row) for row in rows(store, sql.CAMPAIGN_RECORDS, [key])]
        children += [group("the same event in other records", records)] if records else []
    return Node(label=label, url=campaign.row["url"], children=tuple(children))


def _account(store: Store, key: str, measures: Sequence[str]) -> Node:
    [row] = rows(store, sql.ACCOUNT, [key])
    for name in measures:
        known(name, _names("account", row), what="an account")
    if measures:
        shown = (_account_figure(store, row, name) for name in measures)
        return Node(label=row["name"], url=row["url"], children=tuple(shown))
    bought = _account_figure(store, row, "invoiced")
    return Node(
        label=row["name"],
        amount=row["invoiced"],
        url=row["url"],
        children=(
            *bought.children,
            group("events", map(_touch_line, rows(store, sql.ACCOUNT_TOUCHES, [key]))),
            group("opportunities", map(deal_line, rows(store, sql.ACCOUNT_OPPORTUNITIES, [key]))),
            group("broken links", map(_break_line, rows(store, sql.BREAKS, [key, key]))),
        ),
    )


def _account_figure(store: Store, row: Row, name: str) -> Node:
    measure = next(one for one in MEASURES if one.entity == "account" and one.name == name)
    key = row["account_key"]
    if name in _OF_DOCUMENTS:
        statement = sql.ACCOUNT_DOCUMENTS.format(amount=_OF_DOCUMENTS[name])
        return figure(measure.label, row[name], customers(rows(store, statement, [key])).get(key, []))
    [run] = rows(store, "select primary_model from param.run")
    if name in {"attributed", f"attributed_{run['primary_model']}"}:
        statement = sql.CREDITS.format(
            table="attribution_credit", amount="value", entity="account", other="campaign"
        )
        found = rows(store, statement, [key, run["primary_model"]])
        return figure(measure.label, row[name], by_other(found, credit_line))
    how = "one for each line below"
    if name == "customers":
        links = [
            Node(label=f"{one['name']}: {one['evidence']}", url=one["url"])
            for one in rows(store, sql.ACCOUNT_CUSTOMERS.format(links=linked_customers(store)), [key])
        ]
        return Node(label=measure.label, value=row[name], unit="count", how=how, children=tuple(links))
    if name == "events_attended":
        came = [one for one in rows(store, sql.ACCOUNT_TOUCHES, [key]) if one["status"] == "attended"]
        events: dict[str, list[Row]] = {}
        for one in came:
            events.setdefault(one["campaign_key"], []).append(one)
        lines = [
            Node(label=people[0]["campaign"], children=tuple(map(_touch_line, people)))
            for people in events.values()
        ]
        return Node(label=measure.label, value=row[name], unit="count", how=how, children=tuple(lines))
    return plain(measure.label, row[name], measure)


def _invoice(store: Store, key: str, measures: Sequence[str]) -> Node:
    found = rows(store, sql.DOCUMENT, [key])
    if not found:
        return _not_counted(rows(store, sql.NOT_COUNTED, [key])[0])
    [row] = found
    for name in measures:
        known(name, _DOCUMENT, what="a document")
    linked = row["evidence"] or "No account in the CRM is linked to this customer."
    chain = (
        Node(
            label=f"customer {row['customer']} → account {row['account'] or 'none'}: {linked}",
            url=row["account_url"],
        ),
        Node(label=f"deal: {row['deal'] or 'none'} ({row['deal_rule']})", url=row["deal_url"]),
    )
    settled = group("settled by", map(_settlement_line, rows(store, sql.DOCUMENT_SETTLEMENTS, [key])))
    label = document_label(row)
    if not measures:
        shares = figure(label, row["value"], _shares(store, key, "value"))
        return Node(
            label=label, amount=row["value"], url=row["url"], children=(*chain, *shares.children, settled)
        )
    shown = [_document_figure(store, row, name, settled) for name in measures]
    return Node(label=label, url=row["url"], children=(*chain, *shown))


def _document_figure(store: Store, row: Row, name: str, settled: Node) -> Node:
    if name in {"value", "collected"}:
        shares = figure(name, row[name], _shares(store, row["document_key"], name))
        return Node(label=name, amount=row[name], children=(*shares.children, settled))
    how = {
        "written_off": "the write-off lines of the document",
        "open": "gross less what settles it, in the home currency",
    }[name]
    return Node(label=name.replace("_", " "), amount=row[name], how=how, children=(settled,))


def _not_counted(row: Row) -> Node:
    kind = str(row["kind"]).replace("_", " ")
    why = f"it is {row['status']}" if row["status"] != "posted" else f"it is dated after {row['as_of']}"
    return Node(label=f"{kind} {row['number']} of {row['date']}: counts nowhere, {why}", url=row["url"])


def _shares(store: Store, key: str, column: str) -> list[Node]:
    [run] = rows(store, "select primary_model from param.run")
    return [
        Node(label=f"{row['bucket']}: {row['campaign'] or 'no event'}", amount=row[column], url=row["url"])
        for row in rows(store, sql.DOCUMENT_CREDITS, [key, run["primary_model"]])
    ]


def _person(store: Store, key: str, measures: Sequence[str]) -> Node:
    [person] = rows(store, sql.PERSON, [key])
    if measures:
        figures = _contact_figures(store, key, measures)
        return Node(label=person["name"] or person["key"], url=person["url"], children=tuple(figures))
    return Node(
        label=person["name"] or person["key"],
        url=person["url"],
        children=(
            Node(label=f"account {person['account'] or 'none'}", url=person["account_url"]),
            group("events", map(_touch_line, rows(store, sql.PERSON_TOUCHES, [key]))),
            group("records", map(_link_line, rows(store, sql.PERSON_LINKS, [key]))),
            group("broken links", map(_break_line, rows(store, sql.PERSON_BREAKS, [key]))),
        ),
    )


def _contact_figures(store: Store, key: str, measures: Sequence[str]) -> list[Node]:
    found = rows(store, sql.CONTACT, [key]) if store.columns("marts", "contact_measures") else []
    row = found[0] if found else {}
    catalogue = {one.name: one for one in MEASURES if str(one.entity) == "contact" and one.name in row}
    figures = []
    for name in measures:
        measure = catalogue[known(name, catalogue, what="a person")]
        if name in store.columns("marts", "contact_credit"):
            shares = rows(store, sql.CONTACT_CREDITS.format(amount=name), [key])
            lines = [Node(label=one["name"], amount=one["amount"], url=one["url"]) for one in shares]
            figures.append(figure(measure.label, row[name], lines))
        else:
            figures.append(plain(measure.label, row[name], measure))
    return figures


def _opportunity(store: Store, key: str, measures: Sequence[str]) -> Node:
    [deal] = rows(store, sql.OPPORTUNITY, [key])
    for name in measures:
        known(name, _DEAL, what="an opportunity")
    [run] = rows(store, "select primary_model from param.run")
    shares = [
        Node(label=row["campaign"], amount=row["amount"], url=row["url"])
        for row in rows(store, sql.OPPORTUNITY_CREDITS, [key, run["primary_model"]])
    ]
    amount = Node(label="amount", amount=deal["amount"], children=tuple(shares))
    documents = [
        Node(label=document_label(row), amount=row["value"], url=row["url"])
        for row in rows(store, sql.OPPORTUNITY_DOCUMENTS, [key])
    ]
    events = group("events", map(_role_line, rows(store, sql.OPPORTUNITY_CAMPAIGNS, [key])))
    children = (amount,) if measures else (amount, summed("documents", documents), events)
    return Node(
        label=f"{deal['name']} (account {deal['account'] or 'none'})", url=deal["url"], children=children
    )


def _record_line(row: Row) -> Node:
    return Node(label=f"{row['name']} ({row['key']}): {row['evidence']}", url=row["url"])


def _touch_line(row: Row) -> Node:
    return Node(label=f"{row['campaign']}: {row['who']} {row['status']} {row['touch_date']}", url=row["url"])


def _role_line(row: Row) -> Node:
    by = " and ".join(word for word in ("account", "role") if row[f"by_{word}"])
    return Node(label=f"{row['campaign']}: {row['role']} by {by}", url=row["url"])


def _link_line(row: Row) -> Node:
    return Node(label=f"{row['identity_key']}: {row['evidence']}", url=row["url"])


def _settlement_line(row: Row) -> Node:
    what = "itself" if row["kind"] == "itself" else f"{row['kind']} {row['name']}"
    label = f"{what} on {row['effective_date']}, {row['amount']} minor units of {row['currency']}"
    return Node(label=label, url=row["url"])


def _break_line(row: Row) -> Node:
    return Node(label=f"{row['link']}: {row['reason']} since {row['since']}. {row['fix']}", url=row["url"])
