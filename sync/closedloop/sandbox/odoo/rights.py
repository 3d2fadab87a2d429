"""What a salesperson's API key may not do: the refusals that Odoo 19 gave to its demo user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.sandbox.odoo.errors import access_error

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database

#: model → (the operations refused, the group that would be allowed).
REFUSED: dict[str, tuple[frozenset[str], str]] = {
    "mail.tracking.value": (frozenset({"read", "write", "create", "unlink"}), "Role / Administrator"),
    "ir.model.fields": (frozenset({"read", "write", "create", "unlink"}), "Access Rights"),
    "ir.model": (frozenset({"read", "write", "create", "unlink"}), "Access Rights"),
    "crm.stage": (frozenset({"write", "create", "unlink"}), "Sales/Administrator"),
}
VERBS = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}


def allowed(database: Database, model: str, operation: str) -> bool:
    """Return whether the API user may do ``operation`` (read, write, create, unlink) on ``model``."""
    return not (database.restricted and operation in REFUSED.get(model, (frozenset(), ""))[0])


def demand(database: Database, model: str, operation: str) -> None:
    """Refuse what the API user may not do.

    Raises:
        OdooError: AccessError, with the group that would be allowed.
    """
    if allowed(database, model, operation):
        return
    message = (
        f"You are not allowed to {VERBS[operation]} '{database.models[model].label}' ({model}) records.\n\n"
        f"This operation is allowed for the following groups:\n\t- {REFUSED[model][1]}\n\n"
        "Contact your administrator to request access if necessary."
    )
    raise access_error(message)
