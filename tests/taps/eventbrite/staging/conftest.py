"""The staging files over landed rows."""

import pytest
from tests.taps.landing import Landing

from tap_eventbrite.catalog import STREAMS, schema


@pytest.fixture(scope="session")
def landing():
    return Landing("tap_eventbrite", {name: schema(name) for name in STREAMS}, "events")


@pytest.fixture
def stage(landing):
    return landing.stage
