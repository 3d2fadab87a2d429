"""The image: what is in it, and what it does with nothing to write into but its volume (make container)."""

import json
import os
import re
import shutil
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.container.image import HOME, ROOT, USER, Image, first
from tests.servers.odoo.program import UnavailableError

from closedloop.cli.playground import playground
from closedloop.store import tables
from closedloop.store.operations import Operations

pytestmark = pytest.mark.container

MOST = 700
GRACE = 25


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    try:
        built = Image(tmp_path_factory.mktemp("image"))
    except UnavailableError as error:
        pytest.skip(str(error))
    yield built
    built.remove()


@pytest.fixture
def volume(tmp_path):
    """An empty volume of the image's user, for it to enter the folders above must let it pass."""
    found = tmp_path / "volume"
    found.mkdir(mode=0o700)
    os.chown(found, USER, USER)
    return found


@pytest.fixture
def config(tmp_path):
    found = tmp_path / "config"
    found.mkdir(mode=0o755)
    return found


@pytest.fixture
def company(tmp_path, config):
    """A company on loopback, configured in the mounted folder, its keys readable by the image's user alone."""
    with playground(
        tmp_path / "world", seed=1, scale=0.05, mode="apply", crm="salesforce", ledger="quickbooks"
    ) as world:
        text = world.config.read_text().replace("\nhome: .closedloop\n", "")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        (config / "closedloop.yaml").write_text(f"{text}service: {{port: {port}, grace: {GRACE}s}}\n")
        shutil.copytree(world.folder / "keys", config / "keys")
        for path in (config / "keys", *(config / "keys").iterdir()):
            os.chown(path, USER, USER)
        yield world.clock, port


def test_it_holds_what_runs_and_no_compiler_cache_or_test(image):
    paths = {path for path, _ in image.files()}
    total = sum(size for _, size in image.files()) / 1e6
    largest = list(image.parts().items())[:6]
    print(  # noqa: T201 (what the README tells)
        f"{total:.0f} MB unpacked:", ", ".join(f"{name} {size:.0f}" for name, size in largest)
    )

    assert total < MOST
    tools = {"cc", "gcc", "g++", "clang", "ld", "make", "rustc", "pip", "pip3", "uv", "apt-key.gpg"}
    assert not {path for path in paths if Path(path).name in tools and "/bin/" in path}
    assert not {
        path
        for path in paths
        if re.search(r"/tests?/|\.deb$|\.whl$|/pip/|/\.cache/|/lists/|/ensurepip/", path)
    }
    told = re.search(r"(\d+) MB unpacked", (ROOT / "README.md").read_text())
    assert told, "the README tells the image's size"
    assert abs(int(told[1]) - total) < 0.03 * total, "the README tells another size"


def test_it_says_how_it_wants_to_be_run(image):
    assert image.settings["User"] == f"{USER}:{USER}"
    assert image.settings["Entrypoint"] == ["closedloop"]
    assert image.settings["Cmd"] == ["daemon"]
    assert list(image.settings["Volumes"]) == [HOME]
    assert image.settings["Healthcheck"]["Test"][0] == "CMD"
    assert "closedloop 0" in image.said


def test_only_the_volume_can_be_written_and_only_as_its_user(image, volume, config):
    tried = "; ".join(
        f"touch {place}/x 2>/dev/null && echo {place}"
        for place in ("/", "/tmp", "/etc", "/opt/closedloop", "/run", "/dev", HOME)
    )
    _, said = image.run(volume, config, "sh", "-c", f"{tried}; id -u; grep CapEff /proc/self/status")
    assert said.split() == [HOME, str(USER), "CapEff:", "0" * 16]


def test_it_explains_itself_and_a_typing_error(image, volume, config):
    assert image.run(volume, config, "closedloop", "--help")[0] == 0
    (config / "closedloop.yaml").write_text("company: {curency: USD, time_zone: UTC}\nconnections: {}\n")
    code, said = image.run(volume, config, "closedloop", "check")
    assert code == 2
    assert "line 1: company.curency: unknown key" in said
    assert "did you mean currency?" in said


def test_a_whole_cycle_and_then_a_daemon_that_ends_within_its_grace(image, volume, config, company):
    clock, port = company
    for verb in (("provision",), ("run",), ("report",), ("check",), ("backup",)):
        code, said = image.run(volume, config, "closedloop", *verb, CLOSEDLOOP_CLOCK=clock)
        assert code == 0, said
    assert (volume / "report" / "index.html").stat().st_uid == USER
    assert {"operations.db", "store.duckdb", "backups"} <= {path.name for path in volume.iterdir()}
    assert not list(volume.glob("tmp*")), "nothing temporary is left behind"

    child = image.start(
        volume, config, *image.settings["Entrypoint"], *image.settings["Cmd"], CLOSEDLOOP_CLOCK=clock
    )
    seen = []
    for line in child.stderr:
        seen.append(json.loads(line)["event"])
        if seen[-1] == "daemon.working":
            break
    assert answer(port, "healthz") == answer(port, "readyz") == 200, seen
    assert b"closedloop_runs" in urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30).read()

    os.kill(first(child), signal.SIGTERM)
    log = child.communicate(timeout=GRACE + 30)[1]
    assert child.returncode == 0, log
    assert json.loads(log.splitlines()[-1])["event"] == "daemon.ended"
    assert "daemon.grace_over" not in log
    operations = Operations.open(volume / "operations.db")
    with operations.reading() as connection:
        states = {row.state for row in connection.execute(select(tables.run))}
        assert not connection.execute(select(tables.lease)).all(), "who ends gives its leases back"
    operations.close()
    assert states <= {"done", "stopped"}


def answer(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as told:
            return told.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
