"""A real Odoo 19 on loopback with two databases: ``crm`` (leads, events) and ``books`` (accounting).

    python -m tests.servers.odoo.server up|stop|reset|status

The first start downloads the program and makes the databases; both are kept in the cache folder (``CLOSEDLOOP_CACHE``,
else ``~/.cache/closedloop``). Later starts unpack the kept databases, which takes seconds.
"""

import contextlib
import hashlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.odoo import program
from tests.servers.odoo.api import Api
from tests.servers.odoo.program import UnavailableError, run

HERE = Path(__file__).parent
APPS = {"crm": "event_crm", "books": "account"}
PRISTINE = "pristine"


def free_port():
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """One Odoo with its own PostgreSQL, all of whose state lies in one folder."""

    state: Path
    ports: dict = field(default_factory=dict)
    process: subprocess.Popen | None = None

    def __post_init__(self):
        if self._ports.exists():
            self.ports = json.loads(self._ports.read_text())

    @property
    def _ports(self):
        return self.state / "ports.json"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['odoo']}"

    def key(self, database):
        """The API key of the administrator."""
        return (self.state / f"key.{database}").read_text()

    # -- life ------------------------------------------------------------------------------------------------------

    def up(self):
        """Start what is not running; make what is not there."""
        self._ports.parent.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o755)
        program.odoo()
        if not (self.state / "pg").exists():
            self._databases()
        self._start_postgres()
        self._start_odoo()
        return self

    def stop(self):
        """Stop both; the state stays."""
        self._stop_odoo()
        self._stop_postgres()

    def reset(self, snapshot=PRISTINE):
        """Bring both databases back to a snapshot, by default to the empty ones."""
        self._stop_odoo()
        for database in APPS:
            self.sql("postgres", f"drop database if exists {database} with (force)")
            self.sql("postgres", f"create database {database} template {database}_{snapshot}")
        self._start_odoo()

    def snapshot(self, name):
        """Keep both databases as they are now under a name."""
        self._stop_odoo()
        for database in APPS:
            self.sql("postgres", f"drop database if exists {database}_{name}")
            self.sql("postgres", f"create database {database}_{name} template {database}")
        self._start_odoo()

    def sql(self, database, *statements):
        """Run SQL in a database and return its rows as lines."""
        command = [self._postgres / "psql", "-h", "127.0.0.1", "-p", self.ports["postgres"], "-U", "odoo"]
        command += ["-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database]
        return run(*command, input="\n".join(f"{text};" for text in statements)).splitlines()

    # -- PostgreSQL ------------------------------------------------------------------------------------------------

    @property
    def _postgres(self):
        return program.postgres()

    def _as_owner(self, *command):
        """PostgreSQL refuses to run as root: then its own user runs it."""
        prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return run(*prefix, *command, cwd=self.state)

    def _start_postgres(self):
        data = self.state / "pg"
        if (data / "postmaster.pid").exists() and self.ports and self._listens(self.ports["postgres"]):
            return
        (data / "postmaster.pid").unlink(missing_ok=True)
        self.ports = {"postgres": free_port(), "odoo": free_port(), "bus": free_port()}
        self._ports.write_text(json.dumps(self.ports))
        options = f"-p {self.ports['postgres']} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        # Test data: what a power cut would lose is made again.
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c shared_buffers=256MB"
        log = data / "server.log"
        self._as_owner(self._postgres / "pg_ctl", "-D", data, "-w", "-s", "-l", log, "-o", options, "start")

    def _stop_postgres(self):
        if (self.state / "pg" / "postmaster.pid").exists():
            self._as_owner(
                self._postgres / "pg_ctl", "-D", self.state / "pg", "-m", "fast", "-s", "-w", "stop"
            )

    @staticmethod
    def _listens(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    # -- Odoo ------------------------------------------------------------------------------------------------------

    def _odoo(self, *arguments):
        """The command line and environment of Odoo."""
        home = program.odoo()
        settings = self.state / "odoo.conf"
        lines = {
            "db_host": "127.0.0.1",
            "db_port": self.ports["postgres"],
            "db_user": "odoo",
            "db_name": ",".join(APPS),
            "http_interface": "127.0.0.1",
            "http_port": self.ports["odoo"],
            "gevent_port": self.ports["bus"],
            "data_dir": self.state / "data",
            "workers": 0,
            "max_cron_threads": 0,
            "log_level": "warn",
        }
        settings.write_text("[options]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        packages = home / "root" / "usr" / "lib" / "python3" / "dist-packages"
        command = [home / "venv" / "bin" / "python", home / "root" / "usr" / "bin" / "odoo"]
        command += [arguments[0], "-c", settings, *arguments[1:]]
        environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONWARNINGS": "ignore"}
        return [str(part) for part in command], environment

    def _start_odoo(self):
        pid = self.state / "odoo.pid"
        if self._alive() and self._listens(self.ports["odoo"]):
            return
        command, environment = self._odoo("server", "--log-handler", "odoo.addons.rpc.controllers:ERROR")
        with (self.state / "odoo.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        pid.write_text(str(self.process.pid))
        self._await_health(self.process)

    def _await_health(self, process):
        """Wait until both databases answer: a missing library shows only when a database is loaded."""
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"{self.url}/web/health", timeout=30):
                    pass
                for database in APPS:
                    Api(self.url, database, self.key(database)).call("res.users", "context_get")
                return
            time.sleep(0.2)
        said = "\n".join((self.state / "odoo.log").read_text().splitlines()[-15:])
        raise RuntimeError("Odoo did not start:\n" + said)

    def _alive(self):
        pid = self.state / "odoo.pid"
        if not pid.exists():
            return False
        try:
            os.kill(int(pid.read_text()), 0)
        except OSError:
            return False
        return True

    def _stop_odoo(self):
        if self._alive():
            os.kill(int((self.state / "odoo.pid").read_text()), signal.SIGTERM)
            if self.process:
                self.process.wait(timeout=60)
            deadline = time.monotonic() + 60
            while self._alive() and time.monotonic() < deadline:
                time.sleep(0.1)
        self.process = None
        (self.state / "odoo.pid").unlink(missing_ok=True)

    # -- databases -------------------------------------------------------------------------------------------------

    def _kept(self):
        """The file that keeps the empty databases, named by everything that shapes them."""
        version = run(self._postgres / "postgres", "--version").split()[2].partition(".")[0]
        shape = hashlib.sha256((HERE / "seed.py").read_bytes() + json.dumps(APPS).encode()).hexdigest()[:12]
        return program.cache() / f"odoo-databases-{version}-{shape}.tar"

    def _databases(self):
        """Unpack the kept databases, or make them and keep them."""
        kept = self._kept()
        if kept.exists():
            with tarfile.open(kept) as archive:
                archive.extractall(self.state, filter="tar")
            self._own()
            return
        self._make()
        part = kept.with_suffix(f".{os.getpid()}")
        with tarfile.open(part, "w") as archive:
            for name in ("pg", "data", *(f"key.{database}" for database in APPS)):
                archive.add(self.state / name, name)
        part.rename(kept)

    def _own(self):
        """Give PostgreSQL its folder, if another user must run it."""
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for folder, _, files in os.walk(self.state / "pg"):
                for path in (Path(folder), *(Path(folder) / name for name in files)):
                    os.chown(path, owner.pw_uid, owner.pw_gid)

    def _make(self):
        data = self.state / "pg"
        data.mkdir()
        self._own()
        self._as_owner(
            self._postgres / "initdb",
            "-D",
            data,
            "-U",
            "odoo",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        )
        self._start_postgres()
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._make_database, APPS))
        for database in APPS:
            self.sql("postgres", f"create database {database}_{PRISTINE} template {database}")
        self._stop_postgres()

    def _make_database(self, database):
        options = ["-d", database, "--no-http", "--data-dir", self.state / "data", "--log-level", "error"]
        command, environment = self._odoo("server", *options, "-i", APPS[database], "--stop-after-init")
        run(*command, env=environment)
        command, environment = self._odoo("shell", *options)
        environment["SEED_OUT"] = str(self.state / f"key.{database}")
        said = run(*command, env=environment, input=f"exec(open({str(HERE / 'seed.py')!r}).read())\n")
        if not (self.state / f"key.{database}").exists():
            message = f"the seed of {database} failed:\n{said}"
            raise RuntimeError(message)


def main(verb):
    """Drive the one server of this user by hand."""
    state = Path(tempfile.gettempdir()) / f"closedloop-odoo-{os.getuid()}"
    server = Server(state)
    if verb in {"up", "reset"}:
        server.up()
        if verb == "reset":
            server.reset()
        keys = ", ".join(f"{database}: {server.state / f'key.{database}'}" for database in APPS)
        sys.stdout.write(f"{server.url}  keys: {keys}\n")
    elif verb == "stop":
        server.stop()
    elif verb == "purge":
        server.stop()
        shutil.rmtree(state, ignore_errors=True)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main((sys.argv[1:] or ["up"])[0])
    except UnavailableError as error:
        sys.exit(str(error))
