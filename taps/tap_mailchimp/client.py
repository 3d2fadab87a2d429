"""Mailchimp as our streams need it: listings by offset, and batches of questions."""

from __future__ import annotations

import gzip
import io
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from closedloop.kit.http import HttpClient
from closedloop.kit.policy import MissingObjectError, StreamError
from tap_mailchimp.faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from closedloop.kit.http import Reply

URL = "https://api.mailchimp.com"
BASE = "/3.0"
#: The most that Mailchimp gives at once.
PAGE = 1000
AGAIN = "run again; if it persists, ask Mailchimp's support"
#: Seconds between two looks at a batch: from the first to the longest.
_FIRST_LOOK, _LONGEST_LOOK, _LOOKS = 5.0, 60.0, 120

Row = dict[str, Any]
_decode = msgspec.json.Decoder(float_hook=str).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of a listing.

    Args:
        rows: As Mailchimp printed them, numbers with a fraction as text.
        total: How many rows the whole listing has.
    """

    rows: list[Row]
    total: int


@dataclass(slots=True, kw_only=True)
class Mailchimp:
    """One account.

    Args:
        http: Mailchimp's API, with the credential.
        size: Rows a page.
        where: What errors call this connection.
    """

    http: HttpClient
    size: int = PAGE
    where: str | None = None

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Row:
        """Return one object.

        Raises:
            StreamError: The answer is no object.
        """
        return self._object(self.http.request("GET", BASE + path, params=params, classify=fault))

    def page(
        self, path: str, key: str, params: Mapping[str, str] | None = None, *, offset: int = 0
    ) -> Listed:
        """Return one page of a listing.

        Raises:
            StreamError: The answer does not hold the list or its count.
        """
        asked = {"count": str(self.size), "offset": str(offset), **(params or {})}
        if "fields" not in asked:  # the two exclude each other
            asked["exclude_fields"] = f"_links,{key}._links"
        return self._listed(self.get(path, asked), key)

    def total(self, path: str, key: str, params: Mapping[str, str] | None = None) -> int:
        """Return how many rows a listing has."""
        return self._listed(
            {key: [], **self.get(path, {"count": "1", "fields": "total_items", **(params or {})})}, key
        ).total

    def listing(
        self, path: str, key: str, params: Mapping[str, str] | None = None, *, id_: str = "id"
    ) -> Iterator[Listed]:
        """Yield a listing page by page, each row at least once.

        Raises:
            StreamError: It is not whole, or does not advance.
        """
        seen, totals, offset = set[str](), list[int](), 0
        while True:
            found = self.page(path, key, params, offset=offset)
            ids = {str(row.get(id_)) for row in found.rows}
            if offset and ids and ids <= seen:
                raise StreamError("no progress: Mailchimp repeated a page", where=self.where, fix=AGAIN)
            seen |= ids
            totals.append(found.total)
            yield found
            offset += len(found.rows)
            if not found.rows or offset >= found.total:
                break
        # Rows may join or leave meanwhile: the smaller of what it counted at first and at last must have come.
        counted = min(totals[0], totals[-1])
        if len(seen) < counted:
            message = f"incomplete: Mailchimp counts {counted} {key} and listed {len(seen)}"
            raise StreamError(message, where=self.where, fix=AGAIN)

    def batch(self, questions: Sequence[tuple[str, Mapping[str, str]]]) -> Iterator[tuple[int, int, Row]]:
        """Ask many questions at once, and yield of each its place, its status and its answer, in any order.

        Args:
            questions: Paths with what is asked for there.

        Raises:
            StreamError: The batch does not end, or leaves a question without an answer.
        """
        operations = [
            {"method": "GET", "path": path, "params": dict(params), "operation_id": str(place)}
            for place, (path, params) in enumerate(questions)
        ]
        begun = self._object(
            self.http.request("POST", f"{BASE}/batches", json={"operations": operations}, classify=fault)
        )
        answered = set[int]()
        for one in _unpacked(self._finished(str(begun.get("id")))):
            place = int(one["operation_id"])
            answered.add(place)
            yield place, int(one["status_code"]), _decode(one["response"])
        if len(answered) < len(questions):
            message = f"incomplete: a batch answered {len(answered)} of {len(questions)} questions"
            raise StreamError(message, where=self.where, fix=AGAIN)

    def _finished(self, key: str) -> bytes:
        """Wait for a batch and return its archive, which lies elsewhere and needs no credential."""
        look = _FIRST_LOOK
        for _ in range(_LOOKS):
            try:
                found = self.get(f"/batches/{key}")
            except MissingObjectError as error:
                raise StreamError("Mailchimp no longer has the batch", where=self.where, fix=AGAIN) from error
            if found.get("status") == "finished":
                parts = urlsplit(str(found.get("response_body_url")))
                elsewhere = HttpClient(
                    base_url=f"{parts.scheme}://{parts.netloc}", where=self.where, sleep=self.http.sleep
                )
                reply = elsewhere.request("GET", f"{parts.path}?{parts.query}", expect_json=False)
                self.http.request_count += elsewhere.request_count
                self.http.byte_count += elsewhere.byte_count
                return reply.content
            self.http.sleep(look)
            look = min(2 * look, _LONGEST_LOOK)
        raise StreamError("a batch does not end", where=self.where, fix=AGAIN)

    def now(self) -> datetime:
        """Return Mailchimp's time at its newest answer."""
        return self.http.server_time or self.http.clock.now()

    def _listed(self, found: Row, key: str) -> Listed:
        rows, total = found.get(key), found.get("total_items")
        if not isinstance(rows, list) or not isinstance(total, int):
            message = f"the answer holds no {key}"
            raise StreamError(message, where=self.where)
        return Listed(rows=[row if isinstance(row, dict) else {"id": row} for row in rows], total=total)

    def _object(self, reply: Reply) -> Row:
        try:
            found = _decode(reply.content)
        except msgspec.DecodeError as error:
            raise StreamError(
                "the answer is not JSON", where=self.where, request_id=reply.request_id
            ) from error
        if not isinstance(found, dict):
            raise StreamError("the answer is no object", where=self.where, request_id=reply.request_id)
        return found


def _unpacked(archive: bytes) -> Iterator[Row]:
    """Yield the answers in a batch's archive: several files of JSON lists."""
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive))) as files:
            for member in files:
                held = files.extractfile(member)
                if held is not None and member.name.endswith(".json"):
                    yield from msgspec.json.decode(held.read(), type=list[Row])
    except (OSError, EOFError, tarfile.TarError, msgspec.DecodeError) as error:
        raise StreamError("the answer of a batch cannot be unpacked", fix=AGAIN) from error
