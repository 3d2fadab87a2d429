"""Vendor's material that lies beside the project: read where it is, never copied."""

import json
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared"
RECORDINGS, SPEC = SHARED / "recordings" / "xero", SHARED / "specs" / "xero"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)
needs_spec = pytest.mark.skipif(not SPEC.is_dir(), reason="the specification is not beside the project")


def recorded(listing):
    """Every row of a listing in any recording, as Xero answered it."""
    found = {}
    for file in sorted(RECORDINGS.glob("*.json")) if RECORDINGS.is_dir() else ():
        api = json.loads(file.read_text(encoding="utf-8")).get("api", {})
        for paths in api.values():
            for answers in paths.values():
                for answer in answers if isinstance(answers, list) else [answers]:
                    body = answer.get("response")
                    rows = body.get(listing, []) if isinstance(body, dict) else []
                    found |= {json.dumps(row, sort_keys=True): row for row in rows}
    return list(found.values())
