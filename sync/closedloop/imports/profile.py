"""How one CRM takes people, their attendance, and events: what the target brings in `imports.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from closedloop import connectors
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from closedloop.settings import Settings


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One object that imports make.

    Args:
        object: The vendor's name of it.
        by: What its records are found by: the field of our key, or one of the vendor's; several with slashes between.
        fields: Our name of a value → the vendor's field.
        fixed: Fields that every record gets.
        filler: What goes into a field that the vendor demands and the row lacks.
        title: A field that the vendor demands and that names who and where.
        signs: Fields that change when somebody touches the record.
        of: Object of the campaigns that attendance belongs to.
        campaign: Field of the campaign's id.
        people: Object of a person → field of the person's id.
        status: Field of the status.
        when: Field of the time.
        statuses: Our status → the vendor's.
        undone_by: Status that undoes an attendance that the vendor cannot remove.
    """

    object: str
    by: str
    fields: dict[str, str] = {}
    fixed: dict[str, str] = {}
    filler: dict[str, str] = {}
    title: str | None = None
    signs: list[str] = []
    of: str | None = None
    campaign: str | None = None
    people: dict[str, str] = {}
    status: str = ""
    when: str | None = None
    statuses: dict[str, str] = {}
    undone_by: str | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM.

    Args:
        keys: Object → field of our key, which `provision` makes.
        person: What a person becomes whom the CRM does not know.
        member: What attendance is.
        campaign: What an event becomes; none: events cannot be imported.
    """

    keys: dict[str, str]
    person: Shape
    member: Shape
    campaign: Shape | None = None

    @property
    def shapes(self) -> dict[str, Shape]:
        """Every object that is made."""
        made = [self.person, self.member, *([self.campaign] if self.campaign else [])]
        return {one.object: one for one in made}


def profile_of(settings: Settings, connection: str) -> Profile:
    """Return how the CRM of a connection takes imports.

    Raises:
        ConfigError: It takes none.
    """
    found = connectors.import_profile(settings.connections[connection].connector)
    if found is None:
        msg = f"nothing can be imported into {settings.connections[connection].connector}"
        raise ConfigError(
            msg, where=f"connections.{connection}", fix="name another connection with --connection"
        )
    return msgspec.convert(found, Profile)


def crm(settings: Settings, name: str | None) -> str:
    """Return the connection that an import goes to.

    Args:
        settings: The whole file.
        name: As somebody said; none: the only one that is written back to, or that can be.

    Raises:
        ConfigError: There is none, or several.
    """
    if name is not None:
        if name in settings.connections:
            return name
        known = ", ".join(settings.connections)
        msg = f"there is no connection {name}"
        raise ConfigError(msg, where="import", fix=f"use one of: {known}")
    able = list(settings.writeback) or [one for one in settings.connections if _takes_imports(settings, one)]
    if len(able) == 1:
        return able[0]
    msg = "several connections could be meant" if able else "no connection can be written to"
    raise ConfigError(
        msg, where="import", fix=f"name one with --connection: {', '.join(able or settings.connections)}"
    )


def _takes_imports(settings: Settings, name: str) -> bool:
    try:
        return connectors.import_profile(settings.connections[name].connector) is not None
    except ConfigError:
        return False
