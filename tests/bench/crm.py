"""Contacts of Salesforce and HubSpot: our taps beside tap-salesforce 2.8, tap-hubspot 4.5 and the SDK's default path.

    python tests/bench/crm.py [--rows 10000] [--rounds 3] [--only salesforce]

All read the same contacts from the same simulator, which runs in a process of its own. The other taps are installed in
venvs of their own and told the simulator's address by replacing the host in their requests; tap-hubspot is also kept from
asking for custom objects, which the simulator does not have. What counts is the process as a whole: by the clock (in which the simulator's own time is contained), by the processor time of the tap
alone, its calls and its largest memory. The machine is noisy: they take turns and the best round of each counts.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseAPIPaginator

START = "2000-01-01T00:00:00Z"
FIELDS = {
    "salesforce": [
        "Id",
        "FirstName",
        "LastName",
        "Name",
        "Email",
        "Phone",
        "AccountId",
        "OwnerId",
        "SystemModstamp",
    ],
    "hubspot": ["email", "firstname", "lastname", "phone", "company", "hubspot_owner_id", "lastmodifieddate"],
}
PEERS = {"salesforce": "tap-salesforce>=2.8,<2.9", "hubspot": "tap-hubspot>=4.5,<4.6"}
#: Replaces the vendor's hosts by the simulator's address before the other tap begins.
SHIM = """
import sys, requests, {module}
real = requests.Session.request, requests.Session.send
def there(url):
    for host in {hosts!r}:
        url = url.replace(host, {url!r})
    return url
requests.Session.request = lambda self, method, url, *a, **k: real[0](self, method, there(url), *a, **k)
def send(self, request, **k):
    request.url = there(request.url)
    return real[1](self, request, **k)
requests.Session.send = send
sys.argv[0] = {module!r}
{module}.generate_custom_streams = lambda *a, **k: []
{module}.main()
"""
HOSTS = {
    "salesforce": ["https://login.salesforce.com", "https://test.salesforce.com"],
    "hubspot": ["https://api.hubapi.com"],
}


def serve(vendor, rows, asked):
    """Serve a small company with many contacts until killed; tell what a client must know."""
    from importlib import import_module

    from closedloop.sandbox.members import as_members
    from closedloop.sandbox.world import generate

    world = as_members(generate(1, 0.05), unknown="lead" if vendor == "salesforce" else "contact")
    with import_module(f"closedloop.sandbox.{vendor}").serve(world) as simulator:
        for number in range(rows):
            name, mail = f"Person {number}", f"person{number}@bench.example"
            if vendor == "salesforce":
                simulator.create(
                    "Contact", {"FirstName": "P", "LastName": name, "Email": mail, "Phone": "+1 312 555 0100"}
                )
            else:
                simulator.create(
                    "contacts",
                    {"firstname": "P", "lastname": name, "email": mail, "phone": "+1 312 555 0100"},
                )
            if number % 500 == 0:
                simulator.advance(1)
        simulator.advance(3600)
        settings = dict(simulator.settings)
        if vendor == "salesforce":
            settings["refresh_token"] = simulator.tokens.first()
        asked.send(settings)
        while True:
            asked.recv()
            asked.send(len(simulator.requests()))


class _Pages(BaseAPIPaginator):
    def get_next(self, response):
        body = response.json()
        return body.get("nextRecordsUrl") or body.get("paging", {}).get("next", {}).get("after")


class DefaultStream(RESTStream):
    """Contacts written as the SDK's template does it."""

    name = "contacts"
    replication_key = None

    @property
    def vendor(self):
        return self.config["vendor"]

    @property
    def url_base(self):
        return self.config["url"]

    @property
    def path(self):
        return "/services/data/v67.0/query" if self.vendor == "salesforce" else "/crm/v3/objects/contacts"

    @property
    def records_jsonpath(self):
        return "$.records[*]" if self.vendor == "salesforce" else "$.results[*]"

    @property
    def http_headers(self):
        return {"Authorization": f"Bearer {self.config['token']}"}

    def get_new_paginator(self):
        return _Pages(None)

    def get_url_params(self, context, next_page_token):
        del context
        if self.vendor == "hubspot":
            page = {"after": next_page_token} if next_page_token else {}
            return {"limit": 100, "properties": ",".join(FIELDS["hubspot"]), **page}
        return {} if next_page_token else {"q": f"SELECT {', '.join(FIELDS['salesforce'])} FROM Contact"}

    def prepare_request(self, context, next_page_token):
        request = super().prepare_request(context, next_page_token)
        if self.vendor == "salesforce" and next_page_token:
            request.url = self.config["url"] + next_page_token
        return request

    def post_process(self, row, context=None):
        del context
        return row if self.vendor == "salesforce" else {"id": row["id"], **row["properties"]}


class TapDefault(Tap):
    """A tap on the SDK's default path."""

    name = "tap-default"
    config_jsonschema: ClassVar = th.PropertiesList(
        *(th.Property(name, th.StringType, required=True) for name in ("url", "vendor", "token"))
    ).to_dict()

    def discover_streams(self):
        vendor = self.config["vendor"]
        names = FIELDS[vendor] if vendor == "salesforce" else ["id", *FIELDS[vendor]]
        stream = DefaultStream(
            self, schema=th.PropertiesList(*(th.Property(one, th.StringType) for one in names)).to_dict()
        )
        stream.primary_keys = (names[0],)
        return [stream]


def token(vendor, settings):
    """Return a token for the tap on the default path, which knows no way to get one."""
    if vendor == "hubspot":
        return settings["access_token"]
    import requests

    form = {"grant_type": "client_credentials"} | {
        name: settings[name] for name in ("client_id", "client_secret")
    }
    return requests.post(f"{settings['url']}/services/oauth2/token", data=form, timeout=30).json()[
        "access_token"
    ]


def catalog(stream, names, cursor):
    """Return a catalog that selects some properties of a stream, as every Singer tap reads it."""
    about = {"selected": True, "replication-method": "INCREMENTAL", "replication-key": cursor}
    about |= {"table-key-properties": names[:1], "valid-replication-keys": [cursor]}
    chosen = [{"breadcrumb": [], "metadata": about}]
    chosen += [
        {"breadcrumb": ["properties", one], "metadata": {"selected": True, "inclusion": "available"}}
        for one in names
    ]
    properties = {one: {"type": ["null", "string"]} for one in names}
    entry = {"stream": stream, "tap_stream_id": stream, "key_properties": names[:1], "metadata": chosen}
    return {"streams": [{**entry, "schema": {"type": "object", "properties": properties}}]}


def write(folder, name, content):
    path = Path(folder, name)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def commands(vendor, settings, folder):
    """Return the command of each tap, or the reason why it cannot be run."""
    stream = "Contact" if vendor == "salesforce" else "contacts"
    plain = {name: value for name, value in settings.items() if name != "refresh_token"}
    ours = write(folder, "ours.json", plain)
    names = FIELDS["salesforce"] if vendor == "salesforce" else ["id", "updatedAt", *FIELDS["hubspot"]]
    cursor = "SystemModstamp" if vendor == "salesforce" else "updatedAt"
    default = write(
        folder, "default.json", {"url": settings["url"], "vendor": vendor, "token": token(vendor, settings)}
    )
    found = {
        "ours": [sys.executable, "-m", f"tap_{vendor}", "--config", ours, "--catalog", write(folder, "ours.catalog.json", catalog(stream, names, cursor))],
        "SDK default path": [sys.executable, __file__, "--as-tap", "--config", default],
    }  # fmt: skip
    peer = PEERS[vendor].partition(">")[0]
    python = Path(folder, peer, "bin", "python")
    try:
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEERS[vendor]], check=True)
    except subprocess.CalledProcessError as error:
        sys.stdout.write(f"{peer} left out: it cannot be installed here ({error})\n")
        return found
    config = {"start_date": START, "client_id": settings.get("client_id", ""), "client_secret": settings.get("client_secret", ""),
              "refresh_token": settings.get("refresh_token", ""), "api_type": "REST", "api_key": settings.get("access_token")}  # fmt: skip
    theirs = (
        names
        if vendor == "salesforce"
        else ["id", "updatedAt", *(f"property_{one}" for one in FIELDS["hubspot"])]
    )
    shim = SHIM.format(module=f"tap_{vendor}", hosts=HOSTS[vendor], url=settings["url"])
    found[peer] = [str(python), "-I", "-c", shim, "--config", write(folder, "peer.json", config),
                   "--properties", write(folder, "peer.catalog.json", catalog(stream, theirs, cursor))]  # fmt: skip
    return found


def timed(argv):
    """Return rows, seconds by the clock, seconds of the processor and MiB of one run."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(argv, stdout=out, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status:
            log.seek(0)
            message = f"{argv[:3]} failed:\n{log.read()[-2000:].decode()}"
            raise SystemExit(message)
        out.seek(0)
        rows = sum(b'"RECORD"' in line for line in out)
    return rows, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def count(here):
    """Return how many requests the simulator has had."""
    here.send("how many")
    return here.recv()


def compare(vendor, rows, rounds):
    """Run every tap in turn and print the best of each, and the ratios to ours."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(vendor, rows, there), daemon=True)
    server.start()
    settings = here.recv()
    with tempfile.TemporaryDirectory() as folder:
        taps = commands(vendor, settings, folder)
        runs = {name: [] for name in taps}
        calls = {}
        for _ in range(rounds):
            for name, argv in taps.items():
                before = count(here)
                runs[name].append(timed(argv))
                calls[name] = count(here) - before
    server.terminate()
    best = {name: [min(run[unit] for run in of) for unit in (1, 2, 3)] for name, of in runs.items()}
    for name, (clock, processor, memory) in best.items():
        read = runs[name][0][0]
        sys.stdout.write(
            f"{vendor:10} {name:16} {read:7,} rows {calls[name]:5} calls {clock:7.2f} s {read / clock:8,.0f} rows/s"
            f" {processor:7.2f} s of processor {memory:5.0f} MiB"
            f"   ours is {clock / best['ours'][0]:5.2f} x by the clock, {processor / best['ours'][1]:5.2f} x by the processor\n"
        )


def main():
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=sorted(PEERS))
    options = parser.parse_args()
    for vendor in sorted(PEERS) if options.only is None else [options.only]:
        compare(vendor, options.rows, options.rounds)


if __name__ == "__main__":
    if "--as-tap" in sys.argv:
        sys.argv.remove("--as-tap")
        TapDefault.cli()
    else:
        os.environ.setdefault("LOGLEVEL", "WARNING")
        main()
