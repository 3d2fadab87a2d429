"""Has everything imported, and forks a core for each order, so that hundreds of kills take minutes.

A core is a process of a session of its own; its taps and targets are forks of it, in groups of their own and tied to it,
as `connectors.process` starts them. What is killed, and who is left, is the same; only the imports are not done anew.
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
from typing import TYPE_CHECKING

from closedloop.clock import START_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parent.parent.parent
#: What orders need, besides what they name.
KNOWN = (
    "tests.crash.core", "tests.imports.core", "tests.crash.verb", "target_salesforce.target", "target_hubspot.target",
    "target_odoo.target", "tap_odoo.tap", "closedloop.service.cycle", "closedloop.service.backup", "closedloop.cli.running",
    "closedloop.cli.writing", "closedloop.cli.keeping", "closedloop.extract.sync", "closedloop.cli.forgetting",
    "closedloop.service.forget",
)  # fmt: skip
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

    def run(
        self,
        *arguments: str,
        failpoint: str = "",
        log: str = "",
        module: str = "tests.crash.core",
        clock: str = "",
    ) -> tuple[int, str]:
        """Run `main` of a module; return its exit code, and what it said.

        Args:
            arguments: Of its `main`.
            failpoint: As in `CLOSEDLOOP_FAILPOINT`.
            log: As in `CLOSEDLOOP_FAILPOINT_LOG`.
            module: The module.
            clock: The time at which it lives, as `CLOSEDLOOP_CLOCK` takes it.
        """
        order = {
            "module": module, "arguments": arguments, "failpoint": failpoint, "log": log, "clock": clock,
            "said": str(self._said),
        }  # fmt: skip
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
    """What the core needs of a `subprocess.Popen`."""

    def __init__(self, module: str, args: list[str], documents: dict[str, object]) -> None:
        pairs = [os.pipe() for _ in range(3)]
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = pairs
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            for handle in (ours_in, ours_out, ours_err):
                os.close(handle)
            become(parent, module, args, documents, (theirs_in, theirs_out, theirs_err))
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

    def communicate(self, given: bytes = b"", timeout: float | None = None) -> tuple[bytes, bytes]:
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


def become(
    parent: int, module: str, args: list[str], documents: dict[str, object], handles: tuple[int, int, int]
) -> None:
    """Be the tap or target, to be killed when the core dies."""
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
        sys.argv = [module]
        for option, document in documents.items():
            handle = os.memfd_create(option)
            os.write(handle, json.dumps(document).encode())
            sys.argv += [option, f"/proc/self/fd/{handle}"]
        sys.argv += args
        code = ended(importlib.import_module(f"{module}.__main__").main)
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def ended(act: Callable[[], object]) -> int:
    """Act, and return the exit code as a process's end would have it."""
    try:
        code = act()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 (whatever it was, the test shall read it)
        traceback.print_exc()
        return 70
    return code if isinstance(code, int) else 0


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
        for place, handle in enumerate((nothing, said, said)):
            os.dup2(handle, place)
        sys.stdout = sys.stderr = os.fdopen(2, "w")
        from closedloop import connectors
        from closedloop.kit import failpoint

        failpoint._armed, failpoint._log = order["failpoint"], order["log"]  # noqa: SLF001
        os.environ.update({START_VARIABLE: order["clock"]} if order["clock"] else {})
        connectors.process = forked  # type: ignore[assignment]
        main = importlib.import_module(order["module"]).main
        code = ended(lambda: main(*order["arguments"]))
        sys.stderr.flush()
    os._exit(code)


def forked(
    module: str, args: Sequence[str], config: Mapping[str, object], *, documents: Mapping[str, object] | None = None,
    **_options: object,
) -> Forked:  # fmt: skip
    """Start a connector as `connectors.process` does."""
    return Forked(module, list(args), {"--config": dict(config), **(documents or {})})


def serve() -> None:
    """Fork a core for every order, and say how it ended."""
    for name in KNOWN:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            core(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    serve()
