"""What can be set."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from closedloop.kit.tap import CLOSEDLOOP_SETTINGS
from tap_leadlist.mapping import FIELDS
from tap_leadlist.values import STATUSES

SETTLE_SECONDS = 10


def settings_schema() -> dict[str, Any]:
    """Return the JSON Schema of the settings."""
    texts = th.ObjectType(additional_properties=th.StringType)
    anything = th.CustomType({"type": ["string", "array"], "items": {"type": "string"}})
    columns = th.CustomType(
        {
            "type": "object",
            "additionalProperties": {
                "type": ["string", "integer", "array"],
                "items": {"type": ["string", "integer"]},
            },
        }
    )
    schema: dict[str, Any] = th.PropertiesList(
        th.Property("files", anything, required=True, title="Files",
            description="Which files: `leads/*.csv`, or a list of such; `**` stands for any folders. Relative to closedloop.yaml, else to the working folder."),
        th.Property("columns", columns, title="Columns",
            description=f"Which column holds what: the heading, its place counted from 1, or a list of which the first counts that a file has. Known: {', '.join(FIELDS)}. Without this the headings are guessed, and `--check` shows the guess."),
        th.Property("event", th.StringType, title="Event",
            description="The event of every file, where no column names it. Without this each file is an event of its own, called after the file."),
        th.Property("event_pattern", th.StringType, title="Event in the file's name",
            description="Regular expression whose first group is the event in a file's name."),
        th.Property("campaigns", texts, title="Campaigns",
            description="Event, file name or pattern of one, to the CRM's campaign: its id, code or name."),
        th.Property("status", th.StringType, default="attended", allowed_values=list(STATUSES), title="Status",
            description="What a row means that does not say so: who was scanned has attended."),
        th.Property("statuses", texts, title="Statuses",
            description=f"Your words in the status column, to one of: {', '.join(STATUSES)}."),
        th.Property("dates", th.StringType, allowed_values=["day_first", "month_first"], title="Dates",
            description="How to read 03/04/2026. Needed only where a file's own dates do not show it."),
        th.Property("time_zone", th.StringType, default="UTC", title="Time zone",
            description="IANA name of the zone that times without one are in."),
        th.Property("phone_country", th.StringType, title="Country of telephone numbers",
            description="Two letters: the country of numbers that do not name one."),
        th.Property("encoding", th.StringType, title="Encoding",
            description="Of the files, such as cp1250. Without this it is found out."),
        th.Property("delimiter", th.StringType, title="Delimiter",
            description="One character between cells. Without this it is found out."),
        th.Property("sheet", th.StringType, title="Sheet", description="Of workbooks; the first that is not hidden if not set."),
        th.Property("header_row", th.IntegerType(minimum=0), title="Row of headings",
            description="Counted from 1; 0: there is none, and `columns` names places. Without this it is found."),
        th.Property("settle_seconds", th.IntegerType(minimum=0), default=SETTLE_SECONDS, title="Settling time",
            description="A file is read once it has not changed for so long: what is still being copied waits."),
        *CLOSEDLOOP_SETTINGS,
    ).to_dict()  # fmt: skip
    return schema
