"""Our ledgers' taps beside the taps of the same vendors on PyPI: the same invoices, the same simulator, whole processes.

    python tests/bench/ledgers.py [--rows 10000] [--rounds 2]

The others are installed into environments of their own under a temporary folder. Their addresses are written into
their code, so a launcher sends what they ask of the vendor's hosts to the simulator instead. One that cannot be
installed or does not read all the invoices is left out, and it is said why. Processor time is the tap's alone: the
simulator runs in this process.
"""

import argparse
import copy
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedloop.sandbox import quickbooks, xero
from closedloop.sandbox.world import generate

LAUNCHER = """
import importlib, json, sys
import requests
hosts, package = json.loads(sys.argv.pop(1)), sys.argv.pop(1)
send = requests.Session.send
def rerouted(self, request, **more):
    for host, address in hosts.items():
        request.url = request.url.replace(host, address)
    return send(self, request, **more)
requests.Session.send = rerouted
importlib.import_module(package).main()
"""


#: What the others import without saying so.
UNDECLARED = ("setuptools<80", "six", "pytz")


class LeftOutError(Exception):
    """The other tap cannot be measured here."""


@dataclass
class Vendor:
    """One vendor's simulator with many invoices, and how each tap is started on it."""

    name: str
    other: str
    simulator: Any
    hosts: dict[str, str]
    ours: dict[str, Any]
    theirs: dict[str, Any]
    stream: str = "invoices"
    own_stream: str = "invoices"


def many(table, row, key, number):
    """Fill a table with copies of one row, a second of change apart from the next."""
    for place in range(number):
        made = copy.deepcopy(row)
        made[key] = f"{900_000 + place}"
        table[made[key]] = made


def quickbooks_vendor(rows):
    books = quickbooks.serve(generate(5, 0.02))
    table = books._service.books.tables["Invoice"]  # noqa: SLF001 (ten thousand through its own face take too long)
    row = next(iter(table.values()))
    table.clear()
    many(table, row, "Id", rows)
    for place, made in enumerate(table.values()):
        made["MetaData"] = {**row["MetaData"], "LastUpdatedTime": stamp(place)}
    app = {name: books.settings[name] for name in ("client_id", "client_secret", "realm_id", "refresh_token")}
    return Vendor(
        "quickbooks",
        "tap-quickbooks==2.5.0",
        books,
        {"https://quickbooks.api.intuit.com": books.url, "https://oauth.platform.intuit.com": books.url},
        {**books.settings, "calls_a_second": 1000},
        {**app, "start_date": "2000-01-01T00:00:00Z", "user_agent": "bench"},
        own_stream="invoice",
    )


def stamp(place):
    """A time of its own for each row, in the company's offset."""
    minute, second = divmod(place, 60)
    hour, minute = divmod(minute, 60)
    return f"2026-0{1 + hour // 240}-{1 + hour // 24 % 10:02}T{hour % 24:02}:{minute:02}:{second:02}-06:00"


def xero_vendor(rows):
    books = xero.serve(
        generate(5, 0.02), options=xero.Options(minute_limit=10**6, day_limit=10**6, concurrent_limit=100)
    )
    table = books.engine.books.tables["Invoices"]
    row = next(one for one in table.values() if one["Type"] == "ACCREC")
    table.clear()
    many(table, row, "InvoiceID", rows)
    app = {"client_id": books.client_id, "client_secret": books.client_secret, "tenant_id": books.tenant}
    base = row["UpdatedDateUTC"].replace(microsecond=0)
    for place, made in enumerate(table.values()):
        made["UpdatedDateUTC"] = base.fromtimestamp(base.timestamp() - place, base.tzinfo)
    own = {
        "url": books.url,
        "identity_url": books.url,
        "grant": "client_credentials",
        "calls_a_minute": 10**6,
    }
    return Vendor(
        "xero",
        "tap-xero==2.6.0",
        books,
        {"https://api.xero.com": books.url, "https://identity.xero.com": books.url},
        {**app, **own},
        {
            **app,
            "refresh_token": books.consented()["refresh_token"],
            "start_date": "2000-01-01T00:00:00Z",
            "user_agent": "bench",
        },
    )


def environment(package, folder):
    """Install a package into an environment of its own and return its Python."""
    place = folder / package.partition("==")[0]
    python = place / "bin" / "python"
    tool = shutil.which("uv")
    steps = (
        [[tool, "venv", "-q", str(place)], [tool, "pip", "install", "-q", "-p", str(python), package, *UNDECLARED]]
        if tool
        else [
            [sys.executable, "-m", "venv", str(place)],
            [str(python), "-m", "pip", "install", "-q", package, *UNDECLARED],
        ]
    )  # fmt: skip
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            message = f"it cannot be installed: {last}"
            raise LeftOutError(message)
    return str(python)


def chosen(text, stream):
    """Return a catalog in which one stream is selected."""
    catalog = json.loads(text)
    for entry in catalog["streams"]:
        is_it = entry["tap_stream_id"] == stream
        entry["schema"]["selected"] = is_it
        for part in entry["metadata"]:
            if not part["breadcrumb"]:
                part["metadata"]["selected"] = is_it
    return json.dumps(catalog)


@dataclass
class Tap:
    """A tap that is ready to run."""

    command: list[str]
    vendor: Vendor
    rows: int

    def run(self):
        """Return the seconds it takes, by the clock and of the processor, and the calls it makes."""
        calls = len(self.vendor.simulator.requests())
        with tempfile.TemporaryFile() as out:
            start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(self.command, stdout=out, stderr=subprocess.PIPE, check=False)
            seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            out.seek(0)
            ids = {record["record"].get("InvoiceID") or record["record"].get("Id") or record["record"].get("id")
                   or record["record"].get("invoice_id")
                   for record in map(json.loads, out) if record["type"] == "RECORD"}  # fmt: skip
        if done.returncode or len(ids) != self.rows:
            last = (done.stderr.decode().strip() or "no message").splitlines()[-1][:300]
            message = f"it read {len(ids)} of {self.rows} invoices and ended with {done.returncode}: {last}"
            raise LeftOutError(message)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, processor, len(self.vendor.simulator.requests()) - calls


def prepared(command, config, stream, folder, *, vendor, rows):
    """Write a tap's configuration and the catalog with one stream, and return the tap."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    command = [*command, "--config", str(folder / "config.json")]
    found = subprocess.run([*command, "--discover"], capture_output=True, text=True, check=False)
    if found.returncode:
        last = (found.stderr.strip() or "no message").splitlines()[-1][:300]
        message = f"--discover ended with {found.returncode}: {last}"
        raise LeftOutError(message)
    (folder / "catalog.json").write_text(chosen(found.stdout, stream))
    return Tap([*command, "--catalog", str(folder / "catalog.json")], vendor, rows)


def measure(vendor, folder, rows, rounds):
    """Print both taps' times and the ratio, or why there is none."""
    tokens = {"token_folder": str(folder / f"tokens-{vendor.name}")}
    ours = prepared(
        [sys.executable, "-m", f"tap_{vendor.name}"],
        vendor.ours | tokens,
        vendor.own_stream,
        folder / f"ours-{vendor.name}",
        vendor=vendor,
        rows=rows,
    )
    own = [ours.run() for _ in range(rounds)]
    say(vendor.name, "ours", rows, own)
    try:
        python = environment(vendor.other, folder)
        launch = [python, "-I", "-c", LAUNCHER, json.dumps(vendor.hosts), f"tap_{vendor.name}"]
        other = prepared(
            launch, vendor.theirs, vendor.stream, folder / f"theirs-{vendor.name}", vendor=vendor, rows=rows
        )
        found = [other.run() for _ in range(rounds)]
    except LeftOutError as reason:
        sys.stdout.write(f"{vendor.name:11} {vendor.other} is left out: {reason}\n")
        return
    say(vendor.name, vendor.other, rows, found)
    for place, label in enumerate(("clock", "processor")):
        ratio = min(one[place] for one in found) / min(one[place] for one in own)
        sys.stdout.write(f"{vendor.name:11} ratio, {label:24} {ratio:7.2f}\n")


def say(name, tap, rows, found):
    """Print the best of a tap's rounds."""
    seconds, processor, calls = (min(one[place] for one in found) for place in range(3))
    sys.stdout.write(
        f"{name:11} {tap:24} {seconds:7.2f} s  processor {processor:6.2f} s  {rows / processor:8,.0f} rows/s"
        f"  {calls} calls\n"
    )


def main():
    """Run the benchmark of both vendors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    os.environ.setdefault("LOGLEVEL", "WARNING")
    for make in (quickbooks_vendor, xero_vendor):
        with tempfile.TemporaryDirectory() as folder:
            vendor = make(options.rows)
            with vendor.simulator:
                measure(vendor, Path(folder), options.rows, options.rounds)


if __name__ == "__main__":
    main()
