"""The tap: which files, what was found in them, and the checks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from closedloop.clock import system_clock
from closedloop.kit.stream import Check, ClosedloopStream
from closedloop.kit.tap import ClosedloopTap
from closedloop.log import get_logger
from tap_leadlist import folder, mapping
from tap_leadlist.bookmark import Seen, load
from tap_leadlist.listing import Listing
from tap_leadlist.options import Options
from tap_leadlist.refusal import RefusedFileError
from tap_leadlist.settings import SETTLE_SECONDS, settings_schema
from tap_leadlist.streams import Attendees, Files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_leadlist.folder import Found
    from tap_leadlist.listing import Shape

log = get_logger(__name__)


class TapLeadlist(ClosedloopTap):
    """Reads lists of attendees: badge scans, webinar reports, any spreadsheet of people."""

    name = "tap-leadlist"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    dynamic_catalog = False
    capabilities: ClassVar[list[Any]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        #: What was found out of each file in this run, and why some cannot be read.
        self.shapes: dict[str, Shape] = {}
        self.refused: dict[str, RefusedFileError] = {}
        super().__init__(*args, **kwargs)

    @cached_property
    def options(self) -> Options:
        """How lists are read.

        Raises:
            ConfigError: A setting makes no sense.
        """
        return Options.of(self.config, self.where)

    @cached_property
    def started(self) -> datetime:
        """When this run began: the version of what it reads."""
        return system_clock().now().astimezone(UTC)

    @cached_property
    def found(self) -> list[Found]:
        """The files that match.

        Raises:
            ConfigError: Their folder does not exist.
        """
        given = self.config["files"]
        patterns = [given] if isinstance(given, str) else list(given)
        return folder.find(patterns, Path.cwd(), where=self.where)

    def settled(self) -> list[Found]:
        """Return the files that nobody is copying any more."""
        seconds = int(self.config.get("settle_seconds", SETTLE_SECONDS))
        now = time.time()
        ready = [one for one in self.found if one.is_settled(now, seconds)]
        for one in self.found:
            if one not in ready:
                log.info("leadlist.waiting", file=one.name)
        return ready

    def readings(self) -> dict[str, Seen]:
        """Return every file that was ever read, as it was read last."""
        state = self.streams["attendees"].stream_state  # as the stream left it, or the last run
        return load(state)

    def prepare(self) -> None:
        """Find out whether the settings make sense and the folder is there."""
        super().prepare()
        _ = self.options, self.found

    def source_now(self) -> datetime:
        """Return the time."""
        return system_clock().now()

    def discover_streams(self) -> list[ClosedloopStream]:
        """Return the streams, the people before the files: see `tap_leadlist.streams`."""
        return [Attendees(self, "attendees"), Files(self, "files")]

    def checks(self) -> Iterator[Check]:
        """Yield what was found, each layout that was guessed with the lines that confirm it, and each refused file."""
        ready = self.settled()
        waiting = len(self.found) - len(ready)
        message = f"{len(ready)} files" + (f", {waiting} still being copied" if waiting else "")
        _ = self.options
        yield Check(name="files", ok=True, message=message)
        if not self.found:
            fix = "drop a file there, or correct `files`"
            yield Check(name="files", ok=False, message="no file matches", fix=fix, required=False)
        layouts: set[tuple[str, ...]] = set()
        for found in ready:
            yield from self._checked(found, layouts)

    def _checked(self, found: Found, layouts: set[tuple[str, ...]]) -> Iterator[Check]:
        listing = Listing(found=found, options=self.options)
        try:
            shape = listing.shape()
        except RefusedFileError as error:
            told = f"{error.message}; {error.shown}" if error.shown else error.message
            yield Check(name=f"file:{found.name}", ok=False, message=told, fix=error.fix, required=False)
            return
        finally:
            listing.close()
        event = self.options.event_of(found.name)[0]
        told = f"{found.name}: {shape.rows} rows" + ("" if "event" in shape.columns else f" of {event}")
        guesses = "".join(f"; guessed: {guess}" for guess in shape.guesses)
        yield Check(name=f"file:{found.name}", ok=True, message=told + guesses)
        if shape.is_confirmed or shape.header.names in layouts:
            return
        layouts.add(shape.header.names)
        yield Check(
            name=f"columns:{found.name}",
            ok=False,
            message="the columns are guessed: " + _told(shape),
            fix="if that is right, put into the connection's settings: "
            + mapping.block(shape.header, shape.columns),
            required=False,
        )


def _told(shape: Shape) -> str:
    names = shape.header.names
    known = ", ".join(f"{field} from `{names[place]}`" for field, place in shape.columns.items())
    left = [name for place, name in enumerate(names) if place not in shape.columns.values()]
    return known + (f"; kept aside: {', '.join(left)}" if left else "")
