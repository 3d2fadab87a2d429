"""Associations: which record is linked to which, by which types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from closedloop.sandbox.hubspot.errors import invalid
from closedloop.sandbox.hubspot.schema import OBJECTS

DECISION_MAKER = "Decision maker"
#: from, to, type there, type back, label there, label back. The first of a pair of objects is its default.
_DEFINED = """
contacts companies 279 280
contacts companies 1 2 Primary Primary
deals contacts 3 4
deals companies 341 342
deals companies 5 6 Primary Primary
companies companies 13 14 Child_Company Parent_Company
leads contacts 578 579 Primary Primary
tickets contacts 16 15
tickets companies 339 340
tickets deals 28 27
calls contacts 194 193
calls companies 182 181
calls deals 206 205
meetings contacts 200 199
meetings companies 188 187
meetings deals 212 211
emails contacts 198 197
emails companies 186 185
emails deals 210 209
tasks contacts 204 203
tasks companies 192 191
tasks deals 216 215
"""


@dataclass(slots=True, kw_only=True)
class LinkType:
    """A kind of link in one direction; ``back`` is the type of the other direction."""

    number: int
    back: int
    start: str
    end: str
    label: str | None
    category: str

    def wire(self) -> dict[str, Any]:
        """Return it as answers have it."""
        return {"category": self.category, "typeId": self.number, "label": self.label}


Pairs = dict[str, dict[str, set[tuple[str, int]]]]


class Links:
    """Every association of the account."""

    def __init__(self) -> None:
        self.types: dict[tuple[str, int], LinkType] = {}
        self._held: dict[tuple[str, str], Pairs] = {}
        self._next = 24
        for line in _DEFINED.strip().splitlines():
            start, end, there, back, *labels = line.split()
            words: list[str | None] = [label.replace("_", " ") for label in labels]
            words = words or [None, None]
            self._define("HUBSPOT_DEFINED", (start, end), (int(there), int(back)), (words[0], words[1]))
        self.define("deals", "contacts", DECISION_MAKER, None)

    def define(self, start: str, end: str, label: str, inverse: str | None) -> list[LinkType]:
        """Make a label of the administrator's, and return it in both directions."""
        self._next += 2
        numbers = (self._next - 1, self._next)
        return self._define("USER_DEFINED", (start, end), numbers, (label, inverse or label))

    def _define(
        self, category: str, ends: tuple[str, str], numbers: tuple[int, int], labels: tuple[str | None, ...]
    ) -> list[LinkType]:
        made = []
        for (start, end), (number, back), label in (
            (ends, numbers, labels[0]),
            (ends[::-1], numbers[::-1], labels[1]),
        ):
            kind = LinkType(number=number, back=back, start=start, end=end, label=label, category=category)
            self.types[category, number] = kind
            made.append(kind)
        return made

    def between(self, start: str, end: str) -> list[LinkType]:
        """Return the types from one object to another."""
        return [one for one in self.types.values() if (one.start, one.end) == (start, end)]

    def default(self, start: str, end: str) -> LinkType:
        """Return the unlabelled type between two objects.

        Raises:
            HubError: The two cannot be associated.
        """
        found = self.between(start, end)
        if not found:
            message = f"Association between {start} and {end} is not supported"
            raise invalid(message)
        return found[0]

    def type(self, start: str, end: str, category: str, number: int) -> LinkType:
        """Return a type by its number.

        Raises:
            HubError: There is none between the two.
        """
        found = self.types.get((category, number))
        if found is None or (found.start, found.end) != (start, end):
            message = f"No association type with id {number} exists from {start} to {end}"
            raise invalid(message)
        return found

    def add(self, start_id: str, end_id: str, kind: LinkType) -> None:
        """Link two records; a labelled link brings the unlabelled one with it."""
        kinds = [kind]
        plain = self.default(kind.start, kind.end)
        if plain.label is None and plain is not kind:
            kinds.append(plain)
        for one in kinds:
            self._side(one.start, one.end, start_id).setdefault(end_id, set()).add((one.category, one.number))
            back = self.types[one.category, one.back]
            self._side(back.start, back.end, end_id).setdefault(start_id, set()).add(
                (back.category, back.number)
            )

    def remove(self, start: str, start_id: str, end: str, end_id: str) -> bool:
        """End every link between two records, and return whether there was one."""
        there = self._side(start, end, start_id).pop(end_id, None)
        self._side(end, start, end_id).pop(start_id, None)
        return there is not None

    def remove_label(self, start_id: str, end_id: str, kind: LinkType) -> None:
        """End one type of link between two records; the unlabelled one ends them all."""
        plain = self.default(kind.start, kind.end)
        if kind is plain:
            self.remove(kind.start, start_id, kind.end, end_id)
            return
        self._side(kind.start, kind.end, start_id).get(end_id, set()).discard((kind.category, kind.number))
        self._side(kind.end, kind.start, end_id).get(start_id, set()).discard((kind.category, kind.back))

    def of(self, start: str, start_id: str, end: str) -> dict[str, list[LinkType]]:
        """Return the records that a record is linked to, in order of their ids, with the types."""
        held = self._held.get((start, end), {}).get(start_id, {})
        return {
            other: [self.types[key] for key in sorted(held[other], key=lambda one: one[1])]
            for other in sorted(held, key=int)
            if held[other]
        }

    def forget(self, kind: str, record_id: str) -> None:
        """End every link of a record."""
        for other in OBJECTS:
            for end_id in [*self._held.get((kind, other), {}).get(record_id, {})]:
                self.remove(kind, record_id, other, end_id)

    def move(self, kind: str, loser: str, winner: str) -> None:
        """Give the links of a record to another one."""
        for other in OBJECTS:
            for end_id, types in self.of(kind, loser, other).items():
                self.remove(kind, loser, other, end_id)
                if not (other == kind and end_id == winner):
                    for one in types:
                        self.add(winner, end_id, one)

    def _side(self, start: str, end: str, start_id: str) -> dict[str, set[tuple[str, int]]]:
        return self._held.setdefault((start, end), {}).setdefault(start_id, {})
