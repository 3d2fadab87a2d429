"""The models of the simulated databases, read from the text files beside this module."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files

#: Fields every model has: name, type, label.
MAGIC = (
    "id | integer | - | ID",
    "display_name | char | -~ | Display Name",
    "create_uid | many2one:res.users | - | Created by",
    "create_date | datetime | - | Created on",
    "write_uid | many2one:res.users | - | Last Updated by",
    "write_date | datetime | - | Last Updated on",
)
RELATIONAL = frozenset({"many2one", "one2many", "many2many"})


@dataclass(slots=True, kw_only=True, frozen=True)
class Field:
    """A field of a model, as ``fields_get`` describes it."""

    name: str
    type: str
    label: str
    relation: str | None = None
    currency_field: str | None = None
    selection: tuple[tuple[str, str], ...] = ()
    required: bool = False
    readonly: bool = False
    store: bool = True
    manual: bool = False
    help: str | None = None

    def is_missing(self, value: object) -> bool:
        """Return whether a new record may not be without this field's value; a boolean is never without one: it is false."""
        return self.required and self.store and self.type != "boolean" and value is None

    def description(self) -> dict[str, object]:
        """Return what ``fields_get`` prints for this field."""
        shown: dict[str, object] = {
            "name": self.name,
            "type": self.type,
            "string": self.label,
            "required": self.required,
            "readonly": self.readonly,
            "store": self.store,
            "manual": self.manual,
            "searchable": True,
            "sortable": self.store,
            "groupable": self.store,
            "exportable": True,
            "company_dependent": False,
            "change_default": False,
            "depends": [],
        }
        if self.relation:
            shown |= {"relation": self.relation, "context": {}, "domain": "[]"}
        if self.type in {"float", "monetary", "integer"}:
            shown["aggregator"] = "sum"
        if self.type == "monetary":
            shown["currency_field"] = self.currency_field or "currency_id"
        if self.type == "selection":
            shown["selection"] = [list(pair) for pair in self.selection]
        if self.help:
            shown["help"] = self.help
        return shown


@dataclass(slots=True, kw_only=True)
class Model:
    """A model: its fields grow when somebody creates a custom one."""

    name: str
    label: str
    order: str
    fields: dict[str, Field] = field(default_factory=dict)


def parse_field(line: str, *, manual: bool = False) -> Field:
    """Return the field that one line of a schema file describes."""
    name, kind, flags, label = (part.strip() for part in line.split("|", 3))
    type_, _, rest = kind.partition(":")
    return Field(
        name=name,
        type=type_,
        label=label,
        relation=rest if type_ in RELATIONAL else None,
        currency_field=rest if type_ == "monetary" and rest else None,
        selection=_selection(rest) if type_ == "selection" else (),
        required="!" in flags,
        readonly="-" in flags,
        store="~" not in flags,
        manual=manual,
    )


def _selection(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (item.partition("=") for item in text.split(",") if item)
    return tuple((value, label) for value, _, label in pairs)


def read_models(*names: str) -> dict[str, Model]:
    """Return the models of the schema files ``names`` (``common``, ``crm``, ``books``), by model name."""
    models: dict[str, Model] = {}
    for name in names:
        model: Model | None = None
        for line in files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith("@"):
                model = _model(line[1:])
                models[model.name] = model
            elif model is not None:
                described = parse_field(line)
                model.fields[described.name] = described
    return models


def _model(line: str) -> Model:
    name, label, order = (part.strip() for part in line.split("|"))
    magic = (parse_field(text) for text in MAGIC)
    return Model(name=name, label=label, order=order, fields={known.name: known for known in magic})
