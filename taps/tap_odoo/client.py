"""Odoo as our streams need it: versions, fields, companies, pages and counts over either back end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.policy import AccessError, MissingObjectError, StreamError
from closedloop.log import get_logger
from tap_odoo.backends import Backend, Json2, JsonRpc, XmlRpc, decoded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

log = get_logger(__name__)

#: JSON-2 came with Odoo 19; RPC leaves with Odoo 22.
_FIRST_JSON2 = 19
#: From here on `search_read` hands `load` on to `read`.
_FIRST_LOAD = 16

Row = dict[str, Any]
Domain = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OdooSettings:
    """Where Odoo is and who we are there.

    Args:
        url: Address of the server.
        database: Its database.
        login: User name, for RPC only.
        password: Password; an API key does as well.
        api_key: API key.
        api: Way in; ``auto`` asks the server for its version.
        where: What errors call this connection.
        timeout: Seconds to wait for an answer.
    """

    url: str
    database: str
    login: str | None = None
    password: str | None = None
    api_key: str | None = None
    api: Literal["auto", "json2", "jsonrpc", "xmlrpc"] = "auto"
    where: str | None = None
    timeout: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field as the database has it.

    Args:
        kind: Odoo's type: ``char``, ``many2one``, ``monetary`` …
        relation: Model a relational field points to.
    """

    kind: str
    relation: str | None = None


class Odoo:
    """One database.

    Args:
        settings: Where and who.
        http: Another client than the usual one: tests pass theirs.
    """

    def __init__(self, settings: OdooSettings, *, http: HttpClient | None = None) -> None:
        self.settings = settings
        self.http = http or HttpClient(
            base_url=settings.url,
            where=settings.where,
            timeout=(10.0, settings.timeout),
            headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
        )
        self._fields: dict[str, dict[str, Field]] = {}

    @cached_property
    def version(self) -> tuple[int, str]:
        """Major version, and how the server prints it.

        Raises:
            ConfigError: No Odoo answers at this address.
        """
        try:
            reply = self.http.request("GET", "/web/version", expect_json=False)
            answer = {} if reply.is_html else decoded(reply)
        except MissingObjectError:  # servers before 19 do not have it
            answer = {}
        info, printed = answer.get("version_info"), str(answer.get("version", ""))
        if not info:
            info = self._rpc_version()
        return _major(info), printed or ".".join(str(part) for part in info[:2])

    def _rpc_version(self) -> Sequence[Any]:
        try:
            return self._rpc(JsonRpc).version()
        except StreamError as error:
            message = "no Odoo answers at this address"
            raise ConfigError(message, where=self.settings.where, fix="correct the setting url") from error

    @cached_property
    def backend(self) -> Backend:
        """The way in.

        Raises:
            ConfigError: The credential that this way needs is not given.
        """
        api = self.settings.api
        if api == "auto":
            api = "json2" if self.version[0] >= _FIRST_JSON2 else "jsonrpc"
        if api != "json2":
            return self._rpc(XmlRpc if api == "xmlrpc" else JsonRpc)
        if not self.settings.api_key:
            raise ConfigError(
                "no api_key is given",
                where=self.settings.where,
                fix="create one in Odoo: Preferences, Security",
            )
        return Json2(self.http, database=self.settings.database, api_key=self.settings.api_key)

    def _rpc(self, kind: type[JsonRpc]) -> JsonRpc:
        secret = self.settings.api_key or self.settings.password
        if not self.settings.login or not secret:
            raise ConfigError(
                "RPC needs login, and api_key or password",
                where=self.settings.where,
                fix="give login: the user the key belongs to",
            )
        return kind(self.http, database=self.settings.database, login=self.settings.login, password=secret)

    def call(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        idempotent: bool = True,
        **arguments: Any,
    ) -> Any:
        """Call a method in our context: archived records too, names in English, all companies we may see."""
        arguments.setdefault("context", self.context)
        return self.backend.call(model, method, arguments, ids=ids, idempotent=idempotent)

    @cached_property
    def context(self) -> Mapping[str, Any]:
        """Without `active_test` lost leads are hidden; without the companies, rows of all but one are."""
        plain = {"active_test": False, "lang": "en_US"}
        try:
            user = self.backend.call("res.users", "context_get", {})
            uid = user.get("uid") or getattr(self.backend, "uid", None)
            found = self.backend.call(
                "res.users",
                "search_read",
                {"domain": [["id", "=", uid]], "fields": ["company_ids"], "context": plain},
            )
        except (AccessError, MissingObjectError):
            found = []
        companies = found[0].get("company_ids") if found else None
        return {**plain, "allowed_company_ids": companies} if companies else plain

    def fields(self, model: str) -> Mapping[str, Field]:
        """Return the fields we may read, by name.

        Raises:
            MissingObjectError: The database has no such model.
        """
        if model not in self._fields:
            found = self.call(model, "fields_get", attributes=["type", "relation"])
            self._fields[model] = {
                name: Field(kind=str(field["type"]), relation=field.get("relation"))
                for name, field in found.items()
            }
        return self._fields[model]

    def read(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int,
        names: bool = False,
        order: str = "id",
    ) -> list[Row]:
        """Return rows.

        Args:
            model: Odoo model.
            domain: Odoo's search domain.
            fields: Fields to read; `id` comes always.
            limit: Most rows.
            names: Whether many2one fields come with display names, which the server computes one by one.
            order: Odoo's order clause.
        """
        options: dict[str, Any] = {} if names or not self._can_load else {"load": ""}
        rows: list[Row] = self.call(
            model, "search_read", domain=domain, fields=list(fields), limit=limit, order=order, **options
        )
        return rows

    @property
    def _can_load(self) -> bool:
        return isinstance(self.backend, Json2) or self.version[0] >= _FIRST_LOAD

    def count(self, model: str, domain: Domain) -> int:
        """Return how many rows match."""
        return int(self.call(model, "search_count", domain=domain))

    def ids(self, model: str, domain: Domain, *, limit: int) -> list[int]:
        """Return matching ids in ascending order."""
        found: list[int] = self.call(model, "search", domain=domain, limit=limit, order="id")
        return found

    def now(self) -> datetime:
        """Return the server's time at its newest answer."""
        return self.http.server_time or self.http.clock.now()


def _major(info: Sequence[Any]) -> int:
    """Return 19 for ``[19, 0, …]``; Odoo Online prints ``["saas~18", 2, …]``."""
    digits = "".join(sign for sign in str(info[0]) if sign.isdigit())
    return int(digits or 0)
