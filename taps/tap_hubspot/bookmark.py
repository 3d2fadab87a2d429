"""Where a stream stands between runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Quarantined records tried again at the next run.
_MOST_RETRIED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a stream of records stands. Times are ISO text with milliseconds.

    Args:
        value: All changes before it are held; none: nothing is.
        columns: What was asked for (`Columns.digest`): other properties mean that all must be read again.
        counted: How many records there were, archived ones aside, that had been created up to ``counted_until``.
        counted_until: See there.
        archived_until: Newest archiving that was sent.
        listing_after: Inside a full read: what asks for its next page.
        listing_until: Inside a full read: the moment up to which it speaks for the records.
        listing_newest: Inside a full read: the newest change seen.
        listing_rows: Inside a full read: records received.
        listing_young: Inside a full read: those created after ``listing_until``.
        quarantined: Records that could not be read and are tried again.
    """

    value: str | None = None
    columns: str | None = None
    counted: int | None = None
    counted_until: str | None = None
    archived_until: str | None = None
    listing_after: str | None = None
    listing_until: str | None = None
    listing_newest: str | None = None
    listing_rows: int | None = None
    listing_young: int | None = None
    quarantined: tuple[str, ...] = ()

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Bookmark:
        """Return the bookmark in a stream's state."""
        given = {name: state[name] for name in cls.__slots__ if name in state}
        return cls(
            **{
                **given,
                "value": state.get("replication_key_value"),
                "quarantined": tuple(state.get("quarantined", ())),
            }
        )

    def state(self, cursor: str) -> dict[str, Any]:
        """Return it as a stream's state."""
        given = asdict(self)
        value, quarantined = given.pop("value"), given.pop("quarantined")
        state = {
            "replication_key": cursor,
            "replication_key_value": value,
            **given,
            "quarantined": sorted(quarantined)[:_MOST_RETRIED] or None,
        }
        return {name: value for name, value in state.items() if value is not None}

    def settled(self, **changes: Any) -> Bookmark:
        """Return it outside of a full read."""
        inside = ("listing_after", "listing_until", "listing_newest", "listing_rows", "listing_young")
        return replace(self, **{**dict.fromkeys(inside), **changes})

    def with_bad(self, keys: Iterable[str]) -> Bookmark:
        """Return it with more records to try again."""
        return replace(self, quarantined=tuple({*self.quarantined, *(key for key in keys if key)}))
