"""ir.model and ir.model.fields: the database's own description of its models, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.odoo.schema import Field

#: ids start here, as in a database with many modules.
FIRST_MODEL, FIRST_FIELD = 80, 1200


def describe(database: Database, at: datetime) -> None:
    """Fill ir.model and ir.model.fields, and ``database.field_ids``, from the models as they are now."""
    stamp = {"create_uid": 1, "create_date": at, "write_uid": 1, "write_date": at}
    models, fields = database.table("ir.model"), database.table("ir.model.fields")
    models.next_id, fields.next_id = FIRST_MODEL, FIRST_FIELD
    for name, model in sorted(database.models.items()):
        row = {"model": name, "name": model.label, "state": "base", "transient": False}
        key = models.put({**row, **stamp})
        for column in model.fields.values():
            described = {**_described(column), "model": name, "model_id": key, **stamp}
            database.field_ids[name, column.name] = fields.put(described)


def _described(column: Field) -> dict[str, object]:
    return {
        "name": column.name,
        "field_description": column.label,
        "ttype": column.type,
        "relation": column.relation,
        "currency_field": column.currency_field,
        "help": column.help,
        "state": "manual" if column.manual else "base",
        "store": column.store,
        "required": column.required,
        "readonly": column.readonly,
        "copied": True,
    }
