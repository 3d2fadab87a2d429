"""A target inside the test's own process: the wire protocol of the real base, without the second it takes to start."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from queue import SimpleQueue

from tests.contract.toy_target import ToyVendor, ToyWriter

from closedloop.errors import ClosedloopError
from closedloop.kit.outcome import Outcome, OutcomeFile, Row, State
from closedloop.kit.policy import UnknownOutcomeError


class ScriptedTarget:
    """Looks like a `subprocess.Popen` to the sender."""

    def __init__(self, args, config, starts) -> None:
        starts.append(list(args))
        self.args, self.config = args, config
        self.writer = ToyWriter(ToyVendor(Path(config["folder"])))
        self.returncode = None
        self.stdin, self.stdout, self.stderr = _In(self._message), _Out(), _Err()
        self.rows: dict[tuple[str, str], dict] = {}
        path = config.get("closedloop_outcomes")
        self.outcomes = OutcomeFile(Path(path) if path else None)

    def communicate(self, given: bytes):
        answers = []
        for line in given.splitlines():
            asked = json.loads(line)
            if self.args == ["--read"]:
                found = self.writer.read(asked["stream"], asked["ids"], asked["fields"])
                for key in asked["ids"]:
                    answer = {"stream": asked["stream"], "id": key}
                    answers.append(answer | ({"values": found[key]} if key in found else {"missing": True}))
            else:
                answers.append({"stream": asked["stream"], "field": asked["field"], "state": "created"})
        self.returncode = 0
        return "".join(json.dumps(answer) + "\n" for answer in answers).encode(), b""

    def poll(self):
        return self.returncode

    def send_signal(self, _signal):
        self._end(143)

    def wait(self, timeout=None):
        self._end(0)
        return self.returncode

    def kill(self):
        self._end(-9)

    def _end(self, code: int) -> None:
        self.returncode = code if self.returncode is None else self.returncode
        self.stderr.lines.put(b"")

    def _message(self, line: bytes) -> None:
        if self.returncode is not None:
            raise BrokenPipeError
        message = json.loads(line)
        if message["type"] == "RECORD":
            key = (message["stream"], message["record"].pop("id"))
            self.rows.setdefault(key, {}).update(message["record"])
        elif message["type"] == "STATE":
            self._commit(message["value"])

    def _commit(self, value: dict) -> None:
        rows = [(stream, Row(id=key, fields=fields)) for (stream, key), fields in self.rows.items()]
        self.rows.clear()
        for stream in dict.fromkeys(stream for stream, _ in rows):
            part = [row for of, row in rows if of == stream]
            self.outcomes.intend(value["batch"], stream, part)
            try:
                results = self.writer.update(stream, part)
            except ClosedloopError as error:
                lost = isinstance(error, UnknownOutcomeError)
                state = State.UNKNOWN if lost else State.NOT_SENT
                results = [Outcome(id=row.id, state=state, reason=error.message) for row in part]
                self.outcomes.settle(value["batch"], stream, results)
                stopped = {"event": "target.stopped", "message": error.message, "exit_code": 4}
                self.stderr.lines.put(json.dumps(stopped).encode() + b"\n")
                self._end(4)
                return
            self.outcomes.settle(value["batch"], stream, results)
        self.stdout.lines.append(json.dumps(value).encode() + b"\n")


class _In:
    def __init__(self, take) -> None:
        self._take = take

    def write(self, line: bytes) -> None:
        self._take(line)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Out:
    def __init__(self) -> None:
        self.lines: deque[bytes] = deque()

    def __iter__(self):
        while self.lines:
            yield self.lines.popleft()

    def close(self) -> None:
        pass


class _Err:
    """Blocks a reader until the target ended, as a pipe does."""

    def __init__(self) -> None:
        self.lines: SimpleQueue[bytes] = SimpleQueue()

    def __iter__(self):
        return iter(self.lines.get, b"")

    def close(self) -> None:
        pass
