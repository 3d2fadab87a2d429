"""The token lock-out drill: kill -9 around the refresh, again and again on the same token, and a token that works is left."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from closedloop.sandbox import quickbooks, xero
from closedloop.sandbox.world import generate

pytestmark = pytest.mark.crash

ROOT = Path(__file__).parent.parent.parent
DOSE = os.environ.get("CLOSEDLOOP_CRASH_DOSE", "")
#: Kills of each vendor: 200 of both in the full dose.
KILLS = 100 if DOSE == "full" else int(DOSE or "5")
WORLD = generate(5, 0.02)
PACKAGES = ("tap_quickbooks", "tap_xero")


def failpoints(package: str) -> list[str]:
    """Return every failpoint around a refresh: the tap's own, and those of the token store."""
    files = [*(ROOT / "taps" / package).glob("*.py"), ROOT / "sync/closedloop/kit/tokens.py"]
    found = {name for file in files for name in re.findall(r'failpoint\("([a-z_.]+)"\)', file.read_text())}
    return sorted(name for name in found if "first" not in name and "seeded" not in name)  # once in a life


@dataclass
class Connection:
    """A connection whose token is due, and the tap that reads through it."""

    package: str
    simulator: Any
    folder: Path
    settings: dict[str, Any]

    def start(self, failpoint: str = "") -> subprocess.Popen[bytes]:
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.settings))
        environment = {
            **os.environ,
            "CLOSEDLOOP_CLOCK": self.simulator.now().isoformat(),
            "CLOSEDLOOP_FAILPOINT": failpoint,
        }
        command = [sys.executable, "-m", self.package, "--config", str(config), "--check"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, error = process.communicate(timeout=120)
    return process.returncode, error.decode()[-1500:]


@pytest.fixture(params=PACKAGES)
def connection(request, tmp_path):
    folder = {"token_folder": str(tmp_path / "tokens")}
    if request.param == "tap_quickbooks":
        with quickbooks.serve(WORLD) as books:
            yield Connection(request.param, books, tmp_path, books.settings | folder)
        return
    with xero.serve(WORLD, options=xero.Options(minute_limit=10_000, day_limit=10**6)) as books:
        own = {
            "url": books.url,
            "identity_url": books.url,
            "client_id": books.client_id,
            "client_secret": books.client_secret,
            "refresh_token": books.consented()["refresh_token"],
        }
        yield Connection(request.param, books, tmp_path, own | folder)


def test_no_kill_around_a_refresh_costs_the_token(connection):
    """The same token lives through all kills: the vendor kills what came before it as soon as it is used."""
    assert ended(connection.start())[0] == 0
    points = failpoints(connection.package)
    assert len(points) >= 6
    dice = random.Random(7)
    dice.shuffle(points)
    for number, point in enumerate(itertools.islice(itertools.cycle(points), KILLS)):
        connection.simulator.advance(
            3 * 3600
        )  # the access token has ended; grace for an old refresh token, too
        processes = [connection.start(f"{point}:1:self")]
        if number % 3 == 2:  # another process wants to refresh at the same time
            processes.append(connection.start())
        codes = [ended(process) for process in processes]
        again = ended(connection.start())

        # Who comes second may find a fresh token and never reach the place.
        assert codes[0][0] == -9 or len(codes) == 2, point
        assert [code for code, _ in codes[1:]] in ([], [0]), (point, codes)
        assert again[0] == 0, (point, again[1])
