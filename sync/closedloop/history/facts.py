"""What the figures of each campaign and account are made of, read from the marts as one short text each.

Equal text, equal facts: only what changed is fetched and compared. Nothing of a person is in it but keys.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from closedloop.models.evidence_node import linked_customers
from closedloop.models.measures import MEASURES
from closedloop.store import tables
from closedloop.store.names import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from closedloop.store.analytical import Store

Facts = dict[str, Any]

#: Empty facts of an account or campaign that was not there.
NOTHING: dict[str, Facts] = {
    "account": {"documents": {}, "customers": {}, "touches": {}, "deals": {}},
    "campaign": {"touches": {}, "reached": {}, "credits": {}, "cost": [None, None], "start": None},
}
#: Kept under these names too, whatever the model behind the ROI is.
PRIMARY = ("attributed", "attributed_collected")
_BATCH = 5_000


def _map(key: str, values: str) -> str:
    """Return the SQL of a JSON object over a group: key → list of values, by key."""
    return (
        f"'{{' || string_agg(cast(to_json({key}) as varchar) || ':' || cast(json_array({values}) as varchar), ','"
        f" order by {key}) || '}}'"
    )


_ACCOUNT = f"""
with document as (
    select account_key as key, {_map("document_key", "value, collected, cast(date as varchar), kind, number, customer_key, deal_key, deal_rule")} as facts
    from marts.document_value where account_key is not null group by account_key
), customer as (
    select account_key as key, {_map("customer_key", "evidence, decided")} as facts
    from (@links) as link group by account_key
), touch as (
    select account_key as key, {_map("touch_key", "campaign_key, status, cast(touch_date as varchar)")} as facts
    from marts.touch_resolved where account_key is not null group by account_key
), deal as (
    select account_key as key, {_map("opportunity_key", "amount, cast(created_date as varchar), cast(closed_date as varchar), is_won, name, stage_key, is_closed, cast(probability as varchar), first_amount")} as facts
    from marts.opportunity_money where account_key is not null group by account_key
)
select account.key,
    '{{"documents":' || coalesce(document.facts, '{{}}') || ',"customers":' || coalesce(customer.facts, '{{}}')
    || ',"touches":' || coalesce(touch.facts, '{{}}') || ',"deals":' || coalesce(deal.facts, '{{}}') || '}}' as facts
from canonical.account as account
left join document on document.key = account.key
left join customer on customer.key = account.key
left join touch on touch.key = account.key
left join deal on deal.key = account.key
"""

_CAMPAIGN = f"""
with touch as (
    select campaign_key as key, {_map("touch_key", "account_key, status, cast(touch_date as varchar)")} as facts
    from marts.touch_resolved group by campaign_key
), reached as (
    select campaign_key as key, {_map("account_key", "invoiced, collected, invoiced_after, collected_after, is_new_customer")} as facts
    from marts.campaign_account group by campaign_key
), credit as (
    select credit.campaign_key as key, {_map("credit.document_key", "credit.account_key, credit.value, credit.collected")} as facts
    from marts.attribution_credit as credit
    inner join param.run as run on run.primary_model = credit.model
    group by credit.campaign_key
)
select campaign.key,
    '{{"touches":' || coalesce(touch.facts, '{{}}') || ',"reached":' || coalesce(reached.facts, '{{}}')
    || ',"credits":' || coalesce(credit.facts, '{{}}')
    || ',"cost":' || cast(json_array(cost.cost_source, cost.cost) as varchar)
    || ',"start":' || coalesce('"' || cast(campaign.start_date as varchar) || '"', 'null') || '}}' as facts
from canonical.campaign as campaign
left join touch on touch.key = campaign.key
left join reached on reached.key = campaign.key
left join credit on credit.key = campaign.key
left join marts.campaign_cost as cost on cost.campaign_key = campaign.key
"""
_SOURCES = {"account": _ACCOUNT, "campaign": _CAMPAIGN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """One campaign or account as it is published now.

    Args:
        key: Its key.
        name: Its name.
        figures: JSON: measure → value.
        figures_digest: Digest of it, without the as-of day.
        facts: JSON: what it is made of.
        facts_digest: Digest of it.
    """

    key: str
    name: str
    figures: str
    figures_digest: str
    facts: str
    facts_digest: str


def gather(store: Store, entity: str) -> dict[str, tuple[str, str, bool]]:
    """Gather what is published now, and return by key: (digest of figures, of facts, whether anything is not zero)."""
    [(primary,)] = store.query("select primary_model from param.run")
    published = store.columns("marts", f"{entity}_measures")
    measures = {one.name: one for one in MEASURES if one.entity == entity and one.name in published}
    measures.pop("as_of", None)
    columns = {name: name for name in measures}
    for name in PRIMARY:
        columns.setdefault(name, name.replace("attributed", f"attributed_{primary}"))
    made_of = _SOURCES[entity].replace("@links", linked_customers(store))
    struct = ", ".join(
        f"{quote(name)} := {quote(column)}" for name, column in columns.items() if column in published
    )
    numbers = [name for name, one in measures.items() if one.unit in {"money", "count"}]
    counted = " or ".join(f"coalesce({quote(name)}, 0) <> 0" for name in numbers)
    store.query(
        f"create or replace temp table history_{entity} as with fact as ({made_of})"
        f" select figure.key, figure.name, figure.text, sha256(figure.text) as figures_digest, fact.facts,"
        f" sha256(fact.facts) as facts_digest, figure.is_any from (select {entity}_key as key, name,"
        f" cast(to_json(struct_pack({struct})) as varchar) as text, {counted} as is_any from marts.{entity}_measures)"
        f" as figure inner join fact on fact.key = figure.key"
    )
    found = store.query(f"select key, figures_digest, facts_digest, is_any from history_{entity}")
    return {key: (figures, facts, is_any) for key, figures, facts, is_any in found}


def fetch(store: Store, entity: str, keys: Sequence[str], table: str = "") -> Iterator[Now]:
    """Yield what `gather` found of these, by key; ``table``: the ending of a copy of what it found."""
    for start in range(0, len(keys), _BATCH):
        some = list(keys[start : start + _BATCH])
        rows = store.query(
            f"select key, name, text, figures_digest, facts, facts_digest from history_{entity}{table}"
            " where key in (select unnest(from_json(cast(? as json), '[\"varchar\"]'))) order by key",
            [json.dumps(some)],
        )
        for key, name, figures, figures_digest, facts, facts_digest in rows:
            yield Now(
                key=key,
                name=name,
                figures=figures,
                figures_digest=figures_digest,
                facts=facts,
                facts_digest=facts_digest,
            )


def forget(store: Store) -> None:
    """Drop what `gather` made."""
    for entity in _SOURCES:
        store.query(f"drop table if exists history_{entity}")


def existing(store: Store, table: str, keys: Sequence[str]) -> frozenset[str]:
    """Return which of these keys a canonical table still has."""
    if not keys:
        return frozenset()
    rows = store.query(
        f"select key from canonical.{table} where key in (select unnest(from_json(cast(? as json), '[\"varchar\"]')))",
        [json.dumps(list(keys))],
    )
    return frozenset(row[0] for row in rows)


def pack(text: str) -> str:
    """Return facts as they are kept."""
    return base64.b85encode(zlib.compress(text.encode(), 6)).decode()


def unpack(text: str) -> Facts:
    """Return facts as values."""
    return plain(unpacked(text))


def unpacked(text: str) -> str:
    """Return facts as the text that was packed."""
    return zlib.decompress(base64.b85decode(text)).decode()


def plain(text: str) -> Facts:
    """Return JSON as values, decimals exact."""
    found: Facts = json.loads(text, parse_float=Decimal)
    return found


def rekey(connection: Connection, old: str, new: str) -> None:
    """Give the keys in all kept facts the new name of their connection; the caller owns the transaction.

    Should the order of the keys change by it, the next reconcile finds other facts with nothing changed in them.
    """
    table = tables.snapshot_now
    for row in connection.execute(select(table.c.entity, table.c.key, table.c.facts)).all():
        text = unpacked(row.facts)
        moved = text.replace(f'"{old}:', f'"{new}:')
        if moved != text:
            where = (table.c.entity == row.entity) & (table.c.key == row.key)
            connection.execute(update(table).where(where).values(facts=pack(moved)))
