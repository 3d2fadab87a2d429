"""What the real Zendesk answered passes the parser and the staging."""

import json
from pathlib import Path

import pytest
from tests.taps.zendesk.staging.landed import landed, sql_of

from tap_zendesk.catalog import ENDPOINTS
from tap_zendesk.columns import Columns

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings" / "zendesk"
needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)


def recorded(kind):
    """Every row of a kind in any recording, as Zendesk answered it."""
    found = {}
    for file in sorted(RECORDINGS.glob("*.json")):
        for paths in json.loads(file.read_text(encoding="utf-8")).get("api", {}).values():
            for answers in paths.values():
                for answer in answers if isinstance(answers, list) else [answers]:
                    body = answer["response"]
                    single = body.get(kind.removesuffix("s"))
                    rows = body.get(kind) or ([single] if single else [])
                    found |= {row["id"]: row for row in rows}
    return list(found.values())


@needs_recordings
@pytest.mark.parametrize(
    ("kind", "staging"), [("tickets", "ticket"), ("users", "person"), ("organizations", None)]
)
def test_every_recorded_row_is_read_and_staged(kind, staging):
    rows = recorded(kind)
    columns = Columns(kind, ENDPOINTS[kind], escalated=["escalated"])

    records = [columns.record(row) for row in rows]

    assert [record["id"] for record in records] == [str(row["id"]) for row in rows] != []
    assert {record["created_at"] for record in records} == {row["created_at"] for row in rows}
    if staging:
        stored = [
            {name: value for name, value in record.items() if not name.startswith("_")} for record in records
        ]
        with landed(**{kind: stored}) as held:
            keys = {row[0] for row in held.execute(f"SELECT key FROM ({sql_of(staging)})").fetchall()}
        shown = [row for row in rows if kind != "users" or row["role"] == "end-user"]
        assert keys == {f"support:{kind}/{row['id']}" for row in shown}
