"""An import to be killed: applies a plan with real target processes. Arguments: configuration, plan."""

from __future__ import annotations

import sys
from pathlib import Path

from closedloop.clock import system_clock
from closedloop.config import load
from closedloop.imports.apply import apply_import
from closedloop.imports.undo import undo_import
from closedloop.service.session import session


def main(config: str, verb: str, what: str) -> None:
    with session(load(Path(config)), system_clock()) as opened:
        run = opened.operations.begin_run("import", opened.clock)
        if verb == "apply":
            done = apply_import(
                opened.settings, opened.operations, what, run_id=run, clock=opened.clock, batch_records=2
            )
            sys.exit(bool(done.stopped or done.refused or done.unknown))
        else:
            undo_import(opened.settings, opened.operations, what, run_id=run, clock=opened.clock)


if __name__ == "__main__":
    main(*sys.argv[1:])
