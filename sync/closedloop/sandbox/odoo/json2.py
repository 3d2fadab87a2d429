"""JSON-2: ``POST /json/2/<model>/<method>`` with named arguments and a bearer key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.engine import complete
from closedloop.sandbox.odoo.errors import OdooError, http_error
from closedloop.sandbox.odoo.methods import METHODS, REQUIRED, Call, id_list

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.odoo.engine import Engine, Entry
    from closedloop.sandbox.odoo.methods import Method

NO_KEY = "User not authenticated, use an API Key with a Bearer Authorization header."
HINT = "Did you mean POST /json/2/<model>/<method>?"
UNKNOWN = (
    "The requested URL was not found on the server. If you entered the URL manually please check your spelling "
    "and try again."
)
#: /json/2/<model>/<method>
PARTS = 4


def call(
    engine: Engine, database: Database, entry: Entry, *, path: str, body: bytes, authorization: str
) -> Any:
    """Answer one JSON-2 request.

    Raises:
        OdooError: With the status that Odoo answers.
    """
    named = _parse(body)
    demand_key(engine, database, authorization)
    parts = path.strip("/").split("/")
    if len(parts) != PARTS:
        raise http_error("NotFound", 404, HINT)
    model, name = parts[2:]
    method = _method(engine, database, model, name)
    ids, context = named.pop("ids", None), named.pop("context", None) or {}
    if ids and method.on_model:
        message = f"cannot call {model}.{name} with ids"
        raise http_error("UnprocessableEntity", 422, message)
    try:
        arguments = complete(method, named)
    except TypeError as error:
        raise http_error("UnprocessableEntity", 422, str(error)) from error
    made = Call(
        database=database, model=model, method=name, arguments=arguments, ids=id_list(ids), context=context
    )
    return engine.carry_out(method, made, entry)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        message = f"could not parse the body as json: {error}"
        raise http_error("BadRequest", 400, message) from error
    return value if isinstance(value, dict) else {}


def demand_key(engine: Engine, database: Database, authorization: str) -> None:
    """Check the bearer key.

    Raises:
        OdooError: 401, in Odoo's words.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise http_error("Unauthorized", 401, NO_KEY)
    if key.strip() != engine.api_keys[database.name]:
        raise http_error("Unauthorized", 401, "Invalid apikey")


def _method(engine: Engine, database: Database, model: str, name: str) -> Method:
    try:
        return engine.method(database, model, name)
    except KeyError as error:
        message = f"the model {model!r} does not exist"
        raise http_error("NotFound", 404, message) from error
    except OdooError as error:
        if error.name == "builtins.AttributeError":
            raise http_error("NotFound", 404, error.message) from error
        raise


def reference(engine: Engine, database: Database, model: str, authorization: str) -> dict[str, Any]:
    """Return ``/doc-bearer/<model>.json``: fields, and the arguments of every method, in order.

    Raises:
        OdooError: 401, or 404 for an unknown model.
    """
    demand_key(engine, database, authorization)
    if model not in database.models:
        raise http_error("NotFound", 404, UNKNOWN)
    described = database.models[model]
    return {
        "model": model,
        "name": described.label,
        "doc": None,
        "fields": {name: column.description() for name, column in described.fields.items()},
        "methods": {
            name: _document(name, method) for name, method in METHODS.items() if method.only in {None, model}
        },
    }


def _document(name: str, method: Method) -> dict[str, Any]:
    parameters = {
        key: {} if default is REQUIRED else {"default": default} for key, default in method.parameters.items()
    }
    shown = ", ".join(key if "default" not in text else f"{key}=…" for key, text in parameters.items())
    described: dict[str, Any] = {
        "signature": f"({shown})",
        "parameters": parameters,
        "return": {},
        "name": name,
    }
    return {**described, "api": ["model"]} if method.on_model else described
