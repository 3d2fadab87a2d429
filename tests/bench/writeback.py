"""Write-back of very many changed accounts: calls against the minimum that the vendor allows, time, processor time, memory.

    python tests/bench/writeback.py [--rows 100000] [--only salesforce]

The vendor is its simulator, in a process of its own; plan, apply and target are the real ones. The least calls: what changed
by the vendor's largest batch, and as often again to look before the write and to read back after it, by its largest page.
A bulk job of Salesforce takes seven calls at least, however many rows it has. Besides, three processes (one looks, one
writes, one reads back) each log in and ask for the fields: twelve calls at most, however many accounts. It ends with 1 where
more calls were made than that and a tenth above the least, or where anything was asked though nothing had changed.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

#: Most rows of one call that writes, and of one that reads; of Salesforce's bulk: of one job.
BATCH = {"salesforce": 100_000, "hubspot": 100, "odoo": 500}
PAGE = {"salesforce": 2_000, "hubspot": 100, "odoo": 1_000}
JOB_CALLS = 7
SET_UP = 12


def serve(vendor, rows, asked):
    """Serve a small company with many accounts; tell how to get in, and then what was asked of it."""
    from importlib import import_module

    from tests.writeback.ground import Crm

    from closedloop.sandbox.members import as_members, as_registrations
    from closedloop.sandbox.world import generate

    world = generate(1, 0.02)
    held = (
        as_registrations(world)
        if vendor == "odoo"
        else as_members(world, unknown="lead" if vendor == "salesforce" else "contact")
    )
    package = import_module(f"closedloop.sandbox.{vendor}")
    options = (
        {"options": package.Options(ten_second_limit=10**9, day_limit=10**9)} if vendor == "hubspot" else {}
    )
    with package.serve(held, **options) as simulator:
        for number in range(rows):
            name = f"Account {number}"
            if vendor == "salesforce":
                simulator.create("Account", {"Name": name})
            elif vendor == "hubspot":
                simulator.create("companies", {"name": name})
            else:
                simulator.create("crm", "res.partner", {"name": name, "is_company": True})
        made = Crm(vendor, simulator, most=10**9)
        asked.send((made.settings, made.ids[1][-rows:]))
        while (since := asked.recv()) is not None:
            log = simulator.requests(since)
            writes = sum(one["is_write"] for one in log)
            asked.send({"calls": len(log), "writes": writes, "to": since + len(log)})


def figures(bed, ids, turn):
    """Give every account figures, and land what it holds: nothing of ours in the first turn."""
    values = [100 * n + turn for n in range(len(ids))]
    connection = bed.store.connection
    connection.execute("delete from marts.account_measures")
    connection.execute(
        "insert into marts.account_measures"
        " select 'crm:' || ? || '/' || id, 'crm', ?, id, 'Account ' || id, 'https://crm.example/' || id, invoiced"
        " from (select unnest(?::varchar[]) as id, unnest(?::bigint[]) as invoiced)",
        [bed.account, bed.account, ids, values],
    )


def land(bed, ids):
    """Land the accounts, whose fields are empty."""
    bed.land({})
    table = bed.account.replace(".", "_")
    bed.store.connection.execute(
        f'insert into raw_crm."{table}" (id, _loaded_at) select unnest(?::varchar[]), ?',
        [ids, bed.clock.now()],
    )


def say(text):
    """Print a line at once: the steps take minutes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def used():
    """Return (wall, own processor, children's processor) seconds."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic(), own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


def told(name, before, more=""):
    """Print what a step took."""
    wall, own, children = (now - then for now, then in zip(used(), before, strict=True))
    say(f"  {name}: {wall:.1f} s by the clock, processor: core {own:.1f} s, target {children:.1f} s {more}")


def least(vendor, rows):
    """Return the least calls that write, and the least that read: before the write, and after it."""
    writes = -(-rows // BATCH[vendor]) * (JOB_CALLS if vendor == "salesforce" and rows > 2_000 else 1)
    return writes, 2 * -(-rows // PAGE[vendor])


def measure(vendor, rows):
    """Plan, apply, apply again; print calls, times and memory."""
    from tests.writeback.ground import Ground

    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(vendor, rows, theirs), daemon=True)
    server.start()
    settings, ids = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        bed = Ground(Path(folder), vendor, settings)
        land(bed, ids)
        say(f"{vendor}: {len(ids)} accounts")
        figures(bed, ids, 1)
        before = used()
        plan = bed.plan()
        told("plan", before, f"({plan.counts['write']} fields of {plan.counts['records']} records)")
        ours.send(0)
        to = ours.recv()["to"]
        before = used()
        done = bed.apply()
        assert (done.exit_code, done.delivered.verified) == (0, 2 * len(ids)), done
        told("plan and apply", before, f"({done.delivered.written} fields written and read back)")
        ours.send(to)
        seen = ours.recv()
        wanted = least(vendor, len(ids))
        say(
            f"  calls: {seen['calls']}, least {sum(wanted)} ({wanted[0]} to write, {wanted[1]} to read) and at most"
            f" {SET_UP} to begin; calls that change something: {seen['writes']}"
        )
        before = used()
        again = bed.apply()
        told("nothing changed", before)
        ours.send(seen["to"])
        none = ours.recv()
        assert (again.delivered.written, none["calls"]) == (0, 0), none
        say("  nothing changed: 0 calls")
        bed.close()
    ours.send(None)
    server.join()
    own, child = (
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    say(f"  largest memory: core {own:.0f} MiB, target or simulator {child:.0f} MiB\n")
    return max(0, seen["calls"] - SET_UP) / sum(wanted)


def main():
    """Measure every vendor, each in a process of its own: its memory is nobody else's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", choices=sorted(BATCH))
    parser.add_argument(
        "--most", type=float, default=1.1, help="Exit with 1 where the calls are more times the least."
    )
    given = parser.parse_args()
    ratios = [measure(vendor, given.rows) for vendor in [given.only] if vendor] or [
        measure_apart(vendor, given) for vendor in BATCH
    ]
    sys.exit(max(ratios) > given.most)


def measure_apart(vendor, given):
    """Measure one vendor in a process of its own; return 0, or more than is allowed if it said so."""
    import subprocess

    command = [
        sys.executable,
        __file__,
        "--rows",
        str(given.rows),
        "--only",
        vendor,
        "--most",
        str(given.most),
    ]
    return given.most + 1 if subprocess.run(command, check=False).returncode else 0.0


if __name__ == "__main__":
    main()
