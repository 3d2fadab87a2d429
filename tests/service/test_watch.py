"""Whoever must know is told: once when it begins, once when it is over, and never what is nobody's business."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.service.hooks import bodies, mail, webhook

from closedloop.clock import Clock
from closedloop.errors import ConfigError, GuardError, UnreachableError
from closedloop.kit.tokens import TokenStore
from closedloop.service import notify
from closedloop.service.session import Session
from closedloop.service.watch import Watch, aged, ending, stale, watched
from closedloop.settings import Settings
from closedloop.store import tables
from closedloop.store.operations import Operations
from closedloop.store.stamps import to_text

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def opened(tmp_path):
    sessions = []

    def open_it(**sections):
        settings = Settings(
            company={"name": "Acme", "currency": "USD", "time_zone": "UTC"},
            connections={"crm": {"connector": "odoo", "stale_after": "26h"}, "books": {"connector": "xero"}},
            home=tmp_path,
            **sections,
        )
        operations = sessions[0].operations if sessions else Operations.open(tmp_path / "operations.db")
        sessions.append(Session(settings=settings, operations=operations, clock=Clock(start=NOW)))
        return sessions[-1]

    yield open_it
    sessions[0].operations.close()


def gone(what="it does not answer"):
    return UnreachableError(what, where="connections.crm", fix="wait")


def test_a_failure_that_lasts_is_told_once_and_its_end_once(opened):
    with webhook() as told:
        session = opened(notify={"webhooks": [{"url": told.address, "secret": "s3cret"}]})
        for _ in range(3):
            Watch(opened=session).failed("crm:sync", gone())
        assert bodies(told) == [("failure", "crm:sync")]
        headers, body = told[0]
        assert (
            headers["X-Closedloop-Signature"]
            == f"sha256={hmac.new(b's3cret', body, hashlib.sha256).hexdigest()}"
        )
        assert json.loads(body) | {"incident": 1} == {
            "company": "Acme", "event": "failure", "of": "failure", "subject": "crm:sync", "incident": 1,
            "message": "connections.crm: it does not answer", "fix": "wait", "since": json.loads(body)["since"], "until": None,
        }  # fmt: skip

        watch = Watch(opened=session)
        for _ in range(2):
            watch.incidents.went_well("crm:sync")
            watch.look()
        assert bodies(told)[1:] == [("recovery", "crm:sync")]

        watch.failed("crm:sync", gone())
        assert bodies(told)[2:] == [("failure", "crm:sync")], "a new incident is new news"


def test_a_hook_that_is_down_stops_nothing_and_hears_of_it_later(opened, monkeypatch):
    monkeypatch.setattr(notify, "_PAUSE", 0.0)
    with webhook() as told, webhook() as other:
        told.is_up = False
        session = opened(
            notify={"webhooks": [{"url": told.address}, {"url": other.address, "on": ["guard"]}]}
        )
        watch = Watch(opened=session)
        watch.failed("publish", gone())
        watch.failed("publish", GuardError("max_changed: 40 of 50 figures would change"))
        assert bodies(other) == [("guard", "publish")], "one that is down does not keep the others waiting"
        assert bodies(told) == []

        told.is_up = True
        watch.look()
        assert bodies(told) == [("guard", "publish")], "the failure was over before it could be told"


def test_what_is_told_holds_no_secret_and_nobodys_address(opened):
    with mail() as told:
        host, port = told.address
        address = {"to": ["ops@acme.example"], "sender": "cl@acme.example", "host": host, "port": port}
        session = opened(notify={"email": {**address, "encryption": "none"}})
        error = ConfigError(
            "refused for jane.roe@example.org, Bearer abcdef0123456789abcdef", where="connections.crm"
        )
        Watch(opened=session).failed("crm:sync", error)

    assert "Subject: closedloop Acme: failure of crm:sync" in told[0]
    assert "jane.roe" not in told[0]
    assert "abcdef0123456789" not in told[0]


def test_a_run_once_tells_too(opened):
    with webhook() as told:
        session = opened(notify={"webhooks": [{"url": told.address}]})
        with pytest.raises(UnreachableError), watched(session, "run"):
            raise gone()
        with watched(session, "run"):
            pass
        assert bodies(told) == [("failure", "run"), ("recovery", "run")]


def proof(session, connection, stream, verdict, age):
    at = to_text(NOW - age)
    with session.operations.transaction() as database:
        database.execute(
            tables.run.insert().values(id=f"{at}{stream}{verdict}", kind="sync", started_at=at, state="done")
        )
        database.execute(
            tables.stream_run.insert().values(
                run_id=f"{at}{stream}{verdict}", connection=connection, stream=stream, rows=0, keys=0, requests=1,
                bytes=1, verdict=verdict, at=at,
            )
        )  # fmt: skip


def test_a_stream_that_proved_nothing_for_long_is_stale(opened):
    session = opened()
    proof(session, "crm", "lead", "proven", timedelta(hours=27))
    proof(session, "crm", "lead", "stale", timedelta(hours=1))
    proof(session, "crm", "deal", "proven", timedelta(hours=25))
    proof(session, "books", "invoice", "proven", timedelta(hours=47))
    proof(session, "books", "payment", "failed", timedelta(hours=49))
    proof(session, "gone", "thing", "proven", timedelta(days=400))

    assert sorted(stale(session)) == ["books:payment", "crm:lead"]
    assert "nothing since 2026-04-30T09:00Z, longer than 26h" in stale(session)["crm:lead"].message


def test_refused_records_that_wait_too_long_are_told_until_they_are_written(opened):
    with webhook() as told:
        session = opened(notify={"webhooks": [{"url": told.address}]}, service={"quarantine_alert_days": 2})
        held = {
            "connection": "crm",
            "stream": "Account",
            "direction": "write",
            "reason": "frozen",
            "record": "{}",
        }
        ages = {"1": timedelta(days=1), "2": timedelta(days=2), "3": timedelta(days=9)}
        with session.operations.transaction() as database:
            for key, age in ages.items():
                seen = to_text(NOW - age)
                row = {**held, "record_key": key, "first_seen": seen, "last_seen": seen}
                database.execute(tables.quarantine.insert().values(**row))

        Watch(opened=session).look()

        assert bodies(told) == [("quarantine", "crm:Account:write")]
        assert (
            "2 refused records wait for more than 2 days, the oldest since 2026-04-22" in told[0][1].decode()
        )
        with session.operations.transaction() as database:
            database.execute(tables.quarantine.update().values(resolved_at=to_text(NOW)))
        Watch(opened=session).look()
        assert bodies(told)[1:] == [("recovery", "crm:Account:write")]
        assert aged(session) == {}


def test_a_login_that_ends_soon_is_told_until_it_is_renewed(opened):
    session = opened()
    store = TokenStore(
        folder=session.settings.tokens,
        client="id",
        tenant="t",
        where="connections.books",
        clock=session.clock,
    )
    answer = {"access_token": "a" * 20, "refresh_token": "r" * 20, "expires_in": 3600}
    store.take({**answer, "x_refresh_token_expires_in": 13 * 86_400})
    assert list(ending(session)) == ["books:login"]
    assert "2026-05-14" in ending(session)["books:login"].message

    store.take({**answer, "x_refresh_token_expires_in": 100 * 86_400})
    assert ending(session) == {}
