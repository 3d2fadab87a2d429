"""A core to be killed: applies a plan with a real target process. Arguments: folder, attempt."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.writeback.bench import Bench


def main(folder: str, attempt: str) -> None:
    bench = Bench(Path(folder))
    bench.clock.moment = 1_800_000_000 + 1000 * int(attempt)
    bench.apply(launch=bench.launch_process, batch_records=4)
    bench.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
