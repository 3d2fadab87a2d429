"""One reading of one connection: the tap runs, its rows land, each stream gets its verdict."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import structlog

from closedloop.errors import ClosedloopError, ConfigError, PartlyFailedError, UnreachableError
from closedloop.extract import proof as proofs
from closedloop.extract import quarantine, result
from closedloop.extract.intake import SEGMENT_ROWS, Intake, Seen
from closedloop.extract.landing import Landing
from closedloop.extract.result import StreamResult
from closedloop.extract.schema import StreamSchema
from closedloop.extract.spool import Spool
from closedloop.extract.sweep import Swept, is_due, note_swept, sweep
from closedloop.extract.worker import LandingWorker
from closedloop.kit.failpoint import failpoint
from closedloop.store import bookmarks
from closedloop.store.names import raw_schema, relation
from closedloop.store.stamps import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from closedloop.clock import Clock
    from closedloop.extract.process import TapProcess
    from closedloop.extract.proof import Held, Proof
    from closedloop.extract.source import Source
    from closedloop.forget.rows import Cleaner
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

    Progress = Callable[[str, str, int], None]

log = structlog.get_logger(__name__)

#: What DuckDB may use while rows land: a segment is small, and the rest of the machine is not ours.
MEMORY = "300MB"
#: Lines between two calls of the progress callback.
_STEP = 500
_UNKNOWN = StreamSchema(stream="", columns=(), keys=())


@dataclass(slots=True, kw_only=True)
class Reading:
    """Reads one connection once.

    Args:
        source: Its tap.
        store: Where rows land.
        operations: Where results and refused records are kept.
        home: The state directory.
        run_id: The run it belongs to.
        clock: Tells when.
        streams: What to read; none for all.
        progress: Told the connection, the stream and how many rows came so far.
        bookmark: For a backfill: what takes the place of each stream's bookmark. Bookmarks in the store stay.
        segment_rows: Rows after which the next STATE seals a segment.
        budget: What the tap said is left of the vendor's calls; empty if it did not.
        cleaner: Takes out forgotten people before anything lands.
    """

    source: Source
    store: Store
    operations: Operations
    home: Path
    run_id: str
    clock: Clock
    streams: Collection[str] | None = None
    progress: Progress | None = None
    bookmark: dict[str, dict[str, Any]] | None = None
    segment_rows: int = SEGMENT_ROWS
    budget: dict[str, Any] = field(default_factory=dict)
    cleaner: Cleaner | None = None
    _refused: int = 0
    _told: dict[str, int] = field(default_factory=dict)

    def run(self) -> list[StreamResult]:
        """Read, land, prove and record.

        Returns:
            A result for each stream that was read or should have been, sorted.

        Raises:
            ClosedloopError: The connection as a whole cannot be read; what was proven of its streams is recorded.
        """
        try:
            with self.store.modest(MEMORY):
                return self._run()
        except (duckdb.Error, OSError) as error:
            msg = f"what was read could not be stored ({type(error).__name__})"
            raise UnreachableError(
                msg,
                where=f"connections.{self.source.connection}",
                fix="check the free space of the state directory; the next run goes on from the last stored state",
            ) from error

    def _run(self) -> list[StreamResult]:
        spool = Spool(self.home / "spool" / self.source.connection, self.store.identity)
        landing = Landing(
            store=self.store,
            operations=self.operations,
            spool=spool,
            connection=self.source.connection,
            cleaner=self.cleaner,
        )
        landing.recover()
        catalog = self.source.catalog(self.streams)
        with LandingWorker(landing) as worker:
            intake = self._intake(spool, worker)
            first = intake.number
            documents = {"--state": intake.state, "--catalog": catalog}
            with (
                closing(intake),
                self.source.start(documents={name: one for name, one in documents.items() if one}) as tap,
            ):
                self._take(tap, intake)
                code = tap.wait()
                failure, self.budget = tap.failure(code), tap.budget
                intake.finish(is_clean=code == 0)
        self._tell(intake)
        end = _end(code, failure, is_stopped=self.source.stop is not None and self.source.stop.is_set())
        refused = landing.refused + intake.refused
        results = [
            self._result(name, seen, first, end, refused[name])
            for name, seen in sorted(self._expected(intake).items())
        ]
        result.keep(self.operations, results)
        failpoint("extract.proved")
        if failure is not None:
            raise failure
        if not results:
            raise self._silent(end)
        return results

    def _intake(self, spool: Spool, worker: LandingWorker) -> Intake:
        connection = self.source.connection
        state = bookmarks.read_state(self.store, connection)
        if self.bookmark is not None:
            state = {**state, "bookmarks": {**state.get("bookmarks", {}), **self.bookmark}}
            for stream in [stream for stream, value in self.bookmark.items() if not value]:
                del state["bookmarks"][stream]
        return Intake(
            spool=spool,
            clock=self.clock,
            number=max(bookmarks.last_segment(self.store, connection), spool.last()) + 1,
            state=state,
            has_protocol=self.source.has_protocol,
            on_sealed=worker.submit,
            keeps_state=self.bookmark is None,
            segment_rows=self.segment_rows,
        )

    def _take(self, tap: TapProcess, intake: Intake) -> None:
        for number, line in enumerate(tap.lines(), 1):
            intake.feed(line)
            if number % _STEP == 0:
                self._tell(intake)

    def _silent(self, end: str | None) -> ClosedloopError:
        kind = PartlyFailedError if end else ConfigError
        return kind(
            end or "the tap sent no stream at all",
            where=f"connections.{self.source.connection}",
            fix="see the tap's log; check its settings and which streams it selects",
        )

    def _tell(self, intake: Intake) -> None:
        if self.progress is None:
            return
        for name, seen in intake.streams.items():
            if self._told.get(name) != seen.rows:
                self._told[name] = seen.rows
                self.progress(self.source.connection, name, seen.rows)

    def _expected(self, intake: Intake) -> dict[str, Seen]:
        """Return every stream there must be a word on: also those that the tap did not speak of."""
        names = set(self.streams if self.streams is not None else self.store.streams(self.source.connection))
        missing = names - intake.streams.keys()
        return {**intake.streams, **{name: Seen(schema=_UNKNOWN) for name in missing}}

    def _result(self, stream: str, seen: Seen, first: int, end: str | None, refused: int) -> StreamResult:
        proof = proofs.read_proof(seen.proof)
        waiting = list(quarantine.open_keys(self.operations, self.source.connection, stream))
        held = proofs.held(self.store, self.source.connection, stream, proof, waiting)
        keys = self._keys(stream, first)
        swept = Swept()
        if proof is not None and seen.reason is None and end != _STOPPED:
            all_came = keys >= held.most
            due = not all_came and is_due(self.store, self.source.connection, stream, self.clock.now())
            if (
                all_came and not proof.error
            ):  # every row we hold was just seen: as good as a comparison of keys
                note_swept(self.store, self.source.connection, stream, self.clock.now())
            if proofs.wants_sweep(proof, held, is_due=due):
                swept = sweep(self.store, self.source, stream, self.clock.now())
                held = proofs.held(self.store, self.source.connection, stream, proof, waiting)
        verdict, reason = self._verdict(seen, proof, held, end)
        if swept.refusal and verdict == "incomplete":
            reason = f"{reason}; {swept.refusal}"
        level = log.info if verdict not in result.BAD else log.error
        level(
            "extract.stream", connection=self.source.connection, stream=stream, verdict=verdict, reason=reason
        )
        said = proof or proofs.Proof()
        return StreamResult(
            run_id=self.run_id,
            connection=self.source.connection,
            stream=stream,
            rows=seen.rows,
            keys=keys,
            requests=said.requests,
            bytes=said.bytes,
            source_count=said.source_count,
            held_count=held.most if held.most <= (said.source_count or 0) else held.least,
            cursor=held.cursor or said.cursor,
            source_cursor=said.source_cursor,
            deleted=swept.deleted,
            quarantined=refused,
            verdict=verdict,
            reason=reason,
            at=to_text(self.clock.now()),
        )

    def _verdict(
        self, seen: Seen, proof: Proof | None, held: Held, end: str | None
    ) -> tuple[str, str | None]:
        if seen.reason is not None:
            return "failed", seen.reason
        if proof is not None:
            return proofs.judge(proof, held, moved=seen.rows > 0)
        if end is not None:
            return "failed", end
        if seen.schema is _UNKNOWN:
            return "stale", "the tap did not speak of this stream, which it did before"
        if self.source.has_protocol:
            return "failed", "the tap ended without proving this stream"
        return proofs.judge(proofs.Proof(), held, moved=seen.rows > 0)

    def _keys(self, stream: str, first: int) -> int:
        if stream not in self.store.streams(self.source.connection):
            return 0
        table = relation(raw_schema(self.source.connection), stream)
        return int(self.store.query(f"select count(*) from {table} where _segment >= ?", [first])[0][0])


_STOPPED = "the run was asked to stop"


def _end(code: int, failure: ClosedloopError | None, *, is_stopped: bool) -> str | None:
    """Return how the tap ended, unless it ended well."""
    if is_stopped:
        return _STOPPED
    if failure is not None:
        return failure.message
    if code < 0:
        return f"the tap was killed by signal {-code}"
    return f"the tap ended with exit code {code}" if code else None
