"""Finds connectors by entry point and starts them as processes. None is ever imported."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit import leash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_running: weakref.WeakSet[subprocess.Popen[bytes]] = weakref.WeakSet()


def tap_module(name: str) -> str:
    """Return the package to run with ``python -m`` for the tap called ``name`` in the YAML.

    Raises:
        ConfigError: No such tap is installed.
    """
    return _module("closedloop.taps", "tap", name)


def target_module(name: str) -> str:
    """Return the package to run with ``python -m`` for the target called ``name`` in the YAML.

    Raises:
        ConfigError: No such target is installed.
    """
    return _module("closedloop.targets", "target", name)


def staging_files(name: str) -> dict[str, str]:
    """Return the staging SQL that the tap called ``name`` brings, by canonical entity.

    Raises:
        ConfigError: No such tap is installed.
    """
    files = (file for place in _places(tap_module(name)) for file in sorted(place.glob("staging/*.sql")))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def tap_starter(name: str, side: str) -> str:
    """Return the first block of a connection in YAML, as the tap called ``name`` brings it.

    Args:
        name: The tap's name.
        side: ``crm`` or ``books``.

    Raises:
        ConfigError: No such tap is installed, or it has nothing for that side.
    """
    text = _text(tap_module(name), f"starter/{side}.yaml")
    if text is None:
        taps = sorted(entry.name for entry in entry_points(group="closedloop.taps"))
        fits = [tap for tap in taps if _text(tap_module(tap), f"starter/{side}.yaml") is not None]
        message = f"{name} is no connector for {'the CRM' if side == 'crm' else 'the ledger'}"
        raise ConfigError(message, where=f"connector: {name}", fix=f"use one of: {', '.join(fits)}")
    return text


def target_starter(name: str) -> str:
    """Return the fields of a first write-back in YAML, as the target called ``name`` brings them.

    Raises:
        ConfigError: No such target is installed.
    """
    return _text(target_module(name), "starter.yaml") or ""


def written_objects(name: str) -> dict[str, list[str]]:
    """Return the vendor's objects that each canonical entity may be, as the target called ``name`` declares them.

    Raises:
        ConfigError: No such target is installed.
    """
    text = _text(target_module(name), "objects.json")
    return msgspec.json.decode(text, type=dict[str, list[str]]) if text else {}


def import_profile(name: str) -> dict[str, Any] | None:
    """Return how people and events are imported through the target called ``name``; none if it imports nothing.

    Raises:
        ConfigError: No such target is installed.
    """
    text = _text(target_module(name), "imports.json")
    return msgspec.json.decode(text, type=dict[str, Any]) if text else None


def entity_objects(name: str, entity: str) -> tuple[str, ...]:
    """Return the vendor objects that the tap called ``name`` turns into ``entity``: ``("event.event",)``.

    Its staging SQL says so, in the literal that becomes the column ``object``.

    Raises:
        ConfigError: No such tap is installed.
    """
    sql = "".join(text for file, text in staging_files(name).items() if file.partition("__")[0] == entity)
    return tuple(dict.fromkeys(re.findall(r"'([\w.]+)'\s+as\s+object\b", sql, re.IGNORECASE)))


def process(
    module: str | Sequence[str],
    args: Sequence[str],
    config: Mapping[str, Any],
    *,
    documents: Mapping[str, Any] | None = None,
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a connector in its own process group; it is killed when we die.

    Args:
        module: The package to run with this Python, or the whole command of a foreign connector.
        args: Its arguments besides the documents.
        config: Goes to ``--config``, by a file that is never on disk: it holds secrets.
        documents: More JSON documents by option: ``{"--state": {…}}``.
        stdin: As for `subprocess.Popen`.
        environment: Replaces our environment.

    Returns:
        The process, with pipes for its output and its log.

    Raises:
        ConfigError: The command does not exist.
    """
    command = [sys.executable, "-m", module] if isinstance(module, str) else list(module)
    if shutil.which(command[0]) is None:
        message = f"there is no program {command[0]}"
        raise ConfigError(message, where="executable", fix="install it, or write its whole path")
    handles = {
        option: _nameless(value) for option, value in {"--config": config, **(documents or {})}.items()
    }
    options = [part for option, handle in handles.items() for part in (option, _path(handle))]
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command, *options, *args],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=list(handles.values()),
            env=dict(environment) if environment is not None else None,
            process_group=0,
        )
    finally:
        for handle in handles.values():
            os.close(handle)
    _running.add(child)
    return child


def kill_running() -> None:
    """Kill every connector that runs, with all it started: what it did is on disk, what it did not is done again."""
    for child in list(_running):
        if child.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)


def _module(group: str, kind: str, name: str) -> str:
    found = entry_points(group=group)
    for entry in found:
        if entry.name == name:
            return entry.module
    known = ", ".join(sorted(entry.name for entry in found)) or "none"
    msg = f"there is no {kind} called {name}"
    raise ConfigError(
        msg,
        where=f"connector: {name}",
        fix=f"use one of: {known}; or install it",
    )


def _places(package: str) -> list[Path]:
    """Return the folders of a package without importing it."""
    spec = importlib.util.find_spec(package)
    return [Path(place) for place in (spec.submodule_search_locations if spec else None) or []]


def _text(package: str, name: str) -> str | None:
    """Return a file that a package brings; none if it does not."""
    files = (place / name for place in _places(package))
    return next((file.read_text(encoding="utf-8") for file in files if file.exists()), None)


def _nameless(value: object) -> int:
    """Write ``value`` as JSON to a file without a name and return its handle."""
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create("closedloop", os.MFD_CLOEXEC)
    else:
        handle, name = tempfile.mkstemp()
        Path(name).unlink()
    os.write(handle, msgspec.json.encode(value))
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _path(handle: int) -> str:
    return f"/proc/self/fd/{handle}" if Path("/proc/self/fd").is_dir() else f"/dev/fd/{handle}"
