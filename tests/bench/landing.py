"""How fast rows land, against the plain way (a row at a time through the driver), and that memory stays flat.

Run: python tests/bench/landing.py [ROWS]. Exit code 1 when a budget of the design is missed.
A row is a realistic CRM contact: 19 fields, about 700 bytes as a Singer line.
"""

import argparse
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec

from closedloop.clock import Clock
from closedloop.extract.intake import Intake
from closedloop.extract.landing import Landing
from closedloop.extract.spool import Spool
from closedloop.extract.worker import LandingWorker
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

PAGE = 1_000
#: Budgets: times the plain way, and MiB at the peak. Rows a second depend on the machine: two free cores should
#: land 100,000; they are printed and do not fail the benchmark.
TIMES, MEMORY = 5, 500
TEXT, WHOLE = {"type": ["null", "string"]}, {"type": ["null", "integer"]}
TIME, MONEY = {**TEXT, "format": "date-time"}, {**TEXT, "format": "singer.decimal"}
BOOLEAN, NUMBER, OBJECT = ({"type": ["null", kind]} for kind in ("boolean", "number", "object"))
SCHEMA = {
    "id": WHOLE,
    **dict.fromkeys(
        ("name", "email", "phone", "mobile", "company", "street", "city", "zip", "country"), TEXT
    ),
    "lifetime_value": MONEY,
    "probability": NUMBER,
    "active": BOOLEAN,
    "stage": OBJECT,
    "owner_id": WHOLE,
    "birthday": {**TEXT, "format": "date"},
    "note": TEXT,
    "create_date": TIME,
    "write_date": TIME,
}
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def record(n):
    return {
        "id": n, "name": f"Person Number {n}", "email": f"person.{n}@company{n % 5000}.example",
        "phone": f"+1 312 555 {n % 10000:04d}", "mobile": None, "company": f"Company number {n % 5000} Incorporated",
        "street": f"{n % 999} Long Road of Names", "city": "Springfield", "zip": f"{n % 99999:05d}", "country": "US",
        "lifetime_value": f"{n % 1000003}.{n % 100:02d}", "probability": n % 100 / 100, "active": n % 7 != 0,
        "stage": {"id": n % 9, "name": "Qualified"}, "owner_id": n % 50, "birthday": "1980-02-03", "note": "word " * 30,
        "create_date": "2024-03-01T10:20:30Z",
        "write_date": (BEGIN + timedelta(seconds=n)).isoformat(),
    }  # fmt: skip


def pages(rows):
    """Yield pages of Singer lines, each ending in a STATE."""
    encode = msgspec.json.Encoder().encode
    schema = {
        "type": "SCHEMA",
        "stream": "contact",
        "schema": {"properties": SCHEMA},
        "key_properties": ["id"],
    }
    yield [encode(schema)]
    for start in range(0, rows, PAGE):
        lines = [
            encode({"type": "RECORD", "stream": "contact", "record": record(n)})
            for n in range(start, min(start + PAGE, rows))
        ]
        yield [*lines, encode({"type": "STATE", "value": {"bookmarks": {"contact": {"n": start + PAGE}}}})]


def landed(source, home, memory):
    """Return the seconds it takes to split, seal and land the lines of ``source``, as from a pipe."""
    store, operations = Store.open(home / "store.duckdb"), Operations.open(home / "operations.db")
    spool = Spool(home / "spool", store.identity)
    landing = Landing(store=store, operations=operations, spool=spool, connection="bench")
    begin = time.perf_counter()
    with store.modest(memory):
        with LandingWorker(landing) as worker, source.open("rb") as lines:
            intake = Intake(
                spool=spool, clock=Clock(), number=1, state={}, has_protocol=True, on_sealed=worker.submit
            )
            for line in lines:
                intake.feed(line)
            intake.finish(is_clean=True)
        seconds = time.perf_counter() - begin
    rows = intake.streams["contact"].rows
    assert store.query("select count(*), count(distinct id) from raw_bench.contact") == [(rows, rows)]
    store.close()
    return seconds


def row_by_row(source, home, sample):
    """Return the seconds of the plain way: decode each line and upsert it through the driver, in one transaction."""
    store = Store.open(home / "plain.duckdb")
    columns = ", ".join(f"{name} varchar" if name != "id" else "id bigint primary key" for name in SCHEMA)
    store.query(f"create table contact ({columns})")
    marks = ", ".join("?" for _ in SCHEMA)
    begin = time.perf_counter()
    with store.transaction(), source.open("rb") as lines:
        records = [
            line["record"] for line in map(msgspec.json.decode, islice(lines, sample)) if "record" in line
        ]
        values = [[str(one[name]) if name != "id" else one[name] for name in SCHEMA] for one in records]
        store.connection.executemany(f"insert or replace into contact values ({marks})", values)
    seconds = time.perf_counter() - begin
    store.close()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=300, help="rows for the plain way")
    parser.add_argument("--memory", default="300MB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        source = home / "lines"
        with source.open("wb") as file:
            for page in pages(options.rows):
                file.write(b"\n".join(page) + b"\n")
        rate = options.rows / landed(source, home, options.memory)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        plain = options.sample / row_by_row(source, home, options.sample)
    cpu = options.rows / resource.getrusage(resource.RUSAGE_SELF).ru_utime
    sys.stdout.write(
        f"landing: {rate:,.0f} rows/s ({cpu:,.0f} a second of processor, making them up included), "
        f"{rate / plain:.1f} x the plain way ({plain:,.0f}), peak {peak:.0f} MiB\n"
    )
    return 0 if rate / plain >= TIMES and peak < MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
