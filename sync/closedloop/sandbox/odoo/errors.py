"""What the simulator answers when a call fails, with the names and statuses that Odoo 19 itself uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.schema import Model

#: Fault codes of XML-RPC (Odoo's service documentation).
APPLICATION, WARNING, ACCESS_DENIED, ACCESS_ERROR = 1, 2, 3, 4


class OdooError(Exception):
    """A failed call.

    Args:
        name: The Python class path that Odoo puts into its answer.
        message: Odoo's own sentence.
        status: The HTTP status of JSON-2.
        fault: The fault code of XML-RPC.
    """

    def __init__(self, name: str, message: str, *, status: int, fault: int = APPLICATION) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.status = status
        self.fault = fault

    @property
    def arguments(self) -> list[object]:
        """What Odoo lists as the exception's arguments: werkzeug's carry their status as well."""
        return [self.message, self.status] if self.name.startswith("werkzeug.") else [self.message]

    def document(self) -> dict[str, object]:
        """Return the error as Odoo serialises it."""
        trace = f"Traceback (most recent call last):\n{self.name}: {self.message}\n"
        return {
            "name": self.name,
            "message": self.message,
            "arguments": self.arguments,
            "context": {},
            "debug": trace,
        }


def value_error(message: str, kind: str = "ValueError") -> OdooError:
    """Return a plain Python error: 500 in JSON-2."""
    return OdooError(f"builtins.{kind}", message, status=500)


def python_error(error: Exception) -> OdooError:
    """Return what Odoo answers when its own code trips over an argument: the Python error itself."""
    return value_error(str(error), type(error).__name__)


def database_error(kind: str, message: str) -> OdooError:
    """Return an error of the database driver: 500 in JSON-2."""
    return OdooError(f"psycopg2.{kind}", message, status=500)


def user_error(message: str) -> OdooError:
    """Return a refusal meant for the user's eyes."""
    return OdooError("odoo.exceptions.UserError", message, status=422, fault=WARNING)


def validation_error(message: str) -> OdooError:
    """Return a broken constraint."""
    text = f"The operation cannot be completed: {message}"
    return OdooError("odoo.exceptions.ValidationError", text, status=422, fault=WARNING)


def required_error(model: Model, field: str) -> OdooError:
    """Return the refusal of an empty mandatory field."""
    return validation_error(required_message(model, field))


def required_message(model: Model, field: str) -> str:
    """Return Odoo's words for an empty mandatory field."""
    return (
        f"Missing required value for the field '{model.fields[field].label}' ({field}).\n"
        f"Model: '{model.label}' ({model.name})\n"
        "- create/update: a mandatory field is not set\n"
        "- delete: another model requires the record being deleted, you can archive it instead\n"
    )


def missing_error(model: str, record: int, user: int) -> OdooError:
    """Return the answer to a write on a record that is not there."""
    message = f"Record does not exist or has been deleted.\n(Record: {model}({record},), User: {user})"
    return OdooError("odoo.exceptions.MissingError", message, status=404, fault=WARNING)


def access_error(message: str) -> OdooError:
    """Return a missing right."""
    return OdooError("odoo.exceptions.AccessError", message, status=403, fault=ACCESS_ERROR)


def access_denied() -> OdooError:
    """Return a refused login over RPC."""
    return OdooError("odoo.exceptions.AccessDenied", "Access Denied", status=403, fault=ACCESS_DENIED)


def http_error(kind: str, status: int, message: str) -> OdooError:
    """Return an error of the web layer, such as ``NotFound`` or ``UnprocessableEntity``."""
    return OdooError(f"werkzeug.exceptions.{kind}", message, status=status)
