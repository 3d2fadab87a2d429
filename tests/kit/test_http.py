"""The HTTP client: its policy, its patience, and what it never does twice."""

from datetime import UTC, datetime

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from closedloop.clock import Clock
from closedloop.errors import ConfigError, UnreachableError
from closedloop.kit import policy
from closedloop.kit.http import HttpClient, checked_url, retry_after
from closedloop.kit.policy import (
    AccessError,
    Action,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    Rule,
    StreamError,
    UnknownOutcomeError,
)

URL = "https://api.test"
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def mock():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(waits):
    return HttpClient(base_url=URL, where="connections.crm", sleep=waits.append, clock=Clock(start=NOW))


def test_counts_requests_and_bytes_and_keeps_the_servers_clock(mock, client):
    mock.add(responses.GET, f"{URL}/a", json=[1, 2], headers={"Date": "Sun, 01 Mar 2026 09:00:00 GMT"})

    reply = client.request("GET", "/a")

    assert reply.json() == [1, 2]
    assert (client.request_count, client.byte_count) == (1, len(reply.content))
    assert client.server_time == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, ConfigError),
        (400, StreamError),
        (401, ConfigError),
        (403, AccessError),
        (404, MissingObjectError),
        (409, RecordError),
        (418, StreamError),
        (422, RecordError),
        (429, StreamError),
        (500, StreamError),
        (503, UnreachableError),
        (599, StreamError),
    ],
)
def test_each_status_ends_as_the_table_says(mock, client, status, error):
    mock.add(responses.GET, f"{URL}/a", status=status, body="{}", headers={"X-Request-Id": "r-1"})

    with pytest.raises(error) as raised:
        client.request("GET", "/a")

    assert type(raised.value) is error
    assert (raised.value.where, raised.value.request_id) == ("connections.crm", "r-1")


def test_every_rule_says_something_and_stops_with_an_error_of_ours():
    for rule in (*policy.BY_STATUS.values(), *(rule for _, rule in policy.BY_EXCEPTION)):
        assert rule.message
        assert isinstance(rule.action, Action)
        assert issubclass(rule.error, policy.ClosedloopError)


def test_waits_longer_each_time_and_gives_up(mock, client, waits):
    mock.add(responses.GET, f"{URL}/a", status=502)

    with pytest.raises(StreamError, match="after repeating"):
        client.request("GET", "/a")

    assert client.request_count == client.attempts
    assert len(waits) == client.attempts - 1
    assert all(0 <= wait <= 30 for wait in waits)


def test_a_host_without_connection_is_given_up_soon(mock, client):
    refused = MaxRetryError(None, "/a", NewConnectionError(None, "refused"))  # type: ignore[arg-type]
    mock.add(responses.GET, f"{URL}/a", body=requests.ConnectionError(refused))

    with pytest.raises(UnreachableError, match=r"api\.test"):
        client.request("GET", "/a")

    assert client.request_count == 3


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after(header, now=NOW) == seconds


def test_a_credential_is_renewed_once(mock, waits):
    asked = []

    def authenticate(renew):
        asked.append(renew)
        return {"Authorization": "new" if renew else "old"}

    mock.add(responses.GET, f"{URL}/a", status=401)
    mock.add(
        responses.GET,
        f"{URL}/a",
        json={},
        match=[responses.matchers.header_matcher({"Authorization": "new"})],
    )
    client = HttpClient(base_url=URL, authenticate=authenticate, sleep=waits.append)

    client.request("GET", "/a")

    assert asked == [False, True]


def test_a_credential_refused_twice_is_a_configuration_error(mock, waits):
    mock.add(responses.GET, f"{URL}/a", status=401)
    client = HttpClient(base_url=URL, authenticate=lambda _renew: {}, sleep=waits.append)

    with pytest.raises(ConfigError):
        client.request("GET", "/a")

    assert client.request_count == 2


@pytest.mark.parametrize(
    "failure",
    [
        requests.ReadTimeout(),
        requests.ConnectionError("reset by peer"),
        requests.exceptions.ChunkedEncodingError(),
    ],
)
def test_a_write_that_may_have_arrived_is_never_repeated(mock, client, failure):
    mock.add(responses.POST, f"{URL}/a", body=failure)

    with pytest.raises(UnknownOutcomeError):
        client.request("POST", "/a", json={}, idempotent=False)

    assert client.request_count == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_answered_by_a_broken_server_has_an_unknown_outcome(mock, client, status):
    mock.add(responses.POST, f"{URL}/a", status=status)

    with pytest.raises(UnknownOutcomeError):
        client.request("POST", "/a", json={}, idempotent=False)


def test_a_write_that_surely_did_not_arrive_is_repeated(mock, client):
    refused = MaxRetryError(None, "/a", NewConnectionError(None, "refused"))  # type: ignore[arg-type]
    mock.add(responses.POST, f"{URL}/a", body=requests.ConnectionError(refused))
    mock.add(responses.POST, f"{URL}/a", status=429, headers={"Retry-After": "1"})
    mock.add(responses.POST, f"{URL}/a", json={"id": 1})

    assert client.request("POST", "/a", json={}, idempotent=False).json() == {"id": 1}


def test_a_web_page_is_a_named_error_whatever_its_header_says(mock, client):
    mock.add(responses.GET, f"{URL}/a", body="<!DOCTYPE html><p>log in", content_type="application/json")

    with pytest.raises(HtmlReplyError) as raised:
        client.request("GET", "/a")

    assert "log in" not in str(raised.value)


def test_a_connector_may_know_better_than_the_table(mock, client):
    mock.add(responses.GET, f"{URL}/a", json={"error": "busy"})
    rule = Rule(action=Action.FAIL_STREAM, error=RecordError, message="busy")

    with pytest.raises(RecordError, match="busy"):
        client.request("GET", "/a", classify=lambda reply: rule if "error" in reply.json() else None)


def test_a_redirect_is_not_followed_with_the_credential(mock, client):
    mock.add(responses.GET, f"{URL}/a", status=302, headers={"Location": "https://elsewhere.test/"})

    with pytest.raises(ConfigError, match="redirects"):
        client.request("GET", "/a")

    assert len(mock.calls) == 1


def test_a_login_in_netrc_does_not_replace_our_credential(mock, tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine api.test login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    mock.add(responses.GET, f"{URL}/a", json={})

    HttpClient(base_url=URL, authenticate=lambda _renew: {"Authorization": "bearer ours"}).request(
        "GET", "/a"
    )

    assert mock.calls[0].request.headers["Authorization"] == "bearer ours"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8069/", "http://localhost", "http://[::1]:80", "https://x.test/"]
)
def test_good_addresses_lose_only_their_last_slash(url):
    assert checked_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://x.test", "http://10.0.0.1", "x.test", "ftp://x.test", "https://", ""]
)
def test_addresses_that_show_the_credential_or_are_none_are_refused(url):
    with pytest.raises(ConfigError):
        checked_url(url)
