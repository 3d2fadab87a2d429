"""How long a full rebuild of the figures takes, how it grows, and what a run costs when nothing has changed.

Run: python tests/bench/reconcile.py [--people 100000 300000 1000000] [--dense] [--profile]. Beside N people: N/5 accounts, N/5
ledger customers, 2N documents with 3N lines, 2N settlements, N touches at N/200 events, N/3 deals. The links are given:
every customer stores the id of its account. Exit code 1 when a budget of the design is missed at the largest size: its seconds
are those of the marts, "links given"; the whole run, with entities, links and checks, is printed beside them.
"""

import argparse
import math
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from tests.models.kit import build

from closedloop.clock import Clock
from closedloop.models import graph, reconcile
from closedloop.models.entities import ENTITIES

AS_OF = date(2026, 6, 30)
#: Budgets of design.md §14 for a million people on so many cores: seconds, those of a run without news, GiB, the exponent of
#: the growth (of the processor's time: by the clock it would be that of whatever else runs).
CORES, SECONDS, UNCHANGED, MEMORY, GROWTH = 2, 90, 10, 6, 1.1
#: GiB of a process beside what its engine is allowed.
INTERPRETER = 0.8

#: Entity → how many rows for N people, and its columns by number `i`; `draw(i, n)` is a number below n that depends on i only.
ROWS = {
    "campaign": (
        "{n} // 200",
        {
            "key": "'c' || i",
            "name": "'Event ' || i",
            "kind": "case draw(i, 3) when 0 then 'trade_show' when 1 then 'webinar' else 'conference' end",
            "series": "'Series ' || i % 500",
            "start_date": "date '2023-01-01' + cast(draw(i, 1200) as integer)",
            "end_date": "date '2023-01-01' + cast(draw(i, 1200) + i % 3 as integer)",
            "actual_cost": "case when draw(i, 10) > 1 then 1000 + draw(i, 100000) end",
            "currency": "'USD'",
        },
    ),
    "account": ("{n} // 5", {"key": "'a' || i", "name": "'Company number ' || i"}),
    "person": (
        "{n}",
        {
            "key": "'p' || i",
            "kind": "'contact'",
            "name": "'Person Number' || i",
            "email": "'person' || i || '@company' || i % ({n} // 5) || '.example'",
            "account_key": "'a' || i % ({n} // 5)",
            "owner_key": "'o' || i % 50",
            "created_at": "timestamptz '2022-01-01 00:00:00Z' + to_days(cast(draw(i, 1200) as integer))",
        },
    ),
    "owner": ("50", {"key": "'o' || i", "name": "'Owner ' || i", "is_active": "i % 9 > 0"}),
    "touch": (
        "{n}",
        {
            "key": "'t' || i",
            "campaign_key": "'c' || (i * 7919) % ({n} // 200)",
            "person_key": "'p' || (i * 104729) % {n}",
            "status": "case when draw(i, 3) > 0 then 'attended' else 'registered' end",
        },
    ),
    "customer": (
        "{n} // 5",
        {"key": "'k' || i", "name": "'Company number ' || i", "external_id": "'a' || i"},
    ),
    "stage": ("6", {"key": "'s' || i", "name": "'Stage ' || i", "rank": "i"}),
    "opportunity": (
        "{n} // 3",
        {
            "key": "'d' || i",
            "name": "'Deal ' || i",
            "number": "'D-' || i",
            "account_key": "'a' || (i * 31) % ({n} // 5)",
            "amount": "1000 + draw(i, 90000)",
            "currency": "'USD'",
            "probability": "0.4",
            "stage_key": "'s' || i % 6",
            "is_closed": "i % 3 > 0",
            "is_won": "i % 3 = 1",
            "created_at": "timestamptz '2023-02-01 00:00:00Z' + to_days(cast(draw(i, 1100) as integer))",
            "closed_at": "timestamptz '2023-02-01 00:00:00Z' + to_days(cast(draw(i, 1100) + 20 + i % 90 as integer))",
        },
    ),
    "opportunity_change": (
        "{n} // 3",
        {
            "key": "'h' || i",
            "opportunity_key": "'d' || i",
            "changed_at": "timestamptz '2023-02-05 00:00:00Z' + to_days(cast(draw(i, 1100) as integer))",
            "field": "'stage'",
            "old_stage_key": "'s0'",
            "new_stage_key": "'s' || i % 6",
        },
    ),
    "document": (
        "2 * {n}",
        {
            "key": "'i' || i",
            "kind": "case when draw(i, 40) = 39 then 'credit_note' else 'invoice' end",
            "number": "'INV-' || i",
            "customer_key": "'k' || (i * 17) % ({n} // 5)",
            "date": "date '2023-03-01' + cast(draw(i, 1210) as integer)",
            "due_date": "date '2023-03-31' + cast(draw(i, 1210) as integer)",
            "currency": "case when i % 10 = 0 then 'EUR' else 'USD' end",
            "home_currency": "'USD'",
            "net": "100 + i % 9000",
            "tax": "10",
            "gross": "110 + i % 9000",
            "rate": "case when i % 10 = 0 then 1.1 end",
            "rate_direction": "'multiply'",
            "balance": "case when i % 7 = 0 then 110 + i % 9000 else 0 end",
            "status": "'posted'",
            "opportunity_ref": "case when i % 5 = 0 then 'D-' || i % ({n} // 3) end",
            "credited_document_key": "case when draw(i, 40) = 39 and i >= {n} // 5 then 'i' || (i - {n} // 5) end",
        },
    ),
    "line": (
        "3 * {n}",
        {
            "key": "'l' || i",
            "document_key": "'i' || case when i < 2 * {n} then i else 2 * (i - 2 * {n}) end",
            "position": "case when i < 2 * {n} then 1 else 2 end",
            "line_class": "'revenue'",
            "net": (
                "case when i >= 2 * {n} then 50 when i % 2 = 0 then 50 + i % 9000 else 100 + i % 9000 end"
            ),
        },
    ),
    "allocation": (
        "2 * {n}",
        {
            "key": "'x' || i",
            "document_key": "'i' || i",
            "payment_key": "'y' || i",
            "amount": "case when i % 7 = 0 then 0 else 110 + i % 9000 end",
            "date": "date '2023-04-20' + cast(draw(i, 1150) as integer)",
        },
    ),
    "payment": (
        "2 * {n}",
        {
            "key": "'y' || i",
            "customer_key": "'k' || (i * 17) % ({n} // 5)",
            "date": "date '2023-04-20' + cast(draw(i, 1150) as integer)",
            "currency": "case when i % 10 = 0 then 'EUR' else 'USD' end",
            "amount": "110 + i % 9000",
            "direction": "'in'",
            "status": "'posted'",
        },
    ),
    "activity": (
        "{n}",
        {
            "key": "'v' || i",
            "kind": "'call'",
            "person_key": "'p' || i",
            "owner_key": "'o' || i % 50",
            "at": "timestamptz '2023-02-05 00:00:00Z' + to_days(cast(draw(i, 1200) as integer))",
        },
    ),
}  # fmt: skip

#: The five people of an account come to one event; in a dense world each comes to one of their own, and journeys hold several.
DENSE = {
    "campaign_key": "'c' || draw(i * 3 + 1, {n} // 200)",
    "person_key": "'p' || draw(i * 7 + 5, {n})",
}


def made(folder, people, *, dense=False):
    """Return a world of so many people, landed."""
    world = build(folder, {entity: [] for entity in ROWS})
    world.store.query("create macro draw(i, n) as cast(hash(i * 2654435761) % n as bigint)")
    for entity, (count, columns) in ROWS.items():
        filled = {
            "source": "'src'",
            "object": f"'{entity}'",
            "source_id": columns["key"],
            "url": "'u/' || i",
            **columns,
            **(DENSE if dense and entity == "touch" else {}),
        }
        chosen = ", ".join(filled.get(name, "null").replace("{n}", str(people)) for name in ENTITIES[entity])
        rows = count.replace("{n}", str(people))
        world.store.query(f"insert into raw_src.{entity} select {chosen} from range({rows}) as of (i)")
    return world


def reconciled(world, *, profile=False):
    """Reconcile once, and return its seconds by the clock, of the processor, and by the clock in the marts alone.

    Print the slowest models where asked.
    """
    marks, clocks, begin, spent = [], [], time.perf_counter(), time.process_time()

    def progress(name, _done, _all):
        marks.append((name, time.process_time()))
        clocks.append((name, time.perf_counter()))

    done = reconcile(
        world.settings, world.store, world.operations, as_of=AS_OF, clock=Clock(), automatic_links=True,
        progress=progress,
    )  # fmt: skip
    full, full_processor = time.perf_counter() - begin, time.process_time() - spent
    layer = {name: model.layer for name, model in graph.load().items()}
    marts = sum(at - before for (_, before), (name, at) in pairwise(clocks) if layer[name] == "marts")
    if profile:
        starts = [spent, *(at for _, at in marks)]
        slow = sorted(
            ((at - start, name) for (name, at), start in zip(marks, starts, strict=False)), reverse=True
        )
        sys.stdout.writelines(
            f"    {took:6.2f} s  {name} ({done.rows.get(name, 0):,} rows)\n" for took, name in slow[:25]
        )
    if done.checks:
        message = f"the world is wrong: {done.checks}"
        raise SystemExit(message)
    return full, full_processor, marts


def measured(people, *, dense, profile):
    """Return what a full rebuild and a run without news take at this size, in a process that has done nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        world = made(Path(folder), people, dense=dense)
        world.store.query(f"set memory_limit = '{MEMORY - INTERPRETER}GiB'")
        world.store.query(f"set threads = {CORES}")
        full, full_processor, marts = reconciled(world, profile=profile)
        same, same_processor, _ = reconciled(world)
        world.close()
        file = (Path(folder) / "store.duckdb").stat().st_size / 1024**3
    return {
        "people": people,
        "full": full,
        "full_processor": full_processor,
        "marts": marts,
        "same": same,
        "same_processor": same_processor,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "file": file,
    }


def told(one):
    """Return a measurement in words."""
    return (
        f"{one['people']:9,} people, {2 * one['people']:,} documents: {one['full']:6.1f} s by the clock,"
        f" {one['marts']:.1f} of them in the marts,"
        f" {one['full_processor']:6.1f} s of processor, {one['memory']:.2f} GiB at the peak, {one['file']:.2f} GiB of file;"
        f" nothing changed: {one['same']:.1f} s, {one['same_processor']:.1f} s of processor;"
        f" load {os.getloadavg()[0]:.1f}\n"
    )


def grown(small, large, what):
    """Return the exponent with which a time grows from one size to the other."""
    return math.log(large[what] / small[what]) / math.log(large["people"] / small["people"])


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--dense", action="store_true", help="several events on a journey")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    took = []
    for people in sorted(options.people):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
            took.append(apart.submit(measured, people, dense=options.dense, profile=options.profile).result())
        sys.stdout.write(told(took[-1]))
        sys.stdout.flush()
    largest = took[-1]
    missed = largest["marts"] > SECONDS * largest["people"] / 1_000_000 or largest["same"] > UNCHANGED
    missed = missed or largest["memory"] > MEMORY
    for small, large in pairwise(took):
        growth = grown(small, large, "full_processor")
        sys.stdout.write(
            f"from {small['people']:,} to {large['people']:,}: n^{growth:.2f} of processor,"
            f" n^{grown(small, large, 'full'):.2f} by the clock\n"
        )
    return int(missed or (len(took) > 1 and grown(took[0], largest, "full_processor") > GROWTH))


if __name__ == "__main__":
    sys.exit(main())
