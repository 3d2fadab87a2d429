"""Starts a child that cannot outlive us: run as a file, it ties itself to its parent and becomes the command.

A function run between fork and exec (`preexec_fn`) could dead-lock in a process with threads; a tiny program cannot.
Linux only: elsewhere the command is started all the same, and ends when its pipe breaks.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

#: linux/prctl.h: the signal a process gets when its parent dies. It survives exec.
_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Become ``command``, to be killed when process ``parent`` dies."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the tie was made
            os._exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 (that is the point: no shell, no fork)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
