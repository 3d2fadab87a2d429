"""The base of our taps: what a tap without a vendor's particulars says."""

import pytest
from singer_sdk import typing as th

from closedloop.errors import ConfigError
from closedloop.kit.login import Granted
from closedloop.kit.tap import CLOSEDLOOP_SETTINGS, ClosedloopTap


class Plain(ClosedloopTap):
    """A tap whose credential stands in the settings."""

    name = "tap-plain"
    config_jsonschema = th.PropertiesList(*CLOSEDLOOP_SETTINGS).to_dict()

    def discover_streams(self):
        """Return no stream."""
        return []


def test_a_tap_without_a_login_says_so_to_whoever_asks_for_one():
    tap = Plain(config={"closedloop_connection": "news"}, parse_env_config=False)
    for asked in (tap.consent, lambda: tap.keep(Granted(redirect={}, answer={}))):
        with pytest.raises(ConfigError, match="no login") as refused:
            asked()
        assert refused.value.where == "connections.news"
        assert "tap-plain --about" in refused.value.fix
