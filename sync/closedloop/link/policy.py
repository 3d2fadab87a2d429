"""How sure the linker must be: the policies, and the numbers that can be set alone."""

from __future__ import annotations

import copy

from closedloop.link.weights import Model

#: Policy that scores → what it changes in the gate of the weights. The patterns of evidence stay: no policy links by a
#: name alone, a shared mailbox or a relative's.
PRESETS: dict[str, dict[str, float]] = {
    "strict": {},  # as measured: precision of at least .995 at every size
    "lenient": {"least": 0, "gap": 1},
}


def gated(model: Model, policy: str, **own: float | None) -> Model:
    """Return ``model`` with the gate that a policy asks for.

    Args:
        model: The weights, with the measured gate.
        policy: Name of a preset.
        own: Numbers of the gate (log2) that outrank the policy's, by name: `least`, `gap`, `floor`; none: the policy's.
    """
    content = copy.deepcopy(model.content)
    content["gate"] |= PRESETS[policy] | {name: value for name, value in own.items() if value is not None}
    return Model(content)
