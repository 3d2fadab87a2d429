"""A generated company in a folder: its simulators, its keys, and the configuration that `init` would write for it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from closedloop.cli.setup import write
from closedloop.cli.starter import Answers, System, render
from closedloop.clock import START_VARIABLE
from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from closedloop.sandbox.stand import Side
    from closedloop.sandbox.world import World

#: Marks a folder as ours to empty.
_MARK = ".made-by-closedloop"
_OURS = (".closedloop", "keys", "lists", "report", "closedloop.yaml", "truth.json")


@dataclass(slots=True, kw_only=True)
class Playground:
    """Running simulators and the folder that knows them.

    Args:
        folder: Where everything lies.
        config: The configuration file in it.
        world: What the simulators hold, with its truth.
        crm: The CRM.
        books: The ledger.
        attendance: What knows who came, if that is not the CRM.
        clock: The time at which the world lives, as `CLOSEDLOOP_CLOCK` takes it.
    """

    folder: Path
    config: Path
    world: World
    crm: Side
    books: Side
    clock: str
    attendance: Side | None = None

    @property
    def sides(self) -> tuple[Side, ...]:
        """Every system of the company."""
        return (self.crm, self.books, *([self.attendance] if self.attendance else ()))

    def requests(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the requests to all systems; ``since`` skips as many of an earlier answer."""
        simulators = {id(side.simulator): side.simulator for side in self.sides}
        return [one for simulator in simulators.values() for one in simulator.requests()][since:]


@contextmanager
def playground(
    folder: Path,
    *,
    seed: int,
    scale: float,
    mode: str,
    crm: str = "odoo",
    ledger: str = "odoo",
    attendance: str | None = None,
) -> Iterator[Playground]:
    """Empty ``folder`` of an earlier playground, generate a company, serve it, and configure it.

    Args:
        folder: Made if missing.
        seed: Which company.
        scale: How large; 1 has about 40 events.
        mode: ``plan`` or ``apply``.
        crm: Which CRM it has.
        ledger: Which ledger.
        attendance: What knows who came; none: the CRM itself.

    Raises:
        ConfigError: The folder holds something else, there is no such system, or the scale is not above zero.
    """
    from closedloop.sandbox import stand
    from closedloop.sandbox.world import generate

    if not scale > 0:
        raise ConfigError(
            "the scale must be above zero", where="--scale", fix="1 is a company with about 40 events"
        )
    apart = None if attendance == crm else attendance
    chosen = (
        ("--crm", crm, stand.CRMS),
        ("--ledger", ledger, stand.LEDGERS),
        ("--attendance", apart, stand.ATTENDANCE),
    )
    for option, name, known in chosen:
        if name is not None and name not in known:
            message = f"there is no simulated {name}"
            raise ConfigError(message, where=option, fix=f"use one of: {', '.join(known)}")
    _clear(folder)
    made = generate(seed, scale)
    serve = (
        stand.serve(made, crm=crm, ledger=ledger)
        if apart is None
        else stand.serve_apart(made, folder / "lists", crm=crm, ledger=ledger, attendance=apart)
    )
    with serve as (world, one, other, *more):
        third = next(iter(more), None)
        config = folder / "closedloop.yaml"
        answers = Answers(
            company=world.company,
            currency=world.home_currency,
            time_zone=world.zone,
            crm=_system(folder, one),
            books=_system(folder, other),
            mode=mode,
            has_own_fields=True,
            attendance=_system(folder, third) if third else None,
        )
        # Its own home, whatever the environment says: never a real company's.
        write(config, render(answers) + "\nhome: .closedloop\n")
        noon = datetime.combine(world.as_of, time(12), tzinfo=UTC).isoformat()
        yield Playground(
            folder=folder, config=config, world=world, crm=one, books=other, attendance=third, clock=noon
        )


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


def _system(folder: Path, side: Side) -> System:
    """Put the side's secrets into files, and the rest into the configuration."""
    from closedloop.sandbox.stand import SECRETS

    secrets = {name: f"keys/{side.name}.{name}" for name in SECRETS if name in side.settings}
    for name, path in secrets.items():
        _secret(folder / path, side.settings[name])
    plain = {name: value for name, value in side.settings.items() if name not in secrets}
    return System(connector=side.connector, settings=plain, secrets=secrets)


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
