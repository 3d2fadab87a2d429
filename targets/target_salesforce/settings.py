"""The target's settings. It logs in as the tap does: one connection has one set of credentials."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from tap_salesforce.settings import CREDENTIALS, DEFAULT_VERSION

BULK_FROM, BULK_ROWS, BULK_MINUTES = 2001, 100_000, 60


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        *CREDENTIALS,
        th.Property(
            "api_version",
            th.StringType,
            default=DEFAULT_VERSION,
            title="API version",
            description="Version of the API to speak.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=150,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "target_bulk_from",
            th.IntegerType(minimum=1),
            default=BULK_FROM,
            title="Bulk from",
            description="Rows of one committed batch from which they go as a job of Bulk API 2.0.",
        ),
        th.Property(
            "target_bulk_rows",
            th.IntegerType(minimum=1, maximum=500_000),
            default=BULK_ROWS,
            title="Rows of a job",
            description="Most rows of one bulk job.",
        ),
        th.Property(
            "target_bulk_minutes",
            th.IntegerType(minimum=1),
            default=BULK_MINUTES,
            title="Minutes of a job",
            description="How long a bulk job may take; then it is aborted, and what it did is told.",
        ),
    ).to_dict()
    return schema
