"""Who people are that no source has landed yet: the linker's own evidence, asked for rows of a file.

The rows stand among the touches for as long as the question takes, and the models that link touches are made anew with them;
then everything is as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import ConfigError
from closedloop.link.review import IMPORTED
from closedloop.models import graph, matching, parameters, runner
from closedloop.models.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: In their order.
_MODELS = ("decision_now", "touch_evidence", "touch_exact", "touch_scored", "touch_candidate", "link_person")
#: What stands in front of the keys of such rows.
PREFIX = IMPORTED
_LINKED = (
    f"select identity_key, person_key, evidence from link.link_person where identity_key like '{PREFIX}%'"
)
#: Whom a row may be, and why that is doubtful; of weights alone only what is likelier than not.
_CANDIDATES = f"""
select candidate.touch_key, candidate.person_key, coalesce(candidate.doubt, candidate.evidence)
from link.touch_candidate as candidate
left join link.touch_scored as scored
    on scored.touch_key = candidate.touch_key and scored.person_key = candidate.person_key and candidate.tier = 3
where candidate.touch_key like '{PREFIX}%' and (candidate.tier < 3 or scored.weight >= 0)
order by candidate.touch_key, candidate.tier, candidate.person_key
"""
_INSERT = """
insert into canonical.touch by name
select
    $prefix || (row ->> 'id') as key, 'import' as source, 'attendee' as object, row ->> 'id' as source_id,
    $campaign as campaign_key, nullif(lower(trim(row ->> 'email')), '') as email, nullif(trim(row ->> 'name'), '') as name,
    nullif(trim(row ->> 'company'), '') as company, nullif(trim(coalesce(row ->> 'phone', row ->> 'mobile')), '') as phone,
    'registered' as status, 2 as status_rank
from (select unnest(from_json(cast($rows as json), '["json"]')) as row)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who a row is.

    Args:
        person_key: The person; none: nobody whom we know, or not surely.
        evidence: Why, in words.
        candidates: Whom it may be, and what makes that doubtful.
    """

    person_key: str | None
    evidence: str
    candidates: tuple[tuple[str, str], ...] = ()


def who(
    settings: Settings,
    store: Store,
    operations: Operations,
    rows: Sequence[dict[str, Any]],
    *,
    campaign_key: str,
) -> dict[str, Who]:
    """Return who each row is, by its id. The store is left as it was.

    Args:
        settings: The whole file.
        store: With the figures of the last reconcile.
        operations: Knows what people decided.
        rows: With `id`, `email`, `name`, `company`, `phone` and `mobile`.
        campaign_key: The event that they are said to have been at.

    Raises:
        ConfigError: Nothing was reconciled yet.
    """
    if not store.query(
        "select 1 from duckdb_tables() where schema_name = 'link' and table_name = 'link_person'"
    ):
        raise ConfigError(
            "the CRM's people are not known yet", where="import", fix="run `closedloop run` first"
        )
    store.query("begin transaction")
    try:
        parameters.refresh_decisions(store, operations)
        store.connection.execute(
            _INSERT,
            {"prefix": PREFIX, "campaign": campaign_key, "rows": msgspec.json.encode(list(rows)).decode()},
        )
        _link_anew(settings, store)
        linked = {key: (person, evidence) for key, person, evidence in store.query(_LINKED)}
        candidates: dict[str, dict[str, str]] = {}
        for key, person, why in store.query(_CANDIDATES):
            candidates.setdefault(key, {}).setdefault(person, why)
    finally:
        store.query("rollback")
    return {str(row["id"]): _who(PREFIX + str(row["id"]), linked, candidates) for row in rows}


def _link_anew(settings: Settings, store: Store) -> None:
    models, draft = graph.load(settings.models_dir), Draft(store=store)
    for name in _MODELS:
        store.query(f'drop table if exists {models[name].layer}."{name}"')
        runner.make(draft, models[name], models)
        if name in matching.MODELS:
            matching.fill(draft, settings, name)


def _who(key: str, linked: dict[str, tuple[str, str]], candidates: dict[str, dict[str, str]]) -> Who:
    if key in linked:
        person, evidence = linked[key]
        return Who(person_key=person, evidence=evidence)
    found = tuple(candidates.get(key, {}).items())
    return Who(person_key=None, evidence="", candidates=found)
