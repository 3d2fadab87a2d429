"""Says in plain words why two records are linked, or why a person must decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.link.engine import COMPANIES, PEOPLE, SCHEMA, Job
from closedloop.link.normal import like
from closedloop.link.twins import TWINS
from closedloop.link.weights import load, own

if TYPE_CHECKING:
    from pathlib import Path

    from closedloop.store.analytical import Store

#: What a touch is compared as: all touches that say the same of a person are one.
SCAN_KEY = (
    "md5(concat_ws('|', coalesce(touch.email, ''), coalesce(touch.name, ''), coalesce(touch.company, ''),"
    " coalesce(touch.phone, '')))"
)

#: Level of a comparison → what it means.
_WORDS = {
    "-": "not on both records",
    "same_rare": "the same, and few records have it",
    "same_few": "the same, but some records share it",
    "same": "the same",
    "near": "the same but for a typing error",
    "initials": "one is the initials of the other",
    "initial": "the same surname, and the first name agrees as far as it is written",
    "part": "one is the beginning of the other",
    "extra_words": "one has more words, as a subsidiary has",
    "first_word": "only the first word agrees",
    "surname": "only the surname agrees",
    "first_name": "only the first name agrees",
    "spelling": "the same mailbox, written otherwise",
    "role": "the same mailbox of a function, which many people share",
    "digits": "the same letters with other digits: often a namesake",
    "domain": "the same domain",
    "city": "the same city",
    "one_sided": "only one record has one",
    "unread": "cannot be compared",
    "other": "different",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One comparison of one pair: what was compared, what came out, and what it adds (log2)."""

    name: str
    result: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a pair is linked or not.

    Args:
        left: Key of the customer or touch.
        right: Key of the record that was compared.
        decision: ``auto`` or ``review``.
        weight: Sum of the prior and the comparisons, log2.
        prior: What every pair begins with.
        pattern: What agrees.
        doubt: What speaks against linking by rule; none: nothing.
        runner_up: The next candidate.
        gap: How far behind it is, in weight.
        comparisons: Everything that was compared.
    """

    left: str
    right: str
    decision: str
    weight: float
    prior: float
    pattern: str
    doubt: str | None
    runner_up: str | None
    gap: float | None
    comparisons: list[Comparison] = field(default_factory=list)


def explain(store: Store, job: Job, left: str, *, home: Path | None = None) -> list[Explained]:
    """Return every candidate that was compared with the record ``left``, best first; none if nothing was."""
    if not _kept(store, job):
        return []
    model = load(like(job.name), own(like(job.name), home) if home else None)
    names = [one["name"] for one in model.comparisons]
    columns = ", ".join(f"pair.{name}, pair.w_{name}" for name in names)
    found = store.query(
        "select link.l, link.r, link.decision, link.weight, link.pattern, link.doubt, link.runner_up, link.gap,"
        f" {columns} from {SCHEMA}.{job.name}_link as link"
        f" inner join {SCHEMA}.{job.name}_pair as pair on pair.l = link.l and pair.r = link.r"
        " where link.l = ? order by link.place",
        [left],
    )
    return [
        Explained(
            left=str(row[0]),
            right=str(row[1]),
            decision=str(row[2]),
            weight=float(row[3]),
            prior=round(model.prior_weight, 3),
            pattern=str(row[4]),
            doubt=row[5],
            runner_up=row[6],
            gap=row[7],
            comparisons=[
                Comparison(
                    name=name.replace("_", " "),
                    result=_WORDS.get(str(row[8 + 2 * place]), str(row[8 + 2 * place])),
                    weight=float(row[9 + 2 * place] or 0),
                )
                for place, name in enumerate(names)
            ],
        )
        for row in found
    ]


def candidates(store: Store, key: str, *, home: Path | None = None) -> list[Explained]:
    """Return what a customer, a touch or a person was compared with, best first; none if with nothing."""
    found = explain(store, COMPANIES, key, home=home)
    scan = scan_key(store, key)
    if scan:
        found += explain(store, PEOPLE, scan, home=home)
    return found + explain(store, TWINS, key, home=home)


def scan_key(store: Store, touch: str) -> str | None:
    """Return the key under which the linker compares a touch; none for a touch that says nothing of a person."""
    found = store.query(f"select {SCAN_KEY} from canonical.touch as touch where touch.key = ?", [touch])
    return str(found[0][0]) if found else None


def jobs() -> tuple[Job, ...]:
    """Return the jobs: companies, people at events, people among themselves."""
    return COMPANIES, PEOPLE, TWINS


def _kept(store: Store, job: Job) -> bool:
    return bool(
        store.query(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [SCHEMA, f"{job.name}_link"],
        )
    )
