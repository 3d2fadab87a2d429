"""What the published figures rest on, table by table: what each step of definition 16 moves from then to now.

The tables are those that the canonical entities are made from, and what linking found. Nothing of a person is copied but
keys: names and addresses are left out, and identities are digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.models import graph
from closedloop.store.names import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from closedloop.models.graph import Model
    from closedloop.store.analytical import Store

#: Definition 16 in its order. The as-of day goes on before the documents that it lets in; what is in no named group comes last.
STEPS = ("definition", "day", "document", "link", "touch", "deal", "cost", "other")
THEN, NOW = "history_then", "history_now"
#: What the tables of `closedloop.history.facts` are read from.
TARGETS = (
    "campaign_measures", "account_measures", "document_value", "touch_resolved", "opportunity_money", "campaign_account",
    "attribution_credit", "campaign_cost", "account_family", "account", "campaign", "touch",
)  # fmt: skip

_GROUPS = {
    "document": ("document", "line", "payment", "allocation", "rate", "customer", "company"),
    "link": ("account", "person", "person_change"),
    "touch": ("campaign", "touch", "touch_evidence"),
    "deal": ("opportunity", "opportunity_change", "opportunity_person", "stage"),
    "cost": ("cost_line",),
}
_GROUP = {name: group for group, names in _GROUPS.items() for name in names}
#: Who stands for whom: decided with the links, by records that the steps must not move alone.
_CUT = frozenset({"survivor"})
_LEFT_OUT = frozenset({
    "url", "updated_at", "email", "stated_email", "first_name", "last_name", "phone", "mobile", "company", "domain", "street",
    "city", "postal_code", "website", "tax_id", "description",
})  # fmt: skip
#: But of two rates of one day the later one counts.
_READ = frozenset({("rate", "updated_at")})
_OF_PEOPLE = frozenset({"person", "touch", "owner", "touch_evidence"})
#: Tables of links of touches, with the column that names the touch.
_LINKED_TOUCH = {"link_person": "identity_key", "link_touch_account": "touch_key"}
#: Of a campaign, what moves with the cost and not with the touches.
_COST = ("budget", "actual_cost", "currency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What must be there for the figures of history.

    Args:
        inputs: Table → schema: staging entities, and what linking found.
        made: The models between these and the figures, in their order.
        models: All models.
    """

    inputs: dict[str, str]
    made: list[Model]
    models: dict[str, Model]

    def after(self, changed: Iterable[str]) -> list[Model]:
        """Return the models that rest on any of these inputs, in their order; ``run``: on the settings of the run."""
        dirty = {f"{self.inputs.get(name, 'param')}.{name}" for name in changed}
        found = []
        for model in self.made:
            reads = {
                f"{table.db or self.models[table.name.lower()].layer}.{table.name}".lower()
                for table in graph.tables(graph.read(model.sql, model.where))
            }
            if reads & dirty:
                dirty.add(f"{model.layer}.{model.name}")
                found.append(model)
        return found


def ground(models: dict[str, Model]) -> Ground:
    """Return what the figures need of these models."""
    inputs: dict[str, str] = {}
    seen: set[str] = set()
    waiting = list(TARGETS)
    while waiting:
        model = models[waiting.pop()]
        if model.name in seen:
            continue
        seen.add(model.name)
        if model.layer == "link" or model.name in _CUT:
            inputs[model.name] = model.layer
            continue
        waiting += sorted(model.needs)
        for table in graph.tables(graph.read(model.sql, model.where)):
            if table.db.lower() == "staging":
                inputs[table.name.lower()] = "staging"
    made = [
        model
        for model in graph.ordered(models)
        if model.name in seen and inputs.get(model.name) != model.layer
    ]
    return Ground(inputs=dict(sorted(inputs.items())), made=made, models=models)


def group(name: str, schema: str) -> str:
    """Return with which step an input moves."""
    return _GROUP.get(name, "other" if schema == "staging" else "link")


def copy(store: Store, on: Ground) -> dict[str, str]:
    """Copy what the figures rest on now into a schema of its own, and return a digest of each table."""
    store.query(f"create schema {NOW}")
    digests = {}
    for name, schema in on.inputs.items():
        columns = ", ".join(_column(schema, name, column) for column in store.columns(schema, name))
        store.query(f"create table {NOW}.{name} as select {columns} from {schema}.{name}")
        [(rows, content)] = store.query(
            f"select count(*), sum(cast(hash(one) as hugeint)) from {NOW}.{name} as one"
        )
        digests[name] = f"{rows}/{content}"
    return digests


def _column(schema: str, table: str, name: str) -> str:
    quoted = quote(name)
    if (name in _LEFT_OUT and (table, name) not in _READ) or (name == "name" and table in _OF_PEOPLE):
        return f"cast(null as varchar) as {quoted}"
    if table == "touch_evidence" and name == "identity_key":
        return f"sha256({quoted}) as {quoted}"
    if schema == "link" and name == "evidence" and table != "link_customer_account":
        return f"cast(null as varchar) as {quoted}"
    return quoted


def place(store: Store, on: Ground, step: str) -> None:
    """Let the models read every input as it was then, and those of ``step`` and the steps before it as they are now."""
    moved = STEPS[: STEPS.index(step) + 1]
    for name, schema in on.inputs.items():
        side = NOW if group(name, schema) in moved else THEN
        given = f"select * from {side}.{name}"
        if name == "campaign" and side == NOW and "cost" not in moved:
            costs = ", ".join(f"old.{column} as {column}" for column in _COST)
            given = f"select new.* replace ({costs}) from {NOW}.{name} as new left join {THEN}.{name} as old using (key)"
        left = _LINKED_TOUCH.get(name)
        if left and side == NOW and "touch" not in moved:
            # Who came does not become unknown by having been deleted: that is told of the touch, in its own step.
            given += (
                f" union all select * from {THEN}.{name} where {left} in"
                f" (select key from {THEN}.touch except select key from {NOW}.touch)"
            )
        kind = "view" if schema == "staging" else "table"
        if kind == "table":
            store.query(f"drop table if exists {schema}.{name}")
        store.query(f"create or replace {kind} {schema}.{name} as {given}")
