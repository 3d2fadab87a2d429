"""The demo, small: the loop runs, writes, proves itself, and its second cycle writes nothing."""

import csv
import json

import pytest
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.cli.context import Context
from closedloop.cli.demo import check_figures
from closedloop.cli.playground import Playground, living_at
from closedloop.errors import PartlyFailedError
from closedloop.sandbox.plant import FAULTS
from closedloop.sandbox.stand import serve
from closedloop.sandbox.world import generate

CAMPAIGN_FIGURES = (
    "attendee_ltv",
    "attributed_linear",
    "attended",
    "leads_captured",
    "cost",
    "won",
    "pipeline_open",
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out"
    result = CliRunner().invoke(
        app, ["demo", "--dir", str(folder), "--seed", "3", "--scale", "0.05", "--check"]
    )
    return folder, result


def test_the_demo_runs_writes_back_and_equals_the_truth(demo):
    _, result = demo

    assert result.exit_code == 0, result.output
    assert "Events by realised ROI" in result.output
    assert "First broken links" in result.output
    assert "second cycle:" in result.output
    assert " 0 of them writes" in result.output
    assert "with the true links: 0 figures differ" in result.output
    assert "with our own links: 0 false" in result.output


@pytest.mark.long
@pytest.mark.parametrize(("crm", "ledger"), [("hubspot", "xero"), ("odoo", "odoo")])
def test_every_other_crm_and_ledger_gives_the_same_figures(demo, warm, tmp_path, crm, ledger):
    arguments = ["--seed", "3", "--scale", "0.05", "--crm", crm, "--ledger", ledger, "--check"]
    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path / "out"), *arguments])

    assert result.exit_code == 0, result.output
    one, other = (
        json.loads((folder / "truth.json").read_text("utf-8")) for folder in (demo[0], tmp_path / "out")
    )
    assert one["totals"] == other["totals"]
    for name in CAMPAIGN_FIGURES:
        figures = [{key: found[name] for key, found in truth["campaigns"].items()} for truth in (one, other)]
        assert figures[0] == figures[1], name


def test_the_demo_leaves_a_report_a_sheet_the_truth_and_a_configuration(demo):
    folder, _ = demo
    page = (folder / "report" / "index.html").read_text(encoding="utf-8")
    rows = list(csv.DictReader((folder / "report" / "events.csv").read_text("utf-8-sig").splitlines()))
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))

    assert "<svg" in page
    assert len(rows) == len(truth["campaigns"])
    assert truth["totals"]["invoiced_all"] > 0
    assert (folder / "closedloop.yaml").read_text().startswith("# Written by `closedloop init`")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path), "--scale", "0.05"])

    assert result.exit_code == 2
    assert "no earlier demo made it" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_scale_of_nothing_is_refused(tmp_path):
    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path / "d"), "--scale", "0"])

    assert result.exit_code == 2
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "name",
    [
        "tax_counted_as_revenue",
        pytest.param("credit_note_sign_flipped", marks=pytest.mark.long),
        pytest.param("future_document_counted", marks=pytest.mark.long),
    ],
)
def test_a_planted_fault_makes_the_check_end_with_1(demo, name):
    """`demo --plant` on the company that the demo left. All thirty faults are in tests/sandbox/test_plant.py."""
    folder, _ = demo
    fault = next(one for one in FAULTS if one.name == name)
    world = generate(3, 0.05)
    with (
        serve(world, crm="salesforce", ledger="quickbooks") as (held, crm, books),
        living_at("2026-10-31T12:00:00+00:00"),
    ):
        ground = Playground(
            folder=folder, config=folder / "closedloop.yaml", world=held, crm=crm, books=books, clock=""
        )
        with pytest.raises(PartlyFailedError, match="differ from the truth") as stopped:
            check_figures(Context(json=True), ground, fault)

    assert stopped.value.exit_code == 1


def test_a_fault_that_is_not_known_is_refused_with_the_list(tmp_path):
    result = CliRunner().invoke(app, ["demo", "--dir", str(tmp_path / "d"), "--plant", "gremlins"])

    assert result.exit_code == 2
    assert "credit_note_sign_flipped" in result.stderr
