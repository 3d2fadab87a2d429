"""Nothing secret and nobody's data reaches a log or an error."""

import json
import logging
import sys

import pytest

from closedloop.kit.redact import MASK, Redactor, redact, redactor, vendor_text, without_person
from closedloop.log import configure, get_logger


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-value",
        "GET https://user:s3cr3t-value@host/path",
        "password=s3cr3t-value&x=1",
        '{"api_key": "s3cr3t-value"}',
        "{'client_secret': 's3cr3t-value'}",
        "refresh_token: s3cr3t-value",
        "X-Api-Key=s3cr3t-value",
    ],
)
def test_what_looks_like_a_secret_is_masked(text):
    assert "s3cr3t-value" not in redact(text)
    assert MASK in redact(text)


def test_words_stay_readable():
    text = "the token file of connection crm has 12 rows; secretary: Jo"

    assert redact(text) == text


def test_known_values_are_masked_wherever_they_stand_longest_first():
    known = Redactor(["abcd", "abcdefgh", "", "xy"])

    assert known.text("abcdefgh abcd xy") == f"{MASK} {MASK} xy"


def test_secrets_in_nested_values_are_masked():
    masked = redactor.value({"config": {"api_key": "abc", "url": "u"}, "list": ["token=abcdefg"], "n": 1})

    assert masked == {"config": {"api_key": MASK, "url": "u"}, "list": [f"token={MASK}"], "n": 1}


def test_a_vendors_text_is_one_line_without_addresses_and_not_long():
    text = "\n  Jane <jane@corp.com> may not " + "x" * 500 + "\nTraceback: secrets"

    quoted = vendor_text(text)

    assert "jane@corp.com" not in quoted
    assert "Traceback" not in quoted
    assert len(quoted) == 200


@pytest.fixture
def restored():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("restored")
def test_logs_are_json_lines_on_stderr_and_masked(capsys):
    configure()

    get_logger("t").info("stream.read", api_key="s3cr3t-value", rows=3)
    logging.getLogger("lib").warning("password=%s", "s3cr3t-value")
    try:
        int("token=s3cr3t-value")
    except ValueError:
        get_logger("t").exception("stream.crashed")

    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.err.splitlines()]
    assert captured.out == ""
    assert [line["event"] for line in lines] == ["stream.read", f"password={MASK}", "stream.crashed"]
    assert (lines[0]["rows"], lines[0]["level"]) == (3, "info")
    assert "s3cr3t-value" not in captured.err


@pytest.mark.usefixtures("restored")
def test_logs_for_a_terminal_are_masked_too(capsys):
    configure(json=False)

    get_logger("t").info("stream.read", api_key="s3cr3t-value")

    assert "s3cr3t-value" not in capsys.readouterr().err
    assert sys.stderr is not None


def test_addresses_and_numbers_of_people_stand_in_no_event_above_debug(restored, capsys):
    configure(level="INFO", json=True)
    get_logger("t").info("x", text="Jane <jane@corp.com>, +49 170 5550199", more=[{"to": "o'hara@corp.com"}])
    get_logger("t").warning("y", where="postgresql://me@db.corp.com/ops", since="2026-01-02T03:04:05+00:00")
    told = capsys.readouterr().err

    assert "corp.com>" not in told
    assert "hara" not in told
    assert "5550199" not in told
    assert "postgresql://me@db.corp.com/ops" in told
    assert "2026-01-02T03:04:05+00:00" in told


@pytest.mark.parametrize("json_", [True, False])
def test_what_an_exception_says_is_told_to_who_debugs_and_to_nobody_else(restored, capsys, json_):
    name = "Jane Marker"

    def fail():
        try:
            int(name)
        except ValueError as error:
            raise KeyError(name) from error

    for level in ("INFO", "DEBUG"):
        configure(level=level, json=json_)
        try:
            fail()
        except KeyError:
            get_logger("t").exception("it.crashed")
        told = capsys.readouterr().err
        assert (
            "Jane Marker" in told.replace('int("Jane Marker")', "").replace('KeyError("Jane Marker")', "")
        ) is (level == "DEBUG")
        assert "KeyError" in told
        assert "in fail" in told


def test_what_a_vendor_says_of_a_person_s_record_names_nobody():
    said = "DUPLICATES_DETECTED: Ada MARKERSSON (ada@mark.example) is like Markersson-Lee; Status Attended"
    record = {"FirstName": "Ada", "LastName": "Markersson", "Email": "ada@mark.example", "Status": "Attended"}

    told = without_person(said, record)

    assert told == "DUPLICATES_DETECTED: … … (…) is like …-Lee; Status Attended"
    assert (
        without_person("Engine Fair is there twice", {"Name": "Engine Fair"}) == "Engine Fair is there twice"
    )
