"""Marked secrets and people go into every path of a verb; no log, message, news, metric or run has them."""

import json
import sqlite3
import sys

import pytest
from tests.service.hooks import webhook
from typer.testing import CliRunner

from closedloop.cli.app import app
from closedloop.cli.context import Context

SECRET, MAIL, NAME, PHONE = "sekret-9f3a7c", "greta.marker@mark.example", "Greta Marker", "+49 170 5550199"
MARKS = (SECRET, "greta.marker", "Greta", "5550199")
#: A foreign tap that talks too much, sends a record that is none, and fails as it is told.
TAP = """\
import json, sys
config = json.load(open(sys.argv[sys.argv.index("--config") + 1]))
sys.stderr.write("INFO reading greta.marker@mark.example, +49 170 5550199 with token=sekret-9f3a7c\\n")
sys.stderr.write("https://me:sekret-9f3a7c@mark.example/ " + config["token"] + "\\n")
if config["end"] == "crash":
    sys.exit(1)
for message in (
    {"type": "SCHEMA", "stream": "lead", "schema": {"properties": {
        "id": {"type": "integer"}, "name": {"type": "string"}, "day": {"type": "string", "format": "date"}}},
     "key_properties": ["id"]},
    {"type": "RECORD", "stream": "lead", "record": {"id": 1, "name": "Greta Marker", "day": "Greta Marker"}},
    {"type": "RECORD", "stream": "lead", "record": {"id": "Greta Marker", "name": "greta.marker@mark.example"}},
    {"type": "RECORD", "stream": "nothing", "record": {"id": "greta.marker@mark.example"}},
    {"type": "STATE", "value": {"bookmarks": {}}},
):
    print(json.dumps(message), flush=True)
print("greta.marker@mark.example is no message")
"""
CONFIG = """\
company: {currency: USD, time_zone: UTC}
connections:
  src:
    connector: singer
    executable: [PYTHON, TAP]
    staging: staging
    settings: {token: sekret-9f3a7c, end: END}
notify: {webhooks: [{url: "HOOK", secret: sekret-9f3a7c-hook}]}
"""


@pytest.fixture
def shell(tmp_path):
    (tmp_path / "tap.py").write_text(TAP)
    (tmp_path / "staging").mkdir()
    path = tmp_path / "closedloop.yaml"

    def run(*verb, end="well", hook="http://127.0.0.1:1/x", text=None):
        config = CONFIG.replace("PYTHON", sys.executable).replace("TAP", str(tmp_path / "tap.py"))
        path.write_text(text or config.replace("END", end).replace("HOOK", hook))
        done = CliRunner().invoke(app, ["--config", str(path), *verb])
        return done.exit_code, done.stdout, done.stderr

    return run


def insist_private(*texts):
    for text in texts:
        for mark in MARKS:
            assert mark not in text, text[max(0, text.find(mark) - 300) :][:600]


def test_a_talkative_tap_and_records_that_are_none(shell, tmp_path):
    said = shell("sync")
    insist_private(*said[1:])
    insist_private(*(text for verb in ("status", "runs", "audit") for text in shell(verb)[1:]))
    insist_private(*(text for verb in ("status", "runs") for text in shell("--json", verb)[1:]))
    assert shell("metrics", "--to", str(tmp_path / "m.prom"))[0] == 0
    insist_private((tmp_path / "m.prom").read_text())

    with sqlite3.connect(tmp_path / ".closedloop" / "operations.db") as held:
        for table in ("run", "stream_run", "incident"):
            insist_private(str(held.execute(f"select * from {table}").fetchall()))
        kept = held.execute("select reason, record from quarantine").fetchall()
    held.close()
    assert len(kept) == 4
    insist_private(*(reason for reason, _ in kept))  # the record itself waits there, to be mended
    assert MAIL in str(kept)


def test_a_tap_that_fails_is_told_without_what_it_said(shell):
    with webhook() as told:
        code, out, err = shell("sync", end="crash", hook=told.address)
        insist_private(out, err, *(body.decode() for _, body in told))
    assert code


@pytest.mark.parametrize(
    "wrong",
    [
        "company: {currency: USD, time_zone: UTC}\nconnections: {}\nnotify: {webhooks: [{url: sekret-9f3a7c, secret: [sekret-9f3a7c]}]}\n",
        "company: {currency: USD, time_zone: UTC}\nconnections: {}\ndatabase: 'oracle://me:sekret-9f3a7c@mark.example/x'\n",
        "company: {currency: USD, time_zone: UTC}\nconnections: {}\ndatabase: 'postgresql://me:sekret-9f3a7c@127.0.0.1:1/x'\n",
        "company: {currency: USD, time_zone: UTC\nconnections: {crm: {settings: {api_key: sekret-9f3a7c}}}\n",
    ],
)
def test_a_wrong_configuration_is_told_without_its_values(shell, wrong):
    code, out, err = shell("status", text=wrong)

    assert code, out
    insist_private(out, err)


def test_what_nobody_foresaw_is_told_without_what_it_quotes(capsys):
    Context().crashed(ValueError(f"could not convert string '{NAME}' of {MAIL} ({PHONE}), token={SECRET}"))
    insist_private(capsys.readouterr().err)


def test_an_address_with_a_password_is_told_without_it(shell):
    text = (
        "company: {currency: USD, time_zone: UTC}\nconnections: {crm: {connector: odoo, settings:"
        " {url: 'http://me:sekret-9f3a7c@127.0.0.1:1', database: x, api_key: sekret-9f3a7c}}}\n"
    )
    code, out, err = shell("check", text=text)

    assert code
    insist_private(out, err, json.dumps(shell("--json", "check", text=text)[1:]))
