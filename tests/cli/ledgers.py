"""A ledger of either make behind the real command line."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from closedloop.sandbox import quickbooks, xero


@dataclass
class Ledger:
    """A configuration with one ledger, of which one small stream is read, and the simulator behind it."""

    folder: Path
    simulator: object
    connector: str
    stream: str
    settings: dict

    @property
    def config(self):
        return self.folder / "closedloop.yaml"

    @property
    def tokens(self):
        return list((self.folder / ".closedloop" / "tokens").glob("*.token"))

    def closedloop(self, *verb, failpoint="", **settings):
        """Run a verb as an operator would, by the simulator's clock."""
        given = self.settings | settings
        lines = [f'      {name}: "{value}"' for name, value in given.items() if value is not None]
        self.config.write_text(
            "company: {currency: USD, time_zone: America/Chicago}\n"
            "connections:\n"
            f"  books:\n    connector: {self.connector}\n    streams: [{self.stream}]\n    settings:\n"
            + "\n".join(lines)
            + "\n"
        )
        environment = {
            **os.environ,
            "CLOSEDLOOP_CLOCK": self.simulator.now().isoformat(),
            "CLOSEDLOOP_FAILPOINT": failpoint,
        }
        return subprocess.run(
            [sys.executable, "-m", "closedloop", "--config", str(self.config), *verb],
            env=environment, start_new_session=True, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def later(self):
        """Let so much time pass that access tokens end, and a refresh token that has been replaced is dead."""
        self.simulator.advance(2 * 3600)


@contextmanager
def ledger(connector, world, folder, **settings):
    """Serve ``world`` as the ledger and configure it, with the refresh token that a first consent gave."""
    if connector == "quickbooks":
        with quickbooks.serve(world) as books:
            yield Ledger(folder, books, connector, "company_info", books.settings | settings)
        return
    with xero.serve(world, options=xero.Options(minute_limit=10_000)) as books:
        own = {
            "url": books.url,
            "identity_url": books.url,
            "client_id": books.client_id,
            "client_secret": books.client_secret,
            "refresh_token": books.consented()["refresh_token"],
        }
        yield Ledger(folder, books, connector, "organisation", own | settings)
