"""A world put straight into a store, in the canonical columns: no vendor, no tap, only the models under test."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from closedloop.clock import Clock
from closedloop.models import reconcile
from closedloop.models.entities import COMMON, ENTITIES
from closedloop.sandbox.check import TABLES, Published
from closedloop.sandbox.links import decisions
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from closedloop.sandbox.world import World

NAME = "world"
#: Canonical entity → field of the world.
SOURCES = {
    "campaign": "events",
    "touch": "registrations",
    "person": "people",
    "account": "accounts",
    "opportunity": "opportunities",
    "opportunity_change": "changes",
    "stage": "stages",
    "customer": "customers",
    "document": "documents",
    "payment": "payments",
    "allocation": "allocations",
    "cost_line": "cost_lines",
    "activity": "activities",
    "owner": "owners",
}


def keys(world: World) -> dict[str, str]:
    """World key → published key, numbered without padding: byte order is then not the order of the numbers."""
    return {
        record.key: f"{NAME}:{entity}/{number}"
        for entity, source in SOURCES.items()
        for number, record in enumerate(getattr(world, source), start=1)
    }


class Landed:
    """A store that holds one world, ready to be reconciled."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder, self.world, self.keys = folder, world, keys(world)
        self.store = Store.open(folder / "store.duckdb")
        self.operations = Operations.open(folder / "operations.db")
        staging = folder / "staging"
        staging.mkdir(parents=True)
        self.store.query(f"create schema raw_{NAME}")
        for entity, columns in ENTITIES.items():
            names = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.store.query(f'create table raw_{NAME}."{entity}" ({names})')
            (staging / f"{entity}.sql").write_text(f"select * from raw.{entity}")
        rows: dict[str, list[dict[str, object]]] = {}
        for entity, row in _rows(world, self.keys):
            rows.setdefault(entity, []).append(row)
        for entity, found in rows.items():
            self._insert(entity, found)

    def _insert(self, entity: str, rows: list[dict[str, object]]) -> None:
        path = self.folder / f"{entity}.json"
        path.write_text("\n".join(json.dumps(row, default=str) for row in rows))
        columns = ENTITIES[entity]
        kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        self.store.query(
            f"insert into raw_{NAME}.{entity} by name select * from"
            f" read_json('{path}', format='newline_delimited', columns={{{kinds}}})"
        )

    def decide(self) -> None:
        """Let a person decide every true link."""
        with self.operations.transaction() as connection:
            for one in decisions(self.world, self.keys):
                connection.execute(
                    tables.decision.insert().values(
                        kind=one.kind,
                        left_key=one.left_key,
                        right_key=one.right_key,
                        verdict="accept",
                        who="test",
                        why="",
                        at="2026-10-31T00:00:00Z",
                    )
                )

    def reconcile(self, *, automatic_links: bool, models_dir: Path | None = None, **sections):
        company = {"currency": self.world.home_currency, "time_zone": self.world.zone}
        settings = Settings(
            **sections | {"company": company | sections.get("company", {})},
            connections={NAME: {"connector": "singer", "staging": self.folder / "staging"}},
            home=self.folder,
            models_dir=models_dir,
        )
        noon = datetime(2026, 10, 31, 18, tzinfo=UTC)
        return reconcile(
            settings,
            self.store,
            self.operations,
            as_of=self.world.as_of,
            clock=Clock(start=noon),
            automatic_links=automatic_links,
        )

    def published(self) -> Published:
        return Published(**{name: self._read(table) for name, table in TABLES.items()})

    def _read(self, table: str) -> list[dict[str, object]]:
        layer = "link" if table.startswith("link_") else "marts"
        found = self.store.connection.execute(f"select * from {layer}.{table}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _major(amount: int | None, digits: int = 2) -> Decimal | None:
    return None if amount is None else Decimal(amount).scaleb(-digits)


def _rows(world: World, key: dict[str, str]) -> Iterator[tuple[str, dict[str, object]]]:
    for entity, source in SOURCES.items():
        for record in getattr(world, source):
            common = dict.fromkeys(COMMON) | {
                "key": key[record.key],
                "source": NAME,
                "object": entity,
                "source_id": key[record.key].split("/")[1],
                "url": f"https://world/{record.key}",
                "updated_at": "2026-10-31T00:00:00Z",
            }
            if entity == "allocation":
                yield from _allocations(world, key, record, common)
            else:
                yield entity, common | MAKERS[entity](world, key, record)
    for document in world.documents:
        for line in document.lines:
            yield "line", _line(world, key, document, line)
    for deal in world.opportunities:
        if deal.person:
            yield (
                "opportunity_person",
                {
                    "key": f"{key[deal.key]}/role",
                    "source": NAME,
                    "opportunity_key": key[deal.key],
                    "person_key": key[deal.person],
                },
            )
    yield (
        "company",
        {"key": f"{NAME}:company/1", "source": NAME, "name": world.company, "currency": world.home_currency},
    )


def _digits(world, code):
    return next(currency.digits for currency in world.currencies if currency.code == code)


def _campaign(world, key, event):
    return {
        "name": event.name, "code": event.code, "kind": event.kind, "series": event.series, "edition": event.edition,
        "start_date": event.start, "end_date": event.end, "status": event.status, "budget": _major(event.budget),
        "actual_cost": _major(event.actual_cost), "currency": world.home_currency,
        "expected_attendees": event.expected_attendees, "owner_key": key[event.owner],
    }  # fmt: skip


def _touch(world, key, one):
    return {
        "campaign_key": key[one.event], "person_key": key.get(one.person), "email": one.email, "name": one.name or None,
        "company": one.company, "phone": one.phone, "status": one.status, "occurred_at": one.scanned_at,
        "created_at": one.created_at,
    }  # fmt: skip


def _person(world, key, one):
    return {
        "kind": one.kind, "name": one.name, "first_name": one.first_name, "last_name": one.last_name,
        "email": one.email, "phone": one.phone, "company": one.company, "account_key": key.get(one.account),
        "owner_key": key.get(one.owner), "is_active": True, "created_at": one.created_at,
    }  # fmt: skip


def _account(world, key, one):
    return _address(one) | {"parent_key": key.get(one.parent), "owner_key": key[one.owner]}


def _customer(world, key, one):
    return _address(one) | {"currency": one.currency, "is_active": True}


def _address(one):
    return {
        "name": one.name, "email": one.email, "website": one.website, "phone": one.phone, "street": one.street,
        "city": one.city, "postal_code": one.postal_code, "country": one.country, "tax_id": one.tax_id,
        "external_id": one.external_id, "created_at": one.created_at,
    }  # fmt: skip


def _opportunity(world, key, one):
    return {
        "name": one.name, "account_key": key[one.account], "person_key": key.get(one.person),
        "campaign_key": key.get(one.event), "number": one.number, "po": one.po, "amount": _major(one.amount),
        "currency": world.home_currency, "probability": Decimal(one.probability) / 100,
        "lead_source": one.lead_source, "stage_key": key[one.stage], "is_closed": one.is_closed, "is_won": one.is_won,
        "created_at": one.created_at, "expected_close": one.expected_close, "closed_at": one.closed_at,
        "owner_key": key[one.owner],
    }  # fmt: skip


def _opportunity_change(world, key, one):
    return {
        "opportunity_key": key[one.opportunity], "changed_at": one.at, "field": one.field,
        "old_stage_key": key.get(one.old_stage), "new_stage_key": key.get(one.new_stage),
        "old_amount": _major(one.old_amount), "new_amount": _major(one.new_amount),
    }  # fmt: skip


def _stage(world, key, one):
    return {"name": one.name, "rank": one.rank, "is_won": one.is_won, "is_closed": one.is_won}


def _document(world, key, one):
    digits = _digits(world, one.currency)
    return {
        "kind": one.kind, "number": one.number, "customer_key": key[one.customer], "date": one.day,
        "due_date": one.due, "currency": one.currency, "home_currency": world.home_currency,
        "net": _major(one.net, digits), "tax": _major(one.tax, digits), "gross": _major(one.gross, digits),
        "home_net": _major(one.home_net), "home_gross": _major(one.home_gross), "rate": one.rate,
        "rate_direction": "divide", "balance": _major(one.balance, digits), "status": one.status,
        "reference": one.reference, "po": one.po, "opportunity_ref": one.opportunity_number,
        "credited_document_key": key.get(one.credited), "repeating_key": key.get(one.repeating),
    }  # fmt: skip


def _line(world, key, document, line):
    digits = _digits(world, document.currency)
    return {
        "key": f"{key[document.key]}/{line.position}", "source": NAME, "document_key": key[document.key],
        "position": line.position, "description": line.description, "line_class": line.line_class,
        "net": _major(line.net, digits), "home_net": _major(line.home_net),
    }  # fmt: skip


def _payment(world, key, one):
    return {
        "customer_key": key[one.customer], "date": one.day, "currency": one.currency,
        "amount": _major(one.amount, _digits(world, one.currency)), "direction": one.direction, "status": one.status,
    }  # fmt: skip


def _allocations(world, key, one, common):
    """A credit note that settles an invoice is a row for each of the two."""
    document = next(found for found in world.documents if found.key == one.document)
    amount = _major(one.amount, _digits(world, document.currency))
    row = common | {
        "document_key": key[one.document], "payment_key": key.get(one.payment), "credit_document_key": key.get(one.credit),
        "amount": amount, "date": one.day,
    }  # fmt: skip
    yield "allocation", row
    if one.credit:
        turned = {"document_key": key[one.credit], "credit_document_key": key[one.document]}
        yield "allocation", row | {"key": f"{row['key']}/credit"} | turned


def _cost_line(world, key, one):
    return {
        "campaign_code": one.event_code, "date": one.day, "document_number": one.bill, "description": one.description,
        "net": _major(one.net), "currency": one.currency, "home_net": _major(one.home_net),
        "home_currency": world.home_currency, "status": one.status,
    }  # fmt: skip


def _activity(world, key, one):
    return {
        "kind": one.kind, "person_key": key.get(one.person), "opportunity_key": key.get(one.opportunity),
        "owner_key": key[one.owner], "at": one.at,
    }  # fmt: skip


def _owner(world, key, one):
    return {"name": one.name, "email": one.email, "is_active": one.is_active, "kind": one.kind}


#: Canonical entity → what makes a row of it, for whoever compares rows.
MAKERS = {
    "campaign": _campaign,
    "touch": _touch,
    "person": _person,
    "account": _account,
    "opportunity": _opportunity,
    "opportunity_change": _opportunity_change,
    "stage": _stage,
    "customer": _customer,
    "document": _document,
    "payment": _payment,
    "cost_line": _cost_line,
    "activity": _activity,
    "owner": _owner,
}
