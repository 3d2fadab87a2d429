"""Runs readings that may be killed: a warm process forks one for each line it gets, so that a case costs little.

A job is {"home": …, "environment": {…}}; the answer is the exit status, negative for a signal.
"""

import importlib
import json
import os
import sys
from pathlib import Path

from closedloop.clock import system_clock
from closedloop.extract.reading import Reading
from closedloop.extract.source import Source
from closedloop.kit import failpoint as failpoints
from closedloop.settings import Settings
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations


def read(home):
    connection = {"connector": "scripted", "settings": {"script": str(home / "script.json")}}
    company = {"currency": "USD", "time_zone": "UTC"}
    settings = Settings(company=company, connections={"src": connection}, home=home)
    operations, clock = Operations.open(home / "operations.db"), system_clock()
    results = Reading(
        source=Source.of(settings, "src"),
        store=Store.open(home / "store.duckdb"),
        operations=operations,
        home=home,
        run_id=operations.begin_run("sync", clock),
        clock=clock,
        segment_rows=2,
    ).run()
    return int(any(one.is_bad for one in results))


def work(job):
    os.setsid()
    os.environ.update(job["environment"])
    importlib.reload(failpoints)  # it reads its environment once
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return read(Path(job["home"]))


def main():
    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 99
            try:
                status = work(json.loads(line))
            finally:
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 (its only face)


if __name__ == "__main__":
    main()
