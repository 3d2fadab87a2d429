"""Every stream, and every way in which a source quietly gives less than it has: named, exit 1, nothing written."""

import json
from dataclasses import replace

import pytest

from closedloop.config import load
from closedloop.sandbox.odoo import serve

#: Small, so that every stream with a handful of rows has a second page.
PAGE = 2


@pytest.fixture
def company(shell_on, small_world):
    with serve(small_world) as simulator:
        shell = shell_on(simulator)
        paged = replace(
            shell, text=shell.text.replace("      database:", f"      page_size: {PAGE}\n      database:")
        )
        paged.config.write_text(paged.text)
        yield paged


def streams_with_more_rows_than(least, company) -> list[tuple[str, str]]:
    """Return (connection, model) of every stream that the configuration names and that is large enough."""
    named = [
        (name, stream.replace("_", "."))
        for name, connection in load(company.config).connections.items()
        for stream in connection.streams
    ]
    return [one for one in named if len(company.simulator.records(*one)) > least]


@pytest.mark.parametrize(
    ("kind", "options", "least"),
    [
        ("drop_row", {}, 2),
        ("short_page", {"nth": 2}, 2 * PAGE),
        ("repeat_page", {}, 2 * PAGE),
        ("freeze_cursor", {"mode": "loop"}, 2 * PAGE),
    ],
)
def test_every_stream_that_gives_less_than_it_has_is_named(company, kind, options, least):
    spoilt = streams_with_more_rows_than(least, company)
    assert len(spoilt) > 10
    for connection, model in spoilt:
        company.simulator.faults.add(kind, db=connection, model=model, **options)

    result = company.run("run", code=1)
    writes = company.writes
    status = json.loads(company.run("--json", "status", code=0).stdout)
    told = {(one["connection"], one["stream"].replace("_", ".")): one["verdict"] for one in status["streams"]}

    assert [one for one in spoilt if told[one] not in {"incomplete", "failed"}] == []
    assert "Nothing was computed or written" in result.stderr
    assert writes == []
