"""The base of our targets: update by id, in explicit batches, each record's outcome on disk.

The SDK's own target writes when a buffer is full, when it is old, and whatever is left at end of input; a killed
sender would so leave half a batch written. Here a STATE message, and nothing else, commits what came before it.
(`drain_at_end` keeps plain Singer pipelines working, whose last rows may have no STATE behind them.)

Configuration of the core, beside the vendor's own: `closedloop_outcomes` (path of the outcome file),
`closedloop_lock` (path of the lock; default: beside the outcome file) and `drain_at_end`.
"""

from __future__ import annotations

import hashlib
import logging
import os
import signal
import sys
import tempfile
from abc import abstractmethod
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

import click
import msgspec
import singer_sdk
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TargetCapabilities
from singer_sdk.plugin_base import PluginBase

from closedloop.errors import ClosedloopError, ConfigError
from closedloop.kit import answers
from closedloop.kit.failpoint import failpoint
from closedloop.kit.line import encode
from closedloop.kit.lock import WriteLock
from closedloop.kit.outcome import Outcome, OutcomeFile, Row, State
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.redact import redactor
from closedloop.kit.sink import REMOVED, UpdateSink
from closedloop.kit.writer import MissingIdError
from closedloop.log import configure, get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import FrameType
    from typing import IO

    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.sinks import Sink

    from closedloop.kit.writer import Writer

log = get_logger(__name__)

#: Settings that every target has beside the vendor's own.
COMMON_SETTINGS: Mapping[str, Any] = {
    "drain_at_end": {
        "type": "boolean",
        "default": True,
        "title": "Drain at end",
        "description": "Write the rows after the last STATE too. Our own core turns this off.",
    },
    "closedloop_connection": {
        "type": "string",
        "title": "Connection name",
        "description": "Name of this connection in closedloop.yaml; its tap keeps its token under the same name.",
    },
    "closedloop_outcomes": {
        "type": "string",
        "title": "Outcome file",
        "description": "Where each record's intent and outcome are kept, as JSON lines.",
    },
    "closedloop_tokens": {
        "type": "string",
        "title": "Token folder",
        "description": "Where rotating tokens are kept; the tap of the same connection shares it.",
    },
    "closedloop_import": {
        "type": "boolean",
        "default": False,
        "title": "Import",
        "description": "The core imports people and events: the vendor's own fields that this takes may be written.",
    },
    "closedloop_currency": {
        "type": "string",
        "title": "Currency",
        "description": "ISO code of the currency that amounts are in: a field that would show them in another is refused.",
    },
    "closedloop_lock": {
        "type": "string",
        "title": "Lock file",
        "description": "The file that makes this process the connection's only writer.",
    },
}


class Target(singer_sdk.Target):
    """A Singer target that updates records by id."""

    package_name = "closedloop"
    #: Settings whose values must never be logged.
    secret_settings: ClassVar[tuple[str, ...]] = ()
    default_sink_class = UpdateSink
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.max_parallelism = 1
        self.counts: Counter[State] = Counter()
        self._batch = 0
        self._committing = False
        self._stopping = False
        redactor.add(*(self.config.get(name) for name in self.secret_settings))
        self.writer = self.make_writer()
        self.writer.is_import = bool(self.config.get("closedloop_import"))
        self.writer.currency = self.config.get("closedloop_currency") or None
        self.lock = WriteLock(path=self._lock_path())
        self._outcomes: OutcomeFile | None = None

    @abstractmethod
    def make_writer(self) -> Writer:
        """Return the vendor's side."""

    @abstractmethod
    def identity(self) -> str:
        """Return what tells one connection from another, without secrets: address and tenant."""

    def id_fields(self, sink: Sink) -> Sequence[str]:  # noqa: ARG002 (targets with other keys look at the sink)
        """Return the properties that are the record's id and no field of it."""
        return ("id",)

    def row(self, sink: Sink, record: Mapping[str, Any]) -> Row:
        """Return the update that a record asks for.

        Raises:
            MissingIdError: The record has no id, or an empty one.
        """
        keys = self.id_fields(sink)
        value = record.get(keys[0])
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
            raise MissingIdError(
                "a record came without an id; an update needs one, and nothing is ever created",
                where=sink.stream_name,
                fix="send the vendor's own record id in the property `id`",
            )
        fields = {name: _plain(field) for name, field in record.items() if name not in keys}
        return Row(id=str(value).strip(), fields=fields)

    def write(self, stream: str, rows: Sequence[Row]) -> None:
        """Write one committed batch of one object.

        Raises:
            UnknownOutcomeError: A call may or may not have reached the vendor; the outcome file says for which rows.
            ClosedloopError: The vendor cannot be written to at all.
        """
        outcomes = self._outcome_file()
        for chunk in _chunks(rows, self.writer.batch_rows):
            if self._stopping:  # what has no intent on disk was not sent
                log.warning("target.stopping", stream=stream)
                return
            outcomes.intend(self._batch, stream, chunk)
            failpoint("target.intended")
            results, stop = self._update(stream, chunk)
            failpoint("target.answered")
            outcomes.settle(self._batch, stream, results)
            failpoint("target.settled")
            self.counts.update(result.state for result in results)
            if stop is not None:
                raise stop

    @property
    def exit_code(self) -> int:
        """0: all written; 1: the vendor refused some."""
        return 1 if self.counts[State.REFUSED] else 0

    def _update(self, stream: str, rows: Sequence[Row]) -> tuple[list[Outcome], ClosedloopError | None]:
        results: list[Outcome] = []
        stop: ClosedloopError | None = None
        try:
            for outcome in self._write(stream, rows):
                results.append(outcome)  # noqa: PERF402 (what came before an error is kept)
        except ClosedloopError as error:
            stop = error
        doubtful = next((result for result in results if result.state is State.UNKNOWN), None)
        if doubtful is not None:
            msg = f"it is not known whether records were written: {doubtful.reason}"
            stop = UnknownOutcomeError(
                msg,
                where=stream,
                fix="read them back before anything else is written",
                request_id=doubtful.request_id,
            )
        lost = isinstance(stop, UnknownOutcomeError) and doubtful is None
        told = {result.id for result in results}
        results += [
            Outcome(
                id=row.id,
                state=State.UNKNOWN if lost else State.NOT_SENT,
                reason=stop.message if stop else "not sent",
                request_id=stop.request_id if stop else None,
            )
            for row in rows
            if row.id not in told
        ]
        return results, stop

    def _write(self, stream: str, rows: Sequence[Row]) -> Iterable[Outcome]:
        """Update, or remove where the rows say so: a SCHEMA asks for the one or the other."""
        if rows and REMOVED in rows[0].fields:
            return self.writer.remove(stream, [row.id for row in rows])
        return self.writer.update(stream, rows)

    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        self._hold()
        super()._process_schema_message(message_dict)

    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self._assert_line_requires(message_dict, requires={"value"})
        self._hold()
        value = message_dict["value"]
        batch = value.get("batch") if isinstance(value, dict) else None
        self._batch = batch if isinstance(batch, int) else self._batch + 1
        self._latest_state = value
        self._committing = True
        self.drain_all()
        self._committing = False
        self._latest_state = None
        failpoint("target.echoed")
        if self._stopping:
            sys.exit(128 + signal.SIGTERM)

    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        raise ConfigError(
            "BATCH messages are not accepted: their rows would be written without a commit",
            where=str(message_dict.get("stream")),
            fix="turn batch_config off in the tap",
        )

    def process_endofpipe(self) -> None:
        """Write what no STATE followed if so configured; else drop it."""
        if not self.config.get("drain_at_end", True):
            sinks = [*self._sinks_to_clear, *self._sinks_active.values()]
            if dropped := sum(sink.forget() for sink in sinks if isinstance(sink, UpdateSink)):
                log.warning("target.dropped", rows=dropped, reason="no STATE committed them")
        self._batch += 1
        super().process_endofpipe()
        self.lock.release()

    def _handle_max_record_age(self) -> None:
        """Age commits nothing."""

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Finish the call under way, so that its outcome is known; write nothing more."""
        if not self._committing:
            sys.exit(128 + signum)
        self._stopping = True

    def _hold(self) -> None:
        self.lock.acquire()

    def _outcome_file(self) -> OutcomeFile:
        if self._outcomes is None:
            path = self.config.get("closedloop_outcomes")
            self._outcomes = OutcomeFile(Path(path) if path else None)
        return self._outcomes

    def _lock_path(self) -> Path:
        if path := self.config.get("closedloop_lock"):
            return Path(path)
        if path := self.config.get("closedloop_outcomes"):
            return Path(path).parent / "write.lock"
        name = hashlib.sha256(self.identity().encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"closedloop-{os.getuid()}" / f"{name}.lock"

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        errors = super()._validate_config(raise_errors=False)
        if errors and raise_errors:
            raise ConfigError("; ".join(errors), where="config", fix=f"see `{self.name} --about`")
        return errors

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add our common settings; the SDK's loading options do not apply to updates by id."""
        config_jsonschema["properties"].update(COMMON_SETTINGS)
        super(singer_sdk.Target, cls).append_builtin_config(config_jsonschema)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add what Singer has no message for: `--read`, `--provision`, `--check`."""
        command = super().get_singer_command()
        command.params.extend(
            click.Option([f"--{name}"], is_flag=True, help=text)
            for name, text in (
                ("read", "Read records by id: JSON lines in, JSON lines out."),
                ("find", "Find imported records by their key: JSON lines in, JSON lines out."),
                ("provision", "Make custom fields: JSON lines in, JSON lines out."),
                ("check", "Check the credential and the rights."),
            )
        )
        return command

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
        read: bool = False,
        find: bool = False,
        provision: bool = False,
        check: bool = False,
    ) -> None:
        """Run the target, or one of the command-line extensions."""
        PluginBase.invoke.__func__(cls, about=about, about_format=about_format)  # type: ignore[attr-defined]
        given = config.config if config else {}
        target = cls(config=given, validate_config=True, parse_env_config=bool(config and config.parse_env))
        if read or find or provision or check:
            answers = target.answer(
                read=read, find=find, provision=provision, lines=file_input or (() if check else sys.stdin)
            )
            sys.exit(max(map(_say, answers), default=0))
        target.listen(file_input)
        sys.exit(target.exit_code)

    def answer(
        self,
        *,
        read: bool = False,
        find: bool = False,
        provision: bool = False,
        lines: IO[str] | Sequence[str] = (),
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers of one command-line extension: read, find, provision, or else check."""
        ask = answers.read if read else answers.find if find else answers.provision if provision else None
        if ask is not None:
            for line in lines:
                yield from ask(self.writer, line)
        else:
            yield from map(msgspec.to_builtins, self.writer.check())


def run(target: type[Target], arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a target's command line; every failure ends in one log line and its exit code.

    Args:
        target: The target.
        arguments: As on the command line; none takes the process's own.
    """
    command = target.cli
    configure(level=logging.getLevelName(logging.getLogger().level))  # the SDK has read the level just now
    try:
        code = command.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except ClosedloopError as error:
        log.error(  # noqa: TRY400 (a traceback helps nobody who can act on this)
            "target.stopped",
            message=error.message,
            fix=error.fix,
            where=error.where,
            exit_code=error.exit_code,
            request_id=error.request_id,
        )
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _say(answer: Mapping[str, Any]) -> int:
    """Print one answer and return the exit code that it asks for."""
    sys.stdout.buffer.write(encode(answer))
    sys.stdout.buffer.flush()
    failed = answer.get("ok") is False and answer.get("required", True)
    return 2 if failed else int(answer.get("state") in {"denied", "wrong_type"})


def _chunks(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: the SDK turns dates into objects."""
    return value.isoformat() if hasattr(value, "isoformat") else value
