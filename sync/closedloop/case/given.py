"""Links that a case gives: they stand as decisions, and no link of their kind is computed beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.case.columns import DECISION, KINDS, LINKS
from closedloop.case.problem import CaseError, Problem
from closedloop.config.problem import did_you_mean
from closedloop.models import graph
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from closedloop.case.sheet import Sheet
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

_AT = "1970-01-01T00:00:00.000000Z"
_WHO = "the case"
#: Given links → the model that would find others, and what is left of it.
_SILENCED = {
    "link_customer_account": ("customer_candidate", "1 = 0"),
    "link_person": ("touch_candidate", "1 = 0"),
    "link_touch_account": ("link_touch_account", "decided"),
    "link_campaign": ("campaign_evidence", "1 = 0"),
}
#: Who each touch is as long as nobody is found, as `touch_evidence` spells it.
_IDENTITIES = """
select key,
    case
        when normal_email(email) is not null then 'email:' || normal_email(email)
        else 'name:' || normal_name(name) || '|' || company_name(company)
    end as identity_key,
    'email:' || normal_email(email) || '|' || normal_name(name) as role_key
from staging_touch
"""


def silence(sheets: Mapping[str, Sheet], models_dir: Path | None, folder: Path) -> None:
    """Write into ``folder`` the admin's own models, and those that find links without what the case gives itself."""
    models = graph.load(models_dir)
    for model in models.values():
        if models_dir is not None and (models_dir / model.layer / f"{model.name}.sql").is_file():
            _write(folder, model, model.sql)
    for link, (name, rest) in _SILENCED.items():
        if link in sheets:
            model = models[name]
            _write(
                folder, model, f"select * from (\n{model.sql.strip().rstrip(';')}\n) as given where {rest}\n"
            )


def decide(sheets: Mapping[str, Sheet], store: Store, operations: Operations) -> None:
    """Put the given links and decisions into the operational database; the entities have landed.

    Raises:
        CaseError: A link names a row that is not there, or a row twice.
    """
    problems: list[Problem] = []
    rows: list[dict[str, str]] = []
    for link in LINKS:
        if link in sheets:
            rows += _links(sheets[link], sheets, store, problems)
    if "decision" in sheets:
        rows += _decisions(sheets["decision"], sheets, problems)
    if problems:
        raise CaseError(problems)
    if rows:
        rows.sort(key=lambda row: (row["kind"], row["left_key"], row["right_key"]))
        with operations.transaction() as connection:
            connection.execute(tables.decision.insert(), rows)


def _write(folder: Path, model: graph.Model, sql: str) -> None:
    place = folder / model.layer
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{model.name}.sql").write_text(sql, encoding="utf-8")


def _links(
    sheet: Sheet, sheets: Mapping[str, Sheet], store: Store, problems: list[Problem]
) -> Iterator[dict[str, str]]:
    left, right = LINKS[sheet.name][0]
    if left not in sheet.columns and sheet.name == "link_person":
        left = "touch_key"
    for name in (left, right):
        if name not in sheet.columns:
            problems.append(_wrong(sheet, 1, f"the column {name} is missing", f"give {left} and {right}"))
            return
    ours = _ours(sheet.name, sheets, store)
    theirs = set(_keys(sheets, _entity(right)))
    seen: dict[str, int] = {}
    for (line, _), one, other in zip(sheet.rows, sheet.column(left), sheet.column(right), strict=True):
        if one is None or other is None:
            empty = right if one else left
            problems.append(_wrong(sheet, line, "there is no key", "write it, or remove the line", empty))
        elif one in seen:
            told = f"it has a link already, on line {seen[one]}"
            problems.append(_wrong(sheet, line, told, "keep one of the two", left))
        elif one not in ours or other not in theirs:
            which = left if one not in ours else right
            told = f"no row of {_entity(which)}.csv has this key"
            problems.append(
                _wrong(sheet, line, told, "write the key as it stands there, to the letter", which)
            )
        else:
            seen[one] = line
            yield from (_decision(kind, key, other) for kind, key in ours[one] if key != other)


def _ours(link: str, sheets: Mapping[str, Sheet], store: Store) -> dict[str, list[tuple[str, str]]]:
    """Return what the left side of a link may name, and what is decided of it: (kind, key)."""
    kind = LINKS[link][1]
    left = LINKS[link][0][0]
    found = {key: [(kind, key)] for key in _keys(sheets, _entity(left))}
    if link == "link_person":
        for key in _keys(sheets, "person"):
            found.setdefault(key, [("person_person", key)])
        for key, *identities in _identities(store):
            for identity in set(identities) - {None, key}:
                found.setdefault(identity, []).append((kind, key))
    return found


def _entity(column: str) -> str:
    """Return the entity whose key a link's column names."""
    return {"identity_key": "touch", "kept_key": "campaign"}.get(column, column.removesuffix("_key"))


def _identities(store: Store) -> list[tuple[str, ...]]:
    tree = graph.read(_IDENTITIES, "identities")
    sql = tree.sql(dialect="duckdb").replace("staging_touch", "raw_case.touch")
    return store.query(sql) if store.columns("raw_case", "touch") else []


def _keys(sheets: Mapping[str, Sheet], entity: str) -> list[str]:
    return [key for key in sheets[entity].column("key") if key] if entity in sheets else []


def _decisions(
    sheet: Sheet, sheets: Mapping[str, Sheet], problems: list[Problem]
) -> Iterator[dict[str, str]]:
    seen: dict[tuple[str | None, ...], int] = {}
    for place, (line, _) in enumerate(sheet.rows):
        row = {name: sheet.column(name)[place] for name in DECISION}
        kind, verdict = row["kind"] or "", row["verdict"] or ""
        if kind not in KINDS:
            problems.append(_wrong(sheet, line, "there is no such kind", did_you_mean(kind, KINDS), "kind"))
        elif verdict not in {"accept", "reject"}:
            problems.append(_wrong(sheet, line, "there is no such verdict", "accept or reject", "verdict"))
        elif not row["left_key"] or not row["right_key"]:
            problems.append(_wrong(sheet, line, "there is no key", "write both keys"))
        elif lost := _lost(row, sheets):
            told = f"no row of {lost[1]}.csv has this key"
            problems.append(
                _wrong(sheet, line, told, "write the key as it stands there, to the letter", lost[0])
            )
        elif repeated := _twice(row, line, seen):
            problems.append(_wrong(sheet, line, repeated, "keep one of the two", "left_key"))
        else:
            yield _decision(kind, row["left_key"], row["right_key"], verdict, row["who"] or _WHO)


def _twice(row: Mapping[str, str | None], line: int, seen: dict[tuple[str | None, ...], int]) -> str | None:
    """Return what to say of a decision that another one of the case contradicts or repeats; none, if none does."""
    pair = (row["kind"], row["left_key"], row["right_key"])
    places = [pair, pair[:2]] if row["verdict"] == "accept" else [pair]
    found = [seen[one] for one in places if one in seen]
    seen |= dict.fromkeys(places, line)
    return f"it has a decision already, on line {found[0]}" if found else None


def _lost(row: Mapping[str, str | None], sheets: Mapping[str, Sheet]) -> tuple[str, str] | None:
    """Return the column of a decision whose key no row has, with the entity; none, if both are there."""
    left, _, right = (row["kind"] or "").partition("_")
    sides = (("left_key", left), ("right_key", right))
    return next(((name, entity) for name, entity in sides if row[name] not in _keys(sheets, entity)), None)


def _decision(kind: str, left: str, right: str, verdict: str = "accept", who: str = _WHO) -> dict[str, str]:
    return {
        "kind": kind, "left_key": left, "right_key": right, "verdict": verdict, "who": who, "why": "", "at": _AT
    }  # fmt: skip


def _wrong(sheet: Sheet, line: int, message: str, fix: str, column: str | None = None) -> Problem:
    return Problem(file=sheet.file, line=line, column=column, message=message, fix=fix)
