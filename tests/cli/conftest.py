"""A small company's simulator, and the command line run against it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.cli.starter import Answers, System, render
from closedloop.sandbox.odoo import serve
from closedloop.sandbox.world import generate

#: What is tested on the command line is seldom the linker, which takes seconds to load.
EXACT = "matching: {policy: exact}\n"
WRITES = {"write", "create", "unlink", "load"}


@dataclass
class Shell:
    """One folder with a configuration, and `closedloop` in it."""

    folder: Path
    simulator: object
    text: str
    writes: list = field(default_factory=list)

    @property
    def config(self):
        return self.folder / "closedloop.yaml"

    def edited(self, old, new):
        assert old in self.text
        return replace(self, text=self.text.replace(old, new, 1))

    @property
    def only_crm(self):
        """The same without the ledger and without write-back: what fails before them needs neither."""
        return replace(self, text=self.text[: self.text.index("  books:")])

    @property
    def without_writeback(self):
        return replace(self, text=self.text[: self.text.index("writeback:")])

    def run(self, *verb, code):
        self.config.write_text(self.text)
        before = len(self.simulator.requests())
        result = CliRunner().invoke(app, ["--config", str(self.config), *verb])
        output = result.stdout + result.stderr
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "Traceback" not in output
        assert result.exit_code == code, output
        self.writes = [one for one in self.simulator.requests(before) if one["method"] in WRITES]
        return result


@pytest.fixture(scope="session")
def small_world():
    return generate(5, 0.05)


@pytest.fixture(scope="module")
def simulator(small_world):
    with serve(small_world) as running:
        yield running


@pytest.fixture
def shell_on(tmp_path, monkeypatch):
    def make(simulator):
        monkeypatch.setenv("CLOSEDLOOP_CLOCK", simulator.now().isoformat())
        for name, key in simulator.api_keys.items():
            monkeypatch.setenv(f"{name.upper()}_API_KEY", key)
        crm, books = (System(settings={"url": simulator.url, "database": name}) for name in ("crm", "books"))
        answers = Answers(
            company="Test", currency="USD", time_zone="America/Chicago", crm=crm, books=books, mode="apply"
        )
        return Shell(folder=tmp_path, simulator=simulator, text=EXACT + render(answers))

    return make


@pytest.fixture
def shell(shell_on, simulator):
    return shell_on(simulator)


@pytest.fixture(scope="module", autouse=True)
def _warm(warm_module):
    """What is tested here is not how a tap starts."""
