"""The nights on which clocks change, lived through hour by hour; `make year` lives through all of it."""

from datetime import date

import pytest
from tests.year.year import ROWS, Year, open_ends


@pytest.mark.parametrize(
    ("first", "hours", "figures"),
    [
        pytest.param(date(2026, 3, 28), 6, False),  # at 02:30 on the 29th there is no such time
        pytest.param(date(2026, 10, 24), 6, False),  # on the 25th it comes twice
        pytest.param(date(2026, 3, 28), 1, True, marks=pytest.mark.long),
        pytest.param(date(2026, 10, 24), 1, True, marks=pytest.mark.long),
    ],
)
def test_no_tick_is_missed_or_worked_on_twice(tmp_path, first, hours, figures):
    year = Year(tmp_path, first, 2, hours=hours, figures=figures).live()
    beats, nights = year.expected()

    assert year.missed("sync:pulse", beats) == []
    assert year.missed("publish", nights) == []
    assert (
        len([tick for job, tick in year.done if job == "publish" and tick >= year.start]) == len(nights) == 2
    )
    ends = open_ends(tmp_path / ".closedloop")
    assert (ends["running"], ends["leases"], ends["unsettled"], ends["rows"]) == (0, 0, 0, ROWS)
