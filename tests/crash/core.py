"""A core to be killed: one verb over a ground. Arguments: folder, verb, attempt, run to revert, then what `--only` would name."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.writeback.ground import Ground

from closedloop.errors import ClosedloopError


def main(folder: str, verb: str, attempt: str, *rest: str) -> int:
    ground = Ground.reopened(Path(folder))
    ground.clock.moment = 1_800_000_000 + 100 * int(attempt)  # no source is old
    try:
        done = (
            ground.apply(batch_records=4)
            if verb == "apply"
            else ground.revert(rest[0], only=rest[1:], batch_records=4)
        )
    except ClosedloopError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    finally:
        ground.close()
    return done.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
