"""What every verb is given: the global options, and the ways to open and to fail."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from closedloop.errors import ClosedloopError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.clock import Clock
    from closedloop.service.session import Session
    from closedloop.settings import Settings


@dataclass(slots=True, kw_only=True)
class Context:
    """The options before the verb.

    Args:
        config: The configuration file.
        json: Whether output is for machines.
        debug: Whether the log holds everything, with tracebacks.
    """

    config: Path = Path("closedloop.yaml")
    json: bool = False
    debug: bool = False

    def start_log(self, *, quiet: bool = False) -> None:
        """Send the log to stderr.

        Args:
            quiet: Only warnings; always so on a terminal, because progress bars tell the rest.
        """
        import sys

        from closedloop import log

        quiet = quiet or sys.stderr.isatty()
        log.configure(level="DEBUG" if self.debug else "WARNING" if quiet else "INFO")

    def settings(self) -> Settings:
        """Read the configuration file.

        Raises:
            ConfigError: It has problems, or there is none.
        """
        from closedloop.config import load

        return load(self.config)

    def clock(self) -> Clock:
        """Return the clock.

        Raises:
            ConfigError: ``CLOSEDLOOP_CLOCK`` is not a time.
        """
        from closedloop.clock import START_VARIABLE, system_clock

        try:
            return system_clock()
        except ValueError as error:
            raise ConfigError(
                str(error), where=START_VARIABLE, fix="unset it, or write an ISO time with a zone"
            ) from error

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open the session of the configured company."""
        from closedloop.service.session import session

        with session(self.settings(), self.clock()) as opened:
            yield opened

    def failed(self, error: ClosedloopError) -> int:
        """Print a known error and return its exit code."""
        if self.debug:
            from closedloop.log import get_logger

            get_logger(__name__).debug("verb.failed", exc_info=error)
        typer.echo(f"error: {_safe(error, str(error))}", err=True)
        if self.json:
            import json

            known = {"message": _safe(error, error.message), "where": error.where, "fix": error.fix}
            typer.echo(json.dumps({"error": {**known, "exit_code": error.exit_code}}))
        return error.exit_code

    def crashed(self, error: Exception) -> int:
        """Print an error that nobody foresaw, without its traceback, and return 1."""
        from closedloop.kit.redact import unquoted, vendor_text
        from closedloop.log import get_logger

        name = type(error).__name__
        if self.debug:
            get_logger(__name__).error("verb.crashed", exc_info=error)
        typer.echo(
            f"error: closedloop itself failed: {name}: {unquoted(vendor_text(error))}\n"
            "  fix: run it again with --debug and report what the log says",
            err=True,
        )
        return 1


def _safe(error: ClosedloopError, text: str) -> str:
    """Return ``text`` without secrets. The file's own problems name keys such as `api_key:` and hold no value of them."""
    if isinstance(error, ConfigError) and hasattr(error, "problems"):
        return text
    from closedloop.kit.redact import redactor

    return redactor.text(text)
