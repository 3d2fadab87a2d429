"""What the CRM should hold: the mapped measures of every campaign and account that came from it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.store.names import quote, relation
from closedloop.writeback.mapping import mapped
from closedloop.writeback.value import Slot, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.models.measures import Unit
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.writeback.mapping import Mapped

_SCHEMA = "marts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One field as it should be.

    Args:
        entity: ``campaign`` or ``account``.
        key: The record's canonical key.
        slot: Where in the CRM.
        measure: The catalogue's name.
        unit: The measure's unit.
        value: Money and ratios as decimal text in major units, dates as ISO text; none: empty.
        name: The record as people know it.
        url: Its address in the CRM.
    """

    entity: str
    key: str
    slot: Slot
    measure: str
    unit: Unit
    value: Value
    name: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the figures were computed for.

    Args:
        as_of: ISO day.
        home_digits: Decimals of the home currency.
    """

    as_of: str
    home_digits: int


def basis(store: Store) -> Basis:
    """Return what the present figures were computed for.

    Raises:
        ConfigError: Nothing was reconciled yet.
    """
    if not store.columns("param", "run"):
        raise ConfigError("there are no figures yet", where="store", fix="run `closedloop reconcile` first")
    as_of, digits = store.query("select as_of, home_digits from param.run")[0]
    return Basis(as_of=str(plain(as_of)), home_digits=int(digits))


def desired(settings: Settings, store: Store, connection: str) -> list[Desired]:
    """Return every mapped field of every record of ``connection`` that has figures, in order of record and field.

    Raises:
        ConfigError: A measure is not mapped rightly, or nothing was reconciled yet.
    """
    at = basis(store)
    lines = mapped(settings, connection)
    found = [
        item
        for entity in ("campaign", "account")
        for item in _of_entity(
            store, connection, entity, [line for line in lines if line.entity == entity], at
        )
    ]
    return sorted(found, key=lambda item: item.slot)


def _of_entity(
    store: Store, connection: str, entity: str, lines: list[Mapped], at: Basis
) -> Iterator[Desired]:
    if not lines:
        return
    table = f"{entity}_measures"
    columns = store.columns(_SCHEMA, table)
    names = [line.measure.name for line in lines]
    picks = [quote(name) if name in columns else "null" for name in ("name", "url", *names)]
    rows = store.query(
        f"select {entity}_key, object, source_id, {', '.join(picks)} from {relation(_SCHEMA, table)} where source = ?",
        [connection],
    )
    for key, name, record_id, title, url, *values in rows:
        for line, value in zip(lines, values, strict=True):
            given = at.as_of if line.measure.name == "as_of" else value
            yield Desired(
                entity=entity,
                key=str(key),
                slot=Slot(str(name), str(record_id), line.field),
                measure=line.measure.name,
                unit=line.measure.unit,
                value=_printed(given, line.measure.unit, at.home_digits),
                name=str(title or ""),
                url=url,
            )


def _printed(value: object, unit: Unit, digits: int) -> Value:
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "money":
        return format(Decimal(str(value)).scaleb(-digits), f".{digits}f")
    return int(str(value)) if unit == "count" else plain(value)
