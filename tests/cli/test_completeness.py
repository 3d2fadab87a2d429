"""Every stream, and every way in which a source quietly gives less than it has: named, exit 1, nothing written."""

import json
from dataclasses import dataclass, replace

import pytest
from tests.cli.conftest import Shell

from closedloop import connectors
from closedloop.cli.starter import Answers, System, render
from closedloop.config import load
from closedloop.sandbox import hubspot, odoo, salesforce
from closedloop.sandbox.members import as_members
from tap_salesforce.catalog import ENTITIES

#: Small, so that every stream with a handful of rows has a second page; HubSpot's is as it is.
PAGE, SALESFORCE_PAGE, HUBSPOT_PAGE = 2, 7, 100
KINDS = ("drop_row", "short_page", "repeat_page", "freeze_cursor")
ODOO = {"drop_row": {}, "short_page": {"nth": 2}, "repeat_page": {}, "freeze_cursor": {"mode": "loop"}}
HUBSPOT = {
    "drop_row": {"method": "list"},
    "short_page": {"method": "list"},
    "repeat_page": {"method": "list"},
    "freeze_cursor": {"method": "list", "mode": "loop"},
}


@dataclass
class Company:
    """A configuration, its sources, and how their streams are spoilt.

    Args:
        shell: The command line.
        sources: Simulators by connection.
        page: Rows of a page.
        options: How each kind of fault is switched on.
        larger: Streams with more than so many rows, as (connection, stream).
        least: How many streams are large enough for a second page.
    """

    shell: object
    sources: dict
    page: int
    options: dict
    larger: object
    least: int

    def spoil(self, kind, connection, stream):
        named = {"stream": stream}
        if self.page == PAGE:
            named = {"db": connection, "stream": stream.replace("_", ".")}
        self.sources[connection].faults.add(kind, **named, **self.options[kind])

    def writes(self):
        found = [one for source in self.sources.values() for one in source.requests()]
        return [one for one in found if one.get("is_write") or one["method"] in {"write", "create", "unlink"}]


@pytest.fixture(scope="module", autouse=True)
def hasty(hasty_taps):
    """Waits for a vendor that stumbled are not slept through here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connectors, "process", hasty_taps.process)
        yield


@pytest.fixture(
    params=["salesforce", *(pytest.param(one, marks=pytest.mark.long) for one in ("odoo", "hubspot"))]
)
def company(request, shell_on, small_world, monkeypatch, tmp_path):
    if request.param == "odoo":
        with odoo.serve(small_world) as simulator:
            yield of_odoo(shell_on(simulator), simulator)
        return
    serve, found = MAKERS[request.param]
    with serve(small_world) as crm:
        monkeypatch.setenv("CLOSEDLOOP_CLOCK", crm.now().isoformat())
        answers = Answers(
            company="Test",
            currency="USD",
            time_zone="America/Chicago",
            crm=System(connector=request.param, settings={"url": crm.url, **client(crm, monkeypatch)}),
            books=System(),
            mode="apply",
        )
        text = render(answers)  # the ledger would be read as well, and has nothing to do with it
        text = text[: text.index("  books:")] + text[text.index("writeback:") :]
        yield found(Shell(folder=tmp_path, simulator=crm, text=text), crm)


def client(crm, monkeypatch):
    """Put the secrets into the environment and return what is none."""
    for name in ("client_secret", "access_token"):
        if name in crm.settings:
            monkeypatch.setenv(f"CRM_{name.upper()}", crm.settings[name])
    return {name: value for name, value in crm.settings.items() if name == "client_id"}


def of_odoo(shell, simulator):
    paged = replace(
        shell, text=shell.text.replace("      database:", f"      page_size: {PAGE}\n      database:")
    )
    paged.config.write_text(paged.text)
    named = [
        (name, stream)
        for name, connection in load(paged.config).connections.items()
        for stream in connection.streams
    ]

    def larger(least):
        return [
            (name, stream)
            for name, stream in named
            if len(simulator.records(name, stream.replace("_", "."))) > least
        ]

    sources = {"crm": simulator, "books": simulator}
    return Company(paged, sources, PAGE, ODOO, larger, least=10)


def serve_salesforce(world):
    options = salesforce.options.Options(page_size=SALESFORCE_PAGE, bulk_polls=0)
    return salesforce.serve(as_members(world, unknown="lead"), options=options)


def of_salesforce(shell, crm):
    tables = crm.org.database.tables
    known = [name for name in ENTITIES if name not in {"User", "Organization"}]

    def larger(least):
        return [("crm", name) for name in known if len(tables[name]) > least]

    return Company(shell, {"crm": crm}, SALESFORCE_PAGE, ODOO, larger, least=8)


def serve_hubspot(world):
    options = hubspot.options.Options(ten_second_limit=1_000_000, search_limit=1_000_000)
    simulator = hubspot.serve(as_members(world, unknown="contact"), options=options)
    for name in ("companies", "contacts", "deals", "calls"):
        for _ in range(2 * HUBSPOT_PAGE):
            simulator.create(name, {})
    simulator.advance(600)
    return simulator


def of_hubspot(shell, crm):
    tables = crm.account.tables

    def larger(least):
        own = [] if least > 2 else ["campaigns", "participations"]
        return [("crm", name) for name in (*own, *tables) if name in own or len(tables[name].rows) > least]

    return Company(shell, {"crm": crm}, HUBSPOT_PAGE, HUBSPOT, larger, least=4)


MAKERS = {"salesforce": (serve_salesforce, of_salesforce), "hubspot": (serve_hubspot, of_hubspot)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_stream_that_gives_less_than_it_has_is_named(company, kind):
    spoilt = company.larger(2 if kind == "drop_row" else 2 * company.page)
    assert len(spoilt) >= company.least
    for connection, stream in spoilt:
        company.spoil(kind, connection, stream)

    result = company.shell.run("run", code=1)
    status = json.loads(company.shell.run("--json", "status", code=0).stdout)
    told = {(one["connection"], one["stream"]): one["verdict"] for one in status["streams"]}

    assert [one for one in spoilt if told[one] not in {"incomplete", "failed"}] == []
    assert [one for one in spoilt if one[1] not in result.stderr] == []
    assert "Nothing was computed or written" in result.stderr
    assert company.writes() == []
