"""A ledger of either make, or a CRM that a person consents to, behind the real command line."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from closedloop.sandbox import hubspot, quickbooks, salesforce, xero
from closedloop.sandbox.members import as_members


@dataclass
class Ledger:
    """A configuration with one ledger, of which one small stream is read (or all), and the simulator behind it."""

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

    def closedloop(self, *verb, failpoint="", **more):
        """Run a verb as an operator would, by the simulator's clock."""
        return subprocess.run(
            self.command(*verb), env=self.environment(failpoint), start_new_session=True, capture_output=True,
            text=True, check=False, timeout=120, **more,
        )  # fmt: skip

    def command(self, *verb):
        lines = [f'      {name}: "{value}"' for name, value in self.settings.items()]
        chosen = f"    streams: [{self.stream}]\n" if self.stream else ""
        self.config.write_text(
            "company: {currency: USD, time_zone: America/Chicago}\n"
            "connections:\n"
            f"  books:\n    connector: {self.connector}\n{chosen}    settings:\n" + "\n".join(lines) + "\n"
        )
        return [sys.executable, "-m", "closedloop", "--config", str(self.config), *verb]

    def environment(self, failpoint=""):
        clock = self.simulator.now().isoformat()
        return {**os.environ, "CLOSEDLOOP_CLOCK": clock, "CLOSEDLOOP_FAILPOINT": failpoint}

    def log_in(self, *way):
        """Log in as a person would: open the address, agree, and let the browser follow or paste where it was sent."""
        self.settings["redirect_url"] = f"http://localhost:{8914 if way else 0}/callback"
        with subprocess.Popen(
            self.command("login", "books", *way), env=self.environment(), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as running:  # fmt: skip
            said = []
            while not (line := running.stdout.readline()).startswith("http"):
                assert line, running.stderr.read()
                said.append(line)
            agreed = requests.post(line.strip(), data={"answer": "allow"}, allow_redirects=False, timeout=10)
            if not way:
                requests.get(agreed.headers["Location"], timeout=10)
            out, err = running.communicate(agreed.headers["Location"] + "\n" if way else None, timeout=60)
        return subprocess.CompletedProcess(running.args, running.returncode, "".join(said) + out, err)

    def later(self):
        """Let so much time pass that access tokens end, and a refresh token that has been replaced is dead."""
        self.simulator.advance(2 * 3600)


@contextmanager
def crm(connector, world, folder):
    """Serve ``world`` as the CRM and configure it without any token."""
    if connector == "salesforce":
        with salesforce.serve(as_members(world, unknown="lead")) as org:
            yield Ledger(folder, org, connector, "", org.settings | {"grant": "refresh_token"})
        return
    with hubspot.serve(as_members(world, unknown="contact")) as account:
        settings = {
            "url": account.url,
            "authorize_url": f"{account.url}/oauth/authorize",
            "client_id": account.client_id,
            "client_secret": account.client_secret,
        }
        yield Ledger(folder, account, connector, "", settings)


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
