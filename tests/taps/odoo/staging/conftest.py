"""A staging file run on a few landed rows."""

import pytest
from tests.taps.odoo.staging.landed import as_text, landed, sql_of

from closedloop.models.entities import ENTITIES


@pytest.fixture
def stage():
    """Run an entity's staging file on landed rows; rows come back as dicts, ordered by key."""

    def run(entity, **streams):
        with landed(**streams) as held:
            described = held.execute(f"DESCRIBE {sql_of(entity)}").fetchall()
            chosen = ", ".join(as_text(name, kind) for name, kind, *_ in described)
            names = [name for name, *_ in described]
            found = held.execute(f"SELECT {chosen} FROM ({sql_of(entity)}) ORDER BY key").fetchall()
        return [dict(zip(names, row, strict=True)) for row in found]

    return run


@pytest.fixture(params=sorted(ENTITIES))
def entity(request):
    return request.param
