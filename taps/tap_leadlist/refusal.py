"""Why a file, or a row of it, cannot be used."""

from __future__ import annotations

from closedloop.errors import PartlyFailedError


class RefusedFileError(PartlyFailedError):
    """A whole file cannot be read as a list of people; the message and the fix say why."""


class RefusedRowError(ValueError):
    """One row cannot be used; its text says why, without a value of the row."""
