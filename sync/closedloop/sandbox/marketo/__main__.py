"""``python -m closedloop.sandbox.marketo``: the simulator as a process of its own, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from closedloop.sandbox.marketo.simulator import Simulator, serve
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the first line of output says where, as JSON."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    world = as_members(generate(options.seed, options.scale), unknown="lead")
    with serve(world, port=options.port) as simulator:
        _announce(simulator, options.state_dir)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="closedloop.sandbox.marketo", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--state-dir", type=Path, help="write marketo.json (address and service) and keys.json here"
    )
    return parser


def _announce(simulator: Simulator, folder: Path | None) -> None:
    started = {
        "url": simulator.url,
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "pid": os.getpid(),
    }
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "keys.json").write_text(json.dumps(simulator.keys), encoding="utf-8")
        whole = folder / "marketo.json.new"
        whole.write_text(json.dumps(started), encoding="utf-8")
        whole.replace(folder / "marketo.json")
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
