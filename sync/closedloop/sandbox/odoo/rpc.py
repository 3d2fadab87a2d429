"""The older ways in: ``/xmlrpc/2/common|object`` and ``/jsonrpc``, with positional arguments and a password."""

from __future__ import annotations

import json
import xmlrpc.client
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.engine import CannedError, complete
from closedloop.sandbox.odoo.errors import (
    APPLICATION,
    OdooError,
    database_error,
    python_error,
    user_error,
    value_error,
)
from closedloop.sandbox.odoo.methods import TRIPPED, Call, id_list

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.database import Database
    from closedloop.sandbox.odoo.engine import Engine, Entry
    from closedloop.sandbox.odoo.methods import Method

#: JSON-RPC answers every failure with HTTP 200 and this code, as Odoo 19 does; older versions say 200.
ERROR_CODE = 0
OLD_ERROR_CODE = 200


def version_info(engine: Engine) -> dict[str, Any]:
    """Return what ``common.version`` and ``/web/webclient/version_info`` answer."""
    major, minor = engine.version
    serie = f"{major}.{minor}"
    return {
        "server_version": serie,
        "server_version_info": [major, minor, 0, "final", 0, ""],
        "server_serie": serie,
        "protocol_version": 1,
    }


def dispatch(engine: Engine, service: str, method: str, arguments: list[Any], entry: Entry) -> Any:
    """Carry out ``service.method(*arguments)``.

    Raises:
        OdooError: With Odoo's name and words.
    """
    try:
        return _dispatch(engine, service, method, arguments, entry)
    except TRIPPED as error:
        raise python_error(error) from error


def _dispatch(engine: Engine, service: str, method: str, arguments: list[Any], entry: Entry) -> Any:
    if service == "common":
        return _common(engine, method, arguments)
    if service != "object":
        raise value_error(service, "KeyError")
    name, user, secret, model, called, *rest = arguments
    database = _database(engine, name)
    engine.demand_login(name, user, secret)
    given = _split(method, rest)
    try:
        found = engine.method(database, model, called)
    except KeyError as error:
        message = f"Object {model} doesn't exist"
        raise user_error(message) from error
    made = _bind(database, model, called, found, given)
    result = engine.carry_out(found, made, entry)
    single = called == "create" and isinstance(made.arguments["vals_list"], dict)
    return result[0] if single else result


def _common(engine: Engine, method: str, arguments: list[Any]) -> Any:
    if method == "version":
        return version_info(engine)
    if method in {"login", "authenticate"}:
        name, login, secret = arguments[:3]
        _database(engine, name)
        return engine.login(name, login, secret)
    message = f"Method not found: {method}"
    raise value_error(message, "Exception")


def _database(engine: Engine, name: str) -> Database:
    if name not in engine.databases:
        message = f'connection to server failed: FATAL:  database "{name}" does not exist\n'
        raise database_error("OperationalError", message)
    return engine.databases[name]


def _split(method: str, rest: list[Any]) -> tuple[list[Any], dict[str, Any]]:
    if method == "execute":
        return rest, {}
    if method != "execute_kw":
        message = f"Method not found: {method}"
        raise value_error(message, "Exception")
    positional = list(rest[0]) if rest else []
    return positional, dict(rest[1]) if len(rest) > 1 and rest[1] else {}


def _bind(
    database: Database, model: str, name: str, method: Method, given: tuple[list[Any], dict[str, Any]]
) -> Call:
    positional, named = given
    context = named.pop("context", None) or {}
    ids = [] if method.on_model else id_list(positional.pop(0) if positional else named.pop("ids", None))
    names = list(method.parameters)
    try:
        if len(positional) > len(names):
            message = f"takes {len(names) + 1} positional arguments but {len(positional) + 1} were given"
            raise TypeError(message)  # noqa: TRY301 - one place says how a wrong signature is answered
        arguments = complete(method, {**dict(zip(names, positional, strict=False)), **named})
    except TypeError as error:
        message = f"BaseModel.{name}() {error}"
        raise value_error(message, "TypeError") from error
    return Call(database=database, model=model, method=name, arguments=arguments, ids=ids, context=context)


def json_call(engine: Engine, body: bytes, entry: Entry) -> dict[str, Any]:
    """Answer ``POST /jsonrpc``: always an envelope, also for a failure.

    Raises:
        CannedError: The body is no JSON.
    """
    given = parse(body)
    entry.method = str(given.get("params", {}).get("method"))

    def answer() -> Any:
        params = given.get("params", {})
        service, method = params.get("service"), params.get("method")
        return dispatch(engine, str(service), str(method), list(params.get("args", ())), entry)

    return envelope(engine, given.get("id"), answer)


def parse(body: bytes) -> dict[str, Any]:
    """Return the envelope of a JSON-RPC request.

    Raises:
        CannedError: The body is no JSON object.
    """
    try:
        value = json.loads(body)
    except ValueError as error:
        raise CannedError(400, {}, "Invalid JSON data") from error
    return value if isinstance(value, dict) else {}


def envelope(engine: Engine, number: Any, answer: Any) -> dict[str, Any]:
    """Return the result of ``answer()``, or its failure, as JSON-RPC frames it."""
    shown: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
    try:
        return {**shown, "result": answer()}
    except OdooError as error:
        code = ERROR_CODE if engine.version[0] >= 19 else OLD_ERROR_CODE  # noqa: PLR2004 - the version it changed in
        return {**shown, "error": {"code": code, "message": "Odoo Server Error", "data": error.document()}}


def xml_call(engine: Engine, service: str, body: bytes, entry: Entry) -> bytes:
    """Answer ``POST /xmlrpc/2/<service>``: a method response or a fault.

    A method that returns nothing has done its work when the answer says that it cannot be marshalled.
    """
    arguments, method = xmlrpc.client.loads(body)
    try:
        result = dispatch(engine, service, str(method), list(arguments), entry)
        text = xmlrpc.client.dumps((_no_tuples(result),), methodresponse=True)
    except OdooError as error:
        trace = f"Traceback (most recent call last):\n{error.name.rpartition('.')[2]}: {error.message}\n"
        fault = xmlrpc.client.Fault(error.fault, trace if error.fault == APPLICATION else error.message)
        text = xmlrpc.client.dumps(fault)
    except TypeError as error:
        trace = f"Traceback (most recent call last):\nTypeError: {error}\n"
        text = xmlrpc.client.dumps(xmlrpc.client.Fault(APPLICATION, trace))
    return text.encode()


def _no_tuples(result: Any) -> Any:
    return list(result) if isinstance(result, tuple) else result
