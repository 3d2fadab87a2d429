"""`python -m closedloop.sandbox.quickbooks`: serve a generated ledger until interrupted."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from closedloop.sandbox.quickbooks.simulator import serve
from closedloop.sandbox.world import generate


def main() -> None:
    """Serve, and print as one JSON line what a client must be told."""
    parser = argparse.ArgumentParser(description="Serve a generated company's ledger as QuickBooks Online.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    with serve(generate(given.seed, given.scale), port=given.port) as simulator:
        sys.stdout.write(json.dumps(simulator.settings) + "\n")
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
