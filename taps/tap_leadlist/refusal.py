"""Why a file, or a row of it, cannot be used."""

from __future__ import annotations

from typing import Any

from closedloop.errors import PartlyFailedError


class RefusedFileError(PartlyFailedError):
    """A whole file cannot be read as a list of people; the message and the fix say why.

    Args:
        message: What is wrong.
        shown: What stands in its first row, which may be a person: `--check` tells it to who asks, no log and no table.
        more: As for any error.
    """

    def __init__(self, message: str, *, shown: str = "", **more: Any) -> None:
        super().__init__(message, **more)
        self.shown = shown


class RefusedRowError(ValueError):
    """One row cannot be used; its text says why, without a value of the row."""
