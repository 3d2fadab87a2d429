"""What Odoo does by itself around a write: names, defaults, custom fields, and the history of a deal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import required_error, validation_error, value_error
from closedloop.sandbox.odoo.schema import Field

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database, Row

DEFAULTS: dict[str, dict[str, object]] = {
    "crm.lead": {"type": "lead", "priority": "0", "won_status": "pending", "probability": 0.0},
    "res.partner": {"type": "contact", "partner_share": True},
    "event.event": {"kanban_state": "normal", "date_tz": "UTC"},
    "event.registration": {"state": "open"},
    "account.move": {"move_type": "entry", "state": "draft", "payment_state": "not_paid", "auto_post": "no"},
    "account.move.line": {"display_type": "product"},
    "ir.model.fields": {"state": "manual", "store": True, "ttype": "char", "copied": True},
    "mail.message": {"message_type": "comment"},
}
FULL_PROBABILITY = 100.0
#: Model → fields whose changes Odoo writes into the record's history, with the subtype of the message.
TRACKED = {
    "crm.lead": {"stage_id": "Stage Changed", "expected_revenue": "Note"},
    "res.partner": {"parent_id": "Note"},
}


def display_name(database: Database, model: str, row: Row) -> str | bool:
    """Return what Odoo shows for a record, ``False`` where the model has no name."""
    if model == "mail.message":
        return False
    special = _NAMES.get(model)
    if special is not None:
        return str(special(database, row))
    return str(row.get("name") or f"{model},{row['id']}")


def _partner_name(database: Database, row: Row) -> str:
    parent = database.table("res.partner").rows.get(row.get("parent_id") or 0)
    name = str(row.get("name") or "")
    return name if row.get("is_company") or parent is None else f"{parent['name']}, {name}"


def _move_name(_database: Database, row: Row) -> str:
    name = row.get("name") or f"Draft ({row['id']})"
    return f"{name} ({row['ref']})" if row.get("ref") else str(name)


def _line_name(database: Database, row: Row) -> str:
    move = display_name(database, "account.move", database.table("account.move").rows[row["move_id"]])
    return f"{move} {row['name']}" if row.get("name") else str(move)


def _field_name(database: Database, row: Row) -> str:
    return f"{row['field_description']} ({database.models[row['model']].label})"


def _analytic_name(_database: Database, row: Row) -> str:
    return f"[{row['code']}] {row['name']}" if row.get("code") else str(row["name"])


_NAMES: dict[str, Any] = {
    "res.partner": _partner_name,
    "account.move": _move_name,
    "account.move.line": _line_name,
    "account.analytic.account": _analytic_name,
    "ir.model.fields": _field_name,
    "mail.tracking.value": lambda database, row: display_name(
        database, "ir.model.fields", database.table("ir.model.fields").rows[row["field_id"]]
    ),
    "utm.campaign": lambda _database, row: str(row.get("title") or row.get("name") or ""),
    "mail.activity": lambda _database, row: str(row.get("summary") or ""),
}


def defaults(database: Database, model: str) -> Row:
    """Return the values a new record has where the caller gives none."""
    values: Row = dict(DEFAULTS.get(model, {}))
    if "active" in database.models[model].fields:
        values["active"] = True
    return values


def before_create(database: Database, model: str, row: Row) -> None:
    """Refuse what Odoo refuses on creation; fill what it computes.

    Raises:
        OdooError: A constraint does not hold.
    """
    if model == "ir.model.fields":
        _check_custom_field(database, row)
    _check_probability(model, row)


def before_write(database: Database, model: str, values: Row) -> None:
    """Refuse what Odoo refuses on a change, and complete it: a won stage makes the probability 100.

    Raises:
        OdooError: A constraint does not hold.
    """
    _check_probability(model, values)
    if model == "crm.lead" and values.get("stage_id") and "probability" not in values:
        stage = database.table("crm.stage").rows[values["stage_id"]]
        if stage["is_won"]:
            values["probability"] = FULL_PROBABILITY


def _check_probability(model: str, values: Row) -> None:
    if model == "crm.lead" and not 0 <= values.get("probability", 0) <= FULL_PROBABILITY:
        raise validation_error("The probability of closing the deal should be between 0% and 100%!")


def _check_custom_field(database: Database, row: Row) -> None:
    described = database.models["ir.model.fields"]
    for name in ("model_id", "name", "field_description"):
        if not row.get(name):
            raise required_error(described, name)
    target = database.table("ir.model").rows[row["model_id"]]["model"]
    row["model"] = target
    if not row["name"].startswith("x_"):
        raise validation_error("Custom fields must have a name that starts with 'x_'!")
    if row["name"] in database.models[target].fields:
        raise validation_error("Field names must be unique per model.")
    if row["ttype"] in {"many2one", "many2many"} and row.get("relation") not in database.models:
        message = f"No related model found for field {row['name']!r}"
        raise value_error(message)


def after_create(database: Database, model: str, row: Row) -> None:
    """Carry out what a creation brings with it."""
    if model == "ir.model.fields":
        column = Field(
            name=row["name"],
            type=row["ttype"],
            label=row["field_description"],
            relation=row.get("relation"),
            currency_field=row.get("currency_field"),
            help=row.get("help"),
        )
        database.add_field(row["model"], column)
    if model == "res.partner":
        _commercial(database, row)


def after_write(database: Database, model: str, before: Row, row: Row, user: int) -> None:
    """Carry out what a change brings with it."""
    if model == "crm.lead":
        _lead_state(before, row)
    if model in TRACKED:
        _track(database, model, before, row, user)
    if model == "res.partner" and before.get("parent_id") != row.get("parent_id"):
        _commercial(database, row)


def _commercial(database: Database, row: Row) -> None:
    parent = database.table("res.partner").rows.get(row.get("parent_id") or 0)
    company = row if row.get("is_company") or parent is None else parent
    row["commercial_partner_id"] = company["id"]


def _lead_state(before: Row, row: Row) -> None:
    won = row.get("probability") == FULL_PROBABILITY and bool(row.get("active"))
    lost = not row.get("active") and not row.get("probability")
    row["won_status"] = "won" if won else "lost" if lost else "pending"
    if before.get("stage_id") != row.get("stage_id"):
        row["date_last_stage_update"] = row["write_date"]
    if row["won_status"] != before.get("won_status"):
        row["date_closed"] = row["write_date"] if won or lost else None


def _track(database: Database, model: str, before: Row, row: Row, user: int) -> None:
    for name in TRACKED[model]:
        if before.get(name) != row.get(name):
            change = (before.get(name), row.get(name))
            add_history(database, row, name, change, at=row["write_date"], user=user, model=model)


def add_history(
    database: Database,
    record: Row,
    name: str,
    change: tuple[Any, Any],
    *,
    at: Any,
    user: int,
    key: int | None = None,
    model: str = "crm.lead",
) -> int:
    """Write one change of a deal or a contact into its history and return the id of the tracking value.

    Args:
        database: The CRM.
        record: The row of the model.
        name: One of the fields in `TRACKED`.
        change: Old and new value; a stage or a company by its id, ``None`` for none.
        at: When, naive UTC.
        user: The id of who did it.
        key: The id the tracking value is to have.
        model: crm.lead or res.partner.
    """
    subtype = TRACKED[model][name]
    subtypes = database.table("mail.message.subtype").rows
    users = database.table("res.users").rows
    stamp = {"create_uid": user, "create_date": at, "write_uid": user, "write_date": at}
    tracking = database.table("mail.tracking.value")
    message: Row = {
        "model": model,
        "res_id": record["id"],
        "date": at,
        "author_id": users[user]["partner_id"] if user in users else None,
        "message_type": "notification",
        "subtype_id": next(key for key, row in subtypes.items() if row["name"] == subtype),
        "is_internal": subtype == "Note",
        "body": "",
    }
    message_id = database.table("mail.message").put({**message, **stamp})
    value = {
        "field_id": _field_id(database, model, name),
        "mail_message_id": message_id,
        **_tracked(database, name, *change),
        **stamp,
    }
    made = tracking.put(value if key is None else {"id": key, **value})
    database.table("mail.message").rows[message_id]["tracking_value_ids"] = [made]
    return made


def _field_id(database: Database, model: str, name: str) -> int:
    return database.field_ids[model, name]


def _tracked(database: Database, name: str, old: Any, new: Any) -> Row:
    named = {"stage_id": "crm.stage", "parent_id": "res.partner"}.get(name)
    if named:
        known = database.table(named).rows
        return {
            "old_value_integer": old or 0,
            "old_value_char": known[old]["name"] if old else None,
            "new_value_integer": new or 0,
            "new_value_char": known[new]["name"] if new else None,
        }
    return {"old_value_float": old or 0.0, "new_value_float": new or 0.0, "currency_id": 1}
