"""Which measure goes into which field of which object of the CRM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.connectors import written_objects
from closedloop.errors import ConfigError
from closedloop.models.measures import MEASURES, Entity, Measure

if TYPE_CHECKING:
    from closedloop.settings import Settings, Writeback

#: The measure that says when a record's figures were last written. Alone it is no reason to write.
AS_OF = "as_of"

_CATALOGUE = {(measure.entity, measure.name): measure for measure in MEASURES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One line of the YAML: a measure and the field it goes into.

    Args:
        entity: ``campaign`` or ``account``.
        measure: The catalogue's entry.
        field: The CRM's field.
    """

    entity: Entity
    measure: Measure
    field: str


def section(settings: Settings, connection: str) -> Writeback:
    """Return the write-back settings of a connection.

    Raises:
        ConfigError: The connection is unknown, or nothing is written back to it.
    """
    found = settings.writeback.get(connection)
    if found is None or connection not in settings.connections:
        msg = f"nothing is written back to {connection}"
        raise ConfigError(msg, where=f"writeback.{connection}", fix="map measures to fields in the YAML")
    return found


def mapped(settings: Settings, connection: str) -> list[Mapped]:
    """Return every mapped field of a connection, by entity and field.

    Raises:
        ConfigError: A measure does not exist, or two measures share a field.
    """
    part = section(settings, connection)
    found: list[Mapped] = []
    entities: tuple[tuple[Entity, dict[str, str]], ...] = (
        ("campaign", part.campaign),
        ("account", part.account),
    )
    for entity, fields in entities:
        where = f"writeback.{connection}.{entity}"
        for name, field in fields.items():
            measure = _CATALOGUE.get((entity, name))
            if measure is None:
                known = ", ".join(sorted(known for of, known in _CATALOGUE if of == entity))
                msg = f"there is no measure {name}"
                raise ConfigError(msg, where=where, fix=f"use one of: {known}")
            if any(other.field == field and other.entity == entity for other in found):
                msg = f"two measures go into {field}"
                raise ConfigError(msg, where=where, fix="give each measure a field of its own")
            found.append(Mapped(entity=entity, measure=measure, field=field))
    return found


def objects(settings: Settings, connection: str) -> dict[str, list[str]]:
    """Return the CRM's objects that each entity may be, as the connector's target declares them."""
    return written_objects(settings.connections[connection].connector)


def written_fields(settings: Settings, connection: str) -> dict[str, list[str]]:
    """Return the mapped fields of each object: what the tap must read besides its own columns."""
    of = objects(settings, connection)
    fields: dict[str, set[str]] = {}
    for one in mapped(settings, connection):
        for name in of.get(one.entity, []):
            fields.setdefault(name, set()).add(one.field)
    return {name: sorted(found) for name, found in sorted(fields.items())}
