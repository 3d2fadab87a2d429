"""What a stranger gets by `pip install closedloop`, in its two sizes."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONNECTORS = sorted(name for name in PROJECT["scripts"] if name.startswith(("tap-", "target-")))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    """Build the wheel from a copy, as a release would."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("taps", "targets", "sync", "config"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy / name)
    out = copy / "dist"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel in a new environment; return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    add(python, str(wheel))
    return python


def add(python: Path, wanted: str) -> None:
    """Install into an environment the versions of the hashed lock."""
    # The lock holds exact versions and hashes; as constraints (without hashes) it serves both sizes.
    constraints = python.parent / "constraints.txt"
    lock = (ROOT / ".ci" / "runtime.lock").read_text()
    constraints.write_text(
        "\n".join(line.rstrip(" \\") for line in lock.splitlines() if line and line[0].isalnum())
    )
    beside = Path(sys.executable).with_name("uv")
    tool = shutil.which("uv") or (str(beside) if beside.exists() else None)
    command = (
        [tool, "pip", "install", "--python", str(python)]
        if tool
        else [str(python), "-m", "pip", "install", "--no-compile"]
    )
    run = subprocess.run(
        [*command, "-q", "-c", str(constraints), wanted], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def size_of(python: Path) -> int:
    """Return the megabytes that an environment's packages take, pip aside."""
    packages = next((python.parent.parent / "lib").glob("python3*")) / "site-packages"
    return sum(
        file.stat().st_size
        for file in packages.rglob("*")
        if file.is_file() and file.relative_to(packages).parts[0].split("-")[0] not in {"pip", "setuptools"}
    ) // (1 << 20)


def test_the_wheel_holds_the_packages_and_their_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {name for name in names if ".dist-info/" not in name}
    kept = {
        str(path.relative_to(ROOT / shelf))
        for shelf in ("taps", "targets", "sync")
        for path in (ROOT / shelf).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.parent != ROOT / shelf
    }

    assert kept == shipped
    assert {"py", "sql", "typed"} <= {name.rpartition(".")[2] for name in shipped}


def test_the_lock_names_no_registry_and_hashes_every_package():
    for name in ("runtime.lock", "dev.lock"):
        text = (ROOT / ".ci" / name).read_text()
        assert "://" not in text
        assert text.count("==") <= text.count("--hash=sha256:")


def test_the_lock_is_not_behind_the_project():
    locked = {
        line.split("==")[0]
        for line in (ROOT / ".ci" / "runtime.lock").read_text().splitlines()
        if line and line[0].isalnum()
    }
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["sync"]]

    assert {name.split("[")[0].split(">")[0].split("<")[0] for name in wanted} <= locked


def test_both_sizes_install_start_and_stay_within_their_weight(wheel, tmp_path):
    """The small one first; the large one is then added to it, as a person would who wants more."""
    python = install(wheel, tmp_path / "venv")
    for name in CONNECTORS:
        about = subprocess.run([python.parent / name, "--about"], capture_output=True, text=True, check=False)
        assert about.returncode == 0, about.stderr
        assert name in about.stdout
    face = subprocess.run(
        [python.parent / "closedloop", "--help"], capture_output=True, text=True, check=False
    )

    assert face.returncode == 2
    assert "closedloop[sync]" in face.stderr
    assert "Traceback" not in face.stderr
    assert size_of(python) < 130

    add(python, f"{wheel}[sync]")
    face = subprocess.run(
        [python.parent / "closedloop", "--help"], capture_output=True, text=True, check=False
    )

    assert face.returncode == 0, face.stderr
    assert "reconcile" in face.stdout
    assert size_of(python) < 700
