"""Does every connection work? Asks the connectors themselves, and the sources for what is empty."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop import connectors
from closedloop.config.meaning import FOREIGN
from closedloop.config.problem import did_you_mean
from closedloop.errors import ConfigError, UnreachableError
from closedloop.service.ask import Answer, about, ask, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from closedloop.settings import Connection, Settings

#: Entities without which the figures are empty, and what their absence means.
_NEEDED = {
    "campaign": ("no events or campaigns were found", "nothing can be attributed until the CRM has an event"),
    "touch": ("no attendees were found", "import who attended, or check that the user may read them"),
    "account": ("no companies or contacts were found", "check that the user may read them"),
    "document": ("no invoices were found", "check that the user may read the ledger's documents"),
}


@dataclass(slots=True, kw_only=True, frozen=True)
class Finding:
    """One thing that was tried.

    Args:
        connection: Name in the file; empty for the whole configuration.
        part: ``tap``, ``target`` or ``data``.
        name: What was tried: ``login``, ``permission:crm.lead``.
        ok: Whether it works.
        message: What came out.
        fix: What to do.
        required: Whether a run needs it; else it is a warning.
        exit_code: What a failure of this one means: 2 configuration, 4 unreachable.
    """

    connection: str
    part: str
    name: str
    ok: bool
    message: str
    fix: str | None = None
    required: bool = True
    exit_code: int = ConfigError.exit_code


def check(
    settings: Settings, names: Sequence[str] | None = None, progress: Callable[[str], None] | None = None
) -> list[Finding]:
    """Try every connection, several at a time.

    Args:
        settings: The configuration.
        names: Connections to try; none: all.
        progress: Told the name of each connection that is done.
    """
    chosen = list(names or settings.connections)
    with ThreadPoolExecutor(max_workers=4) as pool:
        checkups = list(pool.map(lambda name: _checkup(settings, name, progress), chosen))
    findings = [finding for found, _ in checkups for finding in found]
    if not names and works(findings):
        findings += _empty(
            settings, {name: counts for name, (_, counts) in zip(chosen, checkups, strict=True)}
        )
    return findings


def works(findings: Sequence[Finding]) -> bool:
    """Return whether nothing failed that a run needs."""
    return all(finding.ok or not finding.required for finding in findings)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0, or what the failures mean: what the admin must change comes before what may pass by itself."""
    codes = {finding.exit_code for finding in findings if finding.required and not finding.ok}
    return min(codes, default=0)


def _checkup(
    settings: Settings, name: str, progress: Callable[[str], None] | None
) -> tuple[list[Finding], dict[str, int]]:
    connection = settings.connections[name]
    findings = list(_unknown_settings(name, connection))
    counts: dict[str, int] = {}
    if works(findings):  # else the tap would only say the same
        findings += [found for found in _ask(settings, name, "tap") if _matters(found, connection)]
    if works(findings):  # else the target would
        findings += _streams(settings, name)
        counts = _counts(settings, name)
        if name in settings.writeback and connection.connector != FOREIGN:
            findings += _ask(settings, name, "target")
    if progress:
        progress(name)
    return findings, counts


def _matters(finding: Finding, connection: Connection) -> bool:
    """Return whether a finding is about something that is read."""
    kind, _, stream = finding.name.partition(":")
    return kind != "stream" or not connection.streams or stream in connection.streams


def _unknown_settings(name: str, connection: Connection) -> Iterator[Finding]:
    """Name every setting that the connector does not know; the tap says what was meant of one alone."""
    if connection.connector == FOREIGN:
        return
    known = about(connection)
    for key in connection.settings:
        if known and key not in known:
            yield Finding(
                connection=name,
                part="tap",
                name=f"settings.{key}",
                ok=False,
                message=f"{connection.connector} has no setting {key}",
                fix=did_you_mean(key, known),
            )


def _ask(settings: Settings, name: str, part: str) -> Iterator[Finding]:
    """Yield what the connector's own `--check` says; a foreign tap can only be asked for its streams."""
    foreign = settings.connections[name].connector == FOREIGN
    answer = ask(settings, name, part, "--discover" if foreign else "--check")
    code = _code(answer)
    failed = answer.code != 0
    for line in () if foreign else answer.lines:
        ok = bool(line.get("ok"))
        failed = failed and (ok or not line.get("required", True))
        yield Finding(
            connection=name,
            part=part,
            name=str(line.get("name")),
            ok=ok,
            message=str(line.get("message", "")),
            fix=line.get("fix"),
            required=bool(line.get("required", True)),
            exit_code=code,
        )
    if failed or not answer.lines:
        said = answer.stopped
        yield Finding(
            connection=name,
            part=part,
            name="start",
            ok=not failed,
            message=str(said.get("message") or answer.last or f"ended with code {answer.code}")
            if failed
            else "answers",
            fix=said.get("fix") or "read the message; run the connector by itself to see all of its log",
            exit_code=code,
        )


def _code(answer: Answer) -> int:
    return UnreachableError.exit_code if answer.code == UnreachableError.exit_code else ConfigError.exit_code


def _streams(settings: Settings, name: str) -> Iterator[Finding]:
    """Name chosen streams that the system does not offer."""
    chosen = settings.connections[name].streams
    if not chosen:
        return
    offered = streams(settings, name)
    for stream in chosen:
        if stream not in offered:
            yield Finding(
                connection=name,
                part="tap",
                name=f"stream:{stream}",
                ok=False,
                message=f"there is no stream {stream}",
                fix=did_you_mean(stream, offered),
            )


def _counts(settings: Settings, name: str) -> dict[str, int]:
    connection = settings.connections[name]
    if connection.connector == FOREIGN:
        return {}
    answer = ask(settings, name, "tap", "--count")
    return {
        str(line["stream"]): int(line["source_count"])
        for line in answer.lines
        if line.get("source_count") is not None
        and (not connection.streams or line["stream"] in connection.streams)
    }


def _empty(settings: Settings, counts: dict[str, dict[str, int]]) -> Iterator[Finding]:
    """Warn of entities that no connection has a record of."""
    for entity, (message, fix) in _NEEDED.items():
        sources = [
            counts[name]
            for name, connection in settings.connections.items()
            if connection.connector != FOREIGN and _brings(connection.connector, entity, counts[name])
        ]
        if not sources and all(counts.values()):
            yield Finding(
                connection="", part="data", name=entity, ok=False, message=message, fix=fix, required=False
            )


def _brings(connector: str, entity: str, counts: dict[str, int]) -> bool:
    """Return whether the connection has rows in every stream that one of the entity's staging files requires."""
    files = connectors.staging_files(connector).items()
    return any(_has_rows(sql, counts) for name, sql in files if name.partition("__")[0] == entity)


def _has_rows(sql: str, counts: dict[str, int]) -> bool:
    header = re.search(r"^--\s*requires:\s*(.+)$", sql, re.MULTILINE)
    streams = re.split(r"[\s,]+", header[1].strip()) if header else re.findall(r"\braw\.(\w+)", sql)[:1]
    return all(counts.get(stream, 0) > 0 for stream in streams)
