"""The rotating token of a ledger lives on from run to run of the real core, also when a run is killed."""

import pytest
from tests.cli.ledgers import crm, ledger


@pytest.fixture(params=["quickbooks", pytest.param("xero", marks=pytest.mark.long)])
def books(request, small_world, tmp_path):
    with ledger(request.param, small_world, tmp_path) as served:
        yield served


@pytest.mark.long  # tests/crash/test_tokens.py kills there too
def test_the_rotated_token_is_kept_by_the_core_whatever_is_killed(books):
    """The second refresh kills the first token: what comes after it lives on what the core has kept."""
    killed = []
    assert books.closedloop("run").returncode == 0
    for place in ("refresh_answered", "token_saved"):
        books.later()
        killed.append(books.closedloop("run", failpoint=f"tap_{books.connector}.{place}:1:group").returncode)
        done = books.closedloop("run")  # at once: Xero honours a token whose answer was lost for half an hour
        assert done.returncode == 0, done.stderr[-2000:]

    assert killed == [-9, -9]
    (token,) = books.tokens
    assert books.settings["refresh_token"].encode() not in token.read_bytes()

    token.unlink()  # the first token alone does not open the books any more: the runs above could have failed
    books.later()
    lost = books.closedloop("check")
    assert lost.returncode == 2
    assert "closedloop login books" in lost.stdout


@pytest.mark.parametrize(
    ("books", "way"),
    [pytest.param("quickbooks", [], marks=pytest.mark.long), ("xero", ["--paste"])],
    indirect=["books"],
)
def test_login_takes_the_place_of_a_refresh_token_in_the_file(books, way):
    books.settings.pop("refresh_token")
    address = f"{books.simulator.url}/identity/connect/authorize"
    books.settings.setdefault("authorize_url", address)
    before = books.closedloop("check")
    done = books.log_in(*way)
    after = books.closedloop("sync")

    assert (before.returncode, "closedloop login books" in before.stdout) == (2, True)
    assert done.returncode == 0, done.stderr
    assert "connected to" in done.stdout
    assert after.returncode == 0, after.stderr[-2000:]


@pytest.mark.parametrize("connector", ["salesforce", pytest.param("hubspot", marks=pytest.mark.long)])
def test_login_opens_a_crm_without_any_token_in_the_file(connector, small_world, tmp_path):
    with crm(connector, small_world, tmp_path) as served:
        done = served.log_in()
        checked = served.closedloop("check")

    assert (done.returncode, "connected to" in done.stdout) == (0, True), done.stderr
    assert checked.returncode == 0, checked.stdout
    assert len(served.tokens) == 1
