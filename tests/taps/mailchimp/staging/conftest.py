"""The staging files over landed rows."""

import pytest
from tests.taps.landing import Landing

from tap_mailchimp.catalog import STREAMS, schema


@pytest.fixture(scope="session")
def landing():
    return Landing("tap_mailchimp", {name: schema(name) for name in STREAMS}, "news")


@pytest.fixture
def stage(landing):
    return landing.stage
