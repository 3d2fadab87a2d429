"""Imports run one way, the core knows no connector, and a shelf holds only packages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "sync" / "closedloop"

#: Each part of the core, with the parts it may import. Reads upwards: later lines build on earlier ones.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "clock": set(),
    "units": set(),
    "settings": {"units"},
    "log": {"kit"},  # one way to redact
    "kit": {"errors", "clock", "log"},
    "config": {"errors", "units", "settings", "models"},  # the names of the measures
    "connectors": {"errors", "kit"},
    "store": {"errors", "clock", "settings", "log", "kit"},
    "engines": {"errors", "store"},
    "models": {"errors", "clock", "settings", "log", "kit", "connectors", "store", "engines", "link"},
    "link": {"errors", "store", "engines"},
    "forget": {"errors", "settings", "store", "models", "link"},
    "extract": {"errors", "clock", "settings", "log", "kit", "connectors", "store", "forget"},
    "writeback": {"errors", "clock", "settings", "log", "kit", "connectors", "store", "engines", "models"},
    "imports": {
        "errors", "clock", "settings", "log", "kit", "config", "connectors", "store", "models", "link", "extract",
        "writeback",
    },
    "report": {"errors", "clock", "settings", "log", "store", "models"},
    "service": {
        "errors", "clock", "units", "settings", "log", "kit", "config", "connectors", "store", "models", "link", "extract",
        "writeback", "report", "history", "forget",
    },
    "history": {"errors", "clock", "settings", "log", "kit", "models", "store"},
    "case": {"errors", "clock", "settings", "config", "models", "store"},
    "sandbox": {"errors", "clock", "log", "kit"},
}  # fmt: skip
#: The command line sees all; nothing sees it.
FACE = {"cli", "__main__", "__init__"}
#: What a Meltano plugin's small environment lacks: no connector and nothing under it may import these.
HEAVY = {
    "duckdb",
    "sqlalchemy",
    "sqlglot",
    "typer",
    "rich",
    "yaml",
    "scipy",
    "numpy",
    "altair",
    "starlette",
    "uvicorn",
    "jinja2",
}
LIGHT = {"errors", "clock", "units", "settings", "log", "kit"}
#: Beside the configuration: the clock's start, the crash tests' failpoints, and what a child process inherits.
ENVIRONMENT_READERS = {
    "clock.py",
    "config/load.py",
    "settings.py",
    "kit/failpoint.py",
    "connectors.py",
    "cli/playground.py",
    "cli/setup.py",
}


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted name of every module imported anywhere in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part(path: Path) -> str:
    """Return the part of the core that a file belongs to."""
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def core_files() -> list[Path]:
    return sorted(CORE.rglob("*.py"))


def connector_files() -> list[Path]:
    return sorted([*(ROOT / "taps").rglob("*.py"), *(ROOT / "targets").rglob("*.py")])


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(CORE)))
def test_imports_in_the_core_run_one_way(path):
    mine = part(path)
    if mine in FACE:
        return
    used = {name.split(".")[1] for name in imports(path) if name.startswith("closedloop.")} - {mine}

    assert used - MAY_IMPORT[mine] == set()


def test_the_allowed_imports_have_no_cycle_but_the_one_inside_the_kit():
    order: list[str] = []
    left = {name: set(used) for name, used in MAY_IMPORT.items()}
    left["log"].discard("kit")  # log uses kit.redact, which imports nothing
    while ready := sorted(name for name, used in left.items() if not used - set(order)):
        order += ready
        left = {name: used for name, used in left.items() if name not in ready}

    assert left == {}


def test_the_core_never_imports_a_connector():
    found = [
        (path.name, name)
        for path in core_files()
        for name in imports(path)
        if name.startswith(("tap_", "target_"))
    ]

    assert found == []


def test_connectors_import_only_what_the_small_install_has():
    allowed = {f"closedloop.{name}" for name in LIGHT}
    for path in connector_files():
        for name in imports(path):
            if name.startswith("closedloop."):
                assert ".".join(name.split(".")[:2]) in allowed, f"{path}: {name}"
            assert name.split(".")[0] not in HEAVY, f"{path}: {name}"


def test_what_connectors_use_of_the_core_is_light():
    for path in core_files():
        if part(path) in LIGHT:
            assert not {name.split(".")[0] for name in imports(path)} & HEAVY, path


def test_only_the_settings_and_the_clock_read_the_environment():
    readers = {
        str(path.relative_to(CORE))
        for path in core_files()
        if {"os.environ", "os.getenv"}
        & {
            ast.unparse(node)
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
    }

    assert readers <= ENVIRONMENT_READERS


@pytest.mark.parametrize("shelf", ["taps", "targets", "sync"])
def test_a_shelf_holds_only_packages_and_a_readme(shelf):
    for entry in (ROOT / shelf).iterdir():
        assert entry.name in {"README.md", "__pycache__"} or (
            entry.is_dir() and (entry / "__init__.py").exists()
        ), entry


def test_every_package_is_marked_as_typed():
    for shelf in ("taps", "targets", "sync"):
        for package in (ROOT / shelf).iterdir():
            assert not package.is_dir() or package.name == "__pycache__" or (package / "py.typed").exists(), (
                package
            )


def test_no_module_is_longer_than_400_lines():
    long = {
        path.name: n
        for path in [*core_files(), *connector_files()]
        if (n := len(path.read_text().splitlines())) > 400
    }

    assert long == {}
