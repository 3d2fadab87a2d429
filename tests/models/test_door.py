"""The worked examples once more, written as the CSV files of a case."""

import csv
from decimal import Decimal

from tests.models.conftest import worked_rows
from tests.models.kit import AS_OF

from closedloop.case.run import run
from closedloop.clock import Clock
from closedloop.models.currencies import digits_of
from closedloop.models.entities import ENTITIES, MONEY

CHICAGO = "company: {currency: USD, time_zone: America/Chicago}\n"


def table(folder, name):
    with (folder / "out" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def minor(row, column, documents):
    """Return an amount of a row in minor units, as a case writes it."""
    whose = documents.get(row.get("document_key"), row)
    currency = whose.get("home_currency" if column.startswith("home") else "currency") or "USD"
    return int(Decimal(row[column]) * 10 ** digits_of(currency))


def test_worked_examples_come_out_as_from_a_ledger(worked, tmp_path):
    rows = worked_rows()
    documents = {row["key"]: row for row in rows["document"]}
    folder = tmp_path / "in"
    folder.mkdir()
    for entity, records in rows.items():
        kinds = ENTITIES[entity]
        columns = [name for name in reversed(kinds) if any(name in row for row in records)]
        with (folder / f"{entity}.csv").open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)  # lines end with CR LF
            writer.writerow(columns)
            for row in records:
                cells = (
                    minor(row, c, documents) if kinds[c] == MONEY and row.get(c) else row.get(c)
                    for c in columns
                )
                writer.writerow(["" if cell is None else cell for cell in cells])
    config = tmp_path / "some.yaml"
    config.write_text(CHICAGO + "connections: {crm: {connector: odoo, settings: {api_key: '${NOT_SET}'}}}\n")
    done = run(folder, tmp_path / "out", config=config, as_of=AS_OF, clock=Clock())
    world, reconciled = worked
    assert done.reconciled.checks == reconciled.checks == []
    for name in ("campaign_measures", "account_measures", "attribution_credit", "document_figure", "totals"):
        columns = [c for c in world.store.columns("marts", name) if c not in {"source", "url"}]
        names = ", ".join(f'"{column}"::varchar' for column in columns)
        theirs = world.store.query(f"select {names} from marts.{name} order by all")
        ours = sorted(tuple(row[c] or None for c in columns) for row in table(tmp_path, name))
        assert sorted(map(str, ours)) == sorted(map(str, theirs)), name
    assert {row["amount"] for row in table(tmp_path, "canonical/opportunity")} >= {"100000", "33333"}
