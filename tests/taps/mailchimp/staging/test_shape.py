"""Every staging file: its columns, its inputs, its portability."""

from importlib.resources import files

import pytest
from tests.taps.staged_shape import CHECKS, check_bare_records

from tap_mailchimp.catalog import STREAMS

FILES = sorted(file.name.removesuffix(".sql") for file in (files("tap_mailchimp") / "staging").iterdir())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("check", CHECKS)
def test_every_file(landing, name, check):
    check(landing, name)


@pytest.mark.parametrize("name", FILES)
def test_bare_records(landing, name):
    check_bare_records(landing, name, {stream: source.key for stream, source in STREAMS.items()})
