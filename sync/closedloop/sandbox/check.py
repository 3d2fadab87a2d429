"""Compares what is published with the truth, to the cent.

Two questions, as in ``demo --check``: (a) with the true links injected as decisions, is every figure equal?
(b) with the product's own links, is none of them false, is every figure what those links must give, and is the
money that no longer finds its account exactly the money of the links missing?

Everything is plain rows: whoever calls reads the tables (``TABLES``) and brings the mapping from the world's keys to
the published ones.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.sandbox.links import LinkVerdict, judge_links, read_links
from closedloop.sandbox.truth import figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from closedloop.sandbox.truth import DocumentFigure, Figures
    from closedloop.sandbox.world import Links, World

    Row = Mapping[str, object]

#: Field of ``Published`` → table of the marts.
TABLES = {
    "campaigns": "campaign_measures",
    "models": "campaign_model",
    "series": "series_measures",
    "kinds": "kind_measures",
    "owners": "owner_measures",
    "contacts": "contact_measures",
    "accounts": "account_measures",
    "documents": "document_value",
    "credits": "attribution_credit",
    "totals": "totals",
    "months": "tie_out",
    "touches": "touch_resolved",
    "customer_account": "link_customer_account",
    "person": "link_person",
    "touch_account": "link_touch_account",
}
#: The ends of an interval come from a numeric routine: six printed decimals may differ by one in the last.
LOOSE = {"win_rate_low": Decimal("0.000002"), "win_rate_high": Decimal("0.000002")}


@dataclass(slots=True, kw_only=True, frozen=True)
class Published:
    """Rows of the published tables, as any database driver gives them by column name."""

    campaigns: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    series: list[Row] = field(default_factory=list)
    kinds: list[Row] = field(default_factory=list)
    owners: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    accounts: list[Row] = field(default_factory=list)
    documents: list[Row] = field(default_factory=list)
    credits: list[Row] = field(default_factory=list)
    totals: list[Row] = field(default_factory=list)
    months: list[Row] = field(default_factory=list)
    touches: list[Row] = field(default_factory=list)
    customer_account: list[Row] = field(default_factory=list)
    person: list[Row] = field(default_factory=list)
    touch_account: list[Row] = field(default_factory=list)


@dataclass(slots=True, kw_only=True, frozen=True)
class Difference:
    """One published value that is not the true one; a missing row has ``column`` ``row``."""

    table: str
    key: str
    column: str
    expected: object
    found: object

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.column} should be {self.expected}, is {self.found}"


@dataclass(slots=True, kw_only=True, frozen=True)
class OwnLinks:
    """The answer to question (b)."""

    verdict: LinkVerdict
    differences: list[Difference]

    @property
    def is_good(self) -> bool:
        """No link is false and every figure is accounted for."""
        return not self.verdict.false and not self.differences


def check_true_links(world: World, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    """Question (a): the published figures were made with ``links.decisions(world, keys)`` and no other link."""
    truth = figures(world, keys=keys)
    return [*compare(truth, published, keys), *_compare_links(world.links, published, keys)]


def check_own_links(world: World, published: Published, keys: Mapping[str, str]) -> OwnLinks:
    """Question (b): the published figures were made with the product's own links."""
    links = published_links(published, keys)
    truth = figures(world, keys=keys)
    verdict = judge_links(world, links, truth)
    differences = compare(figures(world, links, keys=keys), published, keys)
    if not verdict.false:
        differences += _unexplained(truth, published, verdict)
    return OwnLinks(verdict=verdict, differences=differences)


def published_links(published: Published, keys: Mapping[str, str]) -> Links:
    """Return the links that the published figures rest on."""
    return read_links(
        keys,
        customer_account=published.customer_account,
        person=published.person,
        touch_account=published.touch_account,
    )


def _compare_links(true: Links, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    """With the truth injected, the links in force must be the truth."""
    found = published_links(published, keys)
    return [
        Difference(
            table=TABLES["customer_account"],
            key=customer,
            column="account_key",
            expected=account,
            found=in_force,
        )
        for customer, account, in_force in _disagreements(true.customer_account, found.customer_account)
    ]


def _disagreements(
    one: dict[str, str], other: dict[str, str]
) -> Iterable[tuple[str, str | None, str | None]]:
    for key in sorted({*one, *other}):
        if one.get(key) != other.get(key):
            yield key, one.get(key), other.get(key)


def _unexplained(truth: Figures, published: Published, verdict: LinkVerdict) -> list[Difference]:
    """The money published as unlinked beyond the truth's must be the money of the missing links."""
    found = {str(row["name"]): row["value"] for row in published.totals}.get("unlinked")
    expected = truth.totals["unlinked"] + verdict.missing_money
    if _same("unlinked", expected, found):
        return []
    return [Difference(table="totals", key="unlinked", column="value", expected=expected, found=found)]


def compare(truth: Figures, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    """Return every published figure that is not the true one.

    Args:
        truth: The figures to expect.
        published: The rows of the marts.
        keys: World key → published key.
    """
    documents = {key: _document(figure, keys) for key, figure in truth.documents.items()}
    accounts = {key: _parented(row, keys) for key, row in truth.accounts.items()}
    return [
        *_table("campaigns", "campaign_key", truth.campaigns, published.campaigns, keys),
        *_models(truth, published, keys),
        *_table("series", "series", truth.series, published.series, {}),
        *_table("kinds", "kind", truth.kinds, published.kinds, {}),
        *_table("owners", "owner_key", truth.owners, published.owners, keys),
        *_table("contacts", "person_key", truth.contacts, published.contacts, keys),
        *_table("months", "month", truth.months, published.months, {}),
        *_table("accounts", "account_key", accounts, published.accounts, keys),
        *_table("documents", "document_key", documents, published.documents, keys),
        *_credits(truth, published, keys),
        *_touches(truth, published, keys),
        *_table(
            "totals",
            "name",
            {name: {"value": value} for name, value in truth.totals.items()},
            published.totals,
            {},
        ),
    ]


def _parented(row: Mapping[str, object], keys: Mapping[str, str]) -> dict[str, object]:
    parent = str(row["ultimate_parent_key"])
    return {**row, "ultimate_parent_key": keys.get(parent, parent)}


def _models(truth: Figures, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    """Compare the rows of every model, by event and model."""
    expected = {f"{keys.get(event, event)} by {model}": row for (event, model), row in truth.models.items()}
    found: list[Row] = [
        {**row, "pair": f"{row['campaign_key']} by {row['model']}"} for row in published.models
    ]
    return _table("models", "pair", expected, found, {})


def _document(figure: DocumentFigure, keys: Mapping[str, str]) -> dict[str, object]:
    """A document that follows several deals has no one deal or bucket to compare: its credits are compared instead."""
    row: dict[str, object] = {"value": figure.value, "collected": figure.collected, "state": figure.state}
    row["account_key"] = keys.get(figure.account, figure.account) if figure.account else None
    if len(figure.parts) == 1:
        part = figure.parts[0]
        row["bucket"] = part.bucket
        row["deal_key"] = keys.get(part.deal, part.deal) if part.deal else None
        row["deal_rule"] = part.rule
        if figure.account:
            row["is_new_business"] = part.is_new_business
    return row


def _table(
    field_name: str,
    column: str,
    expected: Mapping[str, Mapping[str, object]],
    rows: list[Row],
    keys: Mapping[str, str],
) -> list[Difference]:
    table = TABLES[field_name]
    found: dict[str, Row] = {}
    differences: list[Difference] = []
    for row in rows:
        key = str(row[column])
        if key in found:
            differences.append(
                Difference(table=table, key=key, column="row", expected="one row", found="two rows")
            )
        found[key] = row
    for key, values in expected.items():
        row = found.pop(keys.get(key, key), {})
        if not row:
            differences.append(Difference(table=table, key=key, column="row", expected="one row", found=None))
            continue
        differences += [
            Difference(table=table, key=key, column=name, expected=value, found=row.get(name))
            for name, value in values.items()
            if not _same(name, value, row.get(name))
        ]
    if field_name == "documents":
        differences += [
            Difference(table=table, key=key, column="row", expected=None, found="a row") for key in found
        ]
    return differences


def _credits(truth: Figures, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for row in published.credits:
        triple = (str(row["model"]), str(row["document_key"]), str(row["campaign_key"]))
        value, collected = found.get(triple, (0, 0))
        found[triple] = (value + int(str(row["value"])), collected + int(str(row["collected"])))
    expected = {
        (model, keys.get(document, document), keys.get(event, event)): money
        for model, pairs in truth.shares.items()
        for (document, event), money in pairs.items()
    }
    return [
        Difference(
            table=TABLES["credits"],
            key=f"{document} → {event} by {model}",
            column="value, collected",
            expected=expected.get((model, document, event)),
            found=found.get((model, document, event)),
        )
        for model, document, event in sorted({*expected, *found})
        if expected.get((model, document, event), (0, 0)) != found.get((model, document, event), (0, 0))
    ]


def _touches(truth: Figures, published: Published, keys: Mapping[str, str]) -> list[Difference]:
    """Touches have no key that both sides know: how many an account has at an event on a day must agree."""
    expected: Counter[tuple[str, object, str]] = Counter(
        (keys.get(event, event), keys.get(account or "", account), str(day))
        for event, account, day in truth.touches
    )
    found: Counter[tuple[str, object, str]] = Counter(
        (str(row["campaign_key"]), row["account_key"], str(row["touch_date"]))
        for row in published.touches
        if row["is_credit"]
    )
    return [
        Difference(
            table=TABLES["touches"],
            key=f"{event} of {account} on {day}",
            column="row",
            expected=expected[event, account, day],
            found=found[event, account, day],
        )
        for event, account, day in sorted(expected | found, key=str)
        if expected[event, account, day] != found[event, account, day]
    ]


def _same(name: str, expected: object, found: object) -> bool:
    if expected is None or found is None:
        return expected is found
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, int | Decimal):
        return abs(Decimal(str(found)) - expected) <= LOOSE.get(name, 0)
    return str(expected) == str(found)
