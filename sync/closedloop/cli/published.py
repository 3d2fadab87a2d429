"""The last published figures, for verbs that look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError, PartlyFailedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.store.analytical import Store

Row = dict[str, Any]

_BREAKS_BY_REASON = """
with by_account as (
    select reason, link, coalesce(account_key, subject_key) as whose, count(*) as breaks, max(at_stake) as at_stake
    from marts.chain_break
    group by all
)
select reason, link, sum(breaks)::bigint as breaks, sum(at_stake)::bigint as at_stake
from by_account
group by all
order by at_stake desc nulls last, breaks desc, reason, link
"""
_BREAKS = """
select broken.*, account.name as account, campaign.name as campaign
from marts.chain_break as broken
left join canonical.account as account on account.key = broken.account_key
left join canonical.campaign as campaign on campaign.key = broken.campaign_key
where ? is null or broken.reason = ?
order by broken.at_stake desc nulls last, broken.since, broken.subject_key, broken.campaign_key
limit ?
"""
_LEAGUE = """
select * from marts.campaign_measures
order by roi_realised desc nulls last, attributed desc nulls last, campaign_key
"""


def rows(store: Store, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
    """Return a query's rows as dictionaries.

    Raises:
        PartlyFailedError: Nothing was published yet.
    """
    import duckdb

    try:
        cursor = store.connection.execute(sql, list(parameters))
    except duckdb.CatalogException as error:
        raise PartlyFailedError("nothing was reconciled yet", fix="closedloop run") from error
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def parameters(store: Store) -> Row:
    """Return what the figures rest on: as-of day, home currency and its digits, windows."""
    return rows(store, "select * from param.run")[0]


def league(store: Store) -> list[Row]:
    """Return the events, best realised ROI first, those without one last."""
    return rows(store, _LEAGUE)


def breaks_by_reason(store: Store) -> list[Row]:
    """Return first chain breaks by reason; each account's money counts once for a reason."""
    return rows(store, _BREAKS_BY_REASON)


def breaks(store: Store, *, reason: str | None = None, limit: int = 50) -> list[Row]:
    """Return first chain breaks, most money at stake first.

    Raises:
        ConfigError: No break has this reason.
    """
    found = rows(store, _BREAKS, [reason, reason, limit])
    if reason and not found:
        from closedloop.config.problem import did_you_mean

        known = [row["reason"] for row in rows(store, "select distinct reason from marts.chain_break")]
        msg = f"no break has the reason {reason}"
        raise ConfigError(msg, where="--reason", fix=did_you_mean(reason, known))
    return found
