"""One HubSpot account as the target needs it: calls by object, properties, whose account it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.kit.policy import StreamError
from tap_hubspot.faults import body_of
from target_hubspot.catalog import OBJECTS
from target_hubspot.faults import fault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.kit.http import HttpClient, Reply
    from tap_hubspot.paths import Paths
    from target_hubspot.catalog import Written


class GarbledReplyError(StreamError):
    """HubSpot's answer is not what it documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of an object.

    Args:
        kind: Its type: ``number``, ``date``, ``string``…
        is_own: HubSpot did not define it.
        is_writable: HubSpot does not keep or calculate its value.
        is_unique: No two records share a value.
        currency: Whose currency is shown beside a number: ``account``, ``record``, or none.
    """

    kind: str
    is_own: bool
    is_writable: bool
    is_unique: bool
    currency: str | None = None


@dataclass(slots=True, kw_only=True)
class Portal:
    """One account.

    Args:
        http: HubSpot's API, with the credential.
        paths: The release that is asked.
        where: What errors call this connection.
    """

    http: HttpClient
    paths: Paths
    where: str | None = None
    _properties: dict[str, Mapping[str, Property]] = field(default_factory=dict)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the object that an address answers.

        Raises:
            GarbledReplyError: It is none.
        """
        return self._object(self.http.request("GET", path, params=params, classify=fault))

    def read(
        self, path: str, sent: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        """Return the answer to a question that is asked by POST: asking twice is as good as once.

        Raises:
            GarbledReplyError: It is no object.
        """
        return self._object(self.http.request("POST", path, json=sent, params=params, classify=fault))

    def write(self, path: str, sent: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
        """Send a write once, and return its answer and the id of the request.

        Raises:
            UnknownOutcomeError: HubSpot may have carried it out.
            GarbledReplyError: The answer cannot be read: HubSpot may have carried it out.
        """
        reply = self.http.request("POST", path, json=sent, classify=fault, idempotent=False)
        return self._object(reply), reply.request_id

    def account(self) -> Reply:
        """Return the answer to whose account this is: its headers tell what is left of the day."""
        return self.http.request("GET", self.paths.account, classify=fault)

    def properties(self, name: str) -> Mapping[str, Property]:
        """Return the properties of an object.

        Raises:
            StreamError: The object does not exist here, or the token may not see its properties.
        """
        if name not in self._properties:
            answer = self.get(OBJECTS[name].properties(self.paths), {"archived": "false"})
            self._properties[name] = {str(one.get("name")): _property(one) for one in rows(answer, "results")}
        return self._properties[name]

    def forget(self, name: str) -> None:
        """Ask again for an object's properties: one was made."""
        self._properties.pop(name, None)

    def path(self, written: Written, *parts: str) -> str:
        """Return an address below an object's records."""
        return "/".join([written.path(self.paths), *parts])

    def _object(self, reply: Reply) -> Mapping[str, Any]:
        found = body_of(reply)
        if not found:
            raise GarbledReplyError(
                "HubSpot's answer cannot be read", where=self.where, request_id=reply.request_id
            )
        return found


def rows(answer: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a list in an answer."""
    found = answer.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _currency(one: Mapping[str, Any]) -> str | None:
    if one.get("currencyPropertyName"):
        return "record"
    return "account" if one.get("showCurrencySymbol") else None


def _property(one: Mapping[str, Any]) -> Property:
    changes = one.get("modificationMetadata") or {}
    return Property(
        kind=str(one.get("type")),
        is_own=not one.get("hubspotDefined"),
        is_writable=not one.get("calculated") and not changes.get("readOnlyValue"),
        is_unique=bool(one.get("hasUniqueValue")),
        currency=_currency(one),
    )
