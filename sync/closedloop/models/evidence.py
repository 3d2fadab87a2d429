"""The evidence behind a figure, as a tree: event → accounts and people → links → documents.

Where a node has an amount and nodes below it have amounts, those sum to it. Amounts are minor home units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from closedloop.errors import ConfigError, PartlyFailedError
from closedloop.models import evidence_sql as sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from closedloop.store.analytical import Store

Row = dict[str, Any]

#: What can be explained, and where its name is looked up: (table, key column, columns that name it).
_PLACES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "campaign": ("canonical.campaign", "key", ("key", "source_id", "code", "name")),
    "account": ("canonical.account", "key", ("key", "source_id", "name")),
    "invoice": ("marts.document_value", "document_key", ("document_key", "number")),
    "person": ("canonical.person", "key", ("key", "source_id", "email", "name")),
    "opportunity": ("canonical.opportunity", "key", ("key", "source_id", "number", "name")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of the tree.

    Args:
        label: What it is, in words.
        amount: Minor home units; none where it is no amount.
        url: The record in the vendor's own screen.
        children: What it is made of.
    """

    label: str
    amount: int | None = None
    url: str | None = None
    children: tuple[Node, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the tree as plain values."""
        return {
            "label": self.label,
            "amount": self.amount,
            "url": self.url,
            "children": [child.to_dict() for child in self.children],
        }


def explain(store: Store, kind: str, name: str) -> Node:
    """Return the evidence behind a campaign, account, invoice, person or opportunity.

    Args:
        store: The analytical store, after a reconcile.
        kind: One of those five words.
        name: A key, the id in the source, a number or e-mail, or the name.

    Raises:
        ConfigError: The kind is not one of the five, nothing has this name, or several things have it.
        PartlyFailedError: Nothing was reconciled yet.
    """
    builders: dict[str, Callable[[Store, str], Node]] = {
        "campaign": _campaign,
        "account": _account,
        "invoice": _invoice,
        "person": _person,
        "opportunity": _opportunity,
    }
    if kind not in builders:
        msg = f"{kind} cannot be explained"
        raise ConfigError(msg, where="explain", fix=f"use one of: {', '.join(builders)}")
    try:
        return builders[kind](store, _found(store, kind, name))
    except duckdb.CatalogException as error:
        raise PartlyFailedError("nothing was reconciled yet", fix="closedloop reconcile") from error


def _found(store: Store, kind: str, name: str) -> str:
    table, key, columns = _PLACES[kind]
    for column in columns:
        keys = [
            str(row[0])
            for row in store.query(
                f"select {key} from {table} where lower({column}) = lower(?) order by 1 limit 6", [name]
            )
        ]
        if len(keys) == 1:
            return keys[0]
        if keys:
            msg = f"several have this {column}"
            raise ConfigError(msg, where=f"explain {kind}", fix=f"use a key: {', '.join(keys[:5])}")
    msg = f"no {kind} has this key, id or name"
    raise ConfigError(msg, where=f"explain {kind}", fix="names are matched whole, capitals aside")


def _campaign(store: Store, key: str) -> Node:
    [figure] = _rows(store, sql.CAMPAIGN, [key])
    people = _grouped(_rows(store, sql.CAMPAIGN_PEOPLE, [key]), "account_key", _person_line)
    documents = _customers(_rows(store, sql.CAMPAIGN_DOCUMENTS, [key]))
    reached = [
        Node(
            label=row["name"],
            amount=row["invoiced"],
            url=row["url"],
            children=(
                _group("people", people.get(row["account_key"], [])),
                *documents.get(row["account_key"], []),
            ),
        )
        for row in _rows(store, sql.CAMPAIGN_ACCOUNTS, [key])
    ]
    credited = _grouped(_rows(store, sql.CAMPAIGN_CREDITS, [key]), "account", _credit_line)
    return Node(
        label=f"{figure['name']} ({figure['start_date']})",
        url=figure["url"],
        children=(
            Node(label="attendee lifetime value", amount=figure["attendee_ltv"], children=tuple(reached)),
            Node(
                label="attributed revenue, linear",
                amount=figure["attributed_linear"],
                children=tuple(_summed(account, lines) for account, lines in credited.items()),
            ),
            Node(
                label=f"cost ({figure['cost_source']})",
                amount=figure["cost"],
                children=tuple(_cost_line(row) for row in _rows(store, sql.CAMPAIGN_COST, [key])),
            ),
            _group("attended, account unknown", people.get(None, [])),
            _group("opportunities", map(_deal_line, _rows(store, sql.CAMPAIGN_OPPORTUNITIES, [key]))),
        ),
    )


def _account(store: Store, key: str) -> Node:
    [figure] = _rows(store, sql.ACCOUNT, [key])
    return Node(
        label=figure["name"],
        amount=figure["invoiced"],
        url=figure["url"],
        children=(
            *_customers(_rows(store, sql.ACCOUNT_DOCUMENTS, [key])).get(key, []),
            _group("events", map(_touch_line, _rows(store, sql.ACCOUNT_TOUCHES, [key]))),
            _group("opportunities", map(_deal_line, _rows(store, sql.ACCOUNT_OPPORTUNITIES, [key]))),
            _group("broken links", map(_break_line, _rows(store, sql.BREAKS, [key, key]))),
        ),
    )


def _invoice(store: Store, key: str) -> Node:
    [figure] = _rows(store, sql.DOCUMENT, [key])
    linked = figure["evidence"] or "No account in the CRM is linked to this customer."
    deal = f"deal: {figure['deal'] or 'none'} ({figure['deal_rule']})"
    return Node(
        label=_document_label(figure),
        amount=figure["value"],
        url=figure["url"],
        children=(
            Node(label=f"customer {figure['customer']} → account {figure['account'] or 'none'}: {linked}"),
            Node(label=deal, url=figure["deal_url"]),
            *(
                Node(
                    label=f"{row['bucket']}: {row['campaign'] or 'no event'}",
                    amount=row["value"],
                    url=row["url"],
                )
                for row in _rows(store, sql.DOCUMENT_CREDITS, [key, key])
            ),
            _group("settled by", map(_settlement_line, _rows(store, sql.DOCUMENT_SETTLEMENTS, [key]))),
        ),
    )


def _person(store: Store, key: str) -> Node:
    [person] = _rows(store, sql.PERSON, [key])
    return Node(
        label=person["name"] or person["key"],
        url=person["url"],
        children=(
            Node(label=f"account {person['account'] or 'none'}", url=person["account_url"]),
            _group("events", map(_touch_line, _rows(store, sql.PERSON_TOUCHES, [key]))),
            _group("records", map(_link_line, _rows(store, sql.PERSON_LINKS, [key]))),
            _group("broken links", map(_break_line, _rows(store, sql.PERSON_BREAKS, [key]))),
        ),
    )


def _opportunity(store: Store, key: str) -> Node:
    [deal] = _rows(store, sql.OPPORTUNITY, [key])
    shares = [_campaign_line(row) for row in _rows(store, sql.OPPORTUNITY_CREDITS, [key])]
    documents = [_document_line(row) for row in _rows(store, sql.OPPORTUNITY_DOCUMENTS, [key])]
    return Node(
        label=f"{deal['name']} (account {deal['account'] or 'none'})",
        url=deal["url"],
        children=(
            Node(label="amount", amount=deal["amount"], children=tuple(shares)),
            _summed("documents", documents),
            _group("events", map(_role_line, _rows(store, sql.OPPORTUNITY_CAMPAIGNS, [key]))),
        ),
    )


def _rows(store: Store, statement: str, parameters: Sequence[object]) -> list[Row]:
    cursor = store.connection.execute(statement, list(parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _group(label: str, children: Iterable[Node]) -> Node:
    lines = tuple(children)
    return Node(label=f"{label}: {len(lines) or 'none'}", children=lines)


def _summed(label: str, children: Sequence[Node]) -> Node:
    return Node(label=label, amount=sum(child.amount or 0 for child in children), children=tuple(children))


def _grouped(rows: list[Row], column: str, line: Callable[[Row], Node]) -> dict[Any, list[Node]]:
    groups: dict[Any, list[Node]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(line(row))
    return groups


def _customers(rows: list[Row]) -> dict[str, list[Node]]:
    """Return, by account, its ledger customers with the evidence of the link and their documents."""
    lines: dict[tuple[str, str], list[Node]] = {}
    labels: dict[tuple[str, str], str] = {}
    for row in rows:
        place = (row["account_key"], row["customer_key"])
        lines.setdefault(place, []).append(_document_line(row))
        labels[place] = f"customer {row['customer']}: {row['evidence']}"
    found: dict[str, list[Node]] = {}
    for place, documents in lines.items():
        found.setdefault(place[0], []).append(_summed(labels[place], documents))
    return found


def _document_label(row: Row) -> str:
    kind = str(row["kind"]).replace("_", " ")
    state = "" if row["state"] == "counted" else ", no usable rate"
    return f"{kind} {row['number']} of {row['date']}{state}"


def _document_line(row: Row) -> Node:
    return Node(label=_document_label(row), amount=row["value"], url=row["url"])


def _credit_line(row: Row) -> Node:
    return Node(
        label=f"share of {_document_label(row)}, deal {row['deal_rule']}",
        amount=row["credit"],
        url=row["url"],
    )


def _campaign_line(row: Row) -> Node:
    return Node(label=row["campaign"], amount=row["amount"], url=row["url"])


def _cost_line(row: Row) -> Node:
    label = " ".join(str(part) for part in (row["document_number"], row["description"]) if part)
    return Node(label=f"{label or 'cost'} of {row['date']}", amount=row["amount"], url=row["url"])


def _person_line(row: Row) -> Node:
    who = row["person"] or row["name"] or row["email"] or row["touch_key"]
    link = row["evidence"] or "Nobody in the CRM was found."
    return Node(label=f"{who}: {link} {row['account_evidence'] or ''}".rstrip(), url=row["url"])


def _touch_line(row: Row) -> Node:
    return Node(label=f"{row['campaign']}: {row['who']} {row['status']} {row['touch_date']}", url=row["url"])


def _deal_line(row: Row) -> Node:
    state = "won" if row["is_won"] else "lost" if row["is_closed"] else "open"
    return Node(label=f"{row['name']}: {row['role']}, {state}", url=row["url"])


def _role_line(row: Row) -> Node:
    by = " and ".join(word for word in ("account", "role") if row[f"by_{word}"])
    return Node(label=f"{row['campaign']}: {row['role']} by {by}", url=row["url"])


def _link_line(row: Row) -> Node:
    return Node(label=f"{row['identity_key']}: {row['evidence']}")


def _settlement_line(row: Row) -> Node:
    what = "itself" if row["kind"] == "itself" else f"{row['kind']} {row['name']}"
    return Node(label=f"{what} on {row['effective_date']}, {row['amount']} minor units of {row['currency']}")


def _break_line(row: Row) -> Node:
    return Node(label=f"{row['link']}: {row['reason']} since {row['since']}. {row['fix']}", url=row["url"])
