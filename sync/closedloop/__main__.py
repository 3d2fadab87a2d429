"""The `closedloop` command."""

from __future__ import annotations

import sys
from importlib.util import find_spec

#: What the small install lacks, one for each job: the command line, the store, the configuration.
_NEEDED = ("typer", "rich", "duckdb", "yaml", "sqlalchemy")


def main() -> None:
    """Run the command line, or say what to install."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            "closedloop: this is the small install, with taps and targets only"
            f" (missing: {', '.join(missing)})\n  fix: pip install 'closedloop[sync]'\n"
        )
        raise SystemExit(2)
    from closedloop.cli.app import app

    app(prog_name="closedloop")


if __name__ == "__main__":
    main()
