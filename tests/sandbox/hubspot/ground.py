"""A store that read its CRM from a simulated HubSpot and its ledger from a simulated Odoo."""

from datetime import UTC, datetime, time

from closedloop.clock import Clock
from closedloop.extract import sync
from closedloop.models import reconcile
from closedloop.sandbox.check import TABLES, Published
from closedloop.sandbox.hubspot.schema import MAPPED
from closedloop.sandbox.links import decisions
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

BOOKS = {"customer", "document", "line", "payment", "allocation", "cost_line"}


class Ground:
    """One company's store over two simulators."""

    def __init__(self, folder, world, crm, books, **more):
        self.world, self.crm = world, crm
        self.keys = {
            key: f"{name}:{record}"
            for name, simulator in (("crm", crm), ("books", books))
            for kind, records in simulator.keys.items()
            if (kind in BOOKS) == (name == "books")
            for key, record in records.items()
        }
        settings = {
            "url": crm.url,
            "access_token": crm.token,
            "campaign_fields": MAPPED["marketing_events"],
            "opportunity_fields": MAPPED["deals"],
            "account_fields": MAPPED["companies"],
        }
        ledger = {"url": books.url, "database": "books", "api_key": books.api_keys["books"]}
        self.settings = Settings(
            company={"currency": world.home_currency, "time_zone": world.zone},
            connections={
                "crm": {"connector": "hubspot", "settings": settings},
                "books": {"connector": "odoo", "settings": ledger},
            },
            home=folder,
            **more,
        )
        self.clock = Clock(start=datetime.combine(world.as_of, time(12), tzinfo=UTC))
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")
        self.is_reconciled = False

    def close(self):
        self.store.close()
        self.operations.close()

    def sync(self, *connections, streams=None):
        run = self.operations.begin_run("sync", self.clock)
        return sync(
            self.settings,
            connections=list(connections),
            store=self.store,
            operations=self.operations,
            run_id=run,
            clock=self.clock,
            streams=streams,
        )

    def reconciled(self, *, automatic_links=True):
        self.is_reconciled = True
        return reconcile(
            self.settings,
            self.store,
            self.operations,
            as_of=self.world.as_of,
            clock=self.clock,
            automatic_links=automatic_links,
        )

    def published(self, *, automatic_links):
        with self.operations.transaction() as connection:
            connection.execute(tables.decision.delete())
            for one in () if automatic_links else decisions(self.world, self.keys):
                row = {"kind": one.kind, "left_key": one.left_key, "right_key": one.right_key}
                row |= {"verdict": "accept", "who": "test", "why": "", "at": "2026-10-31T00:00:00Z"}
                connection.execute(tables.decision.insert().values(**row))
        made = self.reconciled(automatic_links=automatic_links)
        found = {}
        for name, table in TABLES.items():
            layer = "link" if table.startswith("link_") else "marts"
            rows = self.store.connection.execute(f"select * from {layer}.{table}")
            names = [column[0] for column in rows.description]
            found[name] = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
        return made, Published(**found)
