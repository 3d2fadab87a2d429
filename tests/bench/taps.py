"""Throughput of tap_odoo against the SDK's default path: same rows, same server, whole processes.

    python tests/bench/taps.py [--rows 100000] [--rounds 3]

The server hands out pages encoded beforehand, so that what is measured is the tap. The machine is noisy: the two
take turns and the best round of each counts, and processor time is printed beside the clock's. The goal is a ratio
of 2.5 or more.
"""

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseAPIPaginator

from tap_odoo.catalog import schema

PAGE = 1000
STREAM, MODEL = "crm_lead", "crm.lead"
PROPERTIES = schema(STREAM)["properties"]


def lead(number):
    """Return a lead as Odoo prints it."""
    filled = {
        "name": f"Opportunity {number} for the spring fair",
        "type": "opportunity",
        "partner_name": f"Company {number % 977} Ltd",
        "contact_name": f"Person {number}",
        "email_from": f"person{number}@company{number % 977}.example",
        "phone": f"+1 312 555 {number % 10000:04d}",
        "city": "Chicago",
        "expected_revenue": number * 1.25,
        "probability": number % 100 + 0.5,
        "priority": "1",
    }
    values = {}
    for name, prop in PROPERTIES.items():
        base = name.removesuffix("_name")
        if base != name and base in PROPERTIES:
            values[base] = [number % 50 + 1, f"Name {number % 50 + 1}"]
        elif prop.get("format") == "date-time":
            values[name] = "2026-02-01 10:00:00"
        else:
            values[name] = True if "boolean" in prop["type"] else filled.get(name, False)
    return values | {"id": number, "date_deadline": "2026-05-01"}


def serve(rows, port):
    """Serve the leads until killed."""
    pages = {
        first: json.dumps([lead(n) for n in range(first + 1, min(first + PAGE, rows) + 1)]).encode()
        for first in range(0, rows + 1, PAGE)
    }
    kinds = {"boolean": "boolean", "integer": "integer"}
    fields = {
        name: {"type": next((kinds[k] for k in prop["type"] if k in kinds), "char")}
        for name, prop in PROPERTIES.items()
    }
    small = {"fields_get": fields, "context_get": {"uid": 2}, "search_count": 0}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.reply(200, b'{"version_info": [19, 0], "version": "19.0"}')

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            model, method = self.path.rsplit("/", 2)[1:]
            if model not in {MODEL, "res.users"} or (model, method) == ("res.users", "fields_get"):
                self.reply(
                    404,
                    b'{"name": "werkzeug.exceptions.NotFound", "message": "the model \'x\' does not exist"}',
                )
            elif method != "search_read":
                self.reply(200, json.dumps(small[method]).encode())
            elif model == "res.users":
                self.reply(200, b'[{"id": 2, "company_ids": [1]}]')
            else:
                after = next((value for name, op, value in body["domain"] if (name, op) == ("id", ">")), 0)
                self.reply(200, pages.get(after, b"[]"))

        def reply(self, status, content):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port.value = server.server_port
    server.serve_forever()


class _Pages(BaseAPIPaginator):
    def get_next(self, response):
        rows = response.json()
        return rows[-1]["id"] if len(rows) == PAGE else None


class DefaultStream(RESTStream):
    """The same stream written as the SDK's template does it."""

    name = STREAM
    path = f"/json/2/{MODEL}/search_read"
    http_method = "POST"
    primary_keys = ("id",)
    replication_key = "write_date"
    schema: ClassVar = {"type": "object", "properties": PROPERTIES}

    @property
    def url_base(self):
        return self.config["url"]

    def get_new_paginator(self):
        return _Pages(0)

    def prepare_request_payload(self, context, next_page_token):
        del context
        names = [name for name in PROPERTIES if name.removesuffix("_name") == name]
        return {"domain": [["id", ">", next_page_token or 0]], "fields": names, "limit": PAGE, "order": "id"}

    def post_process(self, row, context=None):
        del context
        record = {}
        for name, prop in PROPERTIES.items():
            base = name.removesuffix("_name")
            value = row.get(name, False)
            if base != name and base in PROPERTIES:
                value = row[base][1] if row[base] else None
            elif isinstance(value, list):
                value = value[0]
            elif value is False and "boolean" not in prop["type"]:
                value = None
            elif prop.get("format") == "singer.decimal":
                value = str(value)
            elif prop.get("format") == "date-time":
                value = value.replace(" ", "T") + "Z"
            record[name] = value
        return record


class TapDefault(Tap):
    """A tap on the SDK's default path."""

    name = "tap-default"
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType, required=True)).to_dict()

    def discover_streams(self):
        return [DefaultStream(self)]


def timed(argv, rows):
    """Return the seconds a tap takes, by the clock and of the processor; check that it wrote every row."""
    with tempfile.TemporaryFile() as out:
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, stdout=out, stderr=subprocess.DEVNULL, check=True)
        seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        written = sum(b'"RECORD"' in line for line in out)
    if written != rows:
        message = f"{argv}: wrote {written} of {rows} rows"
        raise SystemExit(message)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    """Run the benchmark and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    port = multiprocessing.Value("i", 0)
    server = multiprocessing.Process(target=serve, args=(options.rows, port), daemon=True)
    server.start()
    while not port.value:
        time.sleep(0.1)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        settings = {"url": f"http://127.0.0.1:{port.value}", "database": "crm", "api_key": "key-123456"}
        config.write_text(json.dumps(settings))
        ours = [sys.executable, "-m", "tap_odoo", "--config", str(config)]
        default = [sys.executable, __file__, "--as-tap", "--config", str(config)]
        rounds = [(timed(default, options.rows), timed(ours, options.rows)) for _ in range(options.rounds)]
    server.terminate()
    for label, unit in (("clock", 0), ("processor", 1)):
        slow, fast = (min(pair[which][unit] for pair in rounds) for which in (0, 1))
        for name, seconds in (("default", slow), ("ours", fast)):
            sys.stdout.write(f"{label:10} {name:8} {seconds:7.2f} s  {options.rows / seconds:9,.0f} rows/s\n")
        sys.stdout.write(f"{label:10} ratio    {slow / fast:7.2f}    (goal 2.5)\n")


if __name__ == "__main__":
    if "--as-tap" in sys.argv:
        sys.argv.remove("--as-tap")
        TapDefault.cli()
    else:
        os.environ.setdefault("LOGLEVEL", "WARNING")
        main()
