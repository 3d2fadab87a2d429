"""From a row of a list to a record: nobody is lost, and who cannot be used is kept with the reason."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from closedloop.kit.stream import BadRecord
from tap_leadlist import dates, values
from tap_leadlist.book import UNSAVED
from tap_leadlist.mapping import IDENTITY
from tap_leadlist.refusal import RefusedRowError
from tap_leadlist.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_leadlist.lines import Row
    from tap_leadlist.listing import Listing, Shape
    from tap_leadlist.options import Options

_TOTAL = re.compile(r"(?:grand )?(?:total|sum|summe|gesamt|count|anzahl|somme)\b", re.IGNORECASE)
_FEW_CELLS = 2
_TEXTS = ("company", "title")


@dataclass(slots=True, kw_only=True)
class People:
    """The people of one file.

    Args:
        listing: The file.
        shape: What it is.
        read_at: When it is read, ISO text: the version of its rows.
    """

    listing: Listing
    shape: Shape
    read_at: str
    bad: list[int] = field(default_factory=list)
    _times: Counter[str] = field(default_factory=Counter)
    _events: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[dict[str, Any] | BadRecord]:
        """Yield a record for each row that can be used, and the row with the reason for each that cannot."""
        for line, cells in self.listing.rows(self.shape):
            try:
                yield self._record(line, cells)
            except RefusedRowError as error:
                self.bad.append(line)
                held = {"file": self.name, "line": line, "cells": [cell for cell in cells if cell != UNSAVED]}
                yield BadRecord(key=bad_key(self.name, line), reason=f"line {line}: {error}", record=held)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.listing.found.name

    @property
    def _options(self) -> Options:
        return self.listing.options

    def _record(self, line: int, cells: list[str]) -> dict[str, Any]:
        names, columns = self.shape.header.names, self.shape.columns
        if len(cells) > len(names):
            if any(cell.strip() for cell in cells[len(names) :]):
                msg = f"it has {len(cells)} cells, and there are {len(names)} columns"
                raise RefusedRowError(msg)
            cells = cells[: len(names)]
        told = {name: _cell(cells, place) for name, place in columns.items()}
        if UNSAVED in told.values():
            wrong = next(names[place] for name, place in columns.items() if told[name] == UNSAVED)
            msg = f"the formula in `{wrong}` has no saved value: open the workbook in Excel and save it"
            raise RefusedRowError(msg)
        self._insist_on_somebody(told, cells)
        event, campaign = self._event(told)
        person = self._person(told)
        when = self._when(told)
        return {
            "id": self._id(told, person, cells, event),
            "file": self.name,
            "line": line,
            "event": event,
            "campaign": campaign,
            **person,
            "status": self._status(told),
            "occurred_at": f"{when.at:%Y-%m-%dT%H:%M:%SZ}" if when and when.at else None,
            "occurred_on": when.day.isoformat() if when else None,
            "minutes": values.minutes(told["minutes"]) if told.get("minutes") else None,
            "extra": self._extra(cells),
            "read_at": self.read_at,
        }

    def _insist_on_somebody(self, told: dict[str, str], cells: list[str]) -> None:
        filled = [cell.strip() for cell in cells if cell.strip()]
        if (
            len(filled) <= _FEW_CELLS
            and len(self.shape.header.names) > _FEW_CELLS
            and _TOTAL.match(filled[0])
        ):
            raise RefusedRowError("it is a total, and nobody")
        if [plain(cell) for cell in filled] == [
            plain(text) for text in self.shape.header.texts if text.strip()
        ]:
            raise RefusedRowError("it is the headings once more")
        if not any(told.get(name) for name in IDENTITY):
            raise RefusedRowError("it names nobody: no e-mail, name, company, telephone or badge")

    def _event(self, told: dict[str, str]) -> tuple[str, str | None]:
        stated = told.get("event", "")
        if stated not in self._events:
            event, is_said = (stated, True) if stated else self._options.event_of(self.name)
            campaign = self._options.campaign_of(event, self.name)
            self._events[stated] = event, campaign or (event if is_said else None)
        return self._events[stated]

    def _person(self, told: dict[str, str]) -> dict[str, str | None]:
        first, last = told.get("first_name", ""), told.get("last_name", "")
        whole = told.get("name", "")
        mail = values.address(told.get("email", ""))
        if "@" in whole and not mail:
            mail = values.address(whole)
        if whole and not (first or last):
            whole = whole.partition("<")[0].strip() or whole
            first, last = values.names(whole)
        country = self._options.phone_country
        found = {
            "email": mail,
            "name": f"{first} {last}".strip() or whole,
            "first_name": first,
            "last_name": last,
            **{name: told.get(name, "") for name in _TEXTS},
            "phone": values.phone(told.get("phone", ""), country),
            "mobile": values.phone(told.get("mobile", ""), country),
        }
        return {name: text or None for name, text in found.items()}

    def _status(self, told: dict[str, str]) -> str:
        said = values.status(told["status"], self._options.statuses) if "status" in told else None
        watched = values.minutes(told["minutes"]) if "minutes" in told else None
        if watched:
            return "attended"
        if told.get("checked_in"):
            return "attended"
        if said is not None and not ("minutes" in told and said == "registered"):
            return said
        if "minutes" in told or "checked_in" in told:
            return "no_show"
        return "registered" if "status" in told else self._options.status

    def _when(self, told: dict[str, str]) -> dates.When | None:
        text = told.get("occurred_at") or told.get("checked_in") or ""
        day, clock = told.get("date", ""), told.get("time", "")
        if day and (not text or dates.is_time(text)):
            text = f"{day} {text or clock}".strip()
        if not text or plain(text) in {"yes", "no", "n a"}:
            return None
        return dates.read(text, self.shape.order, self._options.time_zone)

    def _id(self, told: dict[str, str], person: dict[str, str | None], cells: list[str], event: str) -> str:
        """Return the key of a row: who it is within its file, so that a corrected file finds its rows again."""
        if told.get("id"):
            who = f"id {told['id']}"
        elif person["email"]:
            who = f"mail {person['email'].casefold()}"
        elif person["name"]:
            who = "name " + "|".join(plain(person[name] or "") for name in ("name", "company", "phone"))
        else:
            who = "cells " + "|".join(cells)
        key = f"{_short(self.name, 4)}-{_short(f'{event}|{who}', 8)}"
        self._times[key] += 1
        return key if self._times[key] == 1 else f"{key}-{self._times[key]}"

    def _extra(self, cells: list[str]) -> dict[str, str]:
        used = set(self.shape.columns.values())
        return {
            self.shape.header.names[place]: cell.strip()
            for place, cell in enumerate(cells)
            if place not in used and cell.strip() and cell != UNSAVED
        }


def bad_key(name: str, line: int) -> str:
    """Return the key under which a row that cannot be used is kept."""
    return f"{name}#{line}"


def _cell(cells: Row | list[str], place: int) -> str:
    return str(cells[place]).strip() if place < len(cells) else ""


def _short(text: str, size: int) -> str:
    return blake2b(text.encode(), digest_size=size).hexdigest()
