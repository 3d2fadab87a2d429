"""Staging files run on a few landed rows."""

import pytest
from tests.taps.zendesk.staging.landed import FILES, as_text, entity_of, landed, statement_of


@pytest.fixture
def stage():
    """Run an entity's staging files on landed rows; rows come back as dicts, ordered by key."""

    def run(entity, **streams):
        rows = []
        for name in (name for name in FILES if entity_of(name) == entity):
            with landed(**streams) as held:
                described = held.execute(f"DESCRIBE {statement_of(name)}").fetchall()
                chosen = ", ".join(as_text(column, kind) for column, kind, *_ in described)
                names = [column for column, *_ in described]
                found = held.execute(f"SELECT {chosen} FROM ({statement_of(name)})").fetchall()
            rows += [dict(zip(names, row, strict=True)) for row in found]
        return sorted(rows, key=lambda row: row["key"])

    return run
