"""Vendor's material that lies beside the project: read where it is, never copied."""

import json
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared"
RECORDINGS, SPEC = (
    SHARED / "recordings" / "mailchimp",
    SHARED / "specs" / "mailchimp" / "apisguru-marketing.json.gz",
)

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)
needs_spec = pytest.mark.skipif(not SPEC.is_file(), reason="the specification is not beside the project")


def recorded():
    """Every answer of any recording: (path, body)."""
    found = []
    for file in sorted(RECORDINGS.glob("*.json")) if RECORDINGS.is_dir() else ():
        api = json.loads(file.read_text(encoding="utf-8"), parse_float=str).get("api", {})
        for path, answers in ((path, answers) for paths in api.values() for path, answers in paths.items()):
            many = answers if isinstance(answers, list) else [answers]
            found += [(path.removeprefix("/3.0"), answer["response"]) for answer in many]
    return found
