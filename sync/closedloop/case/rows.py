"""The rows of a case as the store takes them: typed, money in major units, the documented gaps filled."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from closedloop.case import cell, keys
from closedloop.case.columns import CURRENCY_OF, WORDS
from closedloop.case.problem import CaseError, Problem
from closedloop.models import entities
from closedloop.models.currencies import digits_of
from closedloop.models.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.case.sheet import Sheet
    from closedloop.settings import Settings

Cells = list[str | None]
HOME = "the company's currency"
#: What a blank cell says, where the models would otherwise leave the row out.
DEFAULTS = {
    "document": {"status": "posted"},
    "person": {"kind": "contact"},
    "person_change": {"field": "account"},
    "payment": {"currency": HOME, "status": "posted", "direction": "in"},
    "cost_line": {"status": "posted"},
    "rate": {"home_currency": HOME},
}
#: Words for a person whom sales gave up, as the models have it: `disqualified`.
_DISQUALIFIED = frozenset({"disqualified", "unqualified"})
#: Row whose key stands in this column says the currency of the entity's amounts.
_PARENT = {
    "line": ("document", "document_key"),
    "allocation": ("document", "document_key"),
    "opportunity_change": ("opportunity", "opportunity_key"),
}


def typed(sheets: Mapping[str, Sheet], settings: Settings) -> dict[str, list[Cells]]:
    """Return the rows of every entity of the case, all columns in the order of the entity.

    Args:
        sheets: The case.
        settings: Whose home currency and zone hold.

    Raises:
        CaseError: A cell is not what its column takes, or a key is missing or there twice.
    """
    reader = _Reader(sheets, settings)
    found = {name: reader.rows(sheet) for name, sheet in sheets.items() if name in ENTITIES}
    if reader.problems:
        raise CaseError(reader.problems)
    if "document" in found and "line" not in found:
        found["line"] = _one_line_each(found["document"])
    return found


class _Reader:
    def __init__(self, sheets: Mapping[str, Sheet], settings: Settings) -> None:
        self.problems: list[Problem] = []
        self._home = settings.company.currency
        self._zone = ZoneInfo(settings.company.time_zone)
        self._currencies = {
            entity: _currencies(sheets[entity], self._home)
            for entity in ("document", "opportunity")
            if entity in sheets
        }

    def rows(self, sheet: Sheet) -> list[Cells]:
        """Return a sheet's rows; what is wrong with them is noted."""
        self._check_keys(sheet)
        own = {name: place for place, name in enumerate(sheet.columns)}
        kinds = ENTITIES[sheet.name]
        width = len(str(len(sheet.rows)))
        found = []
        for number, (line, cells) in enumerate(sheet.rows, start=1):
            given = {name: cells[place] for name, place in own.items()}
            self._check_direction(sheet, line, given)
            row = [self._cell(sheet, line, given, name, kind) for name, kind in kinds.items()]
            found.append(self._filled(sheet.name, row, f"{sheet.name}/{number:0{width}}"))
        return found

    def _cell(
        self, sheet: Sheet, line: int, given: dict[str, str | None], name: str, kind: str
    ) -> str | None:
        text = given.get(name)
        if text is None:
            return None
        try:
            if kind == entities.MONEY:
                return cell.money(text, digits_of(self._currency(sheet.name, given, name)))
            if name.endswith("currency"):
                return cell.currency(text)
            if words := WORDS.get((sheet.name, name)):
                return cell.word(text, words)
            return cell.value(kind, text, self._zone)
        except cell.CellError as error:
            self.problems.append(
                Problem(file=sheet.file, line=line, column=name, message=error.message, fix=error.fix)
            )
            return None

    def _currency(self, entity: str, given: dict[str, str | None], name: str) -> str:
        """Return whose minor units an amount is in; as the models read it, a blank currency is the home currency."""
        of_home = "home" in CURRENCY_OF.get((entity, name), "")
        if entity in _PARENT:
            parent, key = _PARENT[entity]
            pair = self._currencies.get(parent, {}).get(given.get(key) or "", (self._home, self._home))
            return pair[1 if of_home else 0]
        return (given.get("home_currency" if of_home else "currency") or self._home).strip()

    def _check_direction(self, sheet: Sheet, line: int, given: dict[str, str | None]) -> None:
        name = {"document": "rate_direction", "rate": "direction"}.get(sheet.name)
        if name and given.get("rate") and not given.get(name):
            message, fix = "there is a rate without a direction", "write multiply or divide"
            self.problems.append(Problem(file=sheet.file, line=line, column=name, message=message, fix=fix))

    def _check_keys(self, sheet: Sheet) -> None:
        seen: dict[str, int] = {}
        for (line, _), key in zip(sheet.rows, sheet.column("key"), strict=True):
            if key is None and "key" in sheet.columns:
                self.problems.append(
                    Problem(
                        file=sheet.file, line=line, column="key", message="there is no key", fix="write one"
                    )
                )
            elif key in seen:
                message = f"the key is there twice, first on line {seen[key]}"
                self.problems.append(
                    Problem(
                        file=sheet.file, line=line, column="key", message=message, fix="give each row its own"
                    )
                )
            elif key is not None:
                seen[key] = line

    def _filled(self, entity: str, row: Cells, numbered: str) -> Cells:
        places = _places(entity)
        key = row[places["key"]] = row[places["key"]] or keys.inside(entity, numbered)
        defaults = {"source": "case", "object": entity, "source_id": keys.outside(key)}
        defaults |= {
            name: self._home if text == HOME else text for name, text in DEFAULTS.get(entity, {}).items()
        }
        for name, default in defaults.items():
            row[places[name]] = row[places[name]] or default
        if entity == "document":
            _sum_up(row, places)
        elif entity == "person" and (row[places["status"]] or "").strip().lower() in _DISQUALIFIED:
            row[places["status"]] = "disqualified"
        elif entity == "opportunity_change" and row[places["field"]] is None:
            moved = row[places["old_stage_key"]] or row[places["new_stage_key"]]
            row[places["field"]] = "stage" if moved else "amount"
        return row


def _sum_up(document: Cells, places: Mapping[str, int]) -> None:
    """Work out the one of net, tax and gross that a document leaves blank; of a net or gross alone there is no tax."""
    net, tax, gross = (
        None if (text := document[places[name]]) is None else Decimal(text)
        for name in ("net", "tax", "gross")
    )
    if net is None and gross is None:
        return
    if tax is None:
        tax = Decimal(0) if net is None or gross is None else gross - net
    net = gross - tax if net is None and gross is not None else net
    gross = net + tax if gross is None and net is not None else gross
    for name, amount in (("net", net), ("tax", tax), ("gross", gross)):
        document[places[name]] = format(amount, "f") if amount is not None else None


def _places(entity: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(ENTITIES[entity])}


def _currencies(sheet: Sheet, home: str) -> dict[str, tuple[str, str]]:
    """Return each row's own and home currency by its key."""
    strip: Callable[[str | None], str] = lambda text: (text or home).strip()  # noqa: E731 (used twice, on one line)
    columns = (sheet.column("key"), sheet.column("currency"), sheet.column("home_currency"))
    return {key: (strip(own), strip(other)) for key, own, other in zip(*columns, strict=True) if key}


def _one_line_each(documents: list[Cells]) -> list[Cells]:
    """Return one line of revenue for each document: a case without lines has documents of one line."""
    places, ours = _places("document"), _places("line")
    found = []
    for document in documents:
        line: Cells = [None] * len(ours)
        key = f"{document[places['key']]}/1"
        values = {"key": key, "source": "case", "object": "line", "source_id": key, "position": "1",
                  "document_key": document[places["key"]]}  # fmt: skip
        values |= {name: document[places[name]] for name in ("net", "home_net")}
        for name, value in values.items():
            line[ours[name]] = value
        found.append(line)
    return found
