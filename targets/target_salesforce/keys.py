"""What must be known of external ids before an upsert.

Salesforce finds them whatever their case, and refuses both rows of a call that name one. Fields that a record can have
only from its beginning (a member's campaign and person) make Salesforce refuse the row once the record is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence  # noqa: TC003 (dataclass fields)
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from closedloop.kit.outcome import State
from tap_salesforce.soql import among, select
from target_salesforce.fields import Field  # noqa: TC001
from target_salesforce.rows import Answer, Ready

if TYPE_CHECKING:
    from target_salesforce.org import Org

#: External ids of one question: the address of a call holds 16 KB.
_ASKED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The external ids of one batch.

    Args:
        org: The organisation.
        stream: The object.
        key: The external id.
        fields: Of the object, by name.
    """

    org: Org
    stream: str
    key: str
    fields: Mapping[str, Field]

    def fit(self, rows: Sequence[Ready]) -> tuple[list[Ready], list[Answer]]:
        """Return the rows that can be sent, and those that cannot."""
        times = Counter(row.id.casefold() for row in rows)
        twins = [
            Answer(row=row, state=State.REFUSED, reason="another row has this external id but for its case")
            for row in rows
            if times[row.id.casefold()] > 1
        ]
        single = [row for row in rows if times[row.id.casefold()] == 1]
        return self._without_fixed(single), twins

    def _without_fixed(self, rows: list[Ready]) -> list[Ready]:
        fixed = {
            name
            for row in rows
            for name in row.fields
            if self.fields[name].createable and not self.fields[name].updateable
        }
        if not fixed:
            return rows
        there = self._there([row.id for row in rows])
        return [
            replace(row, fields={name: value for name, value in row.fields.items() if name not in fixed})
            if row.id.casefold() in there
            else row
            for row in rows
        ]

    def records(self, names: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        """Return the records that external ids name, with their id, the external id and ``fields``."""
        found = []
        wanted = list(dict.fromkeys(["Id", self.key, *fields]))
        for start in range(0, len(names), _ASKED):
            where = among(self.key, names[start : start + _ASKED])
            found += self.org.query(select(wanted, self.stream, where=[where]))
        return found

    def _there(self, names: Sequence[str]) -> set[str]:
        return {str(row.get(self.key) or "").casefold() for row in self.records(names, [])}
