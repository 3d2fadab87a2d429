"""Vendor's material that lies beside the project: read where it is, never copied."""

import json
import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[4] / "shared"
_SPECS = Path(os.environ.get("CLOSEDLOOP_SPECS") or _BESIDE / "specs")
RECORDINGS = _SPECS.parent / "recordings" / "hubspot"

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the project"
)


def answers():
    """Yield each recorded path with its answer."""
    for file in sorted(RECORDINGS.glob("*.json")) if RECORDINGS.is_dir() else ():
        api = json.loads(file.read_text(encoding="utf-8")).get("api", {})
        for paths in api.values():
            for path, found in paths.items():
                for answer in found if isinstance(found, list) else [found]:
                    yield path, answer.get("response")
