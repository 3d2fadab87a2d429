"""What goes with a deleted record: its lines and messages, and every reference to it. None of it leaves a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database

#: Models that point at any record by its model's name and its id.
FOLLOWERS = {"mail.message": "model", "mail.activity": "res_model"}


def delete(database: Database, model: str, record: int) -> None:
    """Remove a record. What cannot be without it goes too; other references become empty, with no new write date."""
    table = database.table(model)
    if record not in table.rows:
        return
    row = table.rows[record]
    table.drop(record)
    if model == "ir.model.fields":
        _drop_column(database, row["model"], row["name"])
    for follower, field in FOLLOWERS.items():
        for key in _pointing(database, follower, {field: model, "res_id": record}):
            delete(database, follower, key)
    for other, described in database.models.items():
        for column in described.fields.values():
            if column.type == "many2one" and column.relation == model:
                _forget(database, other, column.name, record, required=column.required)


def _drop_column(database: Database, model: str, name: str) -> None:
    database.models[model].fields.pop(name, None)
    for held in database.table(model).rows.values():
        held.pop(name, None)


def _pointing(database: Database, model: str, wanted: dict[str, object]) -> list[int]:
    if model not in database.tables:
        return []
    rows = database.table(model).rows
    return [key for key, row in rows.items() if all(row.get(name) == value for name, value in wanted.items())]


def _forget(database: Database, model: str, name: str, record: int, *, required: bool) -> None:
    for key in _pointing(database, model, {name: record}):
        if required:
            delete(database, model, key)
        else:
            database.table(model).rows[key][name] = None
