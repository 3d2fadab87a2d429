"""Tokens survive rotation, bad answers, races and curious eyes."""

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.kit.tokens import Token, TokenStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OLD = Token(access_token="access-one", refresh_token="refresh-one", expires_at=NOW)


@pytest.fixture
def store(tmp_path):
    return TokenStore(folder=tmp_path / "tokens", client="id", tenant="realm-1", clock=Clock(start=NOW))


def renewed(_token):
    return {"access_token": "access-two", "refresh_token": "refresh-two", "expires_in": 3600}


def test_an_ended_token_is_replaced_on_disk_before_it_is_returned(store):
    store.save(OLD)

    token = store.fresh(renewed)

    assert (token.access_token, token.refresh_token) == ("access-two", "refresh-two")
    assert timedelta(minutes=59) < token.expires_at - NOW <= timedelta(hours=1, seconds=1)
    assert store.read() == token
    assert store.previous() == OLD


def test_a_good_token_is_used_without_asking(store):
    good = Token(access_token="access-one", expires_at=NOW + timedelta(hours=1))
    store.save(good)

    assert store.fresh(lambda _token: pytest.fail("asked")) == good


def test_a_refused_token_is_replaced_though_it_has_not_ended(store):
    good = Token(access_token="access-one", refresh_token="refresh-one", expires_at=NOW + timedelta(hours=1))
    store.save(good)

    assert store.fresh(renewed, refused=good).access_token == "access-two"


def test_a_token_another_process_has_replaced_is_not_refreshed_again(store):
    store.save(OLD)
    store.save(Token(access_token="access-two", expires_at=NOW + timedelta(hours=1)))

    assert store.fresh(lambda _token: pytest.fail("asked"), refused=OLD).access_token == "access-two"


@pytest.mark.parametrize(
    "answer", [{}, {"error": "invalid_grant"}, {"access_token": ""}, {"access_token": 7}]
)
def test_a_bad_answer_never_replaces_a_good_token(store, answer):
    store.save(OLD)

    with pytest.raises(ConfigError, match="holds no token"):
        store.fresh(lambda _token: answer)

    assert store.read() == OLD


def test_a_vendor_that_does_not_rotate_keeps_its_refresh_token(store):
    store.save(OLD)

    assert store.fresh(lambda _token: {"access_token": "access-two"}).refresh_token == "refresh-one"


def test_the_token_of_the_settings_never_takes_the_place_of_one_that_was_renewed(store):
    assert store.seed("first")
    renewed = store.fresh(
        lambda token: {"access_token": "a", "refresh_token": token.refresh_token + " and second"}
    )

    assert not store.seed("first")
    assert store.read() == renewed
    assert renewed.refresh_token == "first and second"


def test_without_a_token_the_reader_is_sent_to_log_in(store):
    with pytest.raises(ConfigError) as raised:
        store.fresh(renewed)

    assert "login" in raised.value.fix


def test_files_are_for_the_owner_only_and_apart_by_client_and_tenant(store):
    store.save(OLD)
    other = TokenStore(folder=store.folder, client="id", tenant="realm-2")

    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert other.read() is None
    assert "realm" not in store.path.name


def test_a_key_encrypts_and_the_wrong_key_says_so(store):
    store.key = "correct horse"
    store.save(OLD)
    wrong = TokenStore(folder=store.folder, client="id", tenant="realm-1", key="battery")

    assert b"access-one" not in store.path.read_bytes()
    assert store.read() == OLD
    with pytest.raises(ConfigError, match="key"):
        wrong.read()


def _refresh_in_child(folder, barrier, count):
    store = TokenStore(folder=folder, client="id", tenant="realm-1", clock=Clock(start=NOW))

    def refresh(token):
        with count.get_lock():
            count.value += 1
        return renewed(token)

    barrier.wait(10)
    store.fresh(refresh)


def test_two_processes_refresh_once(store):
    store.save(OLD)
    context = multiprocessing.get_context("fork")
    barrier, count = context.Barrier(2), context.Value("i", 0)
    children = [
        context.Process(target=_refresh_in_child, args=(store.folder, barrier, count)) for _ in range(2)
    ]

    for child in children:
        child.start()
    for child in children:
        child.join(20)

    assert [child.exitcode for child in children] == [0, 0]
    assert count.value == 1
