"""A person's consent, by every tap that has one: the browser comes back, or its address is pasted, or it is said why not."""

import io
import json
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from closedloop.kit.singer import FastWriter
from closedloop.sandbox import hubspot, quickbooks, salesforce, xero
from closedloop.sandbox.members import as_members
from closedloop.sandbox.world import generate
from tap_hubspot.tap import TapHubspot
from tap_odoo.tap import TapOdoo
from tap_quickbooks.tap import TapQuickBooks
from tap_salesforce.tap import TapSalesforce
from tap_xero.tap import TapXero
from target_hubspot.target import TargetHubspot
from target_salesforce.target import TargetSalesforce

WORLD = generate(5, 0.02)
LEADS, CONTACTS = as_members(WORLD, unknown="lead"), as_members(WORLD, unknown="contact")
ELSEWHERE = "https://books.example.com/callback"


@dataclass
class Vendor:
    """A simulator with a consent page, the tap that logs in to it, and the settings that an admin writes."""

    tap: type
    simulator: object
    consents: object
    settings: dict
    kept: str


@dataclass
class Login:
    """How a login ended."""

    code: int
    said: list[dict] = field(default_factory=list)
    error: str = ""

    @property
    def stopped(self):
        return json.loads(self.error.strip().splitlines()[-1])


@pytest.fixture(params=["quickbooks", "xero", "salesforce", "hubspot"])
def vendor(request):
    with SERVED[request.param]() as vendor:
        yield vendor


@contextmanager
def _quickbooks():
    with quickbooks.serve(WORLD) as books:
        settings = {name: value for name, value in books.settings.items() if name != "refresh_token"}
        yield Vendor(TapQuickBooks, books, books.tokens.consents, settings, books.realm_id)


@contextmanager
def _salesforce():
    with salesforce.serve(LEADS) as crm:
        settings = crm.settings | {"grant": "refresh_token"}
        yield Vendor(TapSalesforce, crm, crm.tokens.consents, settings, crm.url)


@contextmanager
def _hubspot():
    with hubspot.serve(CONTACTS) as crm:
        settings = {
            "url": crm.url,
            "authorize_url": f"{crm.url}/oauth/authorize",
            "client_id": crm.client_id,
            "client_secret": crm.client_secret,
        }
        yield Vendor(TapHubspot, crm, crm.engine.identity.consents, settings, str(crm.portal))


@contextmanager
def _xero():
    with xero.serve(WORLD) as books:
        settings = {
            "url": books.url,
            "identity_url": books.url,
            "authorize_url": f"{books.url}/identity/connect/authorize",
            "client_id": books.client_id,
            "client_secret": books.client_secret,
        }
        yield Vendor(TapXero, books, books.engine.identity.consents, settings, WORLD.company)


SERVED = {"quickbooks": _quickbooks, "xero": _xero, "salesforce": _salesforce, "hubspot": _hubspot}


@pytest.fixture
def log_in(vendor, tmp_path, monkeypatch):
    """Run the tap with `--login`; ``browser`` is given the address, and what it returns is pasted if it is text."""

    def run(browser, *args, **more):
        settings = vendor.settings | {
            "token_folder": str(tmp_path / "tokens"),
            "redirect_url": "http://localhost:0/callback",
        }
        (tmp_path / "config.json").write_text(
            json.dumps({name: value for name, value in (settings | more).items() if value is not None})
        )
        login, told = Login(0), io.StringIO()
        threads = []

        def tell(_self, line):
            login.said.append(line)
            if line.get("login") != "address":
                return
            if "--paste" in args:
                told.write(browser(line["url"]) + "\n")
                told.seek(0)
            else:
                threads.append(threading.Thread(target=browser, args=(line["url"],)))
                threads[-1].start()

        err = io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(FastWriter, "write_line", tell)
            patch.setattr(sys, "stdin", told)
            patch.setattr(sys, "stderr", err)
            with pytest.raises(SystemExit) as end:
                vendor.tap.cli(["--config", str(tmp_path / "config.json"), "--login", *args])
        for thread in threads:
            thread.join()
        login.code, login.error = int(end.value.code or 0), err.getvalue()
        return login

    return run


def answer(url, press="allow"):
    """Look at the consent page and press a button; return where the browser is sent to."""
    page = requests.get(url, timeout=10)
    if page.status_code != 200:
        return ""
    assert "Allow access" in page.text
    return requests.post(url, data={"answer": press}, allow_redirects=False, timeout=10).headers["Location"]


def come_back(url, press="allow"):
    """Do so and follow; a browser asks for an icon first."""
    back = answer(url, press)
    requests.get(f"http://{urlsplit(back).netloc}/favicon.ico", timeout=10)
    assert "close this window" in requests.get(back, timeout=10).text


def test_the_browser_comes_back_and_the_tap_reads_with_what_it_got(vendor, log_in, tmp_path):
    done = log_in(come_back)

    assert done.code == 0, done.error
    assert vendor.kept in done.said[-1]["message"]
    asked = dict(parse_qsl(urlsplit(done.said[0]["url"]).query))
    assert (asked["code_challenge_method"], len(asked["state"]) > 20) == ("S256", True)
    (file,) = (tmp_path / "tokens").glob("*.token")
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit) as end:
        vendor.tap.cli(["--config", str(tmp_path / "config.json"), "--check"])
    assert not end.value.code


def test_the_pasted_address_does_too(log_in):
    assert log_in(answer, "--paste", redirect_url="http://localhost:8914/callback").code == 0


def test_an_app_with_another_redirect_address_is_logged_in_by_pasting(vendor, log_in):
    vendor.consents.redirects = frozenset({ELSEWHERE})

    done = log_in(come_back, redirect_url=ELSEWHERE)
    pasted = log_in(answer, "--paste", redirect_url=ELSEWHERE)

    assert (done.code, "--paste" in done.stopped["fix"]) == (2, True)
    assert pasted.code == 0


def test_a_refusal_is_said(log_in):
    done = log_in(lambda url: come_back(url, "deny"))

    assert (done.code, done.stopped["message"]) == (2, "the consent was refused")


def test_the_answer_to_another_login_is_not_taken(log_in, tmp_path):
    """Who lures a browser to our address with a code of their own does not get their company read into ours."""

    def forged(url):
        requests.get(answer(url).replace("state=", "state=x"), timeout=10)

    done = log_in(forged)

    assert (done.code, "state" in done.stopped["message"]) == (2, True)
    assert list(tmp_path.glob("tokens/*.token")) == []


def test_a_wrong_secret_is_said_and_nothing_is_kept(log_in, tmp_path):
    done = log_in(come_back, client_secret="mistyped-secret")

    assert (done.code, "client_secret" in done.stopped["message"]) == (2, True)
    assert "mistyped-secret" not in done.error
    assert list(tmp_path.glob("tokens/*.token")) == []


def test_a_redirect_address_that_is_not_registered_ends_in_a_hint(vendor, log_in, monkeypatch):
    vendor.consents.redirects = frozenset({ELSEWHERE})
    monkeypatch.setattr("closedloop.kit.login.monotonic", iter([0.0, 700.0]).__next__)

    done = log_in(answer)

    assert (done.code, "register http://localhost" in done.stopped["fix"]) == (2, True)


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("https://elsewhere.example.com/callback?code=1", "not the address"),
        ("http://localhost:8914/callback?code=1&state=2", "state"),
        ("", "not the address"),
    ],
)
def test_what_was_pasted_must_be_the_answer(log_in, pasted, words):
    done = log_in(lambda _url: pasted, "--paste", redirect_url="http://localhost:8914/callback")

    assert (done.code, words in done.stopped["message"]) == (2, True)


def test_a_code_that_was_used_is_said(log_in, vendor):
    def twice(url):
        back = answer(url)
        code = dict(parse_qsl(urlsplit(back).query))["code"]
        vendor.consents.redeemed({"code": code})
        return back

    done = log_in(twice, "--paste", redirect_url="http://localhost:8914/callback")

    assert (done.code, "used before" in done.stopped["message"]) == (2, True)


@pytest.mark.parametrize("vendor", ["quickbooks"], indirect=True)
def test_the_company_that_was_chosen_is_the_one_of_the_settings(vendor, log_in):
    other = log_in(come_back, realm_id="1")
    unknown = log_in(come_back, realm_id=None)

    assert (other.code, "realm_id" in other.stopped["message"]) == (2, True)
    assert (unknown.code, f'realm_id: "{vendor.kept}"' in unknown.said[-1]["message"]) == (0, True)


@pytest.mark.parametrize("vendor", ["xero"], indirect=True)
def test_the_organisation_that_was_chosen_is_the_one_of_the_settings(vendor, log_in):
    other = log_in(come_back, tenant_id="another")
    custom = log_in(come_back, grant="client_credentials")

    assert (other.code, vendor.simulator.tenant in other.stopped["fix"]) == (2, True)
    assert (custom.code, "no login" in custom.stopped["message"]) == (2, True)


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"], indirect=True)
def test_the_target_writes_with_the_token_of_the_tap(vendor, log_in, tmp_path):
    """Neither has a refresh token in its settings; the access token has ended meanwhile."""
    own = {
        "closedloop_connection": "crm",
        "closedloop_tokens": str(tmp_path / "home"),
    }  # as the core starts both
    assert log_in(come_back, token_folder=None, **own).code == 0
    (vendor.simulator.tokens if vendor.tap is TapSalesforce else vendor.simulator.engine.identity).expire()
    target = TargetSalesforce if vendor.tap is TapSalesforce else TargetHubspot

    with pytest.raises(SystemExit) as end:
        target.cli(["--config", str(tmp_path / "config.json"), "--check"])

    assert not end.value.code


@pytest.mark.parametrize("vendor", ["salesforce", "hubspot"], indirect=True)
def test_without_a_login_the_command_for_it_is_said(vendor, tmp_path, capsys):
    own = {"closedloop_connection": "crm", "closedloop_tokens": str(tmp_path / "home")}
    (tmp_path / "config.json").write_text(json.dumps(vendor.settings | own))

    with pytest.raises(SystemExit) as end:
        vendor.tap.cli(["--config", str(tmp_path / "config.json"), "--check"])

    assert (end.value.code, "closedloop login crm" in capsys.readouterr().out) == (2, True)


@pytest.mark.parametrize("vendor", ["salesforce"], indirect=True)
def test_the_org_that_was_chosen_is_the_one_of_the_settings(vendor, log_in, tmp_path):
    other = "https://acme.my.salesforce.com"
    done = log_in(come_back, url=other, login_url=vendor.simulator.url)
    kept = list(tmp_path.glob("tokens/*.token"))
    both = log_in(come_back, url=other, login_url=vendor.simulator.url, instance_url=vendor.simulator.url)

    assert (done.code, vendor.simulator.url in done.stopped["message"], kept) == (2, True, [])
    assert both.code == 0


@pytest.mark.parametrize("vendor", ["salesforce"], indirect=True)
def test_where_the_data_is_is_kept_beside_the_token(vendor, log_in, tmp_path):
    """No later run gets a token's answer before it asks for data: the access token still works."""
    told = {"url": "http://127.0.0.1:9", "login_url": vendor.simulator.url}
    assert log_in(come_back, **told, instance_url=vendor.simulator.url).code == 0
    (tmp_path / "config.json").write_text(
        json.dumps(vendor.settings | told | {"token_folder": str(tmp_path / "tokens")})
    )

    with pytest.raises(SystemExit) as end:
        vendor.tap.cli(["--config", str(tmp_path / "config.json"), "--check"])

    assert not end.value.code
    assert vendor.simulator.tokens.grants == ["authorization_code"]


@pytest.mark.parametrize(
    ("vendor", "other", "words"),
    [
        ("salesforce", {"grant": None}, "client_credentials needs no login"),
        ("salesforce", {"token_folder": None}, "no place for the token"),
        ("salesforce", {"client_id": None}, "not set: client_id"),
        ("hubspot", {"access_token": "pat-1"}, "needs no login"),
        ("hubspot", {"token_folder": None}, "no place for the token"),
        ("hubspot", {"client_secret": None}, "not set: client_secret"),
    ],
    indirect=["vendor"],
)
def test_where_a_login_makes_no_sense_it_is_said(log_in, other, words):
    done = log_in(come_back, **other)

    assert (done.code, words in done.stopped["message"]) == (2, True)


@pytest.mark.parametrize("vendor", ["hubspot"], indirect=True)
def test_what_is_asked_for_beyond_the_needed_is_optional(vendor, log_in, monkeypatch):
    """An app that cannot read calls is installed all the same; one that lacks what is demanded shows an error page."""
    usual = log_in(come_back)
    asked = dict(parse_qsl(urlsplit(usual.said[0]["url"]).query))
    own = log_in(come_back, scopes="oauth crm.objects.deals.read", optional_scopes="")
    named = dict(parse_qsl(urlsplit(own.said[0]["url"]).query))
    monkeypatch.setattr("closedloop.kit.login.monotonic", iter([0.0, 700.0]).__next__)
    beyond = log_in(answer, scopes="oauth automation")

    assert (usual.code, own.code, beyond.code) == (0, 0, 2)
    assert "crm.objects.companies.read" in asked["scope"].split()
    assert {"crm.objects.calls.read", "crm.objects.companies.write"} <= set(asked["optional_scope"].split())
    assert set(asked["scope"].split()).isdisjoint(asked["optional_scope"].split())
    assert (named["scope"], named.get("optional_scope")) == ("oauth crm.objects.deals.read", None)


def test_a_taken_port_is_said(log_in):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = log_in(come_back, redirect_url=f"http://localhost:{taken.getsockname()[1]}/callback")

    assert (done.code, "taken" in done.stopped["message"]) == (2, True)


def test_a_tap_without_a_consent_says_so(tmp_path, capsys):
    config = {"url": "http://127.0.0.1:9", "database": "crm", "api_key": "key-123456"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(SystemExit) as end:
        TapOdoo.cli(["--config", str(tmp_path / "config.json"), "--login"])

    assert (end.value.code, "no login" in capsys.readouterr().err) == (2, True)
