"""A verb to be killed, as the command line runs it."""

from __future__ import annotations

from closedloop.cli.app import app


def main(*arguments: str) -> None:
    app(list(arguments), prog_name="closedloop")
