"""By what a forgotten person is known again, and what stands in the place of what they were called.

A mark is a digest (HMAC-SHA-256) under a random key of the operational database: of an e-mail address, of a record's key, of a
name or number. It answers whether something is the person's, and gives nothing back. In the place of a name stands
``Forgotten 3f9a12c4``: equal for all records of one person, so that they stay one person, and like nobody else's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from closedloop.models.forgotten import HIDDEN_HOST, NAME, phone_of
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection

#: What a mark is a digest of. ``record``: a record that is the person; ``about``: one that tells of them; ``reference``: the id
#: by which other records of the connection name them; ``domain``: a host where nobody but they has an address; ``list``: our key
#: of a person whom an imported list names.
EMAIL, RECORD, ABOUT, REFERENCE, PERSON, PHONE, DOMAIN, LIST = (
    "email",
    "record",
    "about",
    "reference",
    "name",
    "phone",
    "domain",
    "list",
)

_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]{}|\\/=]+@[^\s<>\"',;:()\[\]{}|\\/=]+")
_NUMBER = re.compile(r"\+?\d[\d ()./-]{5,}\d")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")  # noqa: RUF001 (an apostrophe that names have)
_LEAST_DIGITS = 7
_MOST_WORDS = 4


@dataclass(slots=True, kw_only=True, frozen=True)
class Mark:
    """One thing by which a person is known again.

    Args:
        kind: What it is.
        scope: The connection and stream of a record; empty for what means the same everywhere.
        value: In plain text: it is digested before it is kept.
    """

    kind: str
    scope: str
    value: str


@dataclass(slots=True, kw_only=True)
class Marks:
    """All marks of a database.

    Args:
        salts: The keys of the digests; one, unless a backup of another database was restored.
        tokens: Kind and scope → digest → whose it is.
    """

    salts: tuple[bytes, ...] = ()
    tokens: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anybody was ever forgotten."""
        return bool(self.tokens)

    def of(self, kind: str, value: str, scope: str = "") -> str | None:
        """Return whose a value is, or none."""
        known = self.tokens.get((kind, scope))
        if not known or not value:
            return None
        return next((known[one] for salt in self.salts if (one := digest(salt, kind, value)) in known), None)

    def has(self, kind: str, scope: str) -> bool:
        """Return whether there is any mark of a kind in a scope."""
        return (kind, scope) in self.tokens

    def owner(self, text: str) -> str | None:
        """Return whose address stands in a text, or none."""
        if "@" not in text:
            return None
        found = (self.of(EMAIL, plain_email(one)) for one in _ADDRESS.findall(text))
        return next((token for token in found if token), None)

    def address(self, email: str, token: str) -> str:
        """Return what stands in the place of an address: of the same host, unless nobody else is there."""
        plain = plain_email(email)
        short = digest(self.salts[0], EMAIL, plain)[:6]
        local, at, host = plain.rpartition("@")
        if not at or not local or " " in plain:
            return f"forgotten-{token}-{short}"  # it was no address that could be written to, and is none
        hidden = self.of(DOMAIN, host)
        return f"forgotten-{token}-{short}@{HIDDEN_HOST if hidden else host}"

    def without_addresses(self, text: str) -> str:
        """Return a text without the addresses of forgotten people, whatever stands around them."""
        if "@" not in text or not self:
            return text

        def mask(found: re.Match[str]) -> str:
            token = self.of(EMAIL, plain_email(found[0]))
            return self.address(found[0], token) if token else found[0]

        return _ADDRESS.sub(mask, text)

    def without_names(self, text: str) -> str:
        """Return a text without the names and numbers of forgotten people.

        Only for what tells of them: other people may be called the same.
        """
        if not self:
            return text

        def mask(found: re.Match[str]) -> str:
            token = self.of(PHONE, plain_phone(found[0]))
            return phone_of(token, is_valid=True) if token else found[0]

        return self._renamed(_NUMBER.sub(mask, self.without_addresses(text)))

    def _renamed(self, text: str) -> str:
        words = [(found.start(), found.end()) for found in _WORD.finditer(text)]
        done, parts, at = 0, [], 0
        while at < len(words):
            for count in range(min(_MOST_WORDS, len(words) - at), 0, -1):
                start, end = words[at][0], words[at + count - 1][1]
                token = self.of(PERSON, plain_name(text[start:end]))
                if token:
                    parts += [text[done:start], NAME.format(token=token)]
                    done, at = end, at + count - 1
                    break
            at += 1
        return "".join([*parts, text[done:]])


def read(connection: Connection) -> Marks:
    """Return all marks."""
    table = tables.forgotten_mark
    tokens: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    salts: dict[str, None] = {}
    for row in connection.execute(select(table).order_by(table.c.token)):
        tokens[row.kind, row.scope][row.digest] = row.token
        salts[row.salt] = None
    return Marks(salts=tuple(bytes.fromhex(salt) for salt in salts), tokens=dict(tokens))


def add(connection: Connection, token: str, marks: Iterable[Mark]) -> int:
    """Keep marks of one person, in the caller's transaction; those that are there stay. Return how many are new."""
    table, known = tables.forgotten_mark, read(connection)
    salt = known.salts[0] if known.salts else secrets.token_bytes(32)
    rows = {}
    for mark in marks:
        if mark.value and known.of(mark.kind, mark.value, mark.scope) is None:
            found = digest(salt, mark.kind, mark.value)
            rows[mark.kind, mark.scope, found] = {
                "kind": mark.kind,
                "scope": mark.scope,
                "digest": found,
                "token": token,
                "salt": salt.hex(),
            }
    if rows:
        connection.execute(table.insert(), list(rows.values()))
    return len(rows)


def of(token: str, marks: Iterable[Mark]) -> Marks:
    """Return marks that nobody keeps: to look what would go."""
    salt = secrets.token_bytes(32)
    tokens: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for mark in marks:
        tokens[mark.kind, mark.scope][digest(salt, mark.kind, mark.value)] = token
    return Marks(salts=(salt,), tokens=dict(tokens))


def digest(salt: bytes, kind: str, value: str) -> str:
    """Return the digest of a value under a key."""
    return hmac.new(salt, f"{kind}\0{value}".encode(), hashlib.sha256).hexdigest()


def masked(text: str, mask: Callable[[str], str]) -> str:
    """Return a text with a mask laid on it; JSON is opened first, as it may write letters as numbers."""
    if text.startswith(("{", "[")):
        with suppress(ValueError):
            held = json.loads(text)
            clean = within(held, mask)
            return text if clean == held else json.dumps(clean)
    return mask(text)


def within(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a value with every text in it masked; keys of objects stay."""
    if isinstance(value, str):
        return masked(value, mask)
    if isinstance(value, list):
        return [within(one, mask) for one in value]
    if isinstance(value, dict):
        return {key: within(one, mask) for key, one in value.items()}
    return value


def plain_email(text: str) -> str:
    """Return an address as it is compared."""
    return text.strip().strip(".!?").lower()


def plain_name(text: str) -> str:
    """Return a name as it is compared: lower case, one blank between words."""
    return " ".join(word.lower() for word in _WORD.findall(text))


def plain_phone(text: str) -> str:
    """Return a number as it is compared: its digits, if they are enough for one."""
    digits = re.sub(r"\D", "", text)
    return digits if len(digits) >= _LEAST_DIGITS else ""
