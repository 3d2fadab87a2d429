"""A simulator as a process of its own, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from closedloop.sandbox.world import generate

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class Served(Protocol):
    """What a simulator tells of itself."""

    keys: dict[str, dict[str, str]]

    @property
    def settings(self) -> dict[str, Any]:
        """What a client must be told to get in."""


def run(name: str, start: Callable[..., AbstractContextManager[Served]], arguments: list[str] | None) -> int:
    """Serve a world until SIGTERM or SIGINT; the first line of output says where, as JSON.

    Args:
        name: The vendor's.
        start: Serves a world on a port: ``serve(world, port=…)``.
        arguments: Of the command line.
    """
    options = _parser(name).parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with start(generate(options.seed, options.scale), port=options.port) as simulator:
        _announce(name, simulator, options.state_dir)
        stop.wait()
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"closedloop.sandbox.{name}")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--state-dir", type=Path, help=f"write {name}.json (address and credential) and keys.json here"
    )
    return parser


def _announce(name: str, simulator: Served, folder: Path | None) -> None:
    started = {**simulator.settings, "pid": os.getpid()}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "keys.json").write_text(json.dumps(simulator.keys), encoding="utf-8")
        whole = folder / f"{name}.json.new"
        whole.write_text(json.dumps(started), encoding="utf-8")
        whole.replace(folder / f"{name}.json")
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()
