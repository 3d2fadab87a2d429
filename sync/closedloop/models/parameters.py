"""Fills the schema ``param``: what the SQL knows of the configuration and of people's decisions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from closedloop.link.lists import FREE_MAIL, ROLE_MAILBOXES
from closedloop.models import proofs, weights
from closedloop.models.currencies import CURRENCIES, digits_of
from closedloop.models.draft import Draft
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Definition 6: the highest status over all sources counts. Nobody who cancelled is a touch that earns anything.
STATUS_RANKS = {"attended": 5, "responded": 4, "no_show": 3, "registered": 2, "invited": 1, "cancelled": 0}

#: Days from touch to won that are assumed under 20 won deals with a journey.
DEFAULT_CYCLE_DAYS = 180

_TABLES: dict[str, str] = {
    "run": "as_of date, home_currency varchar, home_digits bigint, home_scale bigint, time_zone varchar,"
    " look_back_days integer, follow_up_days integer, primary_model varchar, first_touch_within_days integer,"
    " invoice_within_days integer, default_cycle_days integer, automatic_links boolean, sourced varchar,"
    " roll_up varchar, gross_margin decimal(9, 6), indirect_share decimal(9, 6),"
    " stage_within_days integer, ticket_within_days integer, repeat_cycle_days integer",
    "connection": "connection varchar, connector varchar, url varchar, home_currency varchar, place bigint",
    "credit_status": "status varchar",
    "status_rank": "status varchar, rank integer",
    "decision": "id bigint, kind varchar, left_key varchar, right_key varchar, verdict varchar, who varchar",
    "currency": "currency varchar, digits bigint, scale bigint",
    "role_mailbox": "local_part varchar",
    "free_mail": "domain varchar",
    "attribution_model": "model varchar, half_life integer, first_weight bigint, lead_weight bigint,"
    " opportunity_weight bigint, last_weight bigint, rest_weight bigint, model_no integer",
    "decay_weight": "half_life integer, age integer, weight bigint",
    "lead_source": "lead_source varchar",
    "source": "connection varchar, stream varchar, proved_through date, verdict varchar, held bigint, counted bigint",
    "scorecard": "done_share decimal(9, 6), outlook_age_days integer",
}


def fill(
    draft: Draft, settings: Settings, operations: Operations, *, as_of: date, automatic_links: bool
) -> None:
    """Make every table of ``param`` anew."""
    for table, columns in _TABLES.items():
        draft.query(f"create or replace table param.{table} ({columns})")
    digits = digits_of(settings.company.currency)
    run = (
        as_of,
        settings.company.currency,
        digits,
        10**digits,
        settings.company.time_zone,
        settings.attribution.look_back_days,
        settings.events.follow_up_days,
        settings.attribution.primary,
        settings.chain.first_touch_within_days,
        settings.chain.invoice_within_days,
        DEFAULT_CYCLE_DAYS,
        automatic_links,
        settings.attribution.sourced,
        settings.company.roll_up,
        settings.company.gross_margin,
        settings.events.indirect_share,
        settings.chain.stage_within_days,
        settings.chain.ticket_within_days,
        settings.chain.cycle_days,
    )
    _insert(draft, "run", [run])
    _insert(draft, "connection", [tuple(row.values()) for row in connections(settings).values()])
    _insert(draft, "credit_status", [(status,) for status in dict.fromkeys(settings.events.credit_statuses)])
    _insert(draft, "status_rank", STATUS_RANKS.items())
    _insert(draft, "decision", decisions(operations))
    _insert(draft, "currency", [(code, number, 10**number) for code, number in CURRENCIES.items()])
    _insert(draft, "role_mailbox", [(name,) for name in ROLE_MAILBOXES])
    _insert(draft, "free_mail", [(domain,) for domain in FREE_MAIL])
    _attribution(draft, settings)
    _insert(draft, "source", proofs.proved(settings, operations))
    _insert(draft, "scorecard", [(settings.scorecard.done_share, settings.scorecard.outlook_age_days)])


def _attribution(draft: Draft, settings: Settings) -> None:
    models = settings.attribution.all_models
    _insert(draft, "attribution_model", weights.rows(models))
    _insert(draft, "decay_weight", weights.decay_rows(models))
    sources = dict.fromkeys(source.strip().lower() for source in settings.attribution.lead_sources)
    _insert(draft, "lead_source", [(source,) for source in sources])


def refresh_decisions(store: Store, operations: Operations) -> None:
    """Put in place what people have decided meanwhile."""
    draft = Draft(store=store)
    draft.query("delete from param.decision")
    _insert(draft, "decision", decisions(operations))


def decisions(operations: Operations) -> list[tuple[object, ...]]:
    """Return the last decision on each pair of records: (id, kind, left, right, verdict, who).

    Kinds: ``customer_account`` (ledger customer, account), ``touch_person`` (touch, person), ``touch_account`` (touch,
    account), ``person_person``, ``account_account`` and ``campaign_campaign`` (duplicate, the record that is kept).
    """
    table = tables.decision
    columns = (
        table.c.id, table.c.kind, table.c.left_key, table.c.right_key, table.c.verdict, table.c.who
    )  # fmt: skip
    with operations.transaction() as connection:
        rows = connection.execute(select(*columns).order_by(table.c.id)).all()
    latest = {(row.kind, row.left_key, row.right_key): tuple(row) for row in rows}
    return list(latest.values())


def connections(settings: Settings) -> dict[str, dict[str, str | int]]:
    """Return each connection's row of ``param.connection``.

    `place` says whose campaign is kept: those that are written back to go first.
    """
    order = sorted(settings.connections, key=lambda name: name not in settings.writeback)
    return {
        name: {
            "connection": name,
            "connector": connection.connector,
            "url": str(connection.settings.get("url") or "").rstrip("/"),
            "home_currency": settings.company.currency,
            "place": order.index(name),
        }
        for name, connection in settings.connections.items()
    }


def _insert(draft: Draft, table: str, rows: Iterable[Sequence[object]]) -> None:
    # As JSON, in one statement: DuckDB takes bound rows and bound lists very slowly.
    values = [[value if value is None else str(value) for value in row] for row in rows]
    if values:
        cells = ", ".join(f"cell[{place}]" for place in range(1, len(values[0]) + 1))
        draft.query(
            f"insert into param.{table} select {cells}"
            """ from (select unnest(from_json(cast(? as json), '[["varchar"]]')) as cell)""",
            [json.dumps(values)],
        )
