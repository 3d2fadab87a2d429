"""The first `closedloop.yaml`: what `init` and the demo write, put together from what each connector brings.

A tap brings ``starter/crm.yaml`` or ``starter/books.yaml``, the block of its connection; a target brings ``starter.yaml``,
the fields of a first write-back. In a block every plain setting with a comment is a question of `init`; a setting
``${NAME}`` is a secret; and a line ``# name_fields: …`` names fields that the admin has to make first.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.connectors import tap_starter, target_starter

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTING = re.compile(r"^  (?P<name>\w+): (?P<value>.*?)(?:  # (?P<question>.*))?$")


@dataclass(slots=True, kw_only=True, frozen=True)
class System:
    """One system to connect.

    Args:
        connector: Which.
        settings: Settings that are known, by name.
        secrets: Settings that are kept in files: name → path.
    """

    connector: str = "odoo"
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True, frozen=True)
class Answers:
    """What a first file needs to know.

    Args:
        company: Name on the report.
        currency: Home currency, ISO 4217.
        time_zone: IANA name.
        crm: Where events, contacts and deals are.
        books: Where invoices and payments are.
        mode: ``plan`` shows what would be written, ``apply`` writes.
        has_own_fields: Whether the fields of their own exist already; else the mapping is written as a comment.
        attendance: Where it is known who came, if that is not the CRM.
    """

    company: str
    currency: str
    time_zone: str
    crm: System
    books: System
    mode: str = "plan"
    has_own_fields: bool = False
    attendance: System | None = None


@dataclass(slots=True, kw_only=True, frozen=True)
class Question:
    """What `init` asks for one setting."""

    setting: str
    text: str
    default: str


def quoted(text: str) -> str:
    """Return ``text`` as a YAML value that is nothing but this text, dollar signs included."""
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)


def questions(connector: str, side: str) -> Iterator[Question]:
    """Yield what a connection of this kind must be asked.

    Args:
        connector: The connector's name.
        side: ``crm`` or ``books``.

    Raises:
        ConfigError: There is no such connector, or it is none for this side.
    """
    for line in tap_starter(connector, side).splitlines():
        found = _SETTING.match(line)
        if found and found["question"]:
            yield Question(
                setting=found["name"], text=found["question"], default=found["value"].strip().strip('"')
            )


def secrets(connector: str, side: str) -> dict[str, str]:
    """Return the settings that are secrets, and the environment variable of each.

    Raises:
        ConfigError: There is no such connector, or it is none for this side.
    """
    lines = map(_SETTING.match, tap_starter(connector, side).splitlines())
    return {line["name"]: line["value"][2:-1] for line in lines if line and line["value"].startswith("${")}


def render(answers: Answers) -> str:
    """Return the file's text; it loads once the secrets are where it says.

    Raises:
        ConfigError: A connector does not exist, or is none for its side.
    """
    lines = [
        "# Written by `closedloop init`. Next: closedloop check, closedloop provision, closedloop run.",
        "company:",
        f"  name: {quoted(answers.company)}",
        f"  currency: {quoted(answers.currency)}        # every figure is in this currency",
        f"  time_zone: {quoted(answers.time_zone)}",
        "",
        "connections:",
        *_connection("crm", answers.crm, own=answers.has_own_fields),
        *_connection("books", answers.books, own=answers.has_own_fields),
        *(_plain("attendance", answers.attendance) if answers.attendance else ()),
        "",
        "writeback:",
        "  crm:",
        f"    mode: {answers.mode}        # plan: show what would be written; apply: write it on every run",
        *(f"    {line}" for line in target_starter(answers.crm.connector).splitlines()),
    ]
    return "\n".join(lines) + "\n"


def _plain(name: str, system: System) -> Iterator[str]:
    """Yield a connection with what is known of it alone."""
    yield f"  {name}:"
    yield f"    connector: {system.connector}"
    yield "    settings:"
    yield from (f"      {key}: {quoted(value)}" for key, value in system.settings.items())
    yield from (f"      {key}_file: {quoted(path)}" for key, path in system.secrets.items())


def _connection(name: str, system: System, *, own: bool) -> Iterator[str]:
    yield f"  {name}:"
    known = {key: f"{key}: {quoted(value)}" for key, value in system.settings.items()}
    known |= {key: f"{key}_file: {quoted(path)}" for key, path in system.secrets.items()}
    for line in tap_starter(system.connector, name).splitlines():
        setting = _SETTING.match(line)
        if own and re.match(r"  # \w+_fields: ", line):
            yield "    " + line.replace("# ", "", 1)
        elif setting and setting["name"] in known:
            yield f"      {known.pop(setting['name'])}"
        else:
            yield f"    {line}".replace(f"  # {setting['question']}", "") if setting else f"    {line}"
    yield from (f"      {line}" for line in known.values())
