"""Small worlds for the models: rows shaped as staging gives them, in; published tables, out."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from closedloop.clock import Clock
from closedloop.models import Reconciled, graph, reconcile
from closedloop.models.entities import ENTITIES
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

AS_OF = date(2026, 6, 30)


@dataclass(slots=True, kw_only=True)
class World:
    settings: Settings
    store: Store
    operations: Operations

    def reconcile(self, *, as_of=AS_OF, automatic_links=True) -> Reconciled:
        return reconcile(
            self.settings,
            self.store,
            self.operations,
            as_of=as_of,
            clock=Clock(),
            automatic_links=automatic_links,
        )

    def rows(self, sql, *parameters):
        cursor = self.store.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def one(self, sql, *parameters):
        [row] = self.rows(sql, *parameters)
        return row

    def by(self, table, key, column):
        return {row[key]: row[column] for row in self.rows(f"select {key}, {column} from {table}")}

    def decide(self, kind, left, right, verdict="accept"):
        values = {
            "kind": kind,
            "left_key": left,
            "right_key": right,
            "verdict": verdict,
            "who": "Ann",
            "why": "",
        }
        with self.operations.transaction() as connection:
            connection.execute(tables.decision.insert().values(at="2026-01-01T00:00:00Z", **values))

    def close(self):
        self.store.close()
        self.operations.close()


def build(folder: Path, rows, *, models_dir=None, **sections) -> World:
    """Land ``rows`` (entity → list of dicts) as the streams of a connection with the plainest staging there is."""
    staging = folder / "staging"
    staging.mkdir(parents=True, exist_ok=True)
    store = Store.open(folder / "store.duckdb")
    store.query("set threads = 1")  # a second thread only costs time on a handful of rows
    land(store, rows)
    for entity in rows:
        (staging / f"{entity}.sql").write_text(f"-- requires: {entity}\nselect * from raw.{entity}\n")
    company = {"company": {"currency": "USD", "time_zone": "America/Chicago"}}
    settings = Settings(
        connections={
            "src": {"connector": "singer", "staging": staging, "settings": {"url": "https://crm.example"}}
        },
        home=folder,
        models_dir=models_dir,
        # What is tested here is seldom the linker, which takes seconds to load: who wants it says `matching={}`.
        **company | {"matching": {"policy": "exact"}} | sections,
    )
    return World(settings=settings, store=store, operations=Operations.open(folder / "operations.db"))


def land(store, rows):
    store.query("drop schema if exists raw_src cascade")
    store.query("create schema raw_src")
    for entity, records in rows.items():
        columns = ENTITIES[entity]
        ddl = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        store.query(f"create table raw_src.{entity} ({ddl})")
        for record in records:
            unknown = set(record) - set(columns)
            assert not unknown, f"{entity}: {unknown}"
            whole = {
                "source": "src",
                "object": entity,
                "source_id": record["key"],
                "url": f"u/{record['key']}",
                **record,
            }
            store.query(
                f"insert into raw_src.{entity} values ({', '.join('?' for _ in columns)})",
                [whole.get(name) for name in columns],
            )


#: One for all calls of `evaluate`: opening a database takes longer than a small model.
_bench = duckdb.connect()


def evaluate(name, inputs, *, params=None):
    """Run one model on tables given as (columns with types, rows), and return its rows as dicts."""
    models = graph.load()
    places = {f"{models[table].layer}.{table}": given for table, given in inputs.items()} | (params or {})
    for place, (ddl, records) in places.items():
        _bench.execute(f"create schema if not exists {place.split('.')[0]}")
        _bench.execute(f"create or replace table {place} ({ddl})")
        if records:
            marks = ", ".join(f"({', '.join('?' for _ in record)})" for record in records)
            _bench.execute(
                f"insert into {place} values {marks}", [value for record in records for value in record]
            )
    cursor = _bench.execute(graph.statement(models[name], models, "duckdb"))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def event(key, start, end=None, **more):
    return {"key": key, "name": f"Event {key}", "start_date": start, "end_date": end or start, **more}


def attended(key, campaign, person=None, **more):
    return {"key": key, "campaign_key": campaign, "person_key": person, "status": "attended", **more}


def sale(key, customer, day, net, *, tax="0", kind="invoice", lines=None, home=None, **more):
    """Return a posted document and its lines; ``lines`` are (class, net, home net), one revenue line by default."""
    gross = str(Decimal(net) + Decimal(tax))
    document = {
        "key": key,
        "kind": kind,
        "number": f"N-{key}",
        "customer_key": customer,
        "date": day,
        "currency": "USD",
        "home_currency": "USD",
        "net": net,
        "tax": tax,
        "gross": gross,
        "home_net": home,
        "balance": gross,
        "status": "posted",
        **more,
    }
    rows = [
        {
            "key": f"{key}/{n}",
            "document_key": key,
            "position": n,
            "line_class": kind_,
            "net": net_,
            "home_net": home_,
        }
        for n, (kind_, net_, home_) in enumerate(lines or [("revenue", net, home)], start=1)
    ]
    return document, rows


def paid(key, document, day, amount, *, credit=None):
    return {
        "key": key,
        "document_key": document,
        "payment_key": None if credit else f"pay-{key}",
        "credit_document_key": credit,
        "amount": amount,
        "date": day,
    }
