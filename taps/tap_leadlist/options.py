"""What the admin said about the lists of one connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from closedloop.errors import ConfigError
from tap_leadlist.mapping import FIELDS
from tap_leadlist.values import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_leadlist.dates import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How lists are read. What is left out is found out, and said."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    dates: Order | None = None
    time_zone: str = "UTC"
    status: str = "attended"
    statuses: Mapping[str, str] = field(default_factory=dict)
    phone_country: str | None = None
    event: str | None = None
    event_pattern: str | None = None
    campaigns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str) -> Options:
        """Return the options that a connection's settings hold.

        Raises:
            ConfigError: One of them makes no sense.
        """
        given = {one.name: config[one.name] for one in fields(cls) if config.get(one.name) is not None}
        for name in ("statuses", "campaigns"):
            given[name] = {str(key).casefold(): str(value) for key, value in (given.get(name) or {}).items()}
        options = cls(**given)
        options._check(where)
        return options

    def _check(self, where: str) -> None:
        unknown = sorted(set(self.columns) - set(FIELDS))
        if unknown:
            msg = f"columns: there is no {', '.join(unknown)}"
            raise ConfigError(msg, where=where, fix=f"use some of: {', '.join(FIELDS)}")
        wrong = sorted(set(self.statuses.values()) - set(STATUSES))
        if wrong:
            msg = f"statuses: {', '.join(wrong)} is no status"
            raise ConfigError(msg, where=where, fix=f"use some of: {', '.join(STATUSES)}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            msg = f"time_zone: {self.time_zone} is no time zone"
            raise ConfigError(msg, where=where, fix="write an IANA name such as America/Chicago") from None
        try:
            re.compile(self.event_pattern or "")
        except re.error as error:
            msg = f"event_pattern: {error}"
            raise ConfigError(msg, where=where, fix="correct the regular expression") from None

    @property
    def digest(self) -> str:
        """Tells other options from these: files are read anew under others."""
        return sha256(repr(self).encode()).hexdigest()[:12]

    def event_of(self, name: str) -> tuple[str, bool]:
        """Return the event of a file by its name, and whether somebody said so.

        Args:
            name: The file's path.
        """
        if self.event:
            return self.event, True
        file = PurePosixPath(name)
        if self.event_pattern and (found := re.search(self.event_pattern, file.name)):
            return next((group for group in found.groups() if group), found[0]), True
        return file.stem, False

    def campaign_of(self, event: str, name: str) -> str | None:
        """Return the CRM's campaign that an event is: its id, code or name; none where nobody said.

        Args:
            event: As the list or the file's name calls it.
            name: The file's path.
        """
        file = PurePosixPath(name)
        for text in (event, name, file.name, file.stem):
            if text.casefold() in self.campaigns:
                return self.campaigns[text.casefold()]
        for pattern, campaign in self.campaigns.items():
            if fnmatchcase(file.name.casefold(), pattern) or fnmatchcase(event.casefold(), pattern):
                return campaign
        return None
