"""The verb that sets the documents beside the ledger's own accounts: `tie-out`."""

from __future__ import annotations

import csv as csv_file
from pathlib import Path  # noqa: TC003 (typer reads the annotations)
from typing import TYPE_CHECKING, Annotated

import typer

from closedloop.cli.app import app
from closedloop.cli.looking import AsOf  # noqa: TC001 (typer reads the annotations)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from closedloop.cli.context import Context
    from closedloop.cli.published import Row
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Streams without which a ledger's own accounts are not known.
_STREAMS = ("ledger_month", "account_account")


@app.command("tie-out")
def tie_out(
    ctx: typer.Context,
    *,
    months: Annotated[int, typer.Option(min=0, help="How many months of each ledger. 0: all.")] = 12,
    csv: Annotated[Path | None, typer.Option(help="Write them into this CSV file, in minor units.")] = None,
    as_of: AsOf = None,
) -> None:
    """Show whether documents and ledger agree. Month by month beside its own income and receivables, differences named."""
    from closedloop.cli import published, show

    context: Context = ctx.obj
    with context.session() as opened, opened.store() as store, published.as_of(opened, store, as_of):
        run = published.parameters(store)
        found = read(store, months)
        unread = reasons(opened.operations, found)
    if csv is not None:
        _write(found, csv)
    if context.json:
        show.machine({"as_of": run["as_of"], "months": found, "not_read": unread})
        return
    _print(found, run)
    for source, reason in unread.items():
        show.line(f"{source}: its own accounts are not read: {reason}")
    if csv is not None:
        typer.echo(f"wrote {len(found)} months to {csv}")


def read(store: Store, months: int) -> list[Row]:
    """Return the newest months of each ledger, the newest first; 0: all."""
    from closedloop.cli import published
    from closedloop.report.figures import TIE_OUT

    return published.rows(store, TIE_OUT, [months])


def reasons(operations: Operations, found: Sequence[Row]) -> dict[str, str]:
    """Return why ledgers do not tell their own accounts, as their last sync said.

    Args:
        operations: Knows what each sync said.
        found: Months, as `read` returns them.
    """
    from sqlalchemy import select

    from closedloop.store import tables

    unread = sorted({row["source"] for row in found if row["state"] == "not_read"})
    known = {row["source"] for row in found if row["ledger_income"] is not None}
    stream = tables.stream_run
    query = (
        select(stream.c.connection, stream.c.reason)
        .where(stream.c.connection.in_(unread), stream.c.stream.in_(_STREAMS))
        .order_by(stream.c.run_id)
    )
    with operations.reading() as connection:
        told = {row.connection: row.reason for row in connection.execute(query)}
    return {
        source: told.get(source) or "no stream brings them"
        for source in unread
        if told.get(source) or source not in known
    }


def _print(found: Sequence[Row], run: Row) -> None:
    from closedloop.cli import show

    if not found:
        show.line("no ledger shows a document or a booking")
        return
    digits = run["home_digits"]
    show.table(
        f"Documents beside the ledger's own accounts, {run['home_currency']}, as of {run['as_of']}",
        (
            "ledger",
            "month",
            "#documents",
            "#ledger's income",
            "#open documents",
            "#ledger's receivables",
            "difference",
            "",
        ),
        [
            (
                row["source"],
                f"{row['month']:%Y-%m}",
                *(show.money(row[name], digits) for name in ("documents_income", "ledger_income")),
                *(show.money(row[name], digits) for name in ("documents_open", "ledger_receivable")),
                "; ".join(_differences(row, digits)),
                row["state"].replace("_", " "),
            )
            for row in found
        ],
    )


def _differences(row: Row, digits: int) -> Iterator[str]:
    """Yield each side's difference with its parts: ``income: journals 20.00``."""
    from closedloop.cli import show
    from closedloop.report.figures import TIE_OUT_PARTS

    for side, title in (("income", "income"), ("receivable", "receivables")):
        parts = [(words, row.get(f"{side}_{part}")) for part, words in TIE_OUT_PARTS.items()]
        named = [f"{words} {show.money(amount, digits)}" for words, amount in parts if amount]
        if named:
            yield f"{title}: {', '.join(named)}"


def _write(found: Sequence[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv_file.DictWriter(file, list(found[0]) if found else ["source", "month"])
        writer.writeheader()
        writer.writerows(found)
