"""The first block of a connection is one that the tap takes."""

from importlib import resources

import yaml

from tap_eventbrite.settings import settings_schema

STARTER = (resources.files("tap_eventbrite") / "starter" / "events.yaml").read_text(encoding="utf-8")


def test_every_setting_is_one_of_the_taps():
    settings = yaml.safe_load(STARTER.replace("\n  # ", "\n  "))["settings"]

    assert settings.keys() == {"access_token", "campaigns", "ticket_classes_left_out"}
    assert settings.keys() <= settings_schema()["properties"].keys()
