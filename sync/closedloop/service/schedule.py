"""When jobs are due: cron lines in the company's time zone, right over the changes of daylight saving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from croniter import croniter

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How far ahead and back a tick is looked for: a line may never fire (30 February), or only on leap days.
_YEARS = 8
_LOOK_BACK = (1 / 24, 1, 8, 32, 367, 366 * _YEARS)


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
