"""Recorded traffic that lies beside the project: read where it is, never copied."""

import json
from pathlib import Path

import pytest

RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings" / "salesforce"
RESTFORCE = RECORDINGS / "fixtures-restforce"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)


def answers(name):
    """Every answer of one recording: (path, body)."""
    api = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["api"]
    for paths in api.values():
        for path, found in paths.items():
            for answer in found if isinstance(found, list) else [found]:
                yield path, answer["response"]


def fixture(name):
    """A fixture as text."""
    return (RESTFORCE / f"{name}.json").read_text(encoding="utf-8")
