"""Which columns of a landed stream hold what of a person, told from the staging SQL.

What staging makes a name, an address or a number from is pseudonymised in a person's own records; what it uses for anything
else (keys, statuses, days, the company) is kept, so that every figure stays; what nobody reads is emptied.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

from closedloop.models import staging
from closedloop.models.graph import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from closedloop.models.staging import StagingFile
    from closedloop.settings import Settings

#: Entities whose records are people, and those that tell of one.
PEOPLE = ("person", "touch")
ABOUT = ("activity", "ticket", "opportunity", "opportunity_person", "person_change")
COMPANIES = ("account", "customer")

EMAIL, NAME, FIRST, LAST, PHONE = "email", "name", "first", "last", "phone"
_PERSONAL = {
    "email": EMAIL,
    "name": NAME,
    "full_name": NAME,
    "first_name": FIRST,
    "last_name": LAST,
    "phone": PHONE,
    "mobile": PHONE,
}
_FIRST = re.compile(r"first|given|fore", re.IGNORECASE)
_LAST = re.compile(r"last|family|sur_?name", re.IGNORECASE)
#: What a column that nobody reads is about, by its name: of a company's record only the person behind it is emptied.
_PERSONS = re.compile(
    r"mail|phone|mobile|fax|first_?name|last_?name|given_?name|family_?name|contact_?name|salutation",
    re.IGNORECASE,
)
#: Types that nothing of a person but their doings is in; days may be birthdays.
_KEPT_TYPES = frozenset({"TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", "BOOLEAN", "BIGINT"})


@dataclass(slots=True, kw_only=True)
class Shape:
    """What the columns of one stream are, by their names in small letters.

    Args:
        is_people: Whether its records are people.
        is_company: Whether its records are (also) companies.
        personal: Column → what of a person it holds.
        used: Columns that staging needs for anything else.
        references: Columns that name the person whom a record is about.
    """

    is_people: bool = False
    is_company: bool = False
    personal: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)

    def empties(self, column: str, kind: str) -> bool:
        """Return whether a column of a record about the person goes: nobody reads it."""
        return not self._is_used(column) and kind not in _KEPT_TYPES

    def tells_of_person(self, column: str) -> bool:
        """Return whether a column that nobody reads is about the person behind a company's record."""
        return not self._is_used(column) and bool(_PERSONS.search(column))

    def _is_used(self, column: str) -> bool:
        return column.lower() in self.used or "*" in self.used


def shapes(settings: Settings, connection: str) -> Mapping[str, Shape]:
    """Return what the columns of every stream of a connection are, by stream."""
    found: dict[str, Shape] = defaultdict(Shape)
    for file in staging.files(settings):
        if file.connection == connection:
            _add(found, file)
    for shape in found.values():
        shape.used -= shape.personal.keys()
        shape.references -= shape.personal.keys()
    return found


def bases(file: StagingFile) -> set[str]:
    """Return the streams whose records a staging file gives one row for."""
    return {table.name for select in _heads(read(file.sql, file.where)) if (table := _first(select))}


def _heads(tree: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(tree, exp.SetOperation):
        yield from _heads(tree.left)
        yield from _heads(tree.right)
    else:
        yield tree


def _first(select: exp.Expr | None) -> exp.Table | None:
    """Return the table that stands first, through whatever is between."""
    while select is not None:
        start = select.args.get("from_") or select.args.get("from")
        source = start.this if start is not None else None
        if isinstance(source, exp.Table):
            return source if source.db == "raw" else None
        select = source.this if isinstance(source, exp.Subquery) else None
    return None


def _add(found: dict[str, Shape], file: StagingFile) -> None:
    tree = read(file.sql, file.where)
    for name in bases(file):
        found[name].is_people |= file.entity in PEOPLE
        found[name].is_company |= file.entity in COMPANIES
    for scope in traverse_scope(tree):
        tables = {
            alias: source.name
            for alias, source in scope.sources.items()
            if isinstance(source, exp.Table) and source.db == "raw"
        }
        for column in scope.expression.find_all(exp.Column):
            table = tables.get(column.table) if column.table else next(iter(tables.values()), None)
            if table is not None:
                _use(found[table], column, file.entity)


def _use(shape: Shape, column: exp.Column, entity: str) -> None:
    name, output = column.name.lower(), _output(column)
    kind = _PERSONAL.get(output)
    if kind and entity in PEOPLE:
        _note(shape.personal, name, kind)
        return
    if output == "person_key" and entity in (*ABOUT, *PEOPLE):
        shape.references.add(name)
    shape.used.add(name)


def _note(personal: dict[str, str], name: str, kind: str) -> None:
    """Note what a column holds: the first name of a person goes into their name too."""
    if kind in (NAME, FIRST, LAST):
        kind = FIRST if _FIRST.search(name) else LAST if _LAST.search(name) else NAME
    personal.setdefault(name, kind)


def _output(column: exp.Column) -> str:
    """Return the column of the result that a column is used for; empty in conditions."""
    node: exp.Expr | None = column
    while node is not None and not isinstance(node, exp.Query):
        if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
            return node.alias_or_name.lower()
        node = node.parent
    return ""
