"""Looks after what no run fails of, and tells people.

Streams that prove nothing for long, logins that end soon, refused records that nobody looks after.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import case, func, select

from closedloop.errors import ClosedloopError, UnreachableError
from closedloop.log import get_logger
from closedloop.service.incidents import QUARANTINE, STALE, TOKEN, Incidents, News
from closedloop.service.lease import BusyError
from closedloop.service.notify import Notifier
from closedloop.store import tables
from closedloop.store.stamps import from_text, to_text
from closedloop.units import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.service.session import Session

log = get_logger(__name__)

#: Verdicts after which we know how things are at the source.
_FRESH = ("proven", "unproven")
#: How often streams, logins and refused records are looked at.
_EVERY = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Watch:
    """What looks after one company.

    Args:
        opened: Its session.
    """

    opened: Session
    incidents: Incidents = field(init=False)
    _notifier: Notifier = field(init=False)
    _looked: datetime | None = None

    def __post_init__(self) -> None:
        self.incidents = Incidents(operations=self.opened.operations, clock=self.opened.clock)
        self._notifier = Notifier.of(self.opened.settings)

    def failed(self, subject: str, error: Exception) -> None:
        """Note that a job did not end well, and tell people."""
        try:
            self.incidents.failed(subject, error)
        except UnreachableError as why:
            log.warning("watch.failed", message=why.message)
            return
        self.look()

    def look(self) -> None:
        """Look at streams, logins and refused records, unless that was done a moment ago, and tell what is untold."""
        moment = self.opened.clock.now()
        try:
            if self._looked is None or abs(moment - self._looked) >= _EVERY:
                self._looked = moment
                self.incidents.settle(STALE, stale(self.opened))
                self.incidents.settle(TOKEN, ending(self.opened))
                self.incidents.settle(QUARANTINE, aged(self.opened))
            self._notifier.tell(self.incidents)
        except UnreachableError as error:  # the run that needs the database says so; news can wait
            log.warning("watch.failed", message=error.message)


@contextmanager
def watched(opened: Session, subject: str) -> Iterator[None]:
    """Tell people how the block ended, and what else they must know; errors pass on."""
    watch = Watch(opened=opened)
    try:
        yield
    except BusyError:
        raise
    except ClosedloopError as error:
        watch.failed(subject, error)
        raise
    else:
        watch.incidents.went_well(subject)
        watch.look()


def stale(opened: Session) -> dict[str, News]:
    """Return the streams that proved nothing for longer than they may, by ``connection:stream``."""
    one = tables.stream_run
    fresh = func.max(case((one.c.verdict.in_(_FRESH), one.c.at))).label("fresh")
    statement = select(one.c.connection, one.c.stream, fresh, func.min(one.c.at).label("first")).group_by(
        one.c.connection, one.c.stream
    )
    with opened.operations.reading() as connection:
        rows = connection.execute(statement).all()
    now, found = opened.clock.now(), {}
    for row in rows:
        part = opened.settings.connections.get(row.connection)
        if part is None or (part.streams is not None and row.stream not in part.streams):
            continue
        longest = part.stale_after or opened.settings.service.stale_after
        last = row.fresh or row.first
        if now - from_text(last) > span(longest):
            found[f"{row.connection}:{row.stream}"] = News(
                message=f"{row.connection}/{row.stream} has proven nothing since {last[:16]}Z, longer than {longest}",
                fix=f"see `closedloop status` for its last reason; `closedloop check {row.connection}` tries its rights",
            )
    return found


def aged(opened: Session) -> dict[str, News]:
    """Return where refused records wait for longer than they may, by ``connection:stream:direction``."""
    held, days = tables.quarantine, opened.settings.service.quarantine_alert_days
    where = (held.c.connection, held.c.stream, held.c.direction)
    late = to_text(opened.clock.now() - timedelta(days=days))
    statement = (
        select(*where, func.count().label("records"), func.min(held.c.first_seen).label("oldest"))
        .where(held.c.resolved_at.is_(None), held.c.first_seen <= late)
        .group_by(*where)
    )
    with opened.operations.reading() as connection:
        rows = connection.execute(statement).all()
    return {
        f"{row.connection}:{row.stream}:{row.direction}": News(
            message=f"{row.connection}/{row.stream}: {row.records} refused records wait for more than {days} days,"
            f" the oldest since {row.oldest[:10]}",
            fix="`closedloop quarantine` tells why each was refused, and when it is tried again",
        )
        for row in rows
    }


def ending(opened: Session) -> dict[str, News]:
    """Return the logins that end soon, by ``connection:login``."""
    soon = opened.clock.now() + timedelta(days=opened.settings.notify.token_days)
    found = {}
    for path in sorted(opened.settings.tokens.glob("*.ends")):
        try:
            note = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
            name, ends_at = (
                note["where"].removeprefix("connections."),
                datetime.fromisoformat(note["ends_at"]),
            )
        except (OSError, msgspec.DecodeError, KeyError, ValueError):
            continue  # written by another version, or removed meanwhile
        if name in opened.settings.connections and ends_at <= soon:
            found[f"{name}:login"] = News(
                message=f"the login of {name} ends on {ends_at:%Y-%m-%d} unless it is renewed before",
                fix=f"see why {name} is not read any more, or run `closedloop login {name}`",
            )
    return found
