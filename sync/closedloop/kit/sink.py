"""Where a target keeps rows until a STATE commits them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import Sink

from closedloop.kit.outcome import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.kit.target import Target


#: A row with this property asks for the removal of a record that an import made.
REMOVED = "closedloop_removed_at"


class UpdateSink(Sink):
    """Holds the rows of one object until they are committed. It is never full and never old."""

    def __init__(
        self, target: Target, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        self._target = target
        self._rows: dict[str, dict[str, Any]] = {}
        super().__init__(target, stream_name, schema, key_properties)

    @property
    def is_full(self) -> bool:
        """Never: only a STATE commits."""
        return False

    @property
    def include_sdc_metadata_properties(self) -> bool:
        """Never: a CRM has no such fields."""
        return False

    def setup(self) -> None:
        """Refuse an object or a field that is not ours, before anything is written."""
        fields = [name for name in self.schema["properties"] if name not in self._target.id_fields(self)]
        if REMOVED in fields:
            self._target.writer.accept_removal(self.stream_name)
            return
        self._target.writer.accept(self.stream_name, fields)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:  # noqa: ARG002
        """Keep a row; a later one of the same record wins, field by field."""
        row = self._target.row(self, record)
        self._rows.setdefault(row.id, {}).update(row.fields)

    def process_batch(self, context: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the rows held."""
        rows = [Row(id=key, fields=fields) for key, fields in self._rows.items()]
        self._rows.clear()
        self._target.write(self.stream_name, rows)

    def forget(self) -> int:
        """Drop the rows held, and return how many there were."""
        dropped = len(self._rows)
        self._rows.clear()
        self.mark_drained()
        return dropped

    def activate_version(self, new_version: int) -> None:
        """Do nothing: versions delete rows elsewhere, and a rollup target never deletes."""
