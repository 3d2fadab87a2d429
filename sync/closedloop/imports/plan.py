"""What an import would do, row by row, stored with an id before anything is created."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from closedloop.errors import ConfigError
from closedloop.store import tables
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.clock import Clock
    from closedloop.store.operations import Operations

#: ``lead``: a new person and the attendance. ``member``: the attendance of a person who is there. ``status``: it is there with
#: less. ``there``: nothing to do. ``review``: a person must say who it is. ``refused``: it cannot be used. Of events: ``create``,
#: ``complete``, ``differs``.
Action = Literal["lead", "member", "status", "there", "review", "refused", "create", "complete", "differs"]
ImportState = Literal["open", "applying", "applied", "partly_applied"]
#: What an id of such a plan begins with: `apply` tells it from a plan of figures.
MARK = "i"
WRITES = frozenset({"lead", "member", "status", "create", "complete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """One row of the file.

    Args:
        n: The line where it begins.
        action: What would become of it.
        label: Whom or what it names.
        reason: Why, in words.
        content: What would be written, and to what.
    """

    n: int
    action: Action
    label: str
    reason: str | None
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """One import.

    Args:
        id: What `apply` takes.
        connection: The CRM.
        kind: ``leads`` or ``events``.
        created_at: Text of `closedloop.store.stamps`.
        state: Where it stands.
        file: The file's name.
        campaign_key: The event that people are imported to.
        campaign_id: The CRM's id of it.
        summary: What else is told of it: the event's name, what was guessed.
        rows: By line.
    """

    id: str
    connection: str
    kind: Literal["leads", "events"]
    created_at: str
    state: ImportState
    file: str
    campaign_key: str | None
    campaign_id: str | None
    summary: Mapping[str, Any]
    rows: tuple[ImportRow, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows would come to what."""
        return dict(Counter(row.action for row in self.rows))

    @property
    def writes(self) -> tuple[ImportRow, ...]:
        """The rows of which something would be written."""
        return tuple(row for row in self.rows if row.action in WRITES)


def new_id(clock: Clock) -> str:
    """Return an id that sorts by time."""
    return f"{MARK}{clock.now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def save(operations: Operations, plan: ImportPlan) -> None:
    """Keep a plan."""
    head = {
        "id": plan.id, "connection": plan.connection, "kind": plan.kind, "created_at": plan.created_at, "state": plan.state,
        "file": plan.file, "campaign_key": plan.campaign_key, "campaign_id": plan.campaign_id,
        "summary": json.dumps(dict(plan.summary)),
    }  # fmt: skip
    rows = [
        {"plan_id": plan.id, "n": row.n, "action": row.action, "label": row.label, "reason": row.reason,
         "content": json.dumps(dict(row.content))}
        for row in plan.rows
    ]  # fmt: skip
    with operations.transaction() as database:
        database.execute(insert(tables.import_plan).values(**head))
        if rows:
            database.execute(insert(tables.import_row), rows)


def load(operations: Operations, plan_id: str) -> ImportPlan:
    """Return a stored plan.

    Raises:
        ConfigError: There is none of that id.
    """
    table, lines = tables.import_plan, tables.import_row
    with operations.reading() as database:
        head = database.execute(select(table).where(table.c.id == plan_id)).mappings().first()
        found = database.execute(
            select(lines).where(lines.c.plan_id == plan_id).order_by(lines.c.n)
        ).mappings()
        rows = tuple(
            ImportRow(
                n=row["n"], action=row["action"], label=row["label"], reason=row["reason"],
                content=json.loads(row["content"]),
            )
            for row in found
        )  # fmt: skip
    if head is None:
        msg = f"there is no import {plan_id}"
        raise ConfigError(msg, where="apply", fix="`closedloop import` makes one and prints its id")
    known = {name: head[name] for name in head if name != "summary"}
    return ImportPlan(**known, summary=json.loads(head["summary"]), rows=rows)


def set_state(operations: Operations, plan_id: str, state: ImportState) -> None:
    """Note where a plan stands."""
    table = tables.import_plan
    with operations.transaction() as database:
        database.execute(update(table).where(table.c.id == plan_id).values(state=state))


def made(  # noqa: D417 (the rest stands at `ImportPlan`)
    *,
    clock: Clock,
    connection: str,
    kind: Literal["leads", "events"],
    file: str,
    rows: Sequence[ImportRow],
    summary: Mapping[str, Any],
    campaign_key: str | None = None,
    campaign_id: str | None = None,
) -> ImportPlan:
    """Return a new plan.

    Args:
        clock: Tells when.
    """
    return ImportPlan(
        id=new_id(clock),
        connection=connection,
        kind=kind,
        created_at=to_text(clock.now()),
        state="open",
        file=file,
        campaign_key=campaign_key,
        campaign_id=campaign_id,
        summary=summary,
        rows=tuple(sorted(rows, key=lambda row: row.n)),
    )
