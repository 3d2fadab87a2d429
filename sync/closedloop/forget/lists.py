"""What imported lists told of people, and which records were made of it: a person may be there, and not have landed yet."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from closedloop.forget import marks
from closedloop.forget.rows import scope
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.store.operations import Operations


@dataclass(slots=True, kw_only=True, frozen=True)
class Told:
    """One row of a list.

    Args:
        keys: Ours of the person and of the attendance.
        email: As it is compared; empty where there is none.
        name: As it stands there.
        phones: As they stand there.
        records: (connection/stream, id) of what was made of the person.
    """

    keys: frozenset[str]
    email: str
    name: str
    phones: frozenset[str]
    records: frozenset[tuple[str, str]]


def told(operations: Operations) -> Iterator[Told]:
    """Yield every row of an imported list that names somebody."""
    row, made = tables.import_row, tables.creation
    records: dict[str, set[tuple[str, str]]] = defaultdict(set)
    with operations.reading() as connection:
        for one in connection.execute(select(made).where(made.c.record_id.is_not(None))):
            records[one.key.lower()].add((scope(one.connection, stream_of(one.object)), one.record_id))
        contents = list(connection.execute(select(row.c.content)).scalars())
    for content in map(json.loads, contents):
        if said := content.get("told"):
            yield _told(content, said, records)


def stream_of(entity: str) -> str:
    """Return the stream of a vendor's object."""
    return entity.replace(".", "_")


def _told(content: dict[str, str], said: dict[str, str], records: dict[str, set[tuple[str, str]]]) -> Told:
    person = content.get("person_key") or ""
    email = marks.plain_email(said.get("email") or "")
    name = said.get("name") or f"{said.get('first_name') or ''} {said.get('last_name') or ''}"
    return Told(
        keys=frozenset(filter(None, (person, content.get("member_key")))),
        email=email,
        name=name,
        phones=frozenset(filter(None, (said.get("phone"), said.get("mobile")))),
        # A CRM that finds people by their address, HubSpot, has it for a key.
        records=frozenset(records.get(person, set()) | records.get(email, set())),
    )
