"""Takes a change of the published figures apart by definition 16: one step after another goes from then to now.

Each step makes the figures again in a transaction that is rolled back, with its group of records as it is now and the
later groups as they were. What a step did to a figure is the difference of the two, so the steps of a figure sum to its
change. Which records did it within a step, `closedloop.history.causes` tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

from closedloop.history import facts, inputs, kept, records
from closedloop.history.causes import EXPLAINED, Change, Comparison, Sums, Why, changed
from closedloop.log import get_logger
from closedloop.models import partial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from closedloop.history.inputs import Ground
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

log = get_logger(__name__)

ENTITIES = ("account", "campaign")
#: entity → key → (digest of figures, digest of facts, whether anything is not zero), as `facts.gather` returns it.
Digests = dict[str, dict[str, tuple[str, str, bool]]]
Subject = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One campaign or account before or after a step.

    Args:
        figures: Measure → value; empty where it is not published.
        facts: What it is made of; none: it is not there.
    """

    figures: dict[str, Any]
    facts: facts.Facts | None


_NONE = Side(figures={}, facts=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """What was published last.

    Args:
        digests: Of everything that was published.
        sides: Returns what is kept of some.
        as_of: Its as-of day.
        redefined: What changed in the definitions since, in words; empty when nothing did.
    """

    digests: Digests
    sides: Any
    as_of: str
    redefined: str


@dataclass(slots=True, kw_only=True)
class Told:
    """What the steps did to one campaign or account.

    Args:
        sums: Causes of the figures in `EXPLAINED`.
        steps: For each step that changed a figure: its name, the records, and measure → (before, after).
    """

    sums: Sums = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is published now.

    Args:
        digests: Of everything that is.
        as_of: Its as-of day.
        ground: What the figures rest on.
        wanted: What was published before, and has other figures now.
    """

    digests: Digests
    as_of: date
    ground: Ground
    wanted: frozenset[Subject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What the figures rest on now, to be kept.

    Args:
        digests: Table → digest.
        content: The tables that are not kept like this yet.
    """

    digests: dict[str, str]
    content: dict[str, bytes]


def explain(
    store: Store, operations: Operations, then: Then | None, now: Now
) -> tuple[dict[Subject, Told], Packed]:
    """Return why figures changed, and what is to be kept for the next change.

    Args:
        store: The analytical store, just reconciled, with what `facts.gather` made.
        operations: The operational database; it is only read.
        then: What was published last; none: nothing.
        now: What is published now.
    """
    try:
        return _explain(store, operations, then, now, stepwise=True)
    except duckdb.Error as error:
        # The figures are published: that an admin's own models cannot be made of other rows must not stop the run.
        log.warning("history.not_stepwise", error=type(error).__name__)
        return _explain(store, operations, then, now, stepwise=False)


def _explain(
    store: Store, operations: Operations, then: Then | None, now: Now, *, stepwise: bool
) -> tuple[dict[Subject, Told], Packed]:
    told: dict[Subject, Told] = {subject: Told() for subject in sorted(now.wanted)}
    store.query("begin transaction")
    try:
        digests = inputs.copy(store, now.ground)
        with operations.reading() as connection, store.scratch() as folder:
            known = kept.digests(connection)
            stale = [name for name, digest in digests.items() if known.get(name) != digest]
            packed = Packed(digests=digests, content=kept.pack(store, stale, folder))
            if then is not None and told:
                walker = _Walker(store, then, now, told)
                if known and stepwise:
                    kept.unpack(connection, store, now.ground, folder)
                    walker.walk(stale)
                walker.rest()
    finally:
        store.query("rollback")
    return told, packed


class _Walker:
    """Goes from one step to the next; before the first stands what was published, after the last what is published."""

    def __init__(self, store: Store, then: Then, now: Now, told: dict[Subject, Told]) -> None:
        self._store, self._then, self._now, self._told = store, then, now, told
        self._last = then.digests
        self._is_first = True
        for entity in ENTITIES:
            store.query(f"create temp table history_{entity}_now as from history_{entity}")

    def walk(self, stale: Sequence[str]) -> None:
        """Make the figures of each step in which an input moves, and tell what it did."""
        ground = self._now.ground
        moves: dict[str, list[str]] = {step: [] for step in inputs.STEPS}
        for name in stale:
            moves[inputs.group(name, ground.inputs[name])].append(name)
        if "campaign" in stale:
            moves["cost"].append("campaign")
        moves["definition"] = [self._then.redefined] if self._then.redefined else []
        moves["day"] = ["run"] if self._then.as_of != self._now.as_of.isoformat() else []
        for step, moved in moves.items():
            if moved:
                self._step(step, moved)

    def _step(self, step: str, moved: Sequence[str]) -> None:
        ground = self._now.ground
        inputs.place(self._store, ground, step)
        day = self._then.as_of if step == "definition" else self._now.as_of.isoformat()
        self._store.query("update param.run set as_of = ?", [day])
        models = ground.made if self._is_first else ground.after(moved)
        partial.make(self._store, models, ground.models, anew=self._is_first)
        if not self._is_first:
            self._aside()
        found = {entity: facts.gather(self._store, entity) for entity in ENTITIES}
        self._tell(step, found, "")
        self._last, self._is_first = found, False

    def rest(self) -> None:
        """Tell what no step did: everything, if nothing is kept of what the figures rested on."""
        if not self._is_first:
            self._aside()
        self._tell("", self._now.digests, "_now")

    def _aside(self) -> None:
        for entity in ENTITIES:
            self._store.query(f"create or replace temp table history_{entity}_was as from history_{entity}")

    def _tell(self, step: str, found: Digests, table: str) -> None:
        before: dict[str, dict[str, Side]] = {}
        after: dict[str, dict[str, Side]] = {}
        changes: dict[str, dict[str, Change]] = {}
        for entity in ENTITIES:
            keys = self._changed(entity, found[entity])
            before[entity] = self._before(entity, keys)
            after[entity] = self._sides(entity, keys, table)
            changes[entity] = {
                key: changed(entity, _facts(before[entity].get(key)), _facts(after[entity].get(key)))
                for key in keys
            }
        comparison = Comparison(
            accounts=changes["account"],
            campaigns=changes["campaign"],
            redefined=self._then.redefined if step in {"definition", ""} else "",
            as_of=self._then.as_of,
            touches=self._touches(changes["campaign"]),
            step=step,
        )
        campaigns = {key: comparison.of_campaign(key) for key in sorted(changes["campaign"])}
        for subject, told in self._told.items():
            entity, key = subject
            if entity == "campaign" and key not in campaigns:
                continue
            if entity == "account" and key not in changes["account"] and not comparison.has_credits(key):
                continue
            sums = campaigns[key] if entity == "campaign" else comparison.of_account(key)
            old, new = (side[entity].get(key) or _NONE for side in (before, after))
            self._sum(told, step, [*sums.items(), *_remainders(subject, sums, old.figures, new.figures)])
            figures = _different(old.figures, new.figures)
            if figures:
                named = records.named(comparison, subject, step, sums)
                told.steps.append({"step": step or "other", "records": named, "figures": figures})

    def _sum(self, told: Told, step: str, found: Sequence[tuple[tuple[str, Why], int]]) -> None:
        for (measure, why), amount in found:
            place = (measure, records.of_step(step, why, self._then.redefined))
            told.sums[place] = told.sums.get(place, 0) + amount

    def _changed(self, entity: str, found: dict[str, tuple[str, str, bool]]) -> list[str]:
        last = self._last[entity]
        keys = [key for key, one in found.items() if key in last and last[key][:2] != one[:2]]
        # What was never published has no figures that could have changed, until it has one.
        new = [key for key, one in found.items() if key not in last and (one[2] or entity == "campaign")]
        return sorted({*keys, *new, *(key for key in last if key not in found)})

    def _before(self, entity: str, keys: list[str]) -> dict[str, Side]:
        if self._is_first:
            found: dict[str, Side] = self._then.sides(
                entity, [key for key in keys if key in self._last[entity]]
            )
            return found
        return self._sides(entity, keys, "_was")

    def _sides(self, entity: str, keys: list[str], table: str) -> dict[str, Side]:
        return {
            one.key: Side(figures=facts.plain(one.figures), facts=facts.plain(one.facts))
            for one in facts.fetch(self._store, entity, keys, table)
        }

    def _touches(self, campaigns: dict[str, Change]) -> frozenset[str]:
        gone = {
            touch
            for change in campaigns.values()
            for touch in change.before["touches"]
            if touch not in change.now["touches"]
        }
        return facts.existing(self._store, "touch", sorted(gone))


def _facts(side: Side | None) -> facts.Facts | None:
    return side.facts if side else None


def _different(old: dict[str, Any], new: dict[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*old, *new])
    return {name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)}


def _remainders(
    subject: Subject, sums: Sums, old: dict[str, Any], new: dict[str, Any]
) -> Iterator[tuple[tuple[str, Why], int]]:
    """Yield what no record of a step explains, so that the causes of a figure always sum to its change."""
    entity, key = subject
    for measure in EXPLAINED[entity]:
        told = sum(amount for (of, _), amount in sums.items() if of == measure)
        rest = (new.get(measure) or 0) - (old.get(measure) or 0) - told
        if rest:
            yield (measure, Why(cause="other", record=key, label="not traced to a record")), rest
