"""The published breaks of the chain, filtered and summed, and those that healed."""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from sqlalchemy import and_, or_, select

from closedloop.cli.published import rows
from closedloop.config.problem import did_you_mean
from closedloop.errors import ConfigError
from closedloop.store.tables import break_history

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import ColumnElement

    from closedloop.cli.published import Row
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: What a break is filtered by: its own event, or one that its account touched; its owner; its reason. Null lets all pass.
_FILTERED = """
with filtered as (
    select broken.*
    from marts.chain_break as broken
    where ($reason is null or broken.reason = $reason)
        and ($owner is null or broken.owner_key = $owner)
        and (
            $event is null or broken.campaign_key = $event
            or (broken.subject_kind = 'account' and broken.account_key in (
                select account_key from marts.account_touch where campaign_key = $event
            ))
        )
)
"""
_NAMED = """
select broken.*, coalesce(person.name, touch.name, touch.email, customer.name, account.name) as who,
    account.name as account, campaign.name as campaign, coalesce(owner.name, owner.email) as owner
from {breaks} as broken
left join canonical.touch as touch on touch.key = broken.subject_key and broken.subject_kind = 'attendee'
left join canonical.person as person on person.key = broken.person_key
left join canonical.customer as customer on customer.key = broken.subject_key and broken.account_key is null
left join canonical.account as account on account.key = broken.account_key
left join canonical.campaign as campaign on campaign.key = broken.campaign_key
left join canonical.owner as owner on owner.key = broken.owner_key
"""
_BREAKS = f"""{_FILTERED} {_NAMED.format(breaks="filtered")}
order by broken.at_stake desc, broken.since nulls last, broken.subject_kind, broken.subject_key
limit $limit
"""
_BY_REASON = f"""{_FILTERED}, record as (
    select reason, link, severity, stake_key, stake_part, max(at_stake) as at_stake, count(*) as breaks
    from filtered
    group by all
)
select reason, link, severity, sum(breaks)::bigint as breaks, sum(at_stake)::bigint as at_stake
from record
group by all
order by at_stake desc, breaks desc, reason
"""
_SUM = f"""{_FILTERED}, record as (
    select stake_key, stake_part, max(at_stake) as at_stake, count(*) as breaks
    from filtered
    group by all
)
select coalesce(sum(breaks), 0)::bigint as breaks, coalesce(sum(at_stake), 0)::bigint as at_stake
from record
"""
_TOTALS = """
select total.key, coalesce(campaign.name, owner.name, owner.email) as name, total.subjects, total.broken, total.at_stake
from marts.chain_total as total
left join canonical.campaign as campaign on campaign.key = total.key and total.by = 'campaign'
left join canonical.owner as owner on owner.key = total.key and total.by = 'owner'
where total.by = ?
order by total.at_stake desc, total.broken desc, total.key nulls last
"""
#: The columns of the CSV.
COLUMNS = (
    "subject_kind", "who", "account", "campaign", "owner", "link", "reason", "severity", "since", "at_stake", "currency",
    "fix", "url", "subject_key", "campaign_key", "account_key",
)  # fmt: skip
_ALL = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which breaks are wanted.

    Args:
        reason: Only those with this reason.
        event: Only those of this campaign's attendees, and of the accounts that it reached: its key.
        owner: Only those of this owner's records: the owner's key.
    """

    reason: str | None = None
    event: str | None = None
    owner: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all breaks are wanted."""
        return not (self.reason or self.event or self.owner)

    def values(self) -> dict[str, str | None]:
        """Return the filter as parameters of a query."""
        return {"reason": self.reason, "event": self.event, "owner": self.owner}


class Published(TypedDict):
    """What `breaks` shows; events, owners and shares only where all breaks are wanted."""

    shares: Row | None
    total: Row
    by_reason: list[Row]
    by_event: list[Row]
    by_owner: list[Row]
    breaks: list[Row]


def published(store: Store, wanted: Filter, *, limit: int) -> Published:
    """Return the breaks that are wanted, and what they sum to."""
    whole = wanted.is_empty
    return {
        "shares": shares(store) if whole else None,
        "total": total(store, wanted),
        "by_reason": by_reason(store, wanted),
        "by_event": totals(store, "campaign") if whole else [],
        "by_owner": totals(store, "owner") if whole else [],
        "breaks": breaks(store, wanted, limit=limit),
    }


def chosen(store: Store, *, reason: str | None, event: str | None, owner: str | None) -> Filter:
    """Return the filter that a person typed; events and owners by key, id in the source, name, code or e-mail.

    Raises:
        ConfigError: There is no such reason, event or owner, or several events or owners have the name.
    """
    if reason:
        known = [row["reason"] for row in rows(store, "select reason from marts.break_fix order by reason")]
        if reason not in known:
            msg = f"no break has the reason {reason}"
            raise ConfigError(msg, where="--reason", fix=did_you_mean(reason, known))
    return Filter(
        reason=reason,
        event=_key(store, "event", "campaign", ("source_id", "name", "code"), event),
        owner=_key(store, "owner", "owner", ("name", "email"), owner),
    )


def breaks(store: Store, wanted: Filter, *, limit: int | None = None) -> list[Row]:
    """Return first breaks, most money at stake first, with the names of what they are about."""
    return _query(store, _BREAKS, {**wanted.values(), "limit": _ALL if limit is None else limit})


def by_reason(store: Store, wanted: Filter) -> list[Row]:
    """Return first breaks by reason; each underlying record's money counts once for a reason."""
    return _query(store, _BY_REASON, wanted.values())


def total(store: Store, wanted: Filter) -> Row:
    """Return how many breaks there are, and the money at stake, each underlying record counted once."""
    return _query(store, _SUM, wanted.values())[0]


def totals(store: Store, by: str) -> list[Row]:
    """Return chains, broken ones and money at stake of every ``campaign`` or ``owner``, or of ``all``."""
    return rows(store, _TOTALS, [by])


def shares(store: Store) -> Row:
    """Return how much of the revenue is linked, touched by an event, and evidenced by a whole chain."""
    return rows(store, "select * from marts.chain_share")[0]


def healed(store: Store, operations: Operations, wanted: Filter, *, limit: int | None = None) -> list[Row]:
    """Return the breaks that healed, the last first, with the names of what they were about."""
    mended = select(break_history).where(break_history.c.healed_at.is_not(None))
    if wanted.reason:
        mended = mended.where(break_history.c.reason == wanted.reason)
    if wanted.owner:
        mended = mended.where(break_history.c.owner_key == wanted.owner)
    if wanted.event:
        mended = mended.where(_of_event(store, wanted.event))
    with operations.reading() as database:
        ordered = mended.order_by(break_history.c.healed_at.desc(), break_history.c.id).limit(limit)
        found = [dict(row) for row in database.execute(ordered).mappings()]
    names = {row["key"]: row["name"] for row in rows(store, _NAMES, [_mentioned(found)])}
    for row in found:
        row["account"], row["campaign"] = names.get(row["account_key"]), names.get(row["campaign_key"])
        row["who"] = names.get(row["subject_key"]) or row["subject_key"]
    return found


def _of_event(store: Store, event: str) -> ColumnElement[bool]:
    """Return the condition of `_FILTERED` for an event."""
    reached = rows(
        store, "select distinct account_key as key from marts.account_touch where campaign_key = ?", [event]
    )
    accounts = break_history.c.account_key.in_([row["key"] for row in reached])
    return or_(
        break_history.c.campaign_key == event, and_(break_history.c.subject_kind == "account", accounts)
    )


def write_csv(found: list[Row], path: Path, *, currency: str, digits: int) -> None:
    """Write breaks as CSV: money in major units, nothing that a spreadsheet would take for a formula.

    Raises:
        ConfigError: The file cannot be written.
    """
    from closedloop.cli.show import money
    from closedloop.report.text import cell

    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in found:
                amount = money(row["at_stake"], digits).replace(",", "")
                values = {**row, "at_stake": amount, "currency": currency}
                writer.writerow([cell(values[name]) for name in COLUMNS])
    except OSError as error:
        msg = f"the file cannot be written: {error.strerror}"
        raise ConfigError(msg, where="--csv", fix="name a file in a folder that you may write to") from error


_NAMES = """
select key, name from canonical.account where key in (select unnest($1))
union all
select key, name from canonical.campaign where key in (select unnest($1))
union all
select key, name from canonical.customer where key in (select unnest($1))
union all
select touch.key, coalesce(person.name, touch.name, touch.email) as name
from marts.touch_resolved as resolved
join canonical.touch as touch on touch.key = resolved.touch_key
left join canonical.person as person on person.key = resolved.person_key
where touch.key in (select unnest($1))
"""


def _mentioned(found: list[Row]) -> list[str]:
    keys = {row[name] for row in found for name in ("account_key", "campaign_key", "subject_key")}
    return sorted(key for key in keys if key)


def _query(store: Store, sql: str, values: Mapping[str, str | int | None]) -> list[Row]:
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    cursor = store.connection.execute(sql, used)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]


def _key(store: Store, what: str, table: str, columns: tuple[str, ...], typed: str | None) -> str | None:
    if not typed:
        return None
    found = rows(store, f"select key, {', '.join(columns)} from canonical.{table} order by key")
    wanted = typed.strip().casefold()
    exact = [row["key"] for row in found if row["key"] == typed]
    same = exact or [row["key"] for row in found if wanted in {str(row[name]).casefold() for name in columns}]
    if len(same) == 1:
        return str(same[0])
    if same:
        msg = f"{len(same)} {what}s are called {typed}"
        raise ConfigError(msg, where=f"--{what}", fix=f"name one by its key: {', '.join(same[:5])}")
    known = [str(row[name]) for row in found for name in columns if row[name]]
    near = difflib.get_close_matches(typed, known, n=1)
    msg = f"there is no {what} {typed}"
    raise ConfigError(
        msg,
        where=f"--{what}",
        fix=f"did you mean {near[0]}?" if near else "`closedloop breaks` without it lists them",
    )
