"""Policies: what they change of the measured gate, and that each number outranks them."""

import pytest

from closedloop.link import policy
from closedloop.link.weights import load


@pytest.mark.parametrize("job", ["company", "person"])
def test_strict_is_what_was_measured_and_lenient_asks_for_less(job):
    shipped = load(job)
    strict, lenient = (policy.gated(shipped, name).content["gate"] for name in ("strict", "lenient"))
    assert strict == shipped.content["gate"]
    assert (lenient["least"], lenient["gap"]) < (strict["least"], strict["gap"])
    assert policy.gated(shipped, "strict").fingerprint == shipped.fingerprint  # nothing is compared again


def test_each_number_outranks_the_policy():
    gate = policy.gated(load("company"), "lenient", least=7.5, gap=None, floor=2).content["gate"]
    assert (gate["least"], gate["gap"], gate["floor"]) == (7.5, 1, 2)
