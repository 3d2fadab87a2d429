"""Whether values may be written, and how they are kept."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from closedloop.sandbox.hubspot.errors import bad_values
from closedloop.sandbox.hubspot.wire import from_epoch, plain, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from closedloop.sandbox.hubspot.account import Account
    from closedloop.sandbox.hubspot.properties import Definition

ENFORCED_FROM = "2026-09"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class _BadValueError(Exception):
    """HubSpot's word for what is wrong, and its sentence."""


def kept(account: Account, kind: str, given: Mapping[str, Any], version: str) -> dict[str, str]:
    """Return values as they will be kept.

    Args:
        account: Where to.
        kind: The object.
        given: Property → value as the request has it.
        version: The version of the API: rules of the administrator hold from 2026-09 on.

    Raises:
        HubError: One of them cannot be written; every problem is named.
    """
    definitions = account.properties.live(kind)
    found: dict[str, str] = {}
    problems: list[dict[str, str]] = []
    for name, value in given.items():
        try:
            found[name] = _kept(account, definitions.get(name), name, value)
            _obey(account, kind, name, found[name], version)
        except _BadValueError as error:
            problems.append({"name": name, "error": error.args[0], "message": error.args[1]})
    if problems:
        raise bad_values(problems)
    return found


def _kept(account: Account, definition: Definition | None, name: str, value: Any) -> str:
    if definition is None:
        raise _BadValueError("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
    if definition["modificationMetadata"]["readOnlyValue"]:
        text = f'"{name}" is a read only property; its value cannot be set'
        raise _BadValueError("READ_ONLY_VALUE", text)
    text = _text(value)
    if not text:
        return ""
    if name == "email":
        return _email(text)
    return _BY_TYPE.get(definition["type"], _as_is)(account, definition, text)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _email(text: str) -> str:
    plain_text = text.strip().lower()
    if not _EMAIL.fullmatch(plain_text):
        raise _BadValueError("INVALID_EMAIL", f"Email address {text} is invalid")
    return plain_text


def _as_is(_account: Account, _definition: Definition, text: str) -> str:
    return text


def _number(account: Account, definition: Definition, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        message = f"{text} was not a valid number."
        raise _BadValueError("INVALID_NUMBER", message) from None
    if not number.is_finite():
        raise _BadValueError("INVALID_NUMBER", f"{text} was not a valid number.")
    del definition
    return plain(number) if account.options.trims_numbers else text


def _bool(_account: Account, definition: Definition, text: str) -> str:
    if text.lower() not in {"true", "false"}:
        message = f"{text} was not one of the allowed options for {definition['name']}: [true, false]"
        raise _BadValueError("INVALID_OPTION", message)
    return text.lower()


def _enumeration(account: Account, definition: Definition, text: str) -> str:
    name = definition["name"]
    allowed = account.allowed(name) or {option["value"] for option in definition["options"]}
    several = text.split(";") if definition["fieldType"] == "checkbox" else [text]
    for one in several:
        if one not in allowed:
            message = f"{one} was not one of the allowed options: {sorted(allowed)}"
            word = "INVALID_OWNER_ID" if name == "hubspot_owner_id" else "INVALID_OPTION"
            raise _BadValueError(word, message)
    return text


def _moment(_account: Account, definition: Definition, text: str) -> str:
    day_only = definition["type"] == "date"
    try:
        moment = from_epoch(int(text)) if re.fullmatch(r"-?\d+", text) else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = f"{text} was not a valid {definition['type']}."
        word = f"INVALID_{definition['type'].upper()}"
        raise _BadValueError(word, message) from None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if not day_only:
        return stamp(moment)
    if moment - moment.replace(hour=0, minute=0, second=0, microsecond=0) != timedelta(0):
        raise _BadValueError("INVALID_DATE", f"{text} is not at midnight UTC.")
    return moment.date().isoformat()


_BY_TYPE: dict[str, Callable[[Account, Definition, str], str]] = {
    "number": _number,
    "bool": _bool,
    "enumeration": _enumeration,
    "date": _moment,
    "datetime": _moment,
}


def _obey(account: Account, kind: str, name: str, value: str, version: str) -> None:
    if not version.startswith("20") or version < ENFORCED_FROM:
        return
    for rule in account.options.rules:
        if (rule.object, rule.property) == (kind, name) and not re.fullmatch(rule.pattern, value):
            raise _BadValueError("PROPERTY_VALIDATION_RULE", rule.message)
