"""Search domains: prefix notation to a predicate on rows, with the meanings that Odoo 19 gives the operators."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.odoo.errors import value_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from closedloop.sandbox.odoo.database import Database, Row
    from closedloop.sandbox.odoo.schema import Field, Model

    Predicate = Callable[[Row], bool]

COMPARE = {"<", "<=", ">", ">="}
TEXT = {"like", "ilike", "=like", "=ilike", "not like", "not ilike", "not =like", "not =ilike"}
OPERATORS = {"=", "!=", "in", "not in", "=?", "child_of", "parent_of", "any", "not any"} | COMPARE | TEXT
CONNECTIVES = {"&": 2, "|": 2, "!": 1}
LEAF = 3
SHORT_DATE = 10


def compile_domain(database: Database, model: Model, domain: object) -> Predicate:
    """Return a function that says whether a row matches ``domain``.

    Raises:
        OdooError: The domain is malformed, or names an unknown field or operator.
    """
    if not isinstance(domain, list | tuple):
        message = f"Domain() invalid argument type for domain: {domain!r}"
        raise value_error(message, "TypeError")
    stack: list[Predicate] = []
    for item in reversed(domain):
        if isinstance(item, str) and item in CONNECTIVES:
            if len(stack) < CONNECTIVES[item]:
                raise _malformed(domain)
            stack.append(_join(item, [stack.pop() for _ in range(CONNECTIVES[item])]))
        elif isinstance(item, list | tuple) and len(item) == LEAF:
            stack.append(_leaf(database, model, item))
        else:
            message = f"Domain() invalid item in domain: {item!r}"
            raise value_error(message)
    if any(item in ("&", "|") for item in domain if isinstance(item, str)) and not stack:
        raise _malformed(domain)
    return _all(list(reversed(stack)))


def _malformed(domain: object) -> Exception:
    return value_error(f"Domain() malformed domain {list(domain)!r}")  # type: ignore[call-overload]


def _join(connective: str, parts: list[Predicate]) -> Predicate:
    if connective == "!":
        (negated,) = parts
        return lambda row: not negated(row)
    left, right = parts
    if connective == "&":
        return lambda row: left(row) and right(row)
    return lambda row: left(row) or right(row)


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]
    return lambda row: all(part(row) for part in parts)


def _leaf(database: Database, model: Model, leaf: Any) -> Predicate:
    name, operator, value = leaf
    if name in (0, 1) and operator == "=":
        truth = name == value
        return lambda _row: truth
    known = model.fields.get(str(name).split(".", 1)[0])
    shown = (name, operator, tuple(value) if isinstance(value, list) else value)
    if known is None:
        message = f"Invalid field {model.name}.{name} in condition {shown!r}"
        raise value_error(message)
    if operator not in OPERATORS:
        message = f"Invalid operator in condition {shown!r}"
        raise value_error(message)
    if "." in name:
        return _related(database, known, [[name.split(".", 1)[1], operator, value]])
    return _condition(database, model, known, operator, value)


def _related(database: Database, field: Field, domain: object) -> Predicate:
    if field.relation is None:
        message = f"Invalid field path: {field.name!r} is not relational"
        raise value_error(message)
    table = database.table(field.relation)
    inner = compile_domain(database, table.model, domain)
    rows, name = table.rows, field.name
    if field.type == "many2one":
        return lambda row: (other := rows.get(row.get(name) or 0)) is not None and inner(other)
    return lambda row: any(inner(rows[key]) for key in row.get(name) or () if key in rows)


def _condition(database: Database, model: Model, field: Field, operator: str, value: Any) -> Predicate:
    if operator in {"any", "not any"}:
        found = _related(database, field, value)
        return found if operator == "any" else _join("!", [found])
    if operator in {"child_of", "parent_of"}:
        return _hierarchy(database, model, field, operator, value)
    if operator in TEXT:
        return _pattern(database, field, operator, value)
    if operator in COMPARE:
        return _compare(database, field, operator, value)
    if operator == "=?":
        return (lambda _row: True) if value in (False, None) else _member(database, field, [value])
    values = value if isinstance(value, list | tuple) else [value]
    found = _member(database, field, values)
    return found if operator in {"=", "in"} else _join("!", [found])


def _member(database: Database, field: Field, values: Iterable[Any]) -> Predicate:
    name = field.name
    wanted = set(values) if field.type not in {"date", "datetime"} else set()
    empty = any(value in (False, None, "") and not _is_zero(value) for value in values)
    if field.type == "datetime":
        return _same_second(database, name, values, empty=empty)
    if field.type == "date":
        days = {parse_time(value).date() for value in values if value}
        return lambda row: row.get(name) in days or (empty and row.get(name) is None)
    if field.type == "boolean":
        truths = {bool(value) for value in values}
        return lambda row: bool(row.get(name)) in truths
    if field.type in {"integer", "float", "monetary"} and name != "id":
        zero = empty or 0 in wanted
        return lambda row: row.get(name) in wanted or (zero and not row.get(name))
    if field.relation is not None:
        return _linked(database, field, wanted, empty=empty)
    return lambda row: row.get(name) in wanted or (empty and row.get(name) in (None, ""))


def _is_zero(value: object) -> bool:
    return value == 0 and value is not False


def _linked(database: Database, field: Field, wanted: set[Any], *, empty: bool) -> Predicate:
    """Ids, or display names as text, of a relation."""
    name = field.name
    ids = {value for value in wanted if isinstance(value, int) and not isinstance(value, bool)}
    texts = {value for value in wanted if isinstance(value, str) and value}
    if texts:
        table = database.table(field.relation or "")
        ids |= {key for key in table.rows if database.display_name(table.model.name, key) in texts}
    if field.type == "many2one":
        return lambda row: row.get(name) in ids or (empty and not row.get(name))
    return lambda row: not ids.isdisjoint(row.get(name) or ()) or (empty and not row.get(name))


def _same_second(database: Database, name: str, values: Iterable[Any], *, empty: bool) -> Predicate:
    times = [parse_time(value) for value in values if value]
    if database.whole_seconds:
        seconds = {moment.replace(microsecond=0) for moment in times}
        return lambda row: (
            moment.replace(microsecond=0) in seconds if (moment := row.get(name)) is not None else empty
        )
    return lambda row: row.get(name) in times or (empty and row.get(name) is None)


def _compare(database: Database, field: Field, operator: str, value: Any) -> Predicate:
    name, bound = field.name, value
    if value in (False, None) and field.type in {"date", "datetime", "char", "text", "html"}:
        return lambda _row: False
    if field.type == "datetime":
        operator, bound = _time_bound(database, operator, value)
    elif field.type == "date":
        bound = parse_time(value).date()
    zero = 0 if field.type in {"integer", "float", "monetary"} and name != "id" else None
    tests: dict[str, Predicate] = {
        "<": lambda row: (held := row.get(name, zero)) is not None and held < bound,
        "<=": lambda row: (held := row.get(name, zero)) is not None and held <= bound,
        ">": lambda row: (held := row.get(name, zero)) is not None and held > bound,
        ">=": lambda row: (held := row.get(name, zero)) is not None and held >= bound,
    }
    return tests[operator]


def _time_bound(database: Database, operator: str, value: Any) -> tuple[str, datetime]:
    """Odoo 19 compares whole seconds (a bare day: the whole day); older versions compare microseconds."""
    moment = parse_time(value)
    whole_day = isinstance(value, str) and len(value) == SHORT_DATE
    if not database.whole_seconds and not whole_day:
        return operator, moment
    moment = moment.replace(microsecond=0)
    step = timedelta(days=1) if whole_day else timedelta(seconds=1)
    if operator == ">":
        return ">=", moment + step
    if operator == "<=":
        return "<", moment + step
    return operator, moment


def parse_time(value: object) -> datetime:
    """Return the naive UTC time of a domain's text (an ISO day or an ISO time without a zone).

    Raises:
        OdooError: It is neither, or it carries a zone.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    text = str(value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"Invalid term {text.split(' ', maxsplit=1)[0]!r} in expression date: {text!r}"
        raise value_error(message) from error
    if moment.tzinfo is not None:
        message = f"expecting only datetimes with no timezone: {text!r}"
        raise value_error(message)
    return moment


def naive(moment: datetime) -> datetime:
    """Return an aware time as the naive UTC time that rows hold."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _pattern(database: Database, field: Field, operator: str, value: Any) -> Predicate:
    text = _shown_text(database, field)
    negated = operator.startswith("not ")
    plain = operator.removeprefix("not ")
    body = re.escape(str(value or "")).replace("%", ".*").replace("_", ".")
    whole = body if plain.startswith("=") else f".*{body}.*"
    flags = re.DOTALL | (re.IGNORECASE if plain.endswith("ilike") else 0)
    match = re.compile(whole, flags).fullmatch
    everything = not value and not plain.startswith("=")

    def found(row: Row) -> bool:
        held = text(row)
        return everything or (held is not None and match(held) is not None)

    return _join("!", [found]) if negated else found


def _shown_text(database: Database, field: Field) -> Callable[[Row], str | None]:
    name, relation = field.name, field.relation
    if name == "display_name":
        return lambda row: str(row.get("name") or "")
    if relation is not None and field.type == "many2one":
        return lambda row: str(database.display_name(relation, row[name])) if row.get(name) else None
    return lambda row: None if (held := row.get(name)) is None else str(held)


def _hierarchy(database: Database, model: Model, field: Field, operator: str, value: Any) -> Predicate:
    table = database.table(field.relation or model.name)
    found = set(value if isinstance(value, list | tuple) else [value])
    grown = True
    while grown:
        more = {
            key if operator == "child_of" else row.get("parent_id")
            for key, row in table.rows.items()
            if (row.get("parent_id") in found if operator == "child_of" else key in found)
        } - {None}
        grown = not more <= found
        found |= more
    name = field.name
    return lambda row: row.get(name) in found
