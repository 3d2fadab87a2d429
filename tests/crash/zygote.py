"""Has everything imported, and forks a core for each order, so that hundreds of kills take minutes.

A core is a process of a session of its own; its target is a fork of it, in a group of its own and tied to it, as
`connectors.process` starts one. What is killed, and who is left, is the same; only the imports are not done anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TARGETS = ("target_salesforce", "target_hubspot", "target_odoo")
_PR_SET_PDEATHSIG = 1


class Zygote:
    """The process, seen from a test."""

    def __init__(self, folder: Path) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._said = folder / "said"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"], cwd=ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    def run(self, *arguments: str, failpoint: str = "", log: str = "") -> tuple[int, str]:
        """Run one verb of `tests.crash.core`; return its exit code, and what it said on its standard error."""
        order = {"arguments": arguments, "failpoint": failpoint, "log": log, "said": str(self._said)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline()), self._said.read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


class Forked:
    """What the sender needs of a `subprocess.Popen`."""

    def __init__(self, module: str, args: list[str], config: dict) -> None:
        pairs = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = pairs
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            for handle in (ours_in, ours_out, ours_err):
                os.close(handle)
            become(parent, module, args, config, (theirs_in, theirs_out, theirs_err))
        for handle in (theirs_in, theirs_out, theirs_err):
            os.close(handle)
        self.stdin = io.BufferedWriter(io.FileIO(ours_in, "w"))
        self.stdout, self.stderr = (io.BufferedReader(io.FileIO(one)) for one in (ours_out, ours_err))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def communicate(self, given: bytes) -> tuple[bytes, bytes]:
        with ThreadPoolExecutor() as pool, self.stdout, self.stderr:
            texts = [pool.submit(one.read) for one in (self.stdout, self.stderr)]
            with contextlib.suppress(BrokenPipeError), self.stdin:
                self.stdin.write(given)
            self.wait()
            return texts[0].result(), texts[1].result()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def become(parent: int, module: str, args: list[str], config: dict, handles: tuple[int, int, int]) -> None:
    """Be the target, to be killed when the core dies."""
    code = 70
    with contextlib.suppress(BaseException):
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        for place, handle in enumerate(handles):
            os.dup2(handle, place)
            os.close(handle)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        arm_nobody_anew()
        options = os.memfd_create("config")
        os.write(options, json.dumps(config).encode())
        sys.argv = [module, "--config", f"/proc/self/fd/{options}", *args]
        try:
            importlib.import_module(f"{module}.__main__").main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        except Exception:  # noqa: BLE001 (whatever it was, the test shall read it)
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def arm_nobody_anew() -> None:
    """A process counts its own hits."""
    from closedloop.kit import failpoint

    failpoint._hits.clear()  # noqa: SLF001


def core(order: dict) -> None:
    """Be the core."""
    code = 70
    with contextlib.suppress(BaseException):
        os.setsid()
        said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        nothing = os.open(os.devnull, os.O_RDWR)
        for place, handle in enumerate((nothing, nothing, said)):
            os.dup2(handle, place)
        sys.stderr = os.fdopen(2, "w")
        from tests.crash.core import main

        from closedloop import connectors
        from closedloop.kit import failpoint

        failpoint._armed, failpoint._log = order["failpoint"], order["log"]  # noqa: SLF001
        connectors.process = lambda module, args, config, **_options: Forked(module, list(args), dict(config))  # type: ignore[assignment]
        try:
            code = main(*order["arguments"])
        except Exception:  # noqa: BLE001 (whatever it was, the test shall read it)
            traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    """Fork a core for every order, and say how it ended."""
    importlib.import_module("tests.crash.core")
    for name in TARGETS:
        importlib.import_module(f"{name}.target")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            core(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    serve()
