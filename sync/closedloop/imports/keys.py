"""Makes the fields that hold our keys of imported records, where a CRM needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.imports.profile import profile_of
from closedloop.writeback.sender import Launch, Sender

if TYPE_CHECKING:
    from closedloop.settings import Settings

_LABEL = "closedloop key"
_HELP = "Names the record that an import of closedloop made, so that it is never made twice. Leave it alone."


def provision_keys(
    settings: Settings, connection: str, *, launch: Launch | None = None
) -> list[dict[str, Any]]:
    """Make the fields, and return what became of each as the target tells it.

    Raises:
        ConfigError: The credential is refused, or nothing can be imported there.
        UnreachableError: The CRM does not answer.
    """
    profile = profile_of(settings, connection)
    wishes = [
        {"stream": name, "field": field, "type": "key", "label": _LABEL, "help": _HELP}
        for name, field in profile.keys.items()
    ]
    return Sender.of(settings, connection, launch).provision(wishes)
