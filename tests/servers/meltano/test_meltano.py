"""Real Meltano installs the connectors by `pip_url`, shows them, runs them and goes on from its own state."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.contract.meltano import FILE
from tests.servers.odoo.program import cache

from closedloop.sandbox.members import as_members
from closedloop.sandbox.salesforce import serve
from closedloop.sandbox.world import generate

ROOT = Path(__file__).parent.parent.parent.parent
MELTANO = "meltano>=4.4,<4.5"
#: Every plugin takes minutes: CI installs those of one vendor, `CLOSEDLOOP_MELTANO=all make test-servers` all of them.
ALL = os.environ.get("CLOSEDLOOP_MELTANO") == "all"
JSONL = {
    "name": "target-jsonl", "namespace": "target_jsonl", "variant": "andyh1203", "pip_url": "target-jsonl",
    "executable": "target-jsonl", "settings": [{"name": "destination_path"}], "config": {"destination_path": "out"},
}  # fmt: skip
STREAMS = ("Campaign", "CampaignMember", "Account")

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def meltano():
    """The program in a venv of its own; installed on first use, then kept."""
    home = cache() / "meltano"
    program = home / "bin" / "meltano"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", MELTANO], check=True)
    return program


@pytest.fixture(scope="module")
def project(meltano, tmp_path_factory):
    """A project with every plugin of the shipped file, installed from this checkout, and somebody else's loader."""
    folder = tmp_path_factory.mktemp("meltano")
    (folder / "out").mkdir()
    written = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    plugins = written["plugins"]
    if not ALL:
        for kind, found in plugins.items():
            plugins[kind] = [one for one in found if one["name"].endswith("-salesforce")]
    for plugin in [*plugins["extractors"], *plugins["loaders"]]:
        plugin["pip_url"] = str(ROOT)
    plugins["loaders"].append(JSONL)
    path = folder / "meltano.yml"
    with serve(as_members(generate(5, 0.05), unknown="lead")) as salesforce:
        extractor = next(one for one in plugins["extractors"] if one["name"] == "tap-salesforce")
        extractor["config"] = dict(salesforce.settings)
        extractor["select"] = [f"{stream}.*" for stream in STREAMS]
        path.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")

        def run(*arguments):
            environment = {
                **os.environ, "NO_COLOR": "1", "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
                "MELTANO_CLI_LOG_LEVEL": "warning", "MELTANO_PROJECT_ROOT": str(folder),
            }  # fmt: skip
            environment.pop("PYTHONPATH", None)  # the plugins are to import what was installed
            done = subprocess.run(
                [str(meltano), *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run("install")
        yield run, folder, salesforce, written


def rows(folder, stream):
    files = sorted((folder / "out").glob(f"{stream}-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_every_plugin_says_what_it_is(project):
    run, _, _, written = project
    for plugin in [*written["plugins"]["extractors"], *written["plugins"]["loaders"][:-1]]:
        about = json.loads(run("invoke", plugin["name"], "--about", "--format=json"))
        assert about["name"] == plugin["name"]


def test_config_and_select_know_the_settings_and_the_streams(project):
    run, _, salesforce, _ = project
    config = json.loads(run("config", "print", "tap-salesforce"))
    assert config["client_id"] == salesforce.settings["client_id"]
    assert salesforce.settings["client_secret"] not in run("config", "list", "tap-salesforce")
    listed = run("select", "--list", "tap-salesforce")
    assert "Campaign.Name" in listed
    assert "Case.Subject" not in listed


def test_a_run_moves_the_records_and_the_next_goes_on_from_the_state(project):
    run, folder, salesforce, _ = project
    run("run", "tap-salesforce", "target-jsonl", "--state-id-suffix=a")
    first = {stream: rows(folder, stream) for stream in STREAMS}
    for stream in STREAMS:
        assert {row["Id"] for row in first[stream]} == {row["Id"] for row in salesforce.records(stream)}, (
            stream
        )
    states = run("state", "list")
    assert "dev:tap-salesforce-to-target-jsonl:a" in states
    campaign = first["Campaign"][0]["Id"]
    salesforce.advance(3600)
    salesforce.edit("Campaign", campaign, {"Description": "changed"})
    salesforce.advance(3600)
    since = len(salesforce.requests())
    run("run", "tap-salesforce", "target-jsonl", "--state-id-suffix=a")
    again = rows(folder, "Campaign")[len(first["Campaign"]) :]
    assert campaign in {row["Id"] for row in again}
    assert len(rows(folder, "Account")) - len(first["Account"]) < len(first["Account"])
    assert len(salesforce.requests(since)) > 0
