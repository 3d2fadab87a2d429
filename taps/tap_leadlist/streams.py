"""The people in the lists, and the lists.

A file that was corrected is read anew as a whole; each of its rows carries when that was. Rows that are not in the corrected
file keep the time of the earlier reading, and the stream `files` says which is the newest: so they are known to be gone,
without the tap remembering who was there.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib.resources import files as package_files
from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.kit.stream import BadRecord, ClosedloopStream, Page, from_iso, iso
from closedloop.log import get_logger
from tap_leadlist.bookmark import Seen, load, packed, unpacked
from tap_leadlist.listing import Listing
from tap_leadlist.people import People, bad_key
from tap_leadlist.refusal import RefusedFileError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from tap_leadlist.folder import Found
    from tap_leadlist.listing import Shape
    from tap_leadlist.tap import TapLeadlist

log = get_logger(__name__)

_PAGE = 2000
_VERSION = "read_at"


def schema(name: str) -> dict[str, Any]:
    """Return the schema of a stream."""
    text = package_files("tap_leadlist").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


class ListStream(ClosedloopStream):
    """What both streams know."""

    def __init__(self, tap: TapLeadlist, name: str) -> None:
        super().__init__(tap, schema=schema(name), name=name)

    @property
    def lists(self) -> TapLeadlist:
        """Our tap."""
        return self._tap  # type: ignore[return-value] # not the SDK's


class Attendees(ListStream):
    """One record for each row of a list."""

    primary_keys = ("id",)
    replication_key = _VERSION
    count_column: ClassVar[str | None] = _VERSION

    def pages(self) -> Iterator[Page]:
        """Yield the rows of the files that are new, or are not as they were."""
        seen = load(self.stream_state)
        for found in self.lists.settled():
            if (known := seen.get(found.name)) and known.is_same(found, self.lists.options.digest):
                continue
            try:
                yield from self._of(found, known, seen)
            except RefusedFileError as error:
                self.lists.refused[found.name] = error

    def _of(self, found: Found, known: Seen | None, seen: dict[str, Seen]) -> Iterator[Page]:
        listing = Listing(found=found, options=self.lists.options)
        try:
            shape = listing.shape()
            entry = self._entry(found, shape, known, seen)
            if entry.twin is None and not _is_touched(entry, known):
                entry = yield from self._people(listing, shape, entry, known)
        finally:
            listing.close()
        if not found.is_as_found():
            log.info("leadlist.changed_meanwhile", file=found.name)
            return  # read anew by the next run
        self.lists.shapes[found.name] = shape
        seen[found.name] = entry
        yield Page(records=[], state=self._state(seen))

    def _entry(self, found: Found, shape: Shape, known: Seen | None, seen: dict[str, Seen]) -> Seen:
        digest, event = shape.content.digest[:16], self.lists.options.event_of(found.name)[0]
        same = [
            name
            for name, one in seen.items()
            if name != found.name and one.twin is None and (one.digest, one.event) == (digest, event)
        ]
        is_touched = known is not None and (known.digest, known.options) == (
            digest,
            self.lists.options.digest,
        )
        if same and known is None:
            log.info("leadlist.twin", file=found.name, same_as=same[0])
        return Seen(
            size=found.size,
            changed=found.changed,
            digest=digest,
            options=self.lists.options.digest,
            event=event,
            read_at=known.read_at if is_touched and known else self._version(known),
            rows=known.rows if is_touched and known else 0,
            times=(known.times + (not is_touched)) if known else 1,
            bad=known.bad if known else "",
            twin=same[0] if same and (known is None or known.twin) else None,
        )

    def _version(self, known: Seen | None) -> str:
        """Return the time of this reading; later than that of the one before, whatever the clock says."""
        now = self.lists.started
        if known is not None:
            now = max(now, from_iso(known.read_at) + timedelta(seconds=1))
        return iso(now)

    def _people(
        self, listing: Listing, shape: Shape, entry: Seen, known: Seen | None
    ) -> Generator[Page, None, Seen]:
        people = People(listing=listing, shape=shape, read_at=entry.read_at)
        records: list[dict[str, Any]] = []
        bad: list[BadRecord] = []
        count = 0
        for one in people:
            if isinstance(one, BadRecord):
                bad.append(one)
            else:
                records.append(one)
            if len(records) + len(bad) >= _PAGE:
                count += len(records)
                yield Page(records=records, bad=bad, cursor=entry.read_at)
                records, bad = [], []
        count += len(records)
        records += _mended(people, entry, known)
        yield Page(records=records, bad=bad, cursor=entry.read_at)
        log.info(
            "leadlist.read",
            file=people.name,
            rows=count,
            refused=len(people.bad),
            guesses="; ".join(shape.guesses),
        )
        return Seen(**{**asdict(entry), "rows": count, "bad": packed(people.bad)})

    def _state(self, seen: dict[str, Seen]) -> dict[str, Any]:
        newest = max((one.read_at for one in seen.values()), default=None)
        slim = {
            name: {field: value for field, value in asdict(one).items() if value not in ("", None)}
            for name, one in seen.items()
        }
        return {"replication_key": _VERSION, "replication_key_value": newest, "files": slim}

    def source_cursor(self) -> str | None:
        """Return the newest reading before this run: nothing newer can be held."""
        return max((one.read_at for one in load(self.stream_state).values()), default=None)

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows there are; none once a file was read twice, because what was in it before is still held."""
        seen = [one for one in load(self.stream_state).values() if one.twin is None]
        if any(one.times > 1 for one in seen):
            return None
        return sum(one.rows for one in seen if from_iso(one.read_at) <= until)


def _mended(people: People, entry: Seen, known: Seen | None) -> list[dict[str, Any]]:
    """Return tombstones for the refused rows of an earlier reading that are none any more."""
    bad = set(people.bad)
    before = [line for line in unpacked(known.bad) if line not in bad] if known else []
    return [{"id": bad_key(people.name, line), "_sdc_deleted_at": entry.read_at} for line in before]


def _is_touched(entry: Seen, known: Seen | None) -> bool:
    """Whether the file is what it was, although its time is another."""
    return known is not None and entry.read_at == known.read_at and not known.twin


class Files(ListStream):
    """One record for each file as it was read last."""

    primary_keys = ("file",)

    def pages(self) -> Iterator[Page]:
        """Yield the files that were read since the last run, and those that cannot be."""
        told: dict[str, str] = dict(self.stream_state.get("files") or {})
        records = []
        for name, seen in self.lists.readings().items():
            if told.get(name) != f"{seen.read_at} {seen.changed}":
                records.append(self._record(name, seen))
                told[name] = f"{seen.read_at} {seen.changed}"
        bad = [
            BadRecord(key=name, reason=_sentence(error), record={"file": name})
            for name, error in self.lists.refused.items()
        ]
        yield Page(records=records, bad=bad, state={"files": told})

    def _record(self, name: str, seen: Seen) -> dict[str, Any]:
        shape = self.lists.shapes.get(name)
        return {
            "file": name,
            "digest": seen.digest,
            "event": seen.event,
            "rows": seen.rows,
            "refused": sum(1 for _ in unpacked(seen.bad)),
            "twin": seen.twin,
            "guesses": "; ".join(shape.guesses) if shape else None,
            "read_at": seen.read_at,
        }

    def source_count(self, until: datetime) -> int | None:
        """Return how many files were ever read."""
        del until
        return len(self.lists.readings())


def _sentence(error: RefusedFileError) -> str:
    return f"{error.message}; {error.fix}" if error.fix else error.message
