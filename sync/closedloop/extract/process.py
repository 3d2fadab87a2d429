"""One run of one tap: a child process whose output we read line by line and whose log we pass on."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from closedloop import connectors
from closedloop.errors import ClosedloopError, ConfigError, UnreachableError
from closedloop.extract.intake import MAX_LINE
from closedloop.kit.relay import relay
from closedloop.log import carried

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

#: Seconds a tap has to end by itself after SIGTERM.
_PATIENCE = 15.0
#: How often the stop event is looked at, in seconds.
_WATCH = 0.5
_BUFFER = 1 << 20
_ERRORS: dict[int, type[ClosedloopError]] = {2: ConfigError, 4: UnreachableError}


class TapProcess:
    """A running tap. Leaving the context ends it, whatever happened.

    Args:
        command: Package to run, or the whole command of a foreign tap.
        args: Its arguments.
        config: Its settings; may hold secrets.
        documents: More JSON documents by option.
        connection: The connection's name, for the log.
        stop: When it is set, the tap is asked to end.
        has_input: Whether it is told something while it runs.
    """

    def __init__(
        self,
        command: str | Sequence[str],
        args: Sequence[str],
        config: Mapping[str, Any],
        *,
        connection: str,
        documents: Mapping[str, Any] | None = None,
        stop: threading.Event | None = None,
        has_input: bool = False,
    ) -> None:
        self.connection = connection
        self.stopped: dict[str, Any] = {}
        self.budget: dict[str, Any] = {}
        self._child = connectors.process(
            command,
            args,
            config,
            documents=documents,
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        )
        self._threads = [threading.Thread(target=carried(self._pass_log), daemon=True)]
        if stop is not None:
            self._threads.append(threading.Thread(target=self._watch, args=(stop,), daemon=True))
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def lines(self) -> Iterator[bytes]:
        """Yield the tap's output; a line too long is cut, its rest thrown away. Half a line at the end is dropped."""
        output = self._child.stdout
        assert output is not None  # noqa: S101 (it was started with a pipe)
        while line := output.readline(MAX_LINE + 2):
            if line.endswith(b"\n"):
                yield line
            elif len(line) > MAX_LINE:
                rest = line
                while rest and not rest.endswith(b"\n"):
                    rest = output.readline(_BUFFER)
                yield line

    def say(self, text: str) -> None:
        """Tell the tap one line, the last one."""
        given = self._child.stdin
        assert given is not None  # noqa: S101 (it was started with input)
        with suppress(BrokenPipeError), given:
            given.write(f"{text}\n".encode())

    def wait(self) -> int:
        """Wait for the tap's end and return its exit code; a killed one has the negative signal."""
        code = self._child.wait()
        for thread in self._threads:
            thread.join(timeout=_PATIENCE)
        return code

    def end(self) -> None:
        """Ask the tap to end, insist after a while, and leave nothing of its process group."""
        if self._child.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
        self._signal(signal.SIGKILL)
        self.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()

    def failure(self, code: int) -> ClosedloopError | None:
        """Return why the whole connection stopped, if it did: its credential, its configuration, or no answer.

        Args:
            code: The tap's exit code.
        """
        kind = _ERRORS.get(code)
        if kind is None:
            return None
        said = self.stopped
        own = f"connections.{self.connection}"
        where = str(said.get("where") or own)
        return kind(
            str(said.get("message") or f"the tap ended with exit code {code}"),
            where=where if where.startswith(own) else f"{own} ({where})",
            fix=said.get("fix") or f"run `closedloop check {self.connection}`; the tap's log says more",
            request_id=said.get("request_id"),
        )

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._child.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _watch(self, stop: threading.Event) -> None:
        while self._child.poll() is None:
            if stop.wait(_WATCH):
                self._signal(signal.SIGTERM)
                return

    def _pass_log(self) -> None:
        source = self._child.stderr
        assert source is not None  # noqa: S101 (it was started with a pipe)
        while line := source.readline(_BUFFER):
            event = relay(line, connection=self.connection, name="tap.log")
            if event.get("event") == "tap.stopped":
                self.stopped = event
            elif event.get("event") == "tap.budget":
                self.budget = {name: event.get(name) for name in ("left", "allowed", "window")}
