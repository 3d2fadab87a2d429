"""``python -m closedloop.sandbox.mailchimp``: the simulator as a process of its own, until it is told to stop."""

from __future__ import annotations

import sys

from closedloop.sandbox.mailchimp.simulator import serve
from closedloop.sandbox.parts.process import run


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    return run("mailchimp", serve, arguments)


if __name__ == "__main__":
    sys.exit(main())
