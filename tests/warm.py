"""Starts taps and targets from a process that has imported them already, so that a test can afford a hundred runs.

Everything else is as `connectors.process` does it: a process of its own, pipes, documents by path, exit codes. What it
cannot do (two at once, somebody else's program) the real one does. Tests whose subject is the start itself, kills
and the acceptance of the whole use the real one.
"""

import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path

TAPS = sorted(found.value for found in entry_points(group="closedloop.taps"))


class Child:
    """What `TapProcess` needs of a `subprocess.Popen`."""

    def __init__(self, channel, stdout, stderr, stdin):
        self.stdout, self.stderr, self.stdin = stdout, stderr, stdin
        self.returncode, self._channel, self._waited_for = None, channel, threading.Lock()
        self.pid = int(channel.recv(100))

    def poll(self):
        if self._waited_for.acquire(blocking=False):  # else another thread waits, so it runs
            try:
                self._hear(0)
            finally:
                self._waited_for.release()
        return self.returncode

    def wait(self, timeout=None):
        with self._waited_for:
            self._hear(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("tap", timeout)
        return self.returncode

    def _hear(self, timeout):
        if self.returncode is None and select.select([self._channel], [], [], timeout)[0]:
            self.returncode = int(self._channel.recv(100))

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)

    def communicate(self, given=None, timeout=None):
        with ThreadPoolExecutor() as pool, self.stdout, self.stderr:
            if self.stdin is not None:
                pool.submit(self._give, given or b"")
            texts = pool.submit(self.stdout.read), pool.submit(self.stderr.read)
            self.wait(timeout)
            return tuple(text.result() for text in texts)

    def _give(self, given):
        with suppress(BrokenPipeError), self.stdin:
            self.stdin.write(given)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stdout.close()
        self.stderr.close()
        self.wait()


class Warm:
    """The process that has imported the taps; only one tap runs at a time.

    Without ``naps`` the waits for a vendor that stumbled are not slept through.
    """

    def __init__(self, *, naps=True):
        from closedloop import connectors  # not in the warm process, which needs to stay a tap's

        self._cold = connectors.process
        self._child, self._starting = None, threading.Lock()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno()), "naps" if naps else ""]
            path = os.pathsep.join(filter(None, sys.path))
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env={**os.environ, "PYTHONPATH": path}
            )
        self._folder = tempfile.TemporaryDirectory()

    def close(self):
        self._channel.close()
        self._process.wait(30)
        self._folder.cleanup()

    def process(self, module, args, config, *, documents=None, stdin=subprocess.DEVNULL, environment=None):
        """Take the place of `connectors.process`."""
        if isinstance(module, str):
            with self._starting:
                if self._child is None or self._child.poll() is not None:
                    piped = stdin == subprocess.PIPE
                    self._child = self._fork(module, args, config, documents, environment, piped=piped)
                    return self._child
        return self._cold(module, args, config, documents=documents, stdin=stdin, environment=environment)

    def _fork(self, module, args, config, documents, environment, *, piped):
        options = []
        for option, value in {"--config": config, **(documents or {})}.items():
            path = Path(self._folder.name, option.strip("-"))
            path.write_text(json.dumps(value))
            options += [option, str(path)]
        order = {
            "module": module,
            "args": [*options, *args],
            "environment": dict(environment if environment is not None else os.environ),
        }
        (out, told), (err, logged) = os.pipe(), os.pipe()
        asked, given = os.pipe() if piped else (os.open(os.devnull, os.O_RDONLY), None)
        socket.send_fds(self._channel, [json.dumps(order).encode()], [told, logged, asked])
        for handle in (told, logged, asked):
            os.close(handle)
        pipes = [io.BufferedReader(io.FileIO(one)) for one in (out, err)]
        written = io.BufferedWriter(io.FileIO(given, "w")) if given is not None else None
        return Child(self._channel, *pipes, written)


def serve(channel, *, naps):
    """Fork a child for every order, and say how it ended."""
    for name in TAPS:
        importlib.import_module(f"{name}.tap")
    if not naps:
        time.sleep = lambda _seconds: None
    while True:
        try:
            order, handles, _, _ = socket.recv_fds(channel, 1 << 17, 3)
        except ConnectionResetError:  # an answer that nobody read any more
            return
        if not order:
            return
        prepare(json.loads(order)["module"])
        child = os.fork()
        if child == 0:
            channel.close()
            run(json.loads(order), *handles)
        for handle in handles:
            os.close(handle)
        channel.send(str(child).encode())
        channel.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def prepare(module):
    """Import a connector, so that its processes find it there."""
    with suppress(ImportError):
        importlib.import_module(f"{module}.{module.partition('_')[0]}")


def run(order, told, logged, asked):
    """Be the tap or the target."""
    code = 70
    with suppress(BaseException):
        os.setpgid(0, 0)
        os.dup2(asked, 0)
        os.dup2(told, 1)
        os.dup2(logged, 2)
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = [order["module"], *order["args"]]
        try:
            importlib.import_module(f"{order['module']}.__main__").main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), naps=bool(sys.argv[2]))
