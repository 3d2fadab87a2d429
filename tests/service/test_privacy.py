"""Marked secrets and people go into every path of a verb; no log, message, news, metric or run has them."""

import json
import re
import sqlite3
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import typer
from tests.service.hooks import mail, webhook
from typer.testing import CliRunner

from closedloop.cli import show
from closedloop.cli.app import app
from closedloop.cli.context import Context
from closedloop.sandbox import quickbooks
from closedloop.sandbox.world import generate

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
notify:
  webhooks: [{url: "HOOK", secret: sekret-9f3a7c-hook}]
  email: {host: 127.0.0.1, port: PORT, encryption: none, sender: closedloop@company.example, to: [ops@company.example]}
"""


@pytest.fixture
def shell(tmp_path):
    (tmp_path / "tap.py").write_text(TAP)
    (tmp_path / "staging").mkdir()
    path = tmp_path / "closedloop.yaml"

    def run(*verb, end="well", hook="http://127.0.0.1:1/x", port=1, text=None):
        config = CONFIG.replace("PYTHON", sys.executable).replace("TAP", str(tmp_path / "tap.py"))
        path.write_text(text or config.replace("END", end).replace("HOOK", hook).replace("PORT", str(port)))
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
    with webhook() as told, mail() as posted:
        code, out, err = shell("run", end="crash", hook=told.address, port=posted.address[1])
        assert (code > 0, len(told), len(posted)) == (True, 1, 1)
        insist_private(out, err, *(body.decode() for _, body in told), *posted)


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


@pytest.mark.usefixtures("warm")
def test_a_login_tells_nothing_of_what_it_brought(shell, tmp_path, monkeypatch):
    pages = []

    def machine(found, shown=show.machine):
        pages.extend(found["address"] for _ in [0] if "address" in found)
        shown(found)

    def paste(*_args, **_more):
        page = requests.post(pages[-1], data={"answer": "allow"}, allow_redirects=False, timeout=10)
        pages.append(page.headers["Location"])
        return pages[-1]

    monkeypatch.setattr(show, "machine", machine)
    monkeypatch.setattr(typer, "prompt", paste)
    with quickbooks.serve(generate(5, 0.01)) as books:
        known = {name: value for name, value in books.settings.items() if name != "refresh_token"}
        settings = json.dumps(known | {"redirect_url": "http://localhost:8914/callback"})
        text = f"company: {{currency: USD, time_zone: UTC}}\nconnections: {{books: {{connector: quickbooks, settings: {settings}}}}}\n"
        done = shell("--json", "login", "books", "--paste", text=text)
        monkeypatch.setattr(typer, "prompt", lambda *_args, **_more: f"http://localhost:1/x?code={SECRET}")
        wrong = shell("login", "books", "--paste", text=text)
        checked = shell("check", text=text)
    [kept] = (tmp_path / ".closedloop" / "tokens").glob("*.token")
    code = parse_qs(urlsplit(pages[1]).query)["code"][0]
    secrets = [code, known["client_secret"], *re.findall(r'_token": *"([^"]+)"', kept.read_text())]

    assert [one[0] for one in (done, wrong, checked)] == [0, 2, 0], (done, wrong, checked)
    assert len(secrets) >= 4
    insist_private(*(text for one in (done, wrong, checked) for text in one[1:]))
    for said in (*done[1:], *wrong[1:], *checked[1:], *_files_but(kept)):
        assert not [secret for secret in secrets if secret in said]


def _files_but(kept):
    home = kept.parent.parent
    return [
        path.read_bytes().decode("latin-1")
        for path in home.rglob("*")
        if path.is_file() and not path.name.startswith(kept.stem)
    ]
