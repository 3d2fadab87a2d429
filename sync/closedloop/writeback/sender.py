"""One target process at work: it reads records, makes fields, and writes batches that we commit one by one."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from closedloop import connectors
from closedloop.errors import ClosedloopError, ConfigError, PartlyFailedError, UnreachableError
from closedloop.kit.lock import WriteLock
from closedloop.kit.relay import event_of, relay
from closedloop.log import carried, get_logger
from closedloop.writeback.value import Slot, Value, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import IO

    from closedloop.settings import Settings

log = get_logger(__name__)

#: Records of one read request; targets cut it into their vendor's own pages.
_READ_RECORDS = 10_000
#: Seconds a target may take to end after its input did, and after it was asked to end.
_PATIENCE = 30.0


class Launch(Protocol):
    """Starts a target with arguments and a configuration."""

    def __call__(self, args: Sequence[str], config: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        """Return the process, with pipes for all three streams."""


@dataclass(slots=True, kw_only=True)
class Sender:
    """The target of one connection.

    Args:
        connection: Its name.
        config: The connection's own settings, and the folder of its tokens.
        folder: Where its outcome files and its lock are.
        launch: Starts the target.
    """

    connection: str
    config: Mapping[str, Any]
    folder: Path
    launch: Launch

    @classmethod
    def of(cls, settings: Settings, connection: str, launch: Launch | None = None) -> Sender:
        """Return the sender of a connection; ``launch`` stands in for the installed target."""
        found = settings.connections[connection]
        return cls(
            connection=connection,
            config={
                **found.settings,
                "closedloop_connection": connection,
                "closedloop_tokens": str(settings.tokens),
                "closedloop_currency": settings.company.currency,
            },
            folder=Path(settings.home).absolute() / "outcomes" / connection,
            launch=launch or _installed(found.connector),
        )

    @property
    def lock(self) -> WriteLock:
        """The right to write to this connection; a target holds it while it lives."""
        return WriteLock(path=self.folder / "write.lock")

    def outcomes(self, run_id: str) -> Path:
        """Return the outcome file of a run."""
        return self.folder / f"{run_id}.jsonl"

    def read(self, slots: Iterable[Slot]) -> dict[Slot, Value]:
        """Return what the CRM holds now; a record that is gone is left out.

        Raises:
            ClosedloopError: The target failed.
        """
        requests = [
            {"stream": name, "ids": ids[start : start + _READ_RECORDS], "fields": fields}
            for name, (ids, fields) in _by_object(slots).items()
            for start in range(0, len(ids), _READ_RECORDS)
        ]
        found: dict[Slot, Value] = {}
        for answer in self._ask("--read", requests):
            for name, value in answer.get("values", {}).items():
                found[Slot(answer["stream"], answer["id"], name)] = plain(value)
        return found

    def find(
        self, name: str, by: str, keys: Sequence[str], fields: Sequence[str]
    ) -> dict[str, tuple[str, dict[str, Value]]]:
        """Return the imported records that keys name, by key: record id and values; what does not exist is left out.

        Args:
            name: The vendor's object.
            by: The key's field.
            keys: Its values.
            fields: To read beside it.

        Raises:
            ClosedloopError: The target failed.
        """
        requests = [
            {
                "stream": name,
                "key": by,
                "values": list(keys[start : start + _READ_RECORDS]),
                "fields": list(fields),
            }
            for start in range(0, len(keys), _READ_RECORDS)
        ]
        return {
            str(answer["key"]): (
                str(answer["id"]),
                {field: plain(value) for field, value in answer["values"].items()},
            )
            for answer in self._ask("--find", requests)
            if "id" in answer
        }

    def provision(self, wishes: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
        """Ask the target to make fields, and return its answers.

        Raises:
            ClosedloopError: The target failed.
        """
        return self._ask("--provision", wishes)

    @contextmanager
    def session(self, run_id: str, fields: Mapping[str, Sequence[str]]) -> Iterator[Session]:
        """Yield a target that holds the connection's lock and waits for batches.

        Args:
            run_id: Names the outcome file.
            fields: The fields that will be written, by object.

        Raises:
            ClosedloopError: The target failed.
        """
        config = {
            **self.config,
            "drain_at_end": False,
            "closedloop_outcomes": str(self.outcomes(run_id)),
            "closedloop_lock": str(self.lock.path),
        }
        session = Session(process=self.launch([], config), connection=self.connection)
        try:
            session.open(fields)
            yield session
        except BaseException:
            session.abandon()
            raise
        session.close()

    def _ask(self, option: str, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if not requests:
            return []
        process = self.launch([option], self.config)
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        output, errors = process.communicate(lines.encode())
        answers = [msgspec.json.decode(line) for line in output.splitlines() if line.startswith(b"{")]
        stopped = _stopped(errors.splitlines())
        if stopped is not None or process.returncode not in {0, 1}:
            raise _failure(self.connection, process.returncode, stopped)
        return answers


@dataclass(slots=True, kw_only=True)
class Session:
    """One running target.

    Args:
        process: It.
        connection: Whose.
    """

    process: subprocess.Popen[bytes]
    connection: str
    _log: list[bytes] = field(default_factory=list)
    _reader: threading.Thread | None = None

    def open(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Announce the objects, and wait until the target holds the lock: only then may an intent be journalled."""
        self._reader = threading.Thread(target=carried(self._drain_log), daemon=True)
        self._reader.start()
        for name, names in fields.items():
            self._send(_schema(name, names))
        self.commit(0)

    def announce(self, name: str, keys: Sequence[str], fields: Sequence[str]) -> None:
        """Announce an object whose records are known by other properties than their id.

        Raises:
            ClosedloopError: The target refuses it.
        """
        schema = _schema(name, fields)
        schema["schema"]["properties"] = {
            **{key: {"type": "string"} for key in keys},
            **schema["schema"]["properties"],
        }
        if "id" not in keys:
            del schema["schema"]["properties"]["id"]
        self._send({**schema, "key_properties": list(keys)})
        self.commit(0)

    def hand_over(self, name: str, record: Mapping[str, Value]) -> None:
        """Hand over one record of an announced object; nothing is written before `commit`."""
        self._send({"type": "RECORD", "stream": name, "record": dict(record)})

    def send(self, name: str, record_id: str, fields: Mapping[str, Value]) -> None:
        """Hand one record over; nothing is written before `commit`."""
        self._send({"type": "RECORD", "stream": name, "record": {"id": record_id, **fields}})

    def commit(self, batch: int) -> None:
        """Let the target write what was sent, and wait until it says that the batch is settled.

        Raises:
            ClosedloopError: The target ended before it said so; its outcome file tells how far it came.
        """
        self._send({"type": "STATE", "value": {"batch": batch}})
        self._flush()
        output = _pipe(self.process.stdout)
        for line in output:
            if line.startswith(b"{") and msgspec.json.decode(line) == {"batch": batch}:
                return
        raise self._failure()

    def close(self) -> None:
        """End the target and wait for it.

        Raises:
            ClosedloopError: It did not end well; a refused record alone is well.
        """
        _pipe(self.process.stdin).close()
        self._wait()
        if self.process.returncode not in {0, 1} or _stopped(self._log) is not None:
            raise self._failure()

    def abandon(self) -> None:
        """End the target, whatever it does; it drops what was not committed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self._wait()

    def _failure(self) -> ClosedloopError:
        self._wait()
        return _failure(self.connection, self.process.returncode, _stopped(self._log))

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            _pipe(self.process.stdin).write(msgspec.json.encode(message) + b"\n")
        except (BrokenPipeError, ValueError):
            raise self._failure() from None

    def _flush(self) -> None:
        try:
            _pipe(self.process.stdin).flush()
        except (BrokenPipeError, ValueError):
            raise self._failure() from None

    def _wait(self) -> None:
        try:
            self.process.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._reader is not None:
            self._reader.join(timeout=_PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        if self.process.stdin is not None:
            _close_quietly(self.process.stdin)

    def _drain_log(self) -> None:
        for line in _pipe(self.process.stderr):
            self._log.append(line)
            del self._log[:-50]
            relay(line, connection=self.connection, name="target.log", level="debug")


def _installed(connector: str) -> Launch:
    def launch(args: Sequence[str], config: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        module = connectors.target_module(connector)
        return connectors.process(module, args, config, stdin=subprocess.PIPE)

    return launch


def _schema(name: str, fields: Sequence[str]) -> dict[str, Any]:
    anything = {"type": ["string", "integer", "boolean", "null"]}
    properties = {"id": {"type": "string"}, **dict.fromkeys(fields, anything)}
    return {"type": "SCHEMA", "stream": name, "key_properties": ["id"], "schema": {"properties": properties}}


def _by_object(slots: Iterable[Slot]) -> dict[str, tuple[list[str], list[str]]]:
    ids: dict[str, dict[str, None]] = {}
    fields: dict[str, dict[str, None]] = {}
    for slot in slots:
        ids.setdefault(slot.object, {})[slot.record_id] = None
        fields.setdefault(slot.object, {})[slot.field] = None
    return {name: (list(ids[name]), list(fields[name])) for name in ids}


def _stopped(lines: Sequence[bytes]) -> dict[str, Any] | None:
    """Return the event a target logs when it gives up, if it did."""
    for line in reversed(lines):
        if (event := event_of(line)).get("event") == "target.stopped":
            return event
    return None


def _failure(connection: str, code: int, stopped: Mapping[str, Any] | None) -> ClosedloopError:
    told = dict(stopped or {})
    kinds = {2: ConfigError, 4: UnreachableError}
    kind: type[ClosedloopError] = kinds.get(int(told.get("exit_code") or code), PartlyFailedError)
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return kind(
        str(told.get("message") or f"the target {how} and did not say why"),
        where=f"{connection}: {told['where']}" if told.get("where") else connection,
        fix=told.get("fix") or (None if stopped else "see its log lines above"),
        request_id=told.get("request_id"),
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ClosedloopError("the target was started without pipes")
    return pipe


def _close_quietly(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):
        pipe.close()
