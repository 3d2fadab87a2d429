"""The objects of the simulated org, read from the text file beside this module, and how they describe themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files

_TYPE = re.compile(r"(?P<name>\w+)(?:\((?P<size>[\d,]+)\))?(?::(?P<rest>.*))?$", re.DOTALL)
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LENGTHS = {"id": 18, "reference": 18, "phone": 40, "email": 80, "url": 255, "anyType": 765}
_NUMBERS = frozenset({"currency", "double", "percent"})
#: Objects whose rows carry no audit columns or not all of them.
_ONLY_CREATED = frozenset({"OpportunityHistory", "OpportunityFieldHistory", "ContactHistory"})
_NOT_DELETED = frozenset(
    {
        "Organization",
        "User",
        "Profile",
        "Group",
        "CurrencyType",
        "DatedConversionRate",
        "OpportunityStage",
        "PermissionSet",
        "PermissionSetAssignment",
        "FieldPermissions",
        "ObjectPermissions",
    }
)
_HISTORY_WITHOUT_STAMP = frozenset({"OpportunityFieldHistory", "ContactHistory"})
_WITHOUT_DATES = frozenset({"FieldPermissions", "ObjectPermissions", "PermissionSetAssignment"})


@dataclass(slots=True, kw_only=True, frozen=True)
class Field:
    """A field of an object.

    Args:
        name: Its API name.
        type: Its type as describe prints it.
        flags: What can be done with it, one letter each (see the head of the text file).
        label: What people read.
        length: Characters of a text.
        precision: Digits of a number.
        scale: Digits after the point.
        values: Values of a picklist; none means any text.
        targets: Objects that a reference may name.
        relation: What the reference's parent is called in a path.
    """

    name: str
    type: str
    flags: str = ""
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    values: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    relation: str | None = None

    @property
    def is_custom(self) -> bool:
        """Whether an administrator made it."""
        return self.name.endswith("__c")

    @property
    def is_createable(self) -> bool:
        """Whether it can be given at creation."""
        return "c" in self.flags

    @property
    def is_updateable(self) -> bool:
        """Whether it can be changed later."""
        return "u" in self.flags

    @property
    def is_required(self) -> bool:
        """Whether it must be given at creation."""
        return "!" in self.flags and "d" not in self.flags and self.is_createable

    @property
    def is_calculated(self) -> bool:
        """Whether Salesforce computes it when it is read."""
        return "k" in self.flags

    @property
    def is_external_id(self) -> bool:
        """Whether an upsert can name rows by it."""
        return "e" in self.flags

    @property
    def is_unique(self) -> bool:
        """Whether two rows may not share a value."""
        return "U" in self.flags

    @property
    def is_filterable(self) -> bool:
        """Whether a query can filter by it."""
        return "-" not in self.flags

    @property
    def is_number(self) -> bool:
        """Whether values are numbers with decimals."""
        return self.type in _NUMBERS


@dataclass(slots=True, kw_only=True)
class SObject:
    """An object: its fields grow when somebody creates a custom one."""

    name: str
    prefix: str
    flags: str
    label: str
    plural: str
    fields: dict[str, Field] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """Return a field by its name in any case."""
        known = self.fields.get(name)
        if known is not None:
            return known
        lowered = name.lower()
        return next((one for key, one in self.fields.items() if key.lower() == lowered), None)


def parse_field(line: str) -> Field:
    """Return the field that one line of the text file describes."""
    text, _, label = (part.strip() for part in line.partition(" | "))
    name, _, rest = text.partition(" ")
    kind, flags = _split(rest)
    found = _TYPE.match(kind)
    if found is None:
        message = f"no field: {line!r}"
        raise ValueError(message)
    type_, size, after = found["name"], found["size"], found["rest"] or ""
    numbers = [int(number) for number in size.split(",")] if size else []
    targets, _, relation = after.partition(":") if type_ == "reference" else ("", "", "")
    is_number = type_ in _NUMBERS
    return Field(
        name=name,
        type=type_,
        flags=flags,
        label=label or _words(name, is_reference=type_ == "reference"),
        length=0 if is_number or type_ == "int" else (numbers or [_LENGTHS.get(type_, 0)])[0],
        precision=numbers[0] if is_number and numbers else numbers[0] if type_ == "int" and numbers else 0,
        scale=numbers[1] if is_number and len(numbers) > 1 else 0,
        values=tuple(after.split(",")) if type_ == "picklist" and after else (),
        targets=tuple(targets.split("+")) if targets else (),
        relation=relation or None,
    )


def _words(name: str, *, is_reference: bool) -> str:
    kept = name.removesuffix("Id") if is_reference else name.removesuffix("__c")
    return _WORDS.sub(" ", kept).replace("_", " ")


def _split(rest: str) -> tuple[str, str]:
    """Part a type, whose picklist values may hold spaces, from the flags at the end."""
    kind, _, last = rest.rpartition(" ")
    if kind and re.fullmatch(r"[cu!deUkNip\-rMP]+", last):
        return kind, last
    return rest, ""


def read_objects(*, multi_currency: bool = True, person_accounts: bool = False) -> dict[str, SObject]:
    """Return the org's objects by name.

    Args:
        multi_currency: Whether rows carry their own currency.
        person_accounts: Whether an account can be a person.
    """
    without = ("" if multi_currency else "M") + ("" if person_accounts else "P")
    objects: dict[str, SObject] = {}
    current: SObject | None = None
    for line in files(__name__).joinpath("crm.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            current = _object(line[1:])
            if multi_currency or "g" not in current.flags:
                objects[current.name] = current
        elif current is not None:
            known = parse_field(line)
            if not set(without) & set(known.flags):
                current.fields[known.name] = known
    return objects


def _object(line: str) -> SObject:
    head, label, plural = (part.strip() for part in line.split(" | "))
    name, prefix, flags = head.split(" ")
    fields = {known.name: known for known in map(parse_field, _audit(name))}
    return SObject(
        name=name, prefix=prefix, flags=flags.replace("-", ""), label=label, plural=plural, fields=fields
    )


def _audit(name: str) -> list[str]:
    """The columns that every object has, with the exceptions that there are."""
    lines = [f"Id id !di | {name} ID"]
    if name not in _NOT_DELETED:
        lines.append("IsDeleted boolean d | Deleted")
    if name not in _WITHOUT_DATES:
        lines += ["CreatedDate datetime !d", "CreatedById reference:User:CreatedBy !d"]
        if name not in _ONLY_CREATED:
            lines += ["LastModifiedDate datetime !d", "LastModifiedById reference:User:LastModifiedBy !d"]
    if name not in _HISTORY_WITHOUT_STAMP:
        lines.append("SystemModstamp datetime !d")
    return lines
