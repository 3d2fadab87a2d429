"""The people of a file who wait until somebody says who they are, as the review queue shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from closedloop.link import decisions
from closedloop.models.whois import PREFIX
from closedloop.store import tables

if TYPE_CHECKING:
    from closedloop.store.operations import Operations


def waiting(operations: Operations) -> list[dict[str, Any]]:
    """Return a row for each record that somebody in the newest plan of a file may be, undecided ones only."""
    plan, row = tables.import_plan, tables.import_row
    with operations.reading() as database:
        heads = database.execute(
            select(plan.c.id, plan.c.file, plan.c.campaign_key).order_by(plan.c.id)
        ).all()
        newest = {(head.file, head.campaign_key): head.id for head in heads}
        chosen = (row.c.action == "review") & row.c.plan_id.in_(list(newest.values()))
        found = database.execute(select(row).where(chosen).order_by(row.c.plan_id, row.c.n)).all()
    decided = {(one.left_key, one.right_key) for one in decisions.listed(operations)}
    return [
        _shown(one.label, one.reason, PREFIX + content["id"], key)
        for one in found
        for content in [json.loads(one.content)]
        for key in content.get("candidates", [])
        if (PREFIX + content["id"], key) not in decided
    ]


def _shown(label: str, reason: str, left: str, right: str) -> dict[str, Any]:
    return {
        "kind": "touch_person", "left_key": left, "left_name": label, "right_key": right, "right_name": right,
        "reason": "waits for its import", "evidence": reason, "weight": None, "at_stake": 0, "left_url": None,
        "right_url": None,
    }  # fmt: skip
