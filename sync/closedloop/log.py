"""Log set-up: structured events, readable on a terminal and JSON lines otherwise, always on stderr, always redacted."""

from __future__ import annotations

import logging
import sys
import traceback
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import structlog

from closedloop.kit.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from structlog.typing import ExcInfo, Processor

P = ParamSpec("P")
T = TypeVar("T")

#: Noisy at INFO and of no use to an operator.
_QUIET = ("urllib3", "asyncio", "uvicorn")


class _CurrentStderr:
    """Writes to whatever `sys.stderr` is at that moment, so that redirected output stays redirected."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, level: str = "INFO", json: bool | None = None) -> None:
    """Send structlog events and the standard library's log records to stderr.

    Args:
        level: Lowest level shown: DEBUG, INFO, WARNING or ERROR.
        json: JSON lines; none: JSON unless stderr is a terminal.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    is_whole = level.upper() == "DEBUG"
    render = _renderers(json=not sys.stderr.isatty() if json is None else json, is_whole=is_whole)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_CurrentStderr())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderers(*, json: bool, is_whole: bool) -> list[Processor]:
    if json:
        format_ = structlog.processors.ExceptionRenderer(_whole if is_whole else _places)
        return [format_, redactor.event, structlog.processors.JSONRenderer()]

    def show(stream: TextIO, exc_info: ExcInfo) -> None:
        stream.write((_whole if is_whole else _places)(exc_info))

    # The console renderer prints exceptions itself; masking runs on the finished line.
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=show)
    return [redactor.event, console, _mask_line]


def _whole(exc_info: ExcInfo) -> str:
    return "".join(traceback.format_exception(*exc_info)).rstrip()


def _places(exc_info: ExcInfo) -> str:
    """Return where an exception came from and what kind it is. What it says may quote a record: that is for the level debug."""
    found: list[str] = []
    cause: BaseException | None = exc_info[1]
    while cause is not None:
        found.append(f"{type(cause).__module__}.{type(cause).__qualname__}")
        found += [line.rstrip() for line in traceback.format_tb(cause.__traceback__)]
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\n".join(found)


def _mask_line(_logger: object, _method: str, line: Any) -> Any:
    return redactor.text(line)


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function for another thread, where its log lines name the run and connection that they name here."""
    context = copy_context()
    return lambda *args, **more: context.run(function, *args, **more)


def get_logger(name: str | None = None) -> structlog.stdlib.BoundLogger:
    """Return a logger: ``log.info("stream.done", stream=name, rows=12)``."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
