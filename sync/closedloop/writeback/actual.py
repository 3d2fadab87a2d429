"""What the CRM holds, so far as we know: the landed rows, and what we wrote since they landed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.store.bookmarks import read_shape, read_stream
from closedloop.store.names import quote, raw_schema, relation
from closedloop.store.stamps import FORMAT
from closedloop.writeback.value import Slot, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from closedloop.store.analytical import Store
    from closedloop.writeback.journal import History


class Landed:
    """The landed values of a connection's fields.

    Attributes:
        values: By field; a record that is gone at the source has none.
        times: When each record landed, as text.
    """

    def __init__(self) -> None:
        self.values: dict[Slot, Value] = {}
        self.times: dict[tuple[str, str], str] = {}


def stream_of(name: str) -> str:
    """Return the stream that a CRM object lands as."""
    return name.replace(".", "_")


def landed(store: Store, connection: str, slots: Iterable[Slot]) -> Landed:
    """Return what the landed rows say about ``slots``.

    Raises:
        ConfigError: An object or a field was never landed.
    """
    fields: dict[str, set[str]] = {}
    for slot in slots:
        fields.setdefault(slot.object, set()).add(slot.field)
    found = Landed()
    for name in sorted(fields):
        _read(store, connection, name, sorted(fields[name]), found)
    return found


def actual(found: Landed, history: Mapping[Slot, History]) -> dict[Slot, Value]:
    """Return the present values: a landed value is out of date where we wrote after it landed."""
    values = dict(found.values)
    for slot, past in history.items():
        landed_at = found.times.get((slot.object, slot.record_id), "")
        if slot in values and past.last is not None and past.last.at > landed_at:
            values[slot] = past.last.holds
    return values


def _insist_on(store: Store, connection: str, name: str, fields: list[str]) -> None:
    """Do nothing if the newest read of an object showed the fields: else they would look as if somebody emptied them."""
    stream = stream_of(name)
    columns = store.columns(raw_schema(connection), stream)
    shown = read_shape(store, connection, stream)
    missing = [
        field for field in fields if field not in columns or (shown is not None and field not in shown)
    ]
    if not missing:
        return
    is_gone = any(field in columns for field in missing)
    more = ", which it had before: renamed, deleted, or hidden from our user" if is_gone else ""
    fix = (
        "give the field back, or map its new name; then run `closedloop sync`"
        if is_gone
        else "make the fields with `closedloop provision`, then run `closedloop sync`"
    )
    msg = f"{name} was read without {', '.join(missing)}{more}"
    raise ConfigError(msg, where=f"{connection}/{stream}", fix=fix)


def _read(store: Store, connection: str, name: str, fields: list[str], found: Landed) -> None:
    schema, stream = raw_schema(connection), stream_of(name)
    _insist_on(store, connection, name, fields)
    picks = ", ".join(quote(field) for field in fields)
    keys, _ = read_stream(store, connection, stream)
    key = quote(keys[0] if keys else "id")
    rows = store.query(
        f"select {key}, strftime(_loaded_at at time zone 'UTC', '{FORMAT}'), {picks} from {relation(schema, stream)} where _deleted_at is null"
    )
    for record_id, loaded_at, *values in rows:
        found.times[name, str(record_id)] = loaded_at
        for field, value in zip(fields, values, strict=True):
            found.values[Slot(name, str(record_id), field)] = plain(value)
