"""`init` writes a configuration, `check` tries it."""

from __future__ import annotations

import os
import re
from pathlib import Path  # noqa: TC003 (typer reads it from the signature)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from closedloop.cli.context import Context
    from closedloop.cli.starter import System
    from closedloop.service.checkup import Finding
    from closedloop.settings import Settings


@app.command()
def init(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    crm: Annotated[str, typer.Option(help="Connector of the CRM: odoo, salesforce, hubspot.")] = "odoo",
    ledger: Annotated[str, typer.Option(help="Connector of the ledger: odoo, quickbooks, xero.")] = "odoo",
    company: Annotated[str | None, typer.Option(help="Your company's name, for the report.")] = None,
    currency: Annotated[str | None, typer.Option(help="Home currency, such as USD.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA time zone, such as America/Chicago.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, such as crm.url=https://… or books.api_key_file=…; repeatable."
        ),
    ] = None,
    crm_url: Annotated[str | None, typer.Option(help="Short for --set crm.url=…")] = None,
    crm_database: Annotated[str | None, typer.Option(help="Short for --set crm.database=…")] = None,
    books_url: Annotated[str | None, typer.Option(help="Short for --set books.url=…")] = None,
    books_database: Annotated[str | None, typer.Option(help="Short for --set books.database=…")] = None,
    crm_key_file: Annotated[str | None, typer.Option(help="Short for --set crm.api_key_file=…")] = None,
    books_key_file: Annotated[str | None, typer.Option(help="Short for --set books.api_key_file=…")] = None,
    *,
    own_fields: Annotated[
        bool, typer.Option("--own-fields", help="Map the fields that you have to make: they exist or will.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Ask what is needed and write a first closedloop.yaml."""
    from closedloop.cli.starter import Answers, render
    from closedloop.errors import ConfigError

    context: Context = ctx.obj
    path = context.config
    if path.exists() and not force:
        raise ConfigError(
            "the file exists", where=str(path), fix="use --force, or --config with another name"
        )
    short = {
        "crm.url": crm_url,
        "crm.database": crm_database,
        "books.url": books_url,
        "books.database": books_database,
        "crm.api_key_file": crm_key_file,
        "books.api_key_file": books_key_file,
    }
    known = {name: value for name, value in short.items() if value is not None} | _settings(given or [])
    systems = {side: _system(connector, side, known) for side, connector in (("crm", crm), ("books", ledger))}
    answers = Answers(
        company=_ask("Company name", company, "Example Company"),
        currency=_ask("Home currency", currency, "USD").upper(),
        time_zone=_ask("Time zone", time_zone, "America/Chicago"),
        crm=systems["crm"],
        books=systems["books"],
        has_own_fields=own_fields,
    )
    write(path, render(answers))
    typer.echo(f"wrote {path}\nnext: {_next(systems)}`closedloop --config {path} check`")


def _settings(given: list[str]) -> dict[str, str]:
    from closedloop.errors import ConfigError

    pairs = [one.partition("=") for one in given]
    for name, equals, _ in pairs:
        if not equals or name.partition(".")[0] not in {"crm", "books"} or not name.partition(".")[2]:
            raise ConfigError(
                "not a setting", where=f"--set {name}", fix="write crm.NAME=VALUE or books.NAME=VALUE"
            )
    return {name: value for name, _, value in pairs}


def _system(connector: str, side: str, known: dict[str, str]) -> System:
    """Ask what the connection's block asks, and take the rest as given."""
    from closedloop.cli.starter import System, questions, secrets

    hidden = secrets(connector, side)
    mine = {name.partition(".")[2]: value for name, value in known.items() if name.startswith(f"{side}.")}
    settings = {
        one.setting: _ask(f"{side}: {one.text}", mine.get(one.setting), one.default)
        for one in questions(connector, side)
    }
    files = {name: mine[f"{name}_file"] for name in hidden if f"{name}_file" in mine}
    rest = {name: value for name, value in mine.items() if name.removesuffix("_file") not in hidden}
    return System(connector=connector, settings=settings | rest, secrets=files)


def _next(systems: Mapping[str, System]) -> str:
    """Say where the secrets belong that the file only names."""
    from closedloop.cli.starter import secrets

    places = [
        system.secrets.get(name, variable)
        for side, system in systems.items()
        for name, variable in secrets(system.connector, side).items()
    ]
    return f"put the secrets into {', '.join(places)}, then " if places else ""


def write(path: Path, text: str) -> None:
    """Write a configuration file that loads.

    Args:
        path: The file.
        text: Its content; secrets may be missing still.

    Raises:
        ConfigError: It would not load; nothing is left behind.
    """
    from closedloop.config import ConfigFileError, load

    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    secrets = {name: os.environ.get(name, "to come") for name in re.findall(r"\$\{(\w+)\}", text)}
    try:
        load(part, {**os.environ, **secrets})
    except ConfigFileError as error:
        # A secret may come after the file.
        problems = [one for one in error.problems if not (one.path and str(one.path[-1]).endswith("_file"))]
        if problems:
            part.unlink()
            raise ConfigFileError(str(path), problems) from None
    part.replace(path)


def _ask(question: str, given: str | None, default: str) -> str:
    return given if given is not None else str(typer.prompt(question, default=default))


@app.command()
def check(
    ctx: typer.Context,
    connections: Annotated[
        list[str] | None, typer.Argument(help="Connections to try; all if left out.")
    ] = None,
) -> None:
    """Try every connection. Credentials, permissions, fields, streams, and whether there is anything to read."""
    from closedloop.cli import show
    from closedloop.cli.names import known_connections
    from closedloop.service import checkup

    context: Context = ctx.obj
    settings = context.settings()
    names = known_connections(settings, connections)
    with show.progress() as bars:
        done: list[str] = []

        def tell(name: str) -> None:
            done.append(name)
            bars("connections", len(done), len(names))

        findings = checkup.check(settings, connections, tell)
    code = checkup.exit_code(findings)
    _release(context, settings, [name for name in names if _works(name, findings)])
    if context.json:
        show.machine({"findings": findings, "exit_code": code})
    else:
        _print(findings)
    raise typer.Exit(code)


def _works(connection: str, findings: Sequence[Finding]) -> bool:
    return all(f.ok or not f.required for f in findings if f.connection == connection)


def _release(context: Context, settings: Settings, names: list[str]) -> None:
    """Let the next run try records again that were refused for a missing right, where the rights are good now."""
    from closedloop.kit.outcome import Refusal
    from closedloop.service.session import session
    from closedloop.writeback.quarantine import release

    written = [name for name in names if name in settings.writeback]
    if not written or not (settings.database or (settings.home / "operations.db").exists()):
        return
    with session(settings, context.clock()) as opened:
        for name in written:
            release(opened.operations, clock=opened.clock, connection=name, kind=Refusal.PERMISSION)


def _print(findings: Sequence[Finding]) -> None:
    from closedloop.cli import show

    marks = {(True, True): "ok", (True, False): "ok", (False, True): "FAILS", (False, False): "warning"}
    show.table(
        "",
        ("connection", "part", "what", "", "message"),
        [(f.connection, f.part, f.name, marks[f.ok, f.required], f.message) for f in findings],
    )
    for f in findings:
        if not f.ok and (f.required or f.fix):
            word = "error" if f.required else "warning"
            place = f"connections.{f.connection}: " if f.connection else ""
            show.line(f"{word}: {place}{f.message}")
            if f.fix:
                show.line(f"  fix: {f.fix}")
