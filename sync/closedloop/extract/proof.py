"""Whether we hold all that the source has, by the source's own count and newest cursor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.extract.landing import key_text
from closedloop.store.bookmarks import read_stream
from closedloop.store.names import quote, raw_schema, relation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedloop.store.analytical import Store

#: So many refused records, or this share of a stream, are an accident; more are a reason not to publish.
_FEW, _SHARE = 10, 100


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A tap's PROOF message; its fields are explained where the tap writes them, in `closedloop.kit.singer`."""

    rows: int = 0
    requests: int = 0
    bytes: int = 0
    source_count: int | None = None
    count_column: str | None = None
    count_until: str | None = None
    cursor: str | None = None
    source_cursor: str | None = None
    error: str | None = None
    fix: str | None = None
    skipped: str | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Held:
    """What the store holds of a stream, deleted rows aside.

    Args:
        least: Rows that the source surely counts.
        most: Those and the rows of the second at which the count was cut, of which the source may count some.
        cursor: Newest cursor, deleted rows included.
        waiting: Refused records of which no version has landed.
        refused: All refused records that wait.
    """

    least: int
    most: int
    cursor: str | None
    waiting: int = 0
    refused: int = 0


def read_proof(message: Mapping[str, Any] | None) -> Proof | None:
    """Return the PROOF message as our own type; none if there is none or it is malformed."""
    try:
        return msgspec.convert(message, Proof) if message is not None else None
    except msgspec.ValidationError:
        return None


def held(store: Store, connection: str, stream: str, proof: Proof | None, refused: list[str]) -> Held:
    """Count what the store holds, the way the source counted.

    Args:
        store: The open store.
        connection: The connection's name.
        stream: The stream's name.
        proof: Says which column bounds the count, and until when.
        refused: Keys of refused records that wait.
    """
    columns = store.columns(raw_schema(connection), stream)
    if not columns:
        return Held(least=0, most=0, cursor=None, waiting=len(refused), refused=len(refused))
    table = relation(raw_schema(connection), stream)
    keys, cursor = read_stream(store, connection, stream)
    bound, params = "true", list[object]()
    if proof and proof.count_until and proof.count_column in columns:
        bound, params = f"{quote(proof.count_column)} {{}} cast(? as timestamptz)", [proof.count_until]
    live = f"from {table} where _deleted_at is null and "
    least = store.query(f"select count(*) {live}{bound.format('<')}", params)[0][0]
    most = store.query(f"select count(*) {live}{bound.format('<=')}", params)[0][0]
    newest = store.query(f"select max({quote(cursor)}) from {table}")[0][0] if cursor in columns else None
    here = 0
    if refused and keys:
        sql = f"select count(*) {live}{key_text(keys)} in (select unnest(?::varchar[]))"
        here = store.query(sql, [refused])[0][0]
    return Held(
        least=least,
        most=most,
        cursor=_text(newest),
        waiting=len(refused) - here,
        refused=len(refused),
    )


def wants_sweep(proof: Proof, held: Held, *, is_due: bool) -> bool:
    """Return whether the source's keys must be compared with ours: we hold too many, or it is time to look."""
    if proof.source_count is None or proof.error or proof.skipped:
        return False
    return held.least > proof.source_count or (is_due and held.most >= proof.source_count)


def judge(proof: Proof, held: Held, *, moved: bool) -> tuple[str, str | None]:
    """Return the verdict on a stream that was read without error, and the reason where it needs one.

    Args:
        proof: What the tap said; an empty one for a tap that does not prove.
        held: What we hold after landing and sweeping.
        moved: Whether any record came.
    """
    if proof.error:
        return "failed", proof.error + (f"; {proof.fix}" if proof.fix else "")
    if proof.skipped:
        return "unproven", proof.skipped
    fault = _refused_too_many(held) or _count_fault(proof, held) or _cursor_fault(proof, held)
    if fault:
        return "incomplete", fault
    if proof.source_count is not None:
        return "proven", f"{held.refused} records wait in quarantine" if held.refused else None
    if moved or proof.source_cursor:
        return "unproven", "the source does not count"
    return "stale", "nothing came, and the source does not say that nothing changed"


def _refused_too_many(held: Held) -> str | None:
    if held.refused <= max(_FEW, held.most // _SHARE):
        return None
    return f"{held.refused} records wait in quarantine; `closedloop status` lists the reasons"


def _count_fault(proof: Proof, held: Held) -> str | None:
    count = proof.source_count
    if count is None:
        return None
    if held.most + held.waiting < count:
        return f"the source has {count} rows, {count - held.most - held.waiting} of them never came"
    if held.least > count:
        return f"we hold {held.least - count} rows that the source no longer counts"
    return None


def _cursor_fault(proof: Proof, held: Held) -> str | None:
    newest = max(filter(None, (_seconds(proof.cursor), _seconds(held.cursor))), default="")
    source = _seconds(proof.source_cursor)
    if source is None or held.refused or source <= newest:
        return None
    return f"the source's newest row is of {proof.source_cursor}, ours of {newest or 'never'}"


def _seconds(text: str | None) -> str | None:
    """Return a time in whole UTC seconds, because some interfaces cut fractions off; other cursors as they are."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return None if value is None else str(value)[:64]
