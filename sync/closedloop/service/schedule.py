"""When jobs are due: cron lines in the company's time zone, right over the changes of daylight saving, or intervals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from croniter import croniter

from closedloop.units import EVERY, span

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How far ahead and back a tick is looked for: a line may never fire (30 February), or only on leap days.
_YEARS = 8
_LOOK_BACK = (1 / 24, 1, 8, 32, 367, 366 * _YEARS)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    """The moments at which a job is due."""

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick after ``moment``, in UTC; none if there is none within years."""

    def until(self, moment: datetime) -> datetime | None:
        """Return the last tick at or before ``moment``, in UTC; none if there is none within years."""


def schedule(line: str, zone: str) -> Schedule:
    """Return what a line of the configuration means: a cron line on the wall clock of ``zone``, or ``every 15m``."""
    if line.startswith(EVERY):
        return Every(interval=span(line.removeprefix(EVERY)))
    return Cron(line=line, zone=zone)


def offset(job: str, company: str, jitter: timedelta) -> timedelta:
    """Return how much later than its ticks a job begins: always the same, less than ``jitter``.

    Not all customers ask a vendor in the first second of an hour, and a restart or another replica changes nothing.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{company}/{job}".encode()).digest()[:8])
    return jitter * (drawn / 2**64)


@dataclass(slots=True, kw_only=True, frozen=True)
class Every:
    """Ticks that are equally long apart, whatever wall clocks do: counted in UTC from the beginning of 1970.

    Args:
        interval: How long.
    """

    interval: timedelta

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick after ``moment``, in UTC."""
        return _EPOCH + ((moment - _EPOCH) // self.interval + 1) * self.interval

    def until(self, moment: datetime) -> datetime | None:
        """Return the last tick at or before ``moment``, in UTC."""
        return _EPOCH + (moment - _EPOCH) // self.interval * self.interval


@dataclass(slots=True, kw_only=True, frozen=True)
class Cron:
    """One cron line on one wall clock.

    A wall time that the spring change leaves out fires once, when the gap ends. One that the autumn change repeats
    fires once, the first time, if the line names its hours; a line for every hour keeps its pace through both.

    Args:
        line: Five fields: minute, hour, day, month, weekday.
        zone: IANA name of the zone whose wall clock is meant.
    """

    line: str
    zone: str

    def after(self, moment: datetime) -> datetime | None:
        """Return the first tick after ``moment``, in UTC; none if there is none within years."""
        return next(self._ticks(moment), None)

    def until(self, moment: datetime) -> datetime | None:
        """Return the last tick at or before ``moment``, in UTC; none if there is none within years."""
        # Forwards from ever earlier starts: croniter's way backwards misses ticks in zones with daylight saving.
        for days in _LOOK_BACK:
            last = None
            for tick in self._ticks(moment - timedelta(days=days)):
                if tick > moment:
                    break
                last = tick
            if last:
                return last
        return None

    def _ticks(self, moment: datetime) -> Iterator[datetime]:
        start = moment.astimezone(ZoneInfo(self.zone))
        ticks = croniter(self.line, start, ret_type=datetime, max_years_between_matches=_YEARS)
        try:
            while True:
                tick: datetime = ticks.get_next()
                if not (tick.fold and self._names_its_hours):
                    yield tick.astimezone(UTC)
        except ValueError:  # croniter's own error for a date that never comes
            return

    @property
    def _names_its_hours(self) -> bool:
        return not self.line.split()[1].startswith("*")
