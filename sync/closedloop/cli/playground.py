"""A generated company in a folder: its simulator, its keys, and the configuration that `init` would write for it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from closedloop.cli.setup import write
from closedloop.cli.starter import Answers, System, render
from closedloop.clock import START_VARIABLE
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from closedloop.sandbox.odoo import Simulator
    from closedloop.sandbox.world import World

#: Marks a folder as ours to empty.
_MARK = ".made-by-closedloop"
_OURS = (".closedloop", "keys", "report", "closedloop.yaml", "truth.json")


@dataclass(slots=True, kw_only=True)
class Playground:
    """A running simulator and the folder that knows it.

    Args:
        folder: Where everything lies.
        config: The configuration file in it.
        world: What the simulator holds, with its truth.
        simulator: The simulator.
        clock: The time at which the world lives, as `CLOSEDLOOP_CLOCK` takes it.
    """

    folder: Path
    config: Path
    world: World
    simulator: Simulator
    clock: str


@contextmanager
def playground(folder: Path, *, seed: int, scale: float, mode: str) -> Iterator[Playground]:
    """Empty ``folder`` of an earlier playground, generate a company, serve it, and configure it.

    Args:
        folder: Made if missing.
        seed: Which company.
        scale: How large; 1 has about 40 events.
        mode: ``plan`` or ``apply``.

    Raises:
        ConfigError: The folder holds something else, or the scale is not above zero.
    """
    from closedloop.sandbox.odoo import serve
    from closedloop.sandbox.world import generate

    if not scale > 0:
        raise ConfigError(
            "the scale must be above zero", where="--scale", fix="1 is a company with about 40 events"
        )
    _clear(folder)
    world = generate(seed, scale)
    with serve(world) as simulator:
        for name, key in simulator.api_keys.items():
            _secret(folder / "keys" / name, key)
        config = folder / "closedloop.yaml"
        write(config, render(_answers(world, simulator.url, mode)))
        noon = datetime.combine(world.as_of, time(12), tzinfo=UTC).isoformat()
        yield Playground(folder=folder, config=config, world=world, simulator=simulator, clock=noon)


@contextmanager
def living_at(clock: str) -> Iterator[None]:
    """Let this process and its children live at another time meanwhile."""
    before = os.environ.get(START_VARIABLE)
    os.environ[START_VARIABLE] = clock
    try:
        yield
    finally:
        if before is None:
            del os.environ[START_VARIABLE]
        else:
            os.environ[START_VARIABLE] = before


def _answers(world: World, url: str, mode: str) -> Answers:
    crm, books = (
        System(url=url, database=name, key_variable=f"{name.upper()}_API_KEY", key_file=f"keys/{name}")
        for name in ("crm", "books")
    )
    return Answers(
        company=world.company,
        currency=world.home_currency,
        time_zone=world.zone,
        crm=crm,
        books=books,
        mode=mode,
        has_own_fields=True,
    )


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise ConfigError(
            "the folder is not empty and no earlier demo made it",
            where=str(folder),
            fix="name another with --dir",
        )
    for name in _OURS:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _secret(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
