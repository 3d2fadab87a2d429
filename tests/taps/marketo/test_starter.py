"""The first block of a connection and the example are ones that the tap takes."""

from importlib import resources
from pathlib import Path

import yaml

from closedloop.config import load
from tap_marketo.catalog import CAMPAIGN_FIELDS
from tap_marketo.settings import settings_schema
from tap_marketo.tap import TapMarketo

STARTER = (resources.files("tap_marketo") / "starter" / "marketing.yaml").read_text(encoding="utf-8")
EXAMPLE = Path(__file__).parents[3] / "config" / "examples" / "marketo.yaml"


class Anything(dict):
    """An environment in which every secret is set."""

    def get(self, key, default=None):
        return f"value-of-{key}"


def test_every_setting_of_the_block_is_one_of_the_taps():
    settings = yaml.safe_load(STARTER)["settings"]
    lines = [line.strip("# ") for line in STARTER.splitlines() if line.startswith("  # ")]
    waiting = yaml.safe_load("\n".join(line for line in lines if not line.startswith("Marketo has")))

    known = settings_schema()["properties"].keys()
    assert settings.keys() <= known
    assert waiting.keys() <= known
    assert waiting["campaign_fields"] == CAMPAIGN_FIELDS


def test_the_tap_takes_the_settings_of_its_example():
    marketing = load(EXAMPLE, Anything()).connections["marketing"]
    tap = TapMarketo(
        config={**marketing.settings, "url": "https://123-abc-456.mktorest.com/rest"},
        validate_config=True,
        setup_mapper=False,
    )
    tap.check_settings()

    assert marketing.connector == "marketo"
    assert tap.marketo.http.base_url == "https://123-abc-456.mktorest.com"
