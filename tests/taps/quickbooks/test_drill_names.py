"""Each failpoint of the tap has its kill."""

import re
from pathlib import Path

from tests.taps.quickbooks.test_tokens import POINTS

import tap_quickbooks


def test_every_failpoint_of_the_tap_is_in_the_drill():
    sources = Path(tap_quickbooks.__file__).parent.glob("*.py")
    found = {name for path in sources for name in re.findall(r'failpoint\("([\w.]+)"\)', path.read_text())}

    assert found == set(POINTS)
