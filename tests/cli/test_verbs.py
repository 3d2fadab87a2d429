"""Every verb explains itself, `init` writes a file that loads, and the small install says what is missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.config import load

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
VERBS = [
    "init",
    "login",
    "check",
    "run",
    "sync",
    "reconcile",
    "plan",
    "apply",
    "revert",
    "quarantine",
    "audit",
    "provision",
    "import",
    "status",
    "runs",
    "explain",
    "history",
    "report",
    "breaks",
    "tie-out",
    "review",
    "link",
    "marts",
    "backfill",
    "connection",
    "backup",
    "restore",
    "forget",
    "daemon",
    "metrics",
    "sandbox",
    "demo",
]
INIT = {
    "--company": 'Ünïque $5 GmbH: a "test"',
    "--currency": "eur",
    "--time-zone": "Europe/Vienna",
    "--crm-url": "https://crm.example.com",
    "--crm-database": "crm",
    "--books-url": "https://books.example.com",
    "--books-database": "books",
}  # fmt: skip


def invoke(*arguments, **options):
    return CliRunner().invoke(app, [str(one) for one in arguments], **options)


def test_help_lists_the_verbs_in_the_order_of_use_and_the_exit_codes():
    text = invoke("--help").output
    listed = [line.split()[0] for line in text.split("Commands:")[1].splitlines() if line.startswith("  ")]

    assert listed[: len(VERBS)] == VERBS
    assert "Exit codes: 0 done" in text


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_and_stands_in_the_readme(verb):
    result = invoke(verb, "--help")

    assert result.exit_code == 0
    assert "Usage: " in result.output
    assert len(result.output.split("\n\n")[1].strip()) > 20, "a sentence on what it does"
    assert f"closedloop {verb}" in README or f"make {verb}" in README


def test_help_loads_nothing_heavy():
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom closedloop.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'duckdb', 'sqlalchemy', 'pydantic', 'yaml', 'sqlglot', 'numpy', 'singer_sdk', 'requests', 'structlog'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_init_writes_a_file_that_loads_once_the_keys_are_there(tmp_path):
    path = tmp_path / "closedloop.yaml"
    result = invoke("--config", path, "init", *(part for pair in INIT.items() for part in pair))

    assert result.exit_code == 0, result.output
    assert "CRM_API_KEY, BOOKS_API_KEY" in result.output
    settings = load(path, {"CRM_API_KEY": "a", "BOOKS_API_KEY": "b"})
    assert settings.company.name == INIT["--company"]
    assert settings.company.currency == "EUR"
    assert settings.connections["books"].settings["api_key"] == "b"
    assert settings.writeback["crm"].mode == "plan"


def test_init_asks_for_what_is_not_given_and_never_replaces_a_file(tmp_path):
    path = tmp_path / "closedloop.yaml"
    asked = invoke("--config", path, "init", input="Acme\nUSD\nUTC\n" + "\n" * 9)

    assert asked.exit_code == 0, asked.output
    before = path.read_text()
    again = invoke("--config", path, "init", input="\n" * 9)
    assert again.exit_code == 2
    assert "the file exists" in again.stderr
    assert path.read_text() == before


def test_init_refuses_an_answer_that_check_would_refuse_and_leaves_nothing(tmp_path):
    answers = {**INIT, "--time-zone": "Wien"}
    result = invoke(
        "--config", tmp_path / "c.yaml", "init", *(part for pair in answers.items() for part in pair)
    )

    assert result.exit_code == 2
    assert "Wien is not a time zone" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_file_every_verb_says_how_to_get_one(tmp_path):
    for verb in (["check"], ["run"], ["status"], ["plan"], ["explain", "campaign", "x"], ["daemon"]):
        result = invoke("--config", tmp_path / "none.yaml", *verb)

        assert result.exit_code == 2
        assert "there is no such file" in result.stderr
        assert "`closedloop init` writes one" in result.stderr


def test_an_unknown_connection_is_answered_with_the_nearest_one(shell):
    assert "did you mean crm?" in shell.run("sync", "cmr", code=2).stderr
    assert "did you mean crm?" in shell.run("plan", "crn", code=2).stderr
    assert "write crm/STREAM" in shell.run("backfill", "crm", code=2).stderr


def test_looking_before_the_first_run_says_what_to_do(shell):
    for verb in (["breaks"], ["explain", "campaign", "x"], ["report"]):
        result = shell.run(*verb, code=1)

        assert "nothing was reconciled yet" in result.stderr
        assert "closedloop run" in result.stderr
    assert shell.run("status", code=0).exception is None


def test_errors_are_json_too_for_machines(shell):
    shell.config.write_text("company: {}\n")
    result = invoke("--config", shell.config, "--json", "status")

    assert json.loads(result.stdout)["error"]["exit_code"] == 2


def test_an_error_nobody_foresaw_is_a_message_without_a_traceback(shell, monkeypatch):
    def explode(*_arguments, **_options):
        message = "api_key=hunter2secret exploded"
        raise RuntimeError(message)

    monkeypatch.setattr("closedloop.service.checkup.check", explode)
    result = shell.run("check", code=1)

    assert "closedloop itself failed: RuntimeError" in result.stderr
    assert "hunter2secret" not in result.output


def test_the_small_install_says_what_to_install(monkeypatch, capsys):
    from closedloop import __main__ as command

    monkeypatch.setattr(command, "find_spec", lambda name: None if name == "duckdb" else object())
    with pytest.raises(SystemExit) as ended:
        command.main()

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "missing: duckdb" in said
    assert "pip install 'closedloop[sync]'" in said


def test_names_from_a_vendor_cannot_speak_to_the_terminal():
    from closedloop.cli.show import clean

    assert clean("a\x1b[31mred\x07\nb") == "a [31mred  b"
