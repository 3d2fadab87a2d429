"""``python -m closedloop.sandbox.odoo``: the simulator as a process of its own, until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from closedloop.sandbox.odoo.simulator import EVENT_MODELS, Simulator, serve
from closedloop.sandbox.world import generate


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the first line of output says where, as JSON."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with serve(
        generate(options.seed, options.scale),
        port=options.port,
        version=(options.version, 0),
        restricted=options.restricted,
        empty=options.empty,
        no_events=options.no_events,
        absent_models=EVENT_MODELS if options.without_event_app else (),
    ) as simulator:
        _announce(simulator, options.state_dir)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="closedloop.sandbox.odoo", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--state-dir", type=Path, help="write odoo.json (address and keys) and keys.json here"
    )
    parser.add_argument("--version", type=int, default=19, help="the major version of Odoo to be")
    parser.add_argument("--restricted", action="store_true", help="the API's user has a salesperson's rights")
    parser.add_argument("--empty", action="store_true", help="nobody has used the CRM yet")
    parser.add_argument("--no-events", action="store_true", help="the CRM has no event")
    parser.add_argument(
        "--without-event-app", action="store_true", help="the CRM does not know what an event is"
    )
    return parser


def _announce(simulator: Simulator, folder: Path | None) -> None:
    started = {"url": simulator.url, "api_keys": simulator.api_keys, "pid": os.getpid()}
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "keys.json").write_text(json.dumps(simulator.keys), encoding="utf-8")
        whole = folder / "odoo.json.new"
        whole.write_text(json.dumps(started), encoding="utf-8")
        whole.replace(folder / "odoo.json")
    sys.stdout.write(json.dumps(started) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
