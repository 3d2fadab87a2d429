"""A stream that fails alone, proves what it read, and writes fast.

A connector's stream gives pages of finished records with the state that holds once they are written; everything
around that is here: selection, the fast or the mapped way out, STATE, PROOF, QUARANTINE and the isolation of
failures. The SDK's own record loop conforms every value of every record to the schema, which costs more than
reading it; our streams hand over values that already have the schema's types (their contract tests check it).
"""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import StateMessage

from closedloop.clock import system_clock
from closedloop.errors import ClosedloopError, PartlyFailedError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.policy import StreamError
from closedloop.kit.singer import Proof
from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from closedloop.kit.tap import ClosedloopTap

log = get_logger(__name__)

#: A record as it goes out.
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRecord:
    """A record that could not be read.

    Args:
        key: Its key, as far as it is known.
        reason: Why, one sentence without its values.
        record: As it came.
    """

    key: str
    reason: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, and the stream's state once they are written.

    Args:
        records: Ready to be written.
        bad: Those that could not be read.
        state: The stream's whole bookmark from here on; none leaves it as it is.
        cursor: Newest cursor among the records, ISO text.
    """

    records: list[Record]
    bad: list[BadRecord] = field(default_factory=list)
    state: Mapping[str, Any] | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `--check`.

    Args:
        name: ``login``, ``permission:crm.lead``, ``field:event.event.x_budget``, ``stream:crm_lead`` or ``quota``.
        ok: Whether it is as it should be.
        message: What was found.
        fix: What the reader should do.
        required: Whether the connection is of no use without it.
    """

    name: str
    ok: bool
    message: str
    fix: str | None = None
    required: bool = True


class ClosedloopStream(Stream, abc.ABC):
    """Base of our streams: incremental by one cursor, read in pages."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    #: Column that bounds the source's count, where the source can count.
    count_column: ClassVar[str | None] = None

    _tap: ClosedloopTap

    @abc.abstractmethod
    def pages(self) -> Iterator[Page]:
        """Yield the records since the bookmark (`self.stream_state`), page by page."""

    def source_cursor(self) -> str | None:
        """Return the newest cursor at the source as ISO text; none where it cannot say."""
        return None

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows the source has with ``count_column`` up to ``until``; none where it cannot count."""
        del until
        return None

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows the source has up to the key ``last_id``; none where it cannot count."""
        del last_id
        return None

    def keys(self) -> Iterator[str]:
        """Yield the key of every row the source has, in ascending order.

        Raises:
            StreamError: The source cannot list them.
        """
        message = "this stream cannot list its keys"
        raise StreamError(message, where=self.name)

    @cached_property
    def count_until(self) -> datetime:
        """Bound of the count, by the source's clock, less the lag in which rows may still be on their way."""
        return self._tap.source_now() - self._tap.lag

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[Record]:
        """Yield the records one by one, as the SDK's own tools expect."""
        del context
        for page in self.pages():
            yield from page.records

    def _sync_records(
        self, context: Mapping[str, Any] | None = None, *, write_messages: bool = True
    ) -> Generator[Record, Any, Any]:
        yield from ()  # the SDK wants a generator; ours writes page by page and has nothing to hand on
        del context
        if not self.selected or self._tap.stopped is not None:
            return
        if self.ABORT_AT_RECORD_COUNT is None:
            self._read()
            return
        try:  # the SDK's --test: a failure is for it to show
            self._dry_run(self.ABORT_AT_RECORD_COUNT, write=write_messages)
        except ClosedloopError as error:
            if self._tap.may_skip(self, error) is None:
                raise

    def _dry_run(self, limit: int, *, write: bool) -> None:
        written = 0
        for page in self.pages():
            records = page.records[: limit - written]
            if write:
                self._write_records(records)
            written += len(records)
            self._check_max_record_limit(written)
        self._write_state_message()

    def _read(self) -> None:
        """Read the stream; whatever goes wrong in it is said in its proof, and does not touch the other streams."""
        reading = _Reading(self)
        try:
            reading.run()
        except BrokenPipeError:  # our reader is gone
            raise
        except ClosedloopError as error:
            if isinstance(error, PartlyFailedError) or error.exit_code == PartlyFailedError.exit_code:
                reading.fail(error)
            else:
                self._tap.stopped = error
                return
        except Exception as error:
            log.exception("stream.crashed", stream=self.name)
            name = type(error).__name__
            reading.fail(StreamError(f"unexpected {name} while reading", fix="report it with the log above"))
        reading.prove()
        self._write_state()

    def _write_page(self, page: Page) -> None:
        self._write_records(page.records)
        for bad in page.bad:
            log.warning("record.quarantined", stream=self.name, key=bad.key, reason=bad.reason)
            if self._tap.protocol:
                self._tap.writer.write_quarantine(
                    stream=self.name, key=bad.key, reason=bad.reason, record=bad.record
                )
        failpoint("tap.page_written")
        if page.state is not None:
            self.stream_state.clear()
            self.stream_state.update(page.state)
            self._write_state()

    def _write_records(self, records: list[Record]) -> None:
        if not records:
            return
        if self._is_mapped:
            for record in records:
                self._write_record_message(record)
        else:
            self._tap.writer.write_records(
                self.name, self._narrowed(records), extracted_at=system_clock().now()
            )
        self.state_manager.is_flushed = False

    def _write_state(self) -> None:
        """Write STATE even if it is the same as before: our core cuts its segments there."""
        _ = self.stream_state  # the entry exists from here on
        self._tap.writer.write_message(StateMessage(value=self.tap_state))
        self.state_manager.is_flushed = True
        failpoint("tap.state_written")

    def _narrowed(self, records: list[Record]) -> list[Record]:
        columns = self._columns
        if all(name in columns for name in records[0]):
            return records
        return [{name: record[name] for name in columns if name in record} for record in records]

    @cached_property
    def _columns(self) -> dict[str, None]:
        """Selected columns in the order of the schema."""
        properties = self.effective_schema["properties"]
        return {name: None for name in properties if self.mask["properties", name]}

    @cached_property
    def _is_mapped(self) -> bool:
        """Whether the admin asked for stream maps or flattening, which the SDK does record by record."""
        maps = self.stream_maps
        plain = len(maps) == 1 and type(maps[0]) is SameRecordTransform
        return not plain or bool(maps[0].flattening_enabled) or maps[0].stream_alias != self.name


class _Reading:
    """One reading of one stream: what its proof is made of."""

    def __init__(self, stream: ClosedloopStream) -> None:
        self.stream = stream
        self.tap = stream._tap  # noqa: SLF001 (the two are one)
        self.rows = 0
        self.cursor: str | None = None
        self.source_cursor: str | None = None
        self.source_count: int | None = None
        self.error: ClosedloopError | None = None
        self.skipped: str | None = None
        self.requests, self.bytes = self.tap.traffic()

    def run(self) -> None:
        """Read all pages; with our core also ask the source what it has."""
        stream = self.stream
        if self.tap.protocol:
            until = stream.count_until  # taken before the read, so that later rows cannot disturb the count
            self.source_cursor = stream.source_cursor()
        if stream.replication_method == "INCREMENTAL":
            self.cursor = stream.stream_state.get(
                "replication_key_value"
            )  # the newest row may be gone meanwhile
        for page in stream.pages():
            stream._write_page(page)  # noqa: SLF001
            self.rows += len(page.records)
            self.cursor = max(filter(None, (self.cursor, page.cursor)), default=None)
        if not self.tap.protocol:
            return
        # Counted after the read: a row deleted meanwhile leaves us with too many, which a sweep settles;
        # counted before, it would look as if we had lost one.
        self.source_count = stream.source_count(until)
        if (self.source_cursor or "") > (self.cursor or ""):
            # The newest row may have been deleted while we read.
            self.source_cursor = min(self.source_cursor or "", stream.source_cursor() or "") or None

    def fail(self, error: ClosedloopError) -> None:
        """Remember why the stream could not be read."""
        self.skipped = self.tap.may_skip(self.stream, error)
        if self.skipped is not None:
            log.info("stream.skipped", stream=self.stream.name, reason=self.skipped)
            return
        self.error = error
        self.tap.failures[self.stream.name] = error
        log.error(
            "stream.failed",
            stream=self.stream.name,
            reason=error.message,
            fix=error.fix,
            request_id=error.request_id,
        )

    def prove(self) -> None:
        """Log what was read, and tell our core."""
        requests, received = self.tap.traffic()
        counted = self.source_count is not None
        proof = Proof(
            stream=self.stream.name,
            rows=self.rows,
            requests=requests - self.requests,
            bytes=received - self.bytes,
            source_count=self.source_count,
            count_column=self.stream.count_column if counted else None,
            count_until=iso(self.stream.count_until) if counted else None,
            cursor=self.cursor,
            source_cursor=self.source_cursor,
            error=self.error.message if self.error else None,
            fix=self.error.fix if self.error else None,
            skipped=self.skipped,
        )
        if self.error is None and self.skipped is None:
            log.info(
                "stream.read",
                stream=proof.stream,
                rows=proof.rows,
                requests=proof.requests,
                bytes=proof.bytes,
            )
        if self.tap.protocol:
            self.tap.writer.write_proof(proof)
            failpoint("tap.proof_written")


def iso(moment: datetime) -> str:
    """Return an aware time as our ISO text in UTC: whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> datetime:
    """Return the aware time that ISO text means; text without a zone is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
