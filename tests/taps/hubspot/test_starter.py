"""The first block of a connection is one that the tap takes."""

from importlib import resources

import yaml

from tap_hubspot.catalog import DEFAULT_MAPPINGS
from tap_hubspot.settings import settings_schema

STARTER = (resources.files("tap_hubspot") / "starter" / "crm.yaml").read_text(encoding="utf-8")


def test_every_setting_is_one_of_the_taps():
    settings = yaml.safe_load(STARTER)["settings"]

    assert settings.keys() <= settings_schema()["properties"].keys()


def test_every_mapping_that_waits_for_its_fields_maps_columns_that_there_are():
    waiting = [line.strip("# ") for line in STARTER.splitlines() if "_fields: {" in line]
    mappings = {name: own for line in waiting for name, own in yaml.safe_load(line).items()}

    assert mappings.keys() == DEFAULT_MAPPINGS.keys()
    assert all(own.keys() <= DEFAULT_MAPPINGS[name].keys() for name, own in mappings.items())
