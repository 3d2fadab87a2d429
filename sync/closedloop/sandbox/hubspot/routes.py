"""The routes: one form of path for the dated family and for v3 and v4, and who may take each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import invalid, missing_scopes, not_found
from closedloop.sandbox.hubspot.schema import object_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.hubspot.account import Account
    from closedloop.sandbox.hubspot.pages import Pages
    from closedloop.sandbox.hubspot.schema import ObjectType

Answer = tuple[int, Any]
Handler = "Callable[..., Answer]"
_VERSION = re.compile(r"v\d|\d{4}-\d{2}")
SERVED = frozenset({"v1", "v3", "v4", "2026-03", "2026-09"})
#: Objects with a schema scope of their own; the others have the custom objects' one.
_SCHEMAS = frozenset({"companies", "contacts", "deals"})
_ALONE = frozenset({"account-info", "oauth", "form-integrations", "communication-preferences"})


@dataclass(slots=True, kw_only=True)
class Call:
    """A request on its way to its handler.

    Attributes:
        account: Whose.
        pages: Pages as the faults leave them.
        entry: The request's line in the log.
        version: ``v3``, ``2026-09`` …
        query: Every value of every parameter.
        body: The parsed body.
        source: Who writes, for the history: source type and id.
    """

    account: Account
    pages: Pages
    entry: dict[str, Any]
    version: str
    query: Mapping[str, list[str]]
    body: Any
    source: tuple[str, str]

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter's first value."""
        return next(iter(self.query.get(name, [])), default)

    def words(self, name: str) -> list[str]:
        """Return a parameter's values, separated by commas or given several times."""
        return [word for text in self.query.get(name, []) for word in text.split(",") if word]

    def number(self, name: str, default: int, most: int) -> int:
        """Return a parameter that is a positive number.

        Raises:
            HubError: It is none, or larger than ``most``.
        """
        text = self.text(name) or str(default)
        if not text.isdigit() or not 0 < int(text) <= most:
            message = f"{name} must be between 1 and {most}"
            raise invalid(message)
        return int(text)

    def flag(self, name: str) -> bool:
        """Return whether a parameter is true."""
        return self.text(name).lower() == "true"

    def given(self) -> dict[str, Any]:
        """Return the body, which has to be an object.

        Raises:
            HubError: It is none.
        """
        if not isinstance(self.body, dict):
            raise invalid("Invalid input JSON: an object is expected")
        return self.body

    def inputs(self, most: int) -> list[dict[str, Any]]:
        """Return the inputs of a batch.

        Raises:
            HubError: There are none, or too many.
        """
        found = self.given().get("inputs")
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise invalid("Invalid input JSON: inputs is required")
        if len(found) > most:
            message = f"The maximum number of inputs supported in a batch request is {most}"
            raise invalid(message)
        self.entry["inputs"] = len(found)
        return found


@dataclass(slots=True, kw_only=True, frozen=True)
class Route:
    """A way to a handler."""

    verb: str
    area: str
    pattern: re.Pattern[str]
    handler: Callable[..., Answer]
    scopes: tuple[str, ...]
    method: str
    stream: str


@dataclass(slots=True, kw_only=True)
class Found:
    """The route of a request with what stands in its path."""

    route: Route
    version: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> ObjectType | None:
        """The object that the path names first."""
        return object_type(self.params.get("kind", ""))

    @property
    def stream(self) -> str:
        """What the log calls the thing asked for."""
        if self.kind is None:
            return self.route.stream
        other = object_type(self.params.get("other", ""))
        if self.route.stream == "{kind}":
            return self.kind.name
        return f"{self.kind.name}_{other.name}" if other else self.route.stream

    def demand(self, scopes: frozenset[str]) -> None:
        """Refuse a token without one of the scopes needed.

        Raises:
            HubError: 403, naming them.
        """
        wanted = tuple(sorted({name for one in self.route.scopes for name in _scopes(one, self.kind)}))
        if wanted and not scopes & {*wanted}:
            raise missing_scopes(wanted)


def _scopes(template: str, kind: ObjectType | None) -> list[str]:
    """``{objects}.read`` becomes the object's own scope; activities may be read with the contacts' scope too."""
    if "{" not in template or kind is None:
        return [] if "{" in template else [template]
    right = template.rpartition(".")[2]
    if kind.name == "tickets":
        return ["tickets", f"crm.objects.tickets.{right}"]
    own = {f"crm.objects.{name}.{right}" for name in (kind.name, kind.scope)}
    if kind.name == "campaigns":
        own = {f"marketing.campaigns.{right}"}
    if not template.startswith("{schemas}"):
        return sorted(own)
    shelf = kind.scope if kind.scope in _SCHEMAS else "custom"
    found = {f"crm.schemas.{shelf}.{right}"}
    return sorted(found | own if right == "read" else found)


#: Every route, in the order in which they are tried.
ROUTES: list[Route] = []


def route(
    verb: str, way: str, *scopes: str, method: str = "list", stream: str = "{kind}"
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Register a handler.

    Args:
        verb: The HTTP verb.
        way: The area, a blank, and the rest with ``{names}``.
        scopes: One of them is needed; ``{objects}.read`` means the object's own.
        method: What the log and the faults call it; ``write`` is a write.
        stream: What they call the thing; ``{kind}`` is the object's name.
    """
    area, _, rest = way.partition(" ")
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", rest))

    def registered(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        ROUTES.append(
            Route(
                verb=verb,
                area=area,
                pattern=pattern,
                handler=handler,
                scopes=scopes,
                method=method,
                stream=stream,
            )
        )
        return handler

    return registered


def find(verb: str, path: str) -> Found:
    """Return the route of a request.

    Raises:
        HubError: There is none.
    """
    area, version, rest = _split(path)
    for one in ROUTES:
        matched = one.pattern.fullmatch(rest) if (one.verb, one.area) == (verb, area) else None
        if matched is not None and version in SERVED:
            return Found(route=one, version=version, params=matched.groupdict())
    message = f"No route for {verb} {path}"
    raise not_found(message)


def _split(path: str) -> tuple[str, str, str]:
    """``/crm/v3/objects/x`` and ``/crm/objects/2026-09/x`` are both ``crm/objects``, the version and ``x``."""
    parts = [part for part in path.split("/") if part]
    place = next((at for at, part in enumerate(parts[:3]) if _VERSION.fullmatch(part)), None)
    if place is None or place == 0:
        raise not_found("resource not found")
    version = parts.pop(place)
    length = 1 if parts[0] in _ALONE else 2
    return "/".join(parts[:length]), version, "/".join(parts[length:])
