"""The programs: Odoo 19 as Debian packages it, unpacked beside its own Python environment, and PostgreSQL.

Nothing is installed into the system but PostgreSQL, and that only where it is missing and we are root.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE = "odoo-19"
SUITE = "sid"  # the only Debian suite that carries Odoo


class UnavailableError(Exception):
    """A program cannot be had on this machine: the reason to skip."""


def cache():
    """The folder that outlives a run."""
    chosen = os.environ.get("CLOSEDLOOP_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "closedloop"
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def run(*command, **options):
    """Run a command to its end; its output only matters if it fails."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, **options
    )
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        message = f"{Path(str(command[0])).name} ended with {done.returncode}:\n{said}"
        raise RuntimeError(message)
    return done.stdout


def odoo():
    """The folder with ``root`` (the package) and ``venv`` (its Python), made on first use.

    ``ODOO_HOME`` names one that is there already.
    """
    if os.environ.get("ODOO_HOME"):
        return Path(os.environ["ODOO_HOME"])
    home = cache() / PACKAGE
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two threads or two test runs make it once
        if not (home / "root").exists():
            _unpack(home)
        if not (home / "venv" / "ready").exists():
            _environment(home / "venv")
    return home


def _unpack(home):
    if not all(shutil.which(tool) for tool in ("apt-get", "dpkg")):
        raise UnavailableError("Odoo comes from a Debian package, and this machine has no apt")
    with tempfile.TemporaryDirectory(prefix="apt-") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        package = _download(folder)
        shutil.rmtree(home / "root.part", ignore_errors=True)
        run("dpkg", "-x", package, home / "root.part")
    (home / "root.part").rename(home / "root")


def _archives():
    """Where this machine already gets its packages from, and the key it trusts them by."""
    listed = run(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT) $(SIGNED_BY)", "Created-By: Packages"
    )
    seen = {}
    for line in listed.splitlines():
        address, component, *key = line.split(maxsplit=2)
        if component == "main" and "security" not in address:
            seen[address] = key[0] if key and key[0].startswith("/") else None
    return seen


def _download(folder):
    """Download the package through a private view of the archive; the system's own sources stay as they are."""
    reasons = []
    for address, key in _archives().items():
        keyring = key or "/usr/share/keyrings/debian-archive-keyring.gpg"
        (folder / "view.sources").write_text(
            f"Types: deb\nURIs: {address}\nSuites: {SUITE}\nComponents: main\nSigned-By: {keyring}\n"
        )
        for part in ("lists/partial", "archives/partial"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        view = [
            f"-oDir::Etc::sourcelist={folder / 'view.sources'}",
            "-oDir::Etc::sourceparts=-",
            f"-oDir::State::lists={folder / 'lists'}",
            f"-oDir::Cache={folder}",
            "-oAPT::Sandbox::User=",
            "-oAcquire::Languages=none",
        ]
        try:
            run("apt-get", *view, "update", "--error-on=any")
            run("apt-get", *view, "download", PACKAGE, cwd=folder)
        except RuntimeError as error:
            reasons.append(str(error))
            continue
        return next(folder.glob("*.deb"))
    message = f"the package {PACKAGE} cannot be had from {SUITE}: {'; '.join(reasons) or 'no archive'}"
    raise UnavailableError(message)


def _environment(folder):
    """A Python environment with what Odoo imports; with uv where it is there, because it is five times faster."""
    shutil.rmtree(folder, ignore_errors=True)
    uv = shutil.which("uv")
    wanted = ["-r", HERE / "requirements.txt"]
    if uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, folder)
        run(uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", *wanted)
    else:
        run(sys.executable, "-m", "venv", folder)
        run(
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *wanted,
        )
    (folder / "ready").touch()


def postgres():
    """The folder with PostgreSQL's programs."""
    found = _postgres()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update", "-q")
        run("apt-get", "install", "-y", "-q", "--no-install-recommends", "postgresql")
        found = _postgres()
    if not found:
        raise UnavailableError("PostgreSQL is not installed here, and only root can install it")
    return found


def _postgres():
    """The newest PostgreSQL there is: Debian keeps its server programs off the path, one folder a version."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        folders += sorted(debian.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    return next((folder for folder in folders if (folder / "psql").exists()), None)
