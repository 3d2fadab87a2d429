"""How fast the tap for lists reads 200,000 rows, as a process, and what it takes: under 60 s (a workbook 180 s) and 500 MiB.

`python -m tests.bench.leadlist [rows]` prints a line for a text file and one for a workbook.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = ["Full Name", "E-Mail", "Company", "Phone", "Job Title", "Scan Time", "Minutes", "Note"]
MOST_MIB = 500.0
#: A workbook is unpacked and parsed besides, which is most of its time.
MOST_SECONDS = {"list.csv": 60.0, "list.xlsx": 180.0}


def row(n: int) -> list[str]:
    """Return one row; every tenth is refused."""
    day = "soon" if n % 10 == 9 else f"{1 + n % 28:02d}/04/2026 10:{n % 60:02d}"
    return [
        f"Jürgen Müller{n}", f"j{n}@ex{n % 500}.de", f"Firma {n % 5000}", f"030 {n:07d}", "Engineer", day, str(n % 90),
        'interested in "x"; call',
    ]  # fmt: skip


def text(path: Path, rows: int) -> None:
    """Write a list with semicolons in a Western encoding."""
    with path.open("w", encoding="cp1252", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(HEAD)
        out.writerows(map(row, range(rows)))


def book(path: Path, rows: int) -> None:
    """Write the same as a workbook."""
    from openpyxl import Workbook

    made = Workbook(write_only=True)
    page = made.create_sheet("Leads")
    page.append(HEAD)
    for n in range(rows):
        page.append(row(n))
    made.save(path)


def measured(folder: Path) -> tuple[float, float, int, int]:
    """Return seconds, MiB, records and refused rows of one run of the tap."""
    config = folder / "config.json"
    settings = {
        "files": f"{folder}/list.*",
        "phone_country": "DE",
        "settle_seconds": 0,
        "closedloop_protocol": True,
    }
    config.write_text(json.dumps(settings))
    begun = time.monotonic()
    with (folder / "out").open("wb") as out:
        command = [sys.executable, "-m", "tap_leadlist", "--config", str(config)]
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
    assert status == 0, status
    seconds = time.monotonic() - begun
    lines = (folder / "out").read_bytes().splitlines()
    records = sum(line.startswith(b'{"type":"RECORD","stream":"attendees"') for line in lines)
    refused = sum(line.startswith(b'{"type":"QUARANTINE"') for line in lines)
    return seconds, used.ru_maxrss / 1024, records, refused


def main(rows: int = 200_000) -> int:
    """Measure both, and return 1 if one takes more than it may."""
    failed = False
    for name, write in (("list.csv", text), ("list.xlsx", book)):
        with tempfile.TemporaryDirectory() as place:
            write(Path(place, name), rows)
            seconds, mib, records, refused = measured(Path(place))
        assert records + refused == rows, (records, refused)
        is_good = seconds <= MOST_SECONDS[name] and mib <= MOST_MIB
        failed |= not is_good
        verdict = "ok" if is_good else "TOO MUCH"
        sys.stdout.write(
            f"{name}: {rows} rows in {seconds:.1f} s, {mib:.0f} MiB, {refused} refused: {verdict}\n"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
