"""`init` writes a configuration, `check` tries it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads it from the signature)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedloop.cli.context import Context
    from closedloop.service.checkup import Finding


@app.command()
def init(  # noqa: PLR0917 (typer reads options from the signature)
    ctx: typer.Context,
    company: Annotated[str | None, typer.Option(help="Your company's name, for the report.")] = None,
    currency: Annotated[str | None, typer.Option(help="Home currency, such as USD.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="IANA time zone, such as America/Chicago.")] = None,
    crm_url: Annotated[str | None, typer.Option(help="Address of the Odoo with events and contacts.")] = None,
    crm_database: Annotated[str | None, typer.Option(help="Its database.")] = None,
    books_url: Annotated[str | None, typer.Option(help="Address of the Odoo with the invoices.")] = None,
    books_database: Annotated[str | None, typer.Option(help="Its database.")] = None,
    crm_key_file: Annotated[
        str | None, typer.Option(help="File with the CRM's API key; else CRM_API_KEY.")
    ] = None,
    books_key_file: Annotated[
        str | None, typer.Option(help="File with the ledger's API key; else BOOKS_API_KEY.")
    ] = None,
    *,
    own_fields: Annotated[
        bool, typer.Option("--own-fields", help="Map x_budget, x_actual_cost … : the fields exist or will.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Ask what is needed and write a first closedloop.yaml."""
    from closedloop.cli.starter import Answers, System, render
    from closedloop.errors import ConfigError

    context: Context = ctx.obj
    path = context.config
    if path.exists() and not force:
        raise ConfigError(
            "the file exists", where=str(path), fix="use --force, or --config with another name"
        )
    crm_url = _ask("Address of the CRM (Odoo)", crm_url, "https://example.odoo.com")
    crm_database = _ask("Database of the CRM", crm_database, "crm")
    answers = Answers(
        company=_ask("Company name", company, "Example Company"),
        currency=_ask("Home currency", currency, "USD").upper(),
        time_zone=_ask("Time zone", time_zone, "America/Chicago"),
        crm=System(url=crm_url, database=crm_database, key_variable="CRM_API_KEY", key_file=crm_key_file),
        books=System(
            url=_ask("Address of the ledger (Odoo)", books_url, crm_url),
            database=_ask("Database of the ledger", books_database, "books"),
            key_variable="BOOKS_API_KEY",
            key_file=books_key_file,
        ),
        has_own_fields=own_fields,
    )
    write(path, render(answers))
    names = ", ".join(system.key_file or system.key_variable for system in (answers.crm, answers.books))
    typer.echo(f"wrote {path}\nnext: put the API keys into {names}, then `closedloop --config {path} check`")


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
    try:
        load(part)
    except ConfigFileError as error:
        problems = [found for found in error.problems if not _is_secret_place(found.path)]
        if problems:
            part.unlink()
            raise ConfigFileError(str(path), problems) from None
    part.replace(path)


def _is_secret_place(path: tuple[str | int, ...]) -> bool:
    """Say whether the place holds a secret that may come after the file."""
    return "settings" in path and str(path[-1]).startswith("api_key")


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
    if context.json:
        show.machine({"findings": findings, "exit_code": code})
    else:
        _print(findings)
    raise typer.Exit(code)


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
