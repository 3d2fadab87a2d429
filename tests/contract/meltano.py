"""The plugin definitions for Meltano, made from what each connector says of itself.

`python -m tests.contract.meltano` writes config/meltano/meltano.yml anew.
"""

import importlib
from importlib.metadata import entry_points
from pathlib import Path

import yaml

FILE = Path(__file__).parent.parent.parent / "config" / "meltano" / "meltano.yml"
KINDS = {
    "integer": "integer",
    "boolean": "boolean",
    "number": "decimal",
    "object": "object",
    "array": "array",
}
HEAD = """\
# A Meltano project with every tap and target of closedloop. Copy the plugins you use into your own meltano.yml, and give
# `pip_url` the place you install closedloop from. Made from `--about` by `python -m tests.contract.meltano`.
"""


def connector(package):
    """Return the plugin class of a connector's package."""
    kind = package.partition("_")[0]
    module = importlib.import_module(f"{package}.{kind}")
    return next(
        one
        for one in vars(module).values()
        if isinstance(one, type) and one.__module__ == module.__name__ and getattr(one, "name", "") == package.replace("_", "-")
    )  # fmt: skip


def setting(name, schema):
    """Return a setting as Meltano describes it."""
    types = schema.get("type", "string")
    plain = next((one for one in ([types] if isinstance(types, str) else types) if one != "null"), "string")
    found = {"name": name, "label": schema.get("title", name)}
    if schema.get("enum"):
        found |= {"kind": "options", "options": [{"label": one, "value": one} for one in schema["enum"]]}
    elif schema.get("format") == "date-time":
        found["kind"] = "date_iso8601"
    else:
        found["kind"] = KINDS.get(plain, "string")
    if schema.get("secret"):
        found["sensitive"] = True
    if schema.get("default") is not None:
        found["value"] = schema["default"]
    return found | {"description": " ".join(schema.get("description", "").split())}


def definition(package):
    """Return a connector's definition."""
    about = connector(package)._get_about_info()  # noqa: SLF001 (what `--about` prints)
    properties = about.settings["properties"]
    required = about.settings.get("required", [])
    return {
        "name": about.name,
        "namespace": package,
        "variant": "closedloop",
        "pip_url": "closedloop",
        "executable": about.name,
        "capabilities": [one.value for one in about.capabilities],
        "settings": [
            setting(name, schema)
            for name, schema in properties.items()
            if not name.startswith("closedloop_") and name != "drain_at_end"
        ],
        "settings_group_validation": [list(required)],
    }


def project():
    """Return the whole project file as data."""
    packages = {
        kind: sorted({entry.value for entry in entry_points(group=f"closedloop.{kind}s")})
        for kind in ("tap", "target")
    }
    return {
        "requires_meltano": ">=4.4,<5",
        "send_anonymous_usage_stats": False,
        "default_environment": "dev",
        "environments": [{"name": "dev"}],
        "plugins": {
            "extractors": [definition(one) for one in packages["tap"]],
            "loaders": [definition(one) for one in packages["target"]],
        },
    }


def text():
    """Return the file's text."""
    return HEAD + yaml.safe_dump(project(), sort_keys=False, width=118, allow_unicode=True)


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
