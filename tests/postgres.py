"""A PostgreSQL of our own for one test session: in a folder that goes away, on a socket, with an empty database to copy."""

import contextlib
import itertools
import os
import pwd
import select
import shutil
import socket
import tempfile
import threading
from pathlib import Path

from sqlalchemy import URL, create_engine, text
from tests.servers.odoo import program
from tests.servers.odoo.program import UnavailableError, run

from closedloop.store.operations import Operations

#: Text sorts as it does in most installations, not by bytes: what relies on bytes must fail here.
INITDB = [
    "-U",
    "closedloop",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale-provider=icu",
    "--icu-locale=en-US",
    "-N",
]
#: Test data: what a power cut would lose is made again.
FAST = "-c fsync=off -c full_page_writes=off -c max_connections=60 -c listen_addresses=''"


class Postgres:
    """One server."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="closedloop-pg-"))
        self._numbers = itertools.count(1)
        self._programs = program.postgres()
        self._owner = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError as error:
                raise UnavailableError(
                    "PostgreSQL does not run as root, and there is no user postgres"
                ) from error
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._owner = ["runuser", "-u", "postgres", "--"]
        self.start()
        self._template()

    def start(self):
        data = self.folder / "data"
        if not data.exists():
            run(*self._owner, self._programs / "initdb", *INITDB, "-D", data, cwd=self.folder)
        options = f"{FAST} -k {self.folder}"
        self._control("-l", data / "log", "-o", options, "start")

    def stop(self, mode="fast"):
        """End it; ``immediate`` is a crash."""
        self._control("-m", mode, "stop")

    def close(self):
        with contextlib.suppress(RuntimeError):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self):
        """The address of a new database with the tables of today."""
        name = f"world{next(self._numbers)}"
        self._administer(f"create database {name} template ready")
        return self.address(name)

    def address(self, name, *, port=None):
        place = {"host": "127.0.0.1", "port": port} if port else {"query": {"host": str(self.folder)}}
        return URL.create("postgresql", username="closedloop", database=name, **place).render_as_string()

    @property
    def socket(self):
        return self.folder / ".s.PGSQL.5432"

    def _template(self):
        self._administer("create database ready")
        Operations.open(self.address("ready")).close()

    def _administer(self, statement):
        engine = create_engine(
            self.address("postgres").replace("postgresql:", "postgresql+psycopg:"),
            isolation_level="AUTOCOMMIT",
        )
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _control(self, *arguments):
        command = [self._programs / "pg_ctl", "-D", self.folder / "data", "-w", "-s", *arguments]
        run(*self._owner, *command, cwd=self.folder)


class Proxy:
    """A way to the server by TCP that can be cut, or that can swallow everything without a word."""

    def __init__(self, target):
        self._target, self._pairs, self.state = target, [], "open"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, state="refusing"):
        """Drop every connection, and refuse new ones; or keep them, and be ``silent``."""
        self.state = state
        if state == "refusing":
            for pair in self._pairs:
                for one in pair:
                    one.close()
            self._pairs.clear()

    def mend(self):
        self.state = "open"

    def close(self):
        self.cut()
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                ours = self._listener.accept()[0]
                if self.state == "refusing":
                    ours.close()
                    continue
                theirs = socket.socket(socket.AF_UNIX)
                theirs.connect(str(self._target))
                self._pairs.append((ours, theirs))
                threading.Thread(target=self._pump, args=(ours, theirs), daemon=True).start()

    def _pump(self, ours, theirs):
        with contextlib.suppress(OSError, ValueError):
            while True:
                for one in select.select([ours, theirs], [], [], 5)[0]:
                    said = one.recv(1 << 16)
                    if not said:
                        ours.close()
                        theirs.close()
                        return
                    if self.state != "silent":
                        (theirs if one is ours else ours).sendall(said)
