"""Every connector has its Meltano definition, and it says what the connector says."""

import yaml
from tests.contract.meltano import FILE, project

#: Connectors that read files: there is nobody to show a credential to.
FILES = {"tap-leadlist"}


def test_the_shipped_definitions_are_those_of_the_connectors():
    shipped = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert shipped == project(), "run `python -m tests.contract.meltano`"


def test_secrets_are_marked_and_nothing_internal_is_shown():
    plugins = project()["plugins"]
    for plugin in [*plugins["extractors"], *plugins["loaders"]]:
        settings = {one["name"]: one for one in plugin["settings"]}
        assert not [name for name in settings if name.startswith("closedloop_")]
        secret = {
            name
            for name in settings
            if name.endswith(("secret", "password", "api_key", "_token", "private_key"))
        }
        assert all(settings[name].get("sensitive") for name in secret), plugin["name"]
        assert secret or plugin["name"] in FILES, plugin["name"]
