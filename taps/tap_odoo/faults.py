"""What Odoo's errors mean, by the class name Odoo puts into them; the same on every back end.

Odoo's error texts carry names of people and records, and its `debug` whole tracebacks with values: only the class
decides, and the first line is quoted only where an admin needs it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, RecordError, Rule, StreamError
from closedloop.kit.redact import vendor_text

if TYPE_CHECKING:
    from collections.abc import Callable

#: Wordings of JSON-2 (`the model 'x' does not exist`) and of XML-RPC and JSON-RPC (`Object x doesn't exist`).
_NO_MODEL = re.compile(r"(?:model|Object) '?[\w.]+'? does(?:n't| not) exist")
_NO_DATABASE = re.compile(r"database \"[^\"]*\" does not exist")
_VERBS = {"write": "change", "create": "create", "unlink": "delete", "load": "change"}


class RolledBackError(StreamError):
    """Odoo itself reports a failure: the call's transaction was rolled back, so that nothing was written."""


def no_database(database: str) -> Rule:
    """Return the rule for a database that the server does not have."""
    return Rule(
        action=Action.STOP_RUN,
        error=ConfigError,
        message=f"there is no database {database!r} at this address",
        fix="correct the setting database (Odoo's login page names it)",
    )


def denied() -> Rule:
    """Return the rule for a refused credential."""
    return Rule(
        action=Action.REAUTHENTICATE_ONCE,
        error=ConfigError,
        message="Odoo refused the credential",
        fix="set a valid api_key (an Odoo key lives three months at most), and login where RPC is used",
    )


def rule_for(kind: str, message: str, *, model: str, method: str, database: str) -> Rule:
    """Return the rule for an error.

    Args:
        kind: Class name, with or without its module: ``odoo.exceptions.AccessError``.
        message: Odoo's text.
        model: Object of the failed call.
        method: Method of the failed call.
        database: Database asked.
    """
    if _NO_DATABASE.search(message):
        return no_database(database)
    name = kind.rpartition(".")[2]
    if name in {"NotFound", "UserError", "KeyError"} and _NO_MODEL.search(message):
        return _missing(model)
    make = _BY_NAME.get(name)
    return make(model, method, message) if make else _other(name, model, method)


def _missing(model: str) -> Rule:
    return Rule(
        action=Action.FAIL_STREAM,
        error=MissingObjectError,
        message=f"the database has no model {model}",
        fix="install the Odoo app that brings it, or leave the stream out",
    )


def _access(model: str, method: str, _message: str) -> Rule:
    verb = _VERBS.get(method, "read")
    return Rule(
        action=Action.FAIL_STREAM,
        error=AccessError,
        message=f"the API user may not {verb} {model}",
        fix=f"give the API user a group that may {verb} {model}, or leave its stream out",
    )


def _denied(_model: str, _method: str, _message: str) -> Rule:
    return denied()


def _not_found(model: str, method: str, _message: str) -> Rule:
    return Rule(
        action=Action.FAIL_STREAM, error=MissingObjectError, message=f"Odoo does not know {model}/{method}"
    )


def _record_gone(model: str, _method: str, _message: str) -> Rule:
    return Rule(
        action=Action.QUARANTINE_RECORD,
        error=RecordError,
        message=f"the record of {model} does not exist any more",
    )


def _refused(model: str, _method: str, message: str) -> Rule:
    return Rule(
        action=Action.QUARANTINE_RECORD,
        error=RecordError,
        message=f"{model}: refused: {vendor_text(message)}",
    )


def _busy(model: str, _method: str, _message: str) -> Rule:
    return Rule(
        action=Action.RETRY, error=RolledBackError, message=f"{model} is locked by other transactions"
    )


def _invalid(model: str, method: str, message: str) -> Rule:
    return Rule(
        action=Action.FAIL_STREAM, error=RolledBackError, message=f"{model}/{method}: {vendor_text(message)}"
    )


def _other(name: str, model: str, method: str) -> Rule:
    return Rule(
        action=Action.FAIL_STREAM,
        error=RolledBackError,
        message=f"{model}/{method} failed inside Odoo ({name or 'no class named'})",
        fix="see Odoo's own log",
    )


_BY_NAME: dict[str, Callable[[str, str, str], Rule]] = {
    "AccessDenied": _denied,
    "Unauthorized": _denied,
    "AccessError": _access,
    "Forbidden": _access,
    "MissingError": _record_gone,
    "ValidationError": _refused,
    "UserError": _refused,
    "RedirectWarning": _refused,
    "NotFound": _not_found,
    "UnprocessableEntity": _invalid,
    "ValueError": _invalid,
    "TypeError": _invalid,
    "SerializationFailure": _busy,
    "LockNotAvailable": _busy,
    "DeadlockDetected": _busy,
    "OperationalError": _busy,
    "ConcurrencyError": _busy,
}
