"""No secret and nobody's data leaves a tap by its log, whatever a vendor answers: marked values go in, and nothing marked comes out."""

import io
import json
import re
import sys
import time
from importlib import import_module

import pytest
import responses

from closedloop.kit.target import run as run_target

SECRETS = {
    name: f"sekret-{name}-9f3a7c" for name in ("client_secret", "access_token", "api_key", "refresh_token")
}
#: Whose data they are; a name alone in a vendor's own words cannot be told from other words.
MAIL, PHONE, LINK = "greta.marker@mark.example", "+49 170 5550199", "https://sync:pass-9f3a7c@acme.example/x"
MARKED = ("9f3a7c", "greta.marker", "5550199")
CONFIGS = {
    "salesforce": {"url": "https://acme.my.salesforce.com", "client_id": "app", "client_secret": SECRETS["client_secret"]},
    "hubspot": {"access_token": SECRETS["access_token"]},
    "odoo": {"url": "https://acme.odoo.com", "database": "acme", "api_key": SECRETS["api_key"]},
    "marketo": {"url": "https://123-ABC-456.mktorest.com", "client_id": "app", "client_secret": SECRETS["client_secret"]},
    "mailchimp": {"api_key": SECRETS["api_key"] + "-us6"},
    "eventbrite": {"access_token": SECRETS["access_token"]},
    "zendesk": {"url": "https://acme.zendesk.com", "client_id": "app", "client_secret": SECRETS["client_secret"]},
    "quickbooks": {
        "client_id": "app", "client_secret": SECRETS["client_secret"], "realm_id": "913", "refresh_token": SECRETS["refresh_token"],
    },
    "xero": {"client_id": "app", "client_secret": SECRETS["client_secret"], "refresh_token": SECRETS["refresh_token"]},
}  # fmt: skip
SAID = f"{MAIL} ({PHONE}) may not: Bearer {SECRETS['access_token']}, {LINK}, client_secret={SECRETS['client_secret']}"
BODY = json.dumps(
    {
        **dict.fromkeys(
            ("message", "detail", "error_description", "Message", "Detail", "title", "description", "name"),
            SAID,
        ),
        "error": {
            "message": SAID,
            "title": SAID,
            "type": "x",
            "data": {"message": SAID, "name": SAID, "debug": SAID},
        },
        "errors": [{"message": SAID, "code": "1", "detail": SAID}],
        "Fault": {"Error": [{"Message": SAID, "Detail": SAID, "code": "1"}], "type": "x"},
    }
)
ANSWERS = {
    "400": (400, BODY),
    "401": (401, BODY),
    "403": (403, BODY),
    "404": (404, BODY),
    "422": (422, BODY),
    "429": (429, BODY),
    "500": (500, BODY),
    "list of errors": (400, json.dumps([{"errorCode": "X", "message": SAID}])),
    "another list": (403, json.dumps([{"errorCode": "X", "message": SAID}])),
    "data that are none": (200, BODY),
    "a page": (200, f"<html><body>{SAID}</body></html>"),
    "half an answer": (200, BODY[:-9]),
}
#: In CI; the others by `make test-long`.
SOME = {
    "salesforce": ("list of errors", "a page"),
    "hubspot": ("400",),
    "odoo": ("500", "half an answer"),
    "xero": ("403",),
}
CASES = [
    pytest.param(connector, answer, marks=[] if answer in SOME.get(connector, ()) else [pytest.mark.long])
    for connector in CONFIGS
    for answer in ANSWERS
]


def answering(status, body):
    def answer(request):
        if "token" in request.url and "oauth" in request.url.lower():
            token = {
                "access_token": SECRETS["access_token"], "refresh_token": SECRETS["refresh_token"], "token_type": "bearer",
                "expires_in": 3600, "x_refresh_token_expires_in": 8640000, "scope": "api", "instance_url": "https://acme.my.salesforce.com",
            }  # fmt: skip
            return 200, {"Content-Type": "application/json"}, json.dumps(token)
        kind = "text/html" if body.startswith("<") else "application/json"
        return status, {"Content-Type": kind, "Retry-After": "0"}, body

    return answer


@pytest.fixture
def tap(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)

    def run(connector, config, *args):
        path = tmp_path / "config.json"
        path.write_text(
            json.dumps({"closedloop_protocol": True, "closedloop_tokens": str(tmp_path / "tokens"), **config})
        )
        module = import_module(f"tap_{connector}.tap")
        command = next(
            value
            for name, value in vars(module).items()
            if name.lower() == f"tap{connector}" and hasattr(value, "cli")
        )
        out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                command.cli(["--config", str(path), *args])
            out.flush()
        return int(end.value.code or 0), out.buffer.getvalue().decode(), err.getvalue()

    return run


def insist_private(*texts):
    for text in texts:
        for mark in MARKED:
            assert mark not in text.lower(), text[max(0, text.lower().find(mark) - 300) :][:600]


def beside_data(text):
    """Return what a tap wrote without the records: they are the data, and go where data go."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return json.dumps([{name: value for name, value in line.items() if name != "record"} for line in lines])


@pytest.mark.parametrize(("connector", "answer"), CASES)
def test_what_a_vendor_echoes_is_in_no_log_and_no_message(tap, connector, answer):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in (responses.GET, responses.POST):
            mock.add_callback(method, re.compile(".*"), callback=answering(*ANSWERS[answer]))
        code, out, err = tap(connector, CONFIGS[connector])
        checked, told, said = tap(connector, CONFIGS[connector], "--check")

    assert code or answer in {"data that are none", "404"}
    assert checked or answer == "data that are none"
    insist_private(beside_data(out), err, told, said)
    assert "Traceback" not in err + said


@pytest.mark.parametrize("connector", CONFIGS)
def test_a_setting_of_the_wrong_kind_is_named_and_not_shown(tap, connector):
    wrong = {name: [value] for name, value in CONFIGS[connector].items() if "9f3a7c" in value}
    code, out, err = tap(connector, CONFIGS[connector] | wrong)

    assert code == 2
    insist_private(out, err)


def test_a_list_without_headings_shows_nobody(tap, tmp_path):
    (tmp_path / "scans.csv").write_text(
        "Greta Marker,greta.marker@mark.example,+49 170 5550199\nAnn Lee,ann@x.com,1\n"
    )
    settings = {"files": [str(tmp_path / "scans.csv")], "settle_seconds": 0, "header_row": 1}
    _, out, err = tap("leadlist", settings)
    _, told, _ = tap("leadlist", settings, "--check")

    assert "no column says who came" in err
    insist_private(out, err)
    assert "Greta" not in out + err
    assert "Greta" in told  # whoever asks for the columns is shown them


#: Target → an object and a field of ours in it.
WRITTEN = {
    "salesforce": ("Account", "Closedloop_Invoiced__c"),
    "hubspot": ("companies", "closedloop_invoiced"),
    "odoo": ("res.partner", "x_closedloop_invoiced"),
}


@pytest.mark.parametrize(
    ("connector", "answer"),
    [
        pytest.param(
            connector, answer, marks=[] if answer in {"400", "list of errors"} else [pytest.mark.long]
        )
        for connector in WRITTEN
        for answer in ANSWERS
    ],
)
def test_what_a_vendor_says_of_a_refused_write_names_nobody(tmp_path, monkeypatch, connector, answer):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    stream, name = WRITTEN[connector]
    outcomes, path = tmp_path / "outcomes.jsonl", tmp_path / "config.json"
    own = {"closedloop_outcomes": str(outcomes), "closedloop_tokens": str(tmp_path / "tokens")}
    path.write_text(json.dumps({**CONFIGS[connector], **own}))
    text = {"type": ["string", "null"]}
    messages = (
        {"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": {"properties": {"id": text, name: text}}},
        {"type": "RECORD", "stream": stream, "record": {"id": "1", name: "12.30"}},
        {"type": "STATE", "value": {"batch": 1}},
    )  # fmt: skip
    given = tmp_path / "given.jsonl"
    given.write_text("".join(f"{json.dumps(one)}\n" for one in messages))
    module = import_module(f"target_{connector}.target")
    target = next(found for name, found in vars(module).items() if name.lower() == f"target{connector}")
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with monkeypatch.context() as patch, responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in (responses.GET, responses.POST, responses.PATCH, responses.PUT):
            mock.add_callback(method, re.compile(".*"), callback=answering(*ANSWERS[answer]))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit):
            run_target(target, ["--config", str(path), "--input", str(given)])
        out.flush()

    said = outcomes.read_text() if outcomes.exists() else ""
    insist_private(out.buffer.getvalue().decode(), err.getvalue(), said)
    assert "Traceback" not in err.getvalue()
    assert said or "target.stopped" in err.getvalue()
