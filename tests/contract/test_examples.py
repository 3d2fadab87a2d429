"""What the examples set is what the connectors know: a typing error there would be copied by everybody."""

from pathlib import Path

import pytest

from closedloop.config import load
from tap_leadlist.tap import TapLeadlist
from tap_quickbooks.tap import TapQuickBooks
from tap_xero.tap import TapXero

EXAMPLES = Path(__file__).parent.parent.parent / "config" / "examples"
LISTS = "badge-scans"
TAPS = {"quickbooks": TapQuickBooks, "xero": TapXero}


class Anything(dict):
    """An environment in which every secret is set."""

    def get(self, key, default=None):
        return f"value-of-{key}"


@pytest.mark.parametrize("connector", TAPS)
def test_the_tap_takes_the_settings_of_its_example(connector, tmp_path):
    books = load(EXAMPLES / f"{connector}.yaml", Anything()).connections["books"]
    tap = TAPS[connector](
        config={**books.settings, "closedloop_tokens": str(tmp_path)},
        validate_config=True,
        setup_mapper=False,
    )

    assert books.connector == connector
    assert tap.consent().redirect_url == books.settings.get("redirect_url", "http://localhost:8914/callback")
    assert tap.discover_streams()


def test_the_tap_for_lists_takes_the_settings_of_its_example():
    scans = load(EXAMPLES / f"{LISTS}.yaml", Anything()).connections["scans"]
    tap = TapLeadlist(config=scans.settings, validate_config=True, setup_mapper=False)

    assert Path(scans.settings["files"][0]).is_absolute()
    assert tap.options.campaign_of("scans", "rotterdam-1.csv") == "E-17"
