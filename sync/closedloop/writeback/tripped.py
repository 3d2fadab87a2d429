"""A guard that would stop a write-back: its name, as `--allow` takes it, and what it saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from closedloop.errors import ConfigError, GuardError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

GuardName = Literal[
    "stale_source",
    "empty_source",
    "other_company",
    "source_shrank",
    "failed_check",
    "max_changed",
    "max_to_zero",
    "count_fell",
]
GUARDS: tuple[GuardName, ...] = get_args(GuardName)
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """One guard that would stop the run.

    Args:
        name: The guard, as `--allow` takes it.
        message: What it saw, one sentence.
    """

    name: GuardName
    message: str


def insist_known(allow: Collection[str]) -> None:
    """Do nothing if every name is a guard's.

    Raises:
        ConfigError: One is not: a typing error must not become a run that stops at night.
    """
    for name in allow:
        if name not in GUARDS:
            msg = f"there is no guard {name}"
            raise ConfigError(msg, where="--allow", fix=f"use one of: {', '.join(GUARDS)}")


def enforce(tripped: Sequence[Tripped], *, allow: Collection[str], where: str) -> None:
    """Stop unless every tripped guard is allowed.

    Raises:
        GuardError: A guard stops the run.
        ConfigError: There is no guard of a name in ``allow``.
    """
    insist_known(allow)
    left = [guard for guard in tripped if guard.name not in allow]
    if left:
        text = "; ".join(f"{guard.name}: {guard.message}" for guard in left)
        options = " ".join(f"--allow {name}" for name in dict.fromkeys(guard.name for guard in left))
        msg = f"nothing was written. {text}"
        raise GuardError(
            msg,
            where=where,
            fix=f"find out why; if it is right, repeat with {options}",
        )


def listed(names: Sequence[str]) -> str:
    """Return the first names and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
