"""A small real target whose vendor is a folder: it survives any kill, and its log shows each write.

`records.json` holds what the vendor had at first, `writes.jsonl` every row it carried out since, `faults.json` what goes
wrong next. Run as a file it is a target process.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import ClassVar

from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import UnknownOutcomeError
from closedloop.kit.stream import Check
from closedloop.kit.target import Target, run
from closedloop.kit.writer import ForeignFieldError, Provisioned, UnknownStreamError, Writer


class ToyVendor:
    """The folder, seen from a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, stream: str, key: str, **fields: object) -> None:
        records = self._load("records.json", {})
        records.setdefault(stream, {})[key] = fields
        self._save("records.json", records)

    def remove(self, stream: str, key: str) -> None:
        self._append({"stream": stream, "id": key, "removed": True})

    def edit(self, stream: str, key: str, **fields: object) -> None:
        """Change a record as a person would: it does not count as one of our writes."""
        self._append({"stream": stream, "id": key, "fields": fields, "person": True})

    def fault(self, kind: str, *, times: int = 1) -> None:
        """Let the next write meet `lost_answer` (carried out, unanswered), `lost_request` or `down`."""
        self._save("faults.json", [*self._load("faults.json", []), *[kind] * times])

    def refuse(self, key: str, reason: str) -> None:
        self._save("refusals.json", {**self._load("refusals.json", {}), key: reason})

    @property
    def writes(self) -> list[dict]:
        """Every row that our targets wrote, in order."""
        return [line for line in self._log() if not line.get("person") and not line.get("removed")]

    def ids(self, stream: str) -> set[str]:
        return set(self.state().get(stream, {}))

    def values(self, stream: str, key: str) -> dict:
        return self.state()[stream][key]

    def state(self) -> dict[str, dict[str, dict]]:
        records = self._load("records.json", {})
        for line in self._log():
            if line.get("removed"):
                records[line["stream"]].pop(line["id"], None)
            else:
                records[line["stream"]][line["id"]].update(line["fields"])
        return records

    def carry_out(self, stream: str, key: str, fields: dict) -> None:
        self._append({"stream": stream, "id": key, "fields": fields})

    def next_fault(self) -> str | None:
        faults = self._load("faults.json", [])
        if not faults:
            return None
        self._save("faults.json", faults[1:])
        return faults[0]

    def refusals(self) -> dict[str, str]:
        return self._load("refusals.json", {})

    def _log(self) -> list[dict]:
        path = self.folder / "writes.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _append(self, line: dict) -> None:
        handle = os.open(self.folder / "writes.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, json.dumps(line).encode() + b"\n")
        os.close(handle)

    def _load(self, name: str, default):
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else default

    def _save(self, name: str, value: object) -> None:
        (self.folder / name).write_text(json.dumps(value))


class ToyWriter(Writer):
    """Update-only, as a target must be."""

    batch_rows = 3

    def __init__(self, vendor: ToyVendor) -> None:
        self.vendor = vendor

    def accept(self, stream, fields):
        if stream not in self.vendor.state():
            msg = f"there is no object {stream}"
            raise UnknownStreamError(msg, where=stream)
        for field in fields:
            if not field.startswith("x_"):
                msg = f"{field} is not ours"
                raise ForeignFieldError(msg, where=stream)

    def update(self, stream, rows):
        fault = self.vendor.next_fault()
        if fault == "down":
            from closedloop.errors import UnreachableError

            raise UnreachableError("the vendor is down")
        if fault == "lost_request":
            raise UnknownOutcomeError("no answer within the time limit")
        known, refusals = self.vendor.ids(stream), self.vendor.refusals()
        outcomes = []
        for row in rows:
            reason = "no such record" if row.id not in known else refusals.get(row.id)
            if reason is None:
                self.vendor.carry_out(stream, row.id, dict(row.fields))
            state = State.WRITTEN if reason is None else State.REFUSED
            outcomes.append(Outcome(id=row.id, state=state, reason=reason))
        if fault == "lost_answer":
            raise UnknownOutcomeError("the reply broke off")
        return outcomes

    def read(self, stream, ids, fields):
        records = self.vendor.state().get(stream, {})
        return {key: {name: records[key].get(name) for name in fields} for key in ids if key in records}

    def provision(self, wish):
        return Provisioned(stream=wish.stream, field=wish.field, state="exists")

    def check(self):
        yield Check(name="login", ok=True, message="the folder is there")


class ToyTarget(Target):
    """Writes to a folder."""

    name = "target-toy"
    config_jsonschema: ClassVar[dict] = {
        "type": "object",
        "properties": {"folder": {"type": "string"}},
        "required": ["folder"],
    }

    def make_writer(self):
        return ToyWriter(ToyVendor(Path(self.config["folder"])))

    def identity(self):
        return self.config["folder"]


if __name__ == "__main__":
    run(ToyTarget)
