"""The CRM's events, as the last reconcile knows them, found by what people call them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from closedloop.store.analytical import Store

#: What an import may say of an event.
FIELDS = (
    "name",
    "code",
    "kind",
    "series",
    "edition",
    "start_date",
    "end_date",
    "budget",
    "actual_cost",
    "expected_attendees",
)
_KNOWN = f"""
select key, object, source_id, {", ".join(FIELDS)}
from staging.campaign where source = ? and deleted_at is null and merged_into is null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One event of the CRM.

    Args:
        key: Its canonical key.
        object: The vendor's object.
        id: The vendor's id.
        values: What the CRM says of it, by `FIELDS`.
    """

    key: str
    object: str
    id: str
    values: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """What people may call it, in small letters."""
        called = (self.key, self.id, self.values["code"], self.values["name"])
        return tuple(" ".join(str(one).casefold().split()) for one in called if one)


def known(store: Store, connection: str) -> list[Campaign]:
    """Return the events of a CRM.

    Raises:
        ConfigError: Nothing was read from it yet.
    """
    if not store.query(
        "select 1 from duckdb_views() where schema_name = 'staging' and view_name = 'campaign'"
    ):
        raise ConfigError(
            "the CRM's events are not known yet", where="import", fix="run `closedloop run` first"
        )
    return [
        Campaign(key=key, object=kind, id=source_id, values=dict(zip(FIELDS, values, strict=True)))
        for key, kind, source_id, *values in store.query(_KNOWN, [connection])
    ]


def named(campaigns: list[Campaign], text: str) -> Campaign:
    """Return the event that somebody means by its key, id, code or name.

    Raises:
        ConfigError: None is called so, or several are.
    """
    wanted = " ".join(text.casefold().split())
    found = [one for one in campaigns if wanted in one.names]
    if len(found) == 1:
        return found[0]
    if found:
        msg = f"{len(found)} events are called {text}"
        raise ConfigError(
            msg, where="--campaign", fix=f"name one by its id: {', '.join(one.id for one in found[:5])}"
        )
    names = [str(one.values["name"]) for one in campaigns]
    near = difflib.get_close_matches(text, names, n=3, cutoff=0.5) or sorted(names)[:3]
    msg = f"the CRM has no event called {text}"
    raise ConfigError(
        msg,
        where="--campaign",
        fix=f"did you mean {' or '.join(near)}?"
        if near
        else "import it first with `closedloop import events`",
    )
