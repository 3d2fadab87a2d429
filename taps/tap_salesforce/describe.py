"""What the org has, as far as the user may see it: objects and fields, remembered for a day.

A description costs a call an object. Where there is a folder it is kept there, so that a run that finds nothing new
spends its calls on looking for changes. A field that is missed, or a query refused because of a field, asks again.
"""

from __future__ import annotations

import contextlib
import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit.policy import AccessError, MissingObjectError
from closedloop.kit.tokens import write_durably

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from closedloop.clock import Clock
    from tap_salesforce.client import Salesforce

_AGE = timedelta(days=1)
#: Parts of these are columns of their own; the whole cannot be asked for by every way.
_WHOLES = frozenset({"address", "location", "base64", "complexvalue"})


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field: its type, whether the admin made it, and whether the user may change it."""

    type: str
    custom: bool = False
    updateable: bool = False


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """An object.

    Args:
        fields: Name to field; hidden ones are not there; none at all: the object itself is not.
        replicateable: Whether there is a log of its deletions.
        at: When it was asked for.
    """

    fields: dict[str, Field]
    replicateable: bool = False
    at: datetime | None = None

    def has(self, path: str) -> bool:
        """Return whether a field, or the reference that a parent's field is reached by, is there."""
        root, _, rest = path.partition(".")
        if not rest:
            return root in self.fields
        return (f"{root.removesuffix('__r')}__c" if root.endswith("__r") else f"{root}Id") in self.fields

    @property
    def custom(self) -> list[str]:
        """Names of the fields that the admin made."""
        return sorted(name for name, field in self.fields.items() if field.custom)


class _File(msgspec.Struct, kw_only=True):
    objects: dict[str, Description] = {}


class Descriptions:
    """Descriptions of one org.

    Args:
        salesforce: The org.
        folder: Where they are kept; none: nowhere.
        clock: Tells how old they are.
    """

    def __init__(self, salesforce: Salesforce, *, folder: Path | None, clock: Clock) -> None:
        self._salesforce = salesforce
        self._clock = clock
        self._found: dict[str, Description] = {}
        self._fresh: set[str] = set()
        self._path: Path | None = None
        if folder is not None:
            login = salesforce.login
            who = "\0".join(
                (login.http.base_url, login.client_id, login.username or "", login.grant, salesforce.version)
            )
            self._path = folder / f"{hashlib.sha256(who.encode()).hexdigest()[:32]}.described"
            self._found = self._read()

    def of(self, entity: str, *, wanted: Collection[str] = (), is_optional: bool = False) -> Description:
        """Return the description of an object.

        Args:
            entity: Its name.
            wanted: Fields that must be in it: without one of them an old description is not good enough.
            is_optional: Whether its absence is remembered too.

        Raises:
            MissingObjectError: The org does not have it, or does not show it.
        """
        if not self._is_good(entity, wanted, is_optional=is_optional):
            self._ask(entity)
        found = self._found[entity]
        if not found.fields:
            message = f"{entity}: the org does not have this object, or does not show it to this user"
            fix = f"give the user's permission set 'Read' and 'View All' on {entity}"
            raise MissingObjectError(message, where=self._salesforce.where, fix=fix)
        return found

    def forget(self, entity: str) -> bool:
        """Ask again at the next need; return whether that makes sense: a fresh description stays as it is."""
        if entity in self._fresh:
            return False
        self._found.pop(entity, None)
        return True

    def _is_good(self, entity: str, wanted: Collection[str], *, is_optional: bool) -> bool:
        if entity in self._fresh:
            return True
        found = self._found.get(entity)
        if found is None or found.at is None or abs(self._clock.now() - found.at) > _AGE:
            return False
        return all(map(found.has, wanted)) if found.fields else is_optional

    def _ask(self, entity: str) -> None:
        try:
            answer = self._salesforce.describe(entity)
        except (AccessError, MissingObjectError):
            self._found[entity] = Description(fields={}, at=self._clock.now())
        else:
            self._found[entity] = Description(
                fields={
                    str(field["name"]): Field(
                        type=str(field.get("type") or "string"),
                        custom=bool(field.get("custom")),
                        updateable=bool(field.get("updateable")),
                    )
                    for field in answer["fields"]
                    if isinstance(field, dict) and field.get("name") and field.get("type") not in _WHOLES
                },
                replicateable=bool(answer.get("replicateable")),
                at=self._clock.now(),
            )
        self._fresh.add(entity)
        self._write()

    def _read(self) -> dict[str, Description]:
        try:
            content = self._path.read_bytes() if self._path else b"{}"
            return msgspec.json.decode(content, type=_File).objects
        except (OSError, msgspec.DecodeError):
            return {}

    def _write(self) -> None:
        if self._path is None:
            return
        with contextlib.suppress(OSError):  # only a memory: the next run asks again
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_durably(self._path, msgspec.json.encode(_File(objects=self._found)))


def checked(description: Description, entity: str, names: Collection[str], *, setting: str) -> None:
    """Refuse fields of the settings that are not there.

    Raises:
        ConfigError: One is not.
    """
    missing = sorted(name for name in names if not description.has(name))
    if missing:
        message = f"{setting}: {entity} has no field {', '.join(missing)}, or does not show it to this user"
        raise ConfigError(
            message,
            fix="correct the name, create the field, or give the user's permission set 'Read Access' to it",
        )
