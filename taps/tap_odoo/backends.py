"""The two ways into Odoo: JSON-2 (19 and later) and RPC (until 21), the latter as JSON or XML.

Each turns `call(model, method, arguments)` into one request. A call is one transaction in Odoo: it commits on
success and rolls back on error. JSON-RPC and XML-RPC answer 200 to failures too, so the body decides.
https://www.odoo.com/documentation/19.0/developer/reference/external_api.html
"""

from __future__ import annotations

import re
import xmlrpc.client
from typing import TYPE_CHECKING, Any, Protocol
from xml.parsers.expat import ExpatError

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit import policy
from tap_odoo import faults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.kit.http import HttpClient, Reply
    from closedloop.kit.policy import Rule

#: `XML-RPC` fault codes: https://github.com/odoo/odoo, `odoo/addons/rpc/controllers/xmlrpc.py`.
_FAULTS = {"2": "UserError", "3": "AccessDenied", "4": "AccessError"}
_LAST_LINE = re.compile(r"^([\w.]+): (.*)$")


class Backend(Protocol):
    """One way into Odoo."""

    name: str

    def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        ids: Sequence[int] | None = None,
        idempotent: bool = True,
    ) -> Any:
        """Call a method and return its result.

        Args:
            model: Odoo model: ``crm.lead``.
            method: Public method.
            arguments: Named arguments.
            ids: Records the method works on.
            idempotent: Whether a repeat does no harm.
        """


class GarbledReplyError(policy.StreamError):
    """An answer that cannot be read: of a write it tells nothing about the outcome."""


class _Error(msgspec.Struct):
    name: str = ""
    message: str = ""


class Json2:
    """`POST /json/2/<model>/<method>`: bare result, or an error with its HTTP status."""

    name = "JSON-2"

    def __init__(self, http: HttpClient, *, database: str, api_key: str) -> None:
        self._http = http
        self._database = database
        http.headers = {**http.headers, "X-Odoo-Database": database}
        http.authenticate = lambda _fresh: {"Authorization": f"bearer {api_key}"}

    def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        ids: Sequence[int] | None = None,
        idempotent: bool = True,
    ) -> Any:
        """Call a method."""
        body = dict(arguments) if ids is None else {**arguments, "ids": list(ids)}

        def classify(reply: Reply) -> Rule | None:
            return self._rule(reply, model, method)

        reply = self._http.request(
            "POST", f"/json/2/{model}/{method}", json=body, idempotent=idempotent, classify=classify
        )
        return decoded(reply)

    def _rule(self, reply: Reply, model: str, method: str) -> Rule | None:
        if reply.status < 400:  # noqa: PLR2004
            return None
        if reply.is_html:
            return faults.no_database(self._database) if reply.status == 404 else None  # noqa: PLR2004
        if reply.status == 401:  # noqa: PLR2004
            return faults.denied()
        try:
            error = msgspec.json.decode(reply.content, type=_Error)
        except msgspec.DecodeError:
            return None
        if not error.name:
            return None
        return faults.rule_for(error.name, error.message, model=model, method=method, database=self._database)


class JsonRpc:
    """`POST /jsonrpc`, service `object`."""

    name = "JSON-RPC"

    def __init__(self, http: HttpClient, *, database: str, login: str, password: str) -> None:
        self._http = http
        self._database = database
        self._login = login
        self._password = password
        self._uid: int | None = None

    def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        ids: Sequence[int] | None = None,
        idempotent: bool = True,
    ) -> Any:
        """Call a method."""
        positional, named = ([] if ids is None else [list(ids)]), dict(arguments)
        if method == "create":  # RPC looks at its first positional argument to tell one record from a list
            positional.append(named.pop("vals_list"))
        args = [self._database, self.uid, self._password, model, method, positional, named]
        return self._post("object", "execute_kw", args, model=model, method=method, idempotent=idempotent)

    @property
    def uid(self) -> int:
        """Id of the user we are, logging in first.

        Raises:
            ConfigError: Login or password is refused.
        """
        if self._uid is None:
            args = [self._database, self._login, self._password, {}]
            uid = self._post("common", "authenticate", args, model="common", method="authenticate")
            if not uid:
                rule = faults.denied()
                raise ConfigError(rule.message, where=self._http.where, fix=rule.fix)
            self._uid = int(uid)
        return self._uid

    def version(self) -> Sequence[Any]:
        """Return ``server_version_info``: ``[18, 0, 0, "final", 0, ""]``."""
        answer = self._post("common", "version", [], model="common", method="version")
        info: Sequence[Any] = answer.get("server_version_info") or [0]
        return info

    def _post(
        self,
        service: str,
        procedure: str,
        args: list[Any],
        *,
        model: str,
        method: str,
        idempotent: bool = True,
    ) -> Any:
        def classify(reply: Reply) -> Rule | None:
            return self._rule(reply, model, method)

        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {"service": service, "method": procedure, "args": args},
            "id": 1,
        }
        reply = self._http.request("POST", "/jsonrpc", json=body, idempotent=idempotent, classify=classify)
        return decoded(reply).get("result")

    def _rule(self, reply: Reply, model: str, method: str) -> Rule | None:
        if reply.is_html or policy.for_status(reply.status) is not None:
            return None
        try:
            error = (reply.json() or {}).get("error")
        except (msgspec.DecodeError, AttributeError):
            return None
        if not error:
            return None
        data = error.get("data") or {}
        return faults.rule_for(
            str(data.get("name", "")),
            str(data.get("message") or error.get("message", "")),
            model=model,
            method=method,
            database=self._database,
        )


class XmlRpc(JsonRpc):
    """`POST /xmlrpc/2/<service>`, for servers or proxies that let only XML through."""

    name = "XML-RPC"

    def _post(
        self,
        service: str,
        procedure: str,
        args: list[Any],
        *,
        model: str,
        method: str,
        idempotent: bool = True,
    ) -> Any:
        def classify(reply: Reply) -> Rule | None:
            return self._rule(reply, model, method)

        body = xmlrpc.client.dumps(tuple(args), procedure, allow_none=True).encode()
        reply = self._http.request(
            "POST",
            f"/xmlrpc/2/{service}",
            content=body,
            headers={"Content-Type": "text/xml"},
            idempotent=idempotent,
            classify=classify,
        )
        try:
            return xmlrpc.client.loads(reply.content)[0][0]
        except (ExpatError, xmlrpc.client.ResponseError) as error:
            raise garbled(reply) from error

    def _rule(self, reply: Reply, model: str, method: str) -> Rule | None:
        if reply.is_html or policy.for_status(reply.status) is not None or b"<fault>" not in reply.content:
            return None
        try:
            xmlrpc.client.loads(reply.content)
        except xmlrpc.client.Fault as fault:
            kind, message = _named(fault)
            return faults.rule_for(kind, message, model=model, method=method, database=self._database)
        except ExpatError:
            return None
        return None


def _named(fault: xmlrpc.client.Fault) -> tuple[str, str]:
    """Return class and text of a fault: code 1 carries a traceback whose last line names the class."""
    text = str(fault.faultString)
    kind = _FAULTS.get(str(fault.faultCode))
    if kind == "UserError" and "does not exist or has been deleted" in text:
        return "MissingError", text
    if kind:
        return kind, text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        match = _LAST_LINE.match(line)
        if match:
            return match[1], match[2]
    return "", ""


def decoded(reply: Reply) -> Any:
    """Return a reply's JSON.

    Raises:
        StreamError: It is not JSON.
    """
    try:
        return reply.json()
    except msgspec.DecodeError as error:
        raise garbled(reply) from error


def garbled(reply: Reply) -> GarbledReplyError:
    """Return the error for an answer that cannot be read."""
    return GarbledReplyError("Odoo's answer cannot be read", request_id=reply.request_id)
