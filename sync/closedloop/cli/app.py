"""The typer application, its global options, and how an error becomes a message and an exit code."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from closedloop.cli.context import Context
from closedloop.errors import ClosedloopError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_INTERRUPTED = 130
_TERMINATED = 143


#: In the order in which they are first needed.
_ORDER = [
    "init",
    "login",
    "check",
    "run",
    "sync",
    "reconcile",
    "plan",
    "apply",
    "revert",
    "quarantine",
    "audit",
    "provision",
    "import",
    "status",
    "runs",
    "explain",
    "history",
    "report",
    "breaks",
    "tie-out",
    "review",
    "link",
    "marts",
    "backfill",
    "connection",
    "backup",
    "restore",
    "forget",
    "daemon",
    "metrics",
    "sandbox",
    "demo",
]


class _Group(TyperGroup):
    """Turns our errors into messages; nobody but a developer sees a traceback."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs as `--help` lists them."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)

    def invoke(self, ctx: Any) -> Any:
        """Run the verb; a known error exits with its own code, an unknown one with 1."""
        try:
            with _ended_by_sigterm():
                return super().invoke(ctx)
        except ClosedloopError as error:
            code = _context(ctx).failed(error)
        except KeyboardInterrupt:
            typer.echo("interrupted: what was done is kept, run it again to go on", err=True)
            code = _INTERRUPTED
        except Exception as error:
            if type(error).__module__.partition(".")[0] in {
                "typer",
                "click",
            }:  # its own way to end or to explain usage
                raise
            code = _context(ctx).crashed(error)
        raise typer.Exit(code)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a verb as Ctrl-C does: children are ended, the run is recorded, the lease given back."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _context(ctx: Any) -> Context:
    return ctx.obj if isinstance(ctx.obj, Context) else Context()


app = typer.Typer(
    cls=_Group,
    name="closedloop",
    help="Follows every event attendee from the badge scan to the paid invoice, and writes the answer into the CRM.",
    epilog=(
        "Exit codes: 0 done, 1 partly failed, 2 configuration, 3 stopped by a guard, 4 unreachable or no budget left."
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(*, value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"closedloop {version('closedloop')}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="CLOSEDLOOP_CONFIG", metavar="FILE", help="The configuration file.")
    ] = Path("closedloop.yaml"),
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything, with tracebacks.")] = False,
    version: Annotated[  # noqa: ARG001 (typer calls it back before the verb)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options before the verb."""
    ctx.obj = Context(config=config, json=json, debug=debug)
    ctx.obj.start_log()


# The verbs register themselves: importing them is what fills the application.
from closedloop.cli import (  # noqa: E402
    cases,  # noqa: F401
    connection,  # noqa: F401
    demo,  # noqa: F401
    forgetting,  # noqa: F401
    importing,  # noqa: F401
    keeping,  # noqa: F401
    linking,  # noqa: F401
    links,  # noqa: F401
    login,  # noqa: F401
    looking,  # noqa: F401
    past,  # noqa: F401
    refused,  # noqa: F401
    running,  # noqa: F401
    runs,  # noqa: F401
    serving,  # noqa: F401
    setup,  # noqa: F401
    tying,  # noqa: F401
    writing,  # noqa: F401
)
