"""Forgets a person: everywhere in our stores, for good, and with every sum kept.

Durable steps, each whole or not at all, each harmless when done twice: whoever is killed in between runs the verb again. The
marks come first, so that nothing that lands from then on shows the person. Then links are fixed that the person's name or
address made, the operational database and the files are cleaned, then the landed rows; figures are made anew; and at last both
databases are rewritten, because a deleted row stays in a file until its place is needed.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from closedloop import models
from closedloop.errors import ConfigError
from closedloop.extract.landing import Landing
from closedloop.extract.spool import Spool
from closedloop.forget import landed, marks, records, rows
from closedloop.forget.find import Found, find
from closedloop.history import snapshot
from closedloop.kit.failpoint import failpoint
from closedloop.link import forgotten as link
from closedloop.log import get_logger
from closedloop.service import backup as backups
from closedloop.service import forgotten, pins
from closedloop.service.record import recorded
from closedloop.store import tables
from closedloop.store.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedloop.forget.marks import Mark, Marks
    from closedloop.models import Reconciled
    from closedloop.service.record import Run
    from closedloop.service.session import Session
    from closedloop.store.analytical import Store

log = get_logger(__name__)

#: How far one has come.
BEGUN, DONE = "begun", "done"
#: One decision may move another link; more often than this nothing moves.
_ROUNDS = 4


class _MovedError(Exception):
    """Without the person, links are others."""

    def __init__(self, differing: list[tuple[pins.Link, str]]) -> None:
        super().__init__(f"{len(differing)} links moved")
        self.differing = differing


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would go: counts, never values.

    Args:
        people: How many people the linker takes them for; more than one where an address is shared.
        records: ``connection/stream`` → landed rows.
        tables: Table of the operational database → rows.
        backups: Files in `home/backups` that hold them.
        namesakes: Keys of records of the same name that nothing links to them, and that stay.
    """

    people: int
    records: dict[str, int]
    tables: dict[str, int]
    backups: list[Path]
    namesakes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was done.

    Args:
        token: What the person is called from now on.
        day: When, in the company's zone.
        records: ``connection/stream`` → landed rows that changed.
        tables: Table of the operational database → rows that changed.
        files: Files in `home` that changed.
        kept_links: Decisions that keep links as they were.
        same_figures: Whether every published figure is what it was.
        backups: Files that still hold the person; of those that were replaced, none.
        removed: Backups that were replaced by a new one.
        namesakes: Keys of records of the same name that nothing links to them, and that stay.
    """

    token: str
    day: str
    records: dict[str, int] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    kept_links: int = 0
    same_figures: bool = True
    backups: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    namesakes: tuple[str, ...] = ()


def look(opened: Session, person: str) -> Preview:
    """Return what would go.

    Raises:
        ConfigError: Nothing that is kept names the person.
        BusyError: Another closedloop is at work.
    """
    with opened.writer() as store:
        _land(opened, store)
        _reconcile(opened, store)
        found = find(store, opened.settings, opened.operations, person)
        known = marks.of(secrets.token_hex(4), found.marks)
        with opened.operations.reading() as connection:
            held = records.count(connection, known)
        return Preview(
            people=found.people,
            records=landed.count(store, opened.settings, known),
            tables=held,
            backups=forgotten.holding(opened.settings.home, known),
            namesakes=found.namesakes,
        )


def forget(opened: Session, person: str, *, is_replacing_backups: bool = False) -> Forgotten:
    """Forget a person. Killed anywhere: the same call again finishes it.

    Args:
        opened: The session.
        person: An e-mail address, or the key of a record.
        is_replacing_backups: Take a new backup at the end, and delete those that hold the person.

    Raises:
        ConfigError: Nothing that is kept names the person.
        BusyError: Another closedloop is at work.
    """
    with opened.writer() as store, recorded(opened.operations, "forget", opened.clock) as run:
        done = _Forgetting(opened, store, run).all(person, is_replacing_backups=is_replacing_backups)
        run.detail |= {"token": done.token, "rows": sum(done.records.values()), "kept_links": done.kept_links}
    log.info("forget.done", token=done.token, same_figures=done.same_figures)
    return done


class _Forgetting:
    """One forgetting, step by step."""

    def __init__(self, opened: Session, store: Store, run: Run) -> None:
        self.opened, self.store, self.run = opened, store, run
        self.settings = opened.settings
        self.day = opened.clock.today(opened.settings.company.time_zone)

    def all(self, person: str, *, is_replacing_backups: bool) -> Forgotten:
        """Do every step."""
        _land(self.opened, self.store)
        before = _reconcile(self.opened, self.store)
        found = self._found(person)
        token = self._mark(person, found)
        failpoint("forget.marked")
        known = self._known()
        with self.opened.operations.transaction() as connection:
            held = Counter(forgotten.again(connection))
        failpoint("forget.records")
        files = forgotten.clean_files(self.settings.home, known)
        failpoint("forget.files")
        kept, changed, after = self._clean_landed(known)
        failpoint("forget.landed")
        self._publish(after)
        self._rewrite()
        removed = self._replace_backups(known) if is_replacing_backups else []
        self._set(token, DONE)
        failpoint("forget.done")
        return Forgotten(
            token=token,
            day=self.day.isoformat(),
            records=changed,
            tables=dict(held),
            files=files,
            kept_links=kept,
            same_figures=before.basis == after.basis,
            backups=forgotten.holding(self.settings.home, known),
            removed=removed,
            namesakes=found.namesakes if found else (),
        )

    def _mark(self, person: str, found: Found | None) -> str:
        """Keep by what the person is known again, and return their token: that of an earlier try, if there was one."""
        token = self._token_of(person)
        wanted = [*found.marks] if found else []
        if token is None:
            token = next((known for mark in wanted if (known := self._token(mark))), None)
        token = token or secrets.token_hex(4)
        table = tables.forgotten
        with self.opened.operations.transaction() as connection:
            row = {"token": token, "run_id": self.run.id, "day": self.day.isoformat(), "state": BEGUN}
            if not connection.execute(
                update(table).where(table.c.token == token).values(state=BEGUN)
            ).rowcount:
                connection.execute(insert(table).values(row))
            marks.add(connection, token, wanted)
        return token

    def _found(self, person: str) -> Found | None:
        try:
            return find(self.store, self.settings, self.opened.operations, person)
        except ConfigError:
            if self._token_of(person):
                return None
            raise

    def _token_of(self, person: str) -> str | None:
        return self._known().of(marks.EMAIL, marks.plain_email(person)) if "@" in person else None

    def _token(self, mark: Mark) -> str | None:
        return (
            self._known().of(mark.kind, mark.value, mark.scope)
            if mark.kind in (marks.EMAIL, marks.RECORD)
            else None
        )

    def _known(self) -> Marks:
        with self.opened.operations.reading() as connection:
            return marks.read(connection)

    def _set(self, token: str, state: str) -> None:
        table = tables.forgotten
        with self.opened.operations.transaction() as connection:
            connection.execute(update(table).where(table.c.token == token).values(state=state))

    def _clean_landed(self, known: Marks) -> tuple[int, dict[str, int], Reconciled]:
        """Clean the landed rows and make the figures anew, in one transaction, with every link where it was."""
        changed: dict[str, int] = {}
        before, kept = pins.links(self.store), 0

        def prepare() -> None:
            changed.update(landed.clean(self.store, self.settings, known))
            link.drop_records(self.store.connection)

        def insist() -> None:
            if differing := pins.moved(before, pins.links(self.store)):
                raise _MovedError(differing)

        for _ in range(_ROUNDS):
            try:
                found = _reconcile(
                    self.opened, self.store, run_id=self.run.id, prepare=prepare, insist=insist
                )
            except _MovedError as error:
                pins.keep(self.opened.operations, error.differing, self.opened.clock.now())
                kept += len(error.differing)
                failpoint("forget.pinned")
            else:
                return kept, changed, found
        log.warning("forget.links_moved", run=self.run.id)
        return kept, changed, _reconcile(self.opened, self.store, run_id=self.run.id, prepare=prepare)

    def _publish(self, found: Reconciled) -> None:
        """Copy what the figures rest on anew: it names identities, as digests."""
        snapshot.take(
            self.settings,
            self.store,
            self.opened.operations,
            run_id=self.run.id,
            as_of=found.as_of,
            basis=found.basis,
            clock=self.opened.clock,
            anew=True,
        )
        failpoint("forget.published")

    def _rewrite(self) -> None:
        with self.store.transaction():
            link.drop_unused(self.store.connection)
        for old in self.settings.home.glob("store.duckdb.broken-*"):
            old.unlink()
        with self.store.scratch():
            pass  # what a killed writer left there is gone
        self.opened.operations.insist_lease()
        rewrite(self.store)
        failpoint("forget.rewritten")
        self.opened.operations.rewrite()
        failpoint("forget.vacuumed")

    def _replace_backups(self, known: Marks) -> list[Path]:
        """Take a backup without the person, then delete those with them."""
        holding = forgotten.holding(self.settings.home, known)
        if holding:
            backups.take(self.opened, None, keep=len(holding) + 1_000)
            failpoint("forget.backed_up")
        for path in holding:
            path.unlink()
        return holding


def _land(opened: Session, store: Store) -> None:
    """Land what a killed reading left: nothing of it stays in the spool."""
    for name in opened.settings.connections:
        spool = Spool(opened.settings.home / "spool" / name, store.identity)
        Landing(
            store=store,
            operations=opened.operations,
            spool=spool,
            connection=name,
            cleaner=rows.cleaner(opened.settings, opened.operations, name),
        ).recover()


def _reconcile(
    opened: Session,
    store: Store,
    *,
    run_id: str | None = None,
    prepare: Callable[[], object] | None = None,
    insist: Callable[[], object] = lambda: None,
) -> Reconciled:
    return models.reconcile(
        opened.settings,
        store,
        opened.operations,
        clock=opened.clock,
        run_id=run_id,
        prepare=prepare,
        insist=insist,
    )
