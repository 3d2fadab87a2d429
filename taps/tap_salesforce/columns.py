"""From a row of Salesforce to a record of a stream: which fields to ask for, and how each becomes a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_salesforce import soql, values
from tap_salesforce.catalog import DELETED_AT, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tap_salesforce.catalog import Entity
    from tap_salesforce.describe import Description
    from tap_salesforce.statuses import Statuses

Row = dict[str, Any]
_TEXT = {"type": ["string", "null"]}
_DECIMAL = {"type": ["string", "null"], "format": "singer.decimal"}
#: Columns for the admin's fields and those that closedloop writes: their type follows the org's.
_BY_KIND: Mapping[str, dict[str, Any]] = {
    "int": {"type": ["integer", "null"]},
    "double": _DECIMAL,
    "currency": _DECIMAL,
    "percent": _DECIMAL,
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "datetime": {"type": ["string", "null"], "format": "date-time"},
}
#: Worked out here, not read.
_STATUS, _CURRENCY = "touch_status", "DefaultCurrencyIsoCode"
_FOR_STATUS = ("Status", "CampaignType", "HasResponded")


class Columns:
    """The columns of one stream over one org.

    Every column of the schema is there whatever the org has: staging SQL can rely on the names.

    Attributes:
        schema: They as JSON Schema.
        fields: What a query asks for.
        cursor: Column that says when a row last changed; none: the org does not say.
        offered: Columns that are read only where somebody selects them.

    Args:
        stream: Name of the stream and of the object.
        entity: Its row in the catalog.
        description: What the org has; none: not known, every column is null.
        mapping: Column to the admin's field.
        written: Fields that closedloop writes, to be read too.
        extra: Further fields that the settings ask for.
        statuses: What the statuses of members mean.
        currency: The org's currency where it keeps only one.
    """

    def __init__(
        self,
        stream: str,
        entity: Entity,
        *,
        description: Description | None,
        mapping: Mapping[str, str],
        written: Sequence[str] = (),
        extra: Sequence[str] = (),
        statuses: Statuses,
        currency: str | None = None,
    ) -> None:
        found = schema(stream)
        self._properties: dict[str, dict[str, Any]] = {
            name: dict(one) for name, one in found["properties"].items()
        }
        self.schema = {**found, "properties": self._properties}
        self._description = description
        self._statuses = statuses
        self._currency = currency if stream == "Organization" else None
        cursor = entity.cursor
        self.cursor = cursor if cursor and (description is None or description.has(cursor)) else None
        known = description.fields if description else {}
        standard = set(self._properties)
        for name in [*written, *extra, *(description.custom if description else ())]:
            if name in known:
                self._properties.setdefault(name, dict(_BY_KIND.get(known[name].type, _TEXT)))
        self.offered = frozenset(self._properties) - standard - set(written) - set(extra)
        self._sources = {**entity.sources, **mapping}
        self._blank: Row = {}
        self._parents: frozenset[str] = frozenset()
        self._plan: list[tuple[str, str, Callable[[Any], Any]]] = []
        self.fields: list[str] = []
        self.choose(frozenset(self._properties) - self.offered)

    def choose(self, names: Collection[str]) -> None:
        """Ask for these columns only, and for what the tap itself needs of a row."""
        wanted = {"Id", "IsDeleted", "CreatedDate", DELETED_AT, self.cursor, *names}
        if _STATUS in names:
            wanted |= set(_FOR_STATUS)
        self._plan = [
            (name, source, values.for_property(column))
            for name, column in self._properties.items()
            if name in wanted and self._has(source := self._sources.get(name, name))
        ]
        self.fields = list(dict.fromkeys(soql.name(source) for _, source, _ in self._plan))
        self._parents = frozenset(source for _, source, _ in self._plan if "." in source)
        self._blank = {name: None for name in self._properties if name in wanted}

    def _has(self, source: str) -> bool:
        return self._description is not None and self._description.has(source)

    @property
    def can_be_deleted(self) -> bool:
        """Whether a row says that it was deleted."""
        return "IsDeleted" in self.fields

    def record(self, row: Row) -> Row:
        """Return a record.

        Args:
            row: As REST prints it, parents nested, or as Bulk does, all text and flat.

        Raises:
            ValueError: A value is not what its column holds; the message names the column, never the value.
        """
        record = self._blank.copy()
        name = "Id"
        try:
            for name, source, convert in self._plan:
                value = row.get(source)
                if value is None and source in self._parents:
                    value = _parent(row, source)
                if value is not None:
                    record[name] = convert(value)
        except ValueError as error:
            message = f"{name}: {error}"
            raise ValueError(message) from None
        for needed in filter(None, ("Id", self.cursor)):
            if record[needed] is None:
                message = f"{needed}: there is none"
                raise ValueError(message)
        self._work_out(record)
        return record

    def _work_out(self, record: Row) -> None:
        if record.get("IsDeleted"):
            record[DELETED_AT] = record[self.cursor or "SystemModstamp"]
        if _STATUS in record:
            record[_STATUS] = self._statuses.meaning(
                record["Status"], kind=record["CampaignType"], has_responded=record["HasResponded"]
            )
        if self._currency and record.get(_CURRENCY, "") is None:
            record[_CURRENCY] = self._currency


def _parent(row: Row, source: str) -> Any:
    found: Any = row
    for step in source.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
