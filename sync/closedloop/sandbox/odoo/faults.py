"""Faults on demand: what a vendor does to a client on a bad day, switched on for a model and a method.

Faults of the data (``drop_row short_page repeat_page freeze_cursor``) change what ``search`` and ``search_read``
list while ``search_count`` goes on telling the truth. Faults of the way (``reset slow 401 429 500 html``, and of CRMs
``garbled``: half of some JSON) replace or delay the answer; with ``when="after"`` the call is carried out first and only its answer is lost.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = frozenset({"drop_row", "short_page", "repeat_page", "freeze_cursor"})
WAY = frozenset({"reset", "slow", "401", "429", "500", "html", "garbled"})


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault and how often it struck.

    Args:
        kind: One of ``DATA`` and ``WAY``.
        database: Only calls to this database; ``None`` for both.
        model: Only calls to this model; ``None`` for every one.
        method: Only this method; ``None`` for every one.
        nth: The first of the matching calls that it strikes, counted from 1.
        times: How many it strikes from there on; ``None`` for all.
        when: ``before`` or ``after`` the call is carried out (faults of the way).
        ids: The rows that ``drop_row`` hides; without them the middle row of the first listing.
        since: ``freeze_cursor`` hides what was written after this time (``YYYY-MM-DD HH:MM:SS``); without it the
            newer half of the model's rows.
        mode: ``hide`` or ``loop`` (``freeze_cursor`` answers every listing with its first page).
        seconds: How long ``slow`` waits.
        retry_after: The Retry-After header of ``429``: seconds or an HTTP date.
        status: The status of ``html``.
    """

    kind: str
    database: str | None = None
    model: str | None = None
    method: str | None = None
    nth: int = 1
    times: int | None = None
    when: str = "before"
    ids: list[int] = field(default_factory=list)
    since: str | None = None
    mode: str = "hide"
    seconds: float = 0.2
    retry_after: str | int | None = None
    status: int = 502
    seen: int = 0
    hits: int = 0
    ended: bool = False
    page: list[int] | None = None

    def matches(self, database: str, model: str, method: str) -> bool:
        """Return whether the fault is about such a call at all."""
        return all(
            wanted in {None, given}
            for wanted, given in ((self.database, database), (self.model, model), (self.method, method))
        )

    def strikes(self) -> bool:
        """Count a matching call and return whether the fault strikes it."""
        self.seen += 1
        struck = self.seen >= self.nth and (self.times is None or self.seen < self.nth + self.times)
        self.hits += struck
        return struck


class Faults:
    """The faults switched on, safe to change while requests run."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> Fault:
        """Switch a fault on and return it; the options are those of ``Fault`` (``db`` and ``stream`` are understood).

        A fault of the way strikes once unless ``times`` says otherwise, ``repeat_page`` from the second page on.

        Raises:
            ValueError: The kind is unknown.
        """
        if kind not in DATA | WAY:
            message = f"unknown fault {kind!r}; known: {', '.join(sorted(DATA | WAY))}"
            raise ValueError(message)
        renamed = {"db": "database", "stream": "model"}
        given = {renamed.get(name, name): value for name, value in options.items()}
        if given.get("model"):
            given["model"] = str(given["model"])
        if kind in WAY:
            given.setdefault("times", 1)
        if kind == "repeat_page":
            given.setdefault("nth", 2)
        fault = Fault(kind=kind, **given)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Switch every fault off."""
        with self._lock:
            self._faults.clear()

    def all(self) -> Sequence[Fault]:
        """Return the faults that are on."""
        with self._lock:
            return tuple(self._faults)

    def on_the_way(self, database: str, model: str, method: str) -> Fault | None:
        """Return the fault of the way that strikes this call, if one does."""
        struck = [fault for fault in self._matching(WAY, database, model, method) if fault.strikes()]
        return struck[0] if struck else None

    def of_the_data(self, database: str, model: str, method: str) -> list[Fault]:
        """Return the faults of the data that are about this listing; the caller counts the strikes."""
        return self._matching(DATA, database, model, method)

    def _matching(self, kinds: frozenset[str], database: str, model: str, method: str) -> list[Fault]:
        with self._lock:
            return [f for f in self._faults if f.kind in kinds and f.matches(database, model, method)]
