"""Keeps secrets and personal data out of logs and error texts.

Two nets: the values we were told are secret (`Redactor.add`), and the shapes secrets have wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

MASK = "***"
#: Shorter values are words, and masking words makes a log unreadable.
_SHORTEST_SECRET = 4

_SENSITIVE_NAME = (
    r"(?:[\w-]*(?:password|passwd|secret|api[_-]?key|apikey|access[_-]?token|refresh[_-]?token|id[_-]?token"
    r"|auth[_-]?token|private[_-]?key|client[_-]?secret)|token|authorization|cookie|set-cookie)"
)
_NAME = re.compile(rf"^{_SENSITIVE_NAME}$", re.IGNORECASE)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@", re.IGNORECASE), rf"\1{MASK}@"),
    (
        re.compile(
            rf"([\"']?\b{_SENSITIVE_NAME}[\"']?\s*[:=]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&\"'}}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{MASK}",
    ),
)
#: Not the user in an address such as postgresql://me@db.example.com.
_EMAIL = re.compile(r"(?<!//)(?<![\w.+%-])[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w+])\+\d[\d ()./-]{6,}\d")
#: What JSON Schema's messages begin with: the value.
_VALUE = re.compile(
    r"^.*?(?= (?:is not|does not|is too|is less|is greater|has too|was expected|should))", re.DOTALL
)
#: Fields that only records of people have, and those that say who they are.
_PERSONS = re.compile(r"mail|phone|mobile|last_?name", re.IGNORECASE)
_NAMING = re.compile(r"mail|phone|mobile|name", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


class Redactor:
    """Masks secrets in text and in log events.

    Args:
        secrets: Values to mask wherever they appear.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: object) -> None:
        """Mask these values from now on; empty and very short ones are ignored."""
        self._values |= {str(value) for value in secrets if value and len(str(value)) >= _SHORTEST_SECRET}
        longest_first = sorted(self._values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def text(self, value: str) -> str:
        """Return ``value`` with every secret masked."""
        if self._pattern is not None:
            value = self._pattern.sub(MASK, value)
        for pattern, replacement in _PATTERNS:
            value = pattern.sub(replacement, value)
        return value

    def value(self, value: Any) -> Any:
        """Return ``value`` with secrets masked, also inside mappings and lists."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: MASK if _is_secret(key, item) else self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def event(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Mask a structlog event: use it as a processor. Below the level info people's addresses and numbers may stand."""
        masked: Mapping[str, Any] = self.value(event)
        return masked if method == "debug" else _impersonal(masked)


def impersonal(text: str) -> str:
    """Return ``text`` without e-mail addresses and telephone numbers."""
    return _PHONE.sub("(number)", _EMAIL.sub("(e-mail)", text))


def unquoted(text: str) -> str:
    """Return ``text`` without what stands in quotation marks: errors of libraries quote the value that they refuse."""
    return _QUOTED.sub("'…'", text)


def without_person(text: str, record: Mapping[str, Any]) -> str:
    """Return what a vendor says of a record without what was to be written of a person: it goes into runs, logs and news.

    Args:
        text: The vendor's sentence; it may quote what it was sent.
        record: Field → value. One without an address, a number or a last name is nobody's.
    """
    if not any(_PERSONS.search(field) for field in record):
        return text
    told = (str(value) for field, value in record.items() if value and _NAMING.search(field))
    for value in sorted(told, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text


def _impersonal(value: Any) -> Any:
    if isinstance(value, str):
        return impersonal(value)
    if isinstance(value, Mapping):
        return {key: _impersonal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_impersonal(item) for item in value]
    return value


def _is_secret(name: object, value: object) -> bool:
    return bool(value) and isinstance(name, str) and _NAME.match(name) is not None


#: The one the process's logs and errors go through.
redactor = Redactor()


def redact(text: str) -> str:
    """Return ``text`` with every known secret and everything that looks like one masked."""
    return redactor.text(text)


def vendor_text(text: object, *, limit: int = 200) -> str:
    """Return what may be quoted from a vendor's error: its first line, without secrets, addresses or numbers of people.

    Args:
        text: The vendor's message; never a whole response body, which may hold tracebacks and records.
        limit: Longest result in characters.
    """
    line = next((line.strip() for line in str(text or "").splitlines() if line.strip()), "")
    line = impersonal(redact(line))
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def valueless(text: str) -> str:
    """Return what JSON Schema says is wrong with a setting, without the value that is wrong."""
    return text if "required property" in text else _VALUE.sub("a value", text)
