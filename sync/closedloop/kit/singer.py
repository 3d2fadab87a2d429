"""Singer lines, written fast: msgspec, one system call for a page of records.

Beside Singer's own messages two more, sent only to our own core (`closedloop_protocol`): PROOF, what a stream read
and what its source says it has; QUARANTINE, a record that could not be read.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.encoding.simple import Message

from closedloop.kit.line import encode, encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

#: Bytes gathered before a write: large enough to spare system calls, small enough to keep memory flat.
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What one stream read, and what its source says it has. Times are ISO text in UTC.

    Args:
        stream: Name of the stream.
        rows: Records sent in this run.
        requests: Requests made for this stream.
        bytes: Bytes of their replies.
        source_count: Rows at the source whose ``count_column`` is at most ``count_until``, archived ones included.
        count_column: Column the count is bounded by.
        count_until: Bound of the count, by the source's clock.
        cursor: Newest cursor among the records ever sent.
        source_cursor: Newest cursor at the source, asked before the read.
        error: Why the stream failed; none if it did not.
        fix: What the reader should do about it.
        skipped: Why an optional stream was left out: nothing is proven then.
    """

    stream: str
    rows: int = 0
    requests: int = 0
    bytes: int = 0
    source_count: int | None = None
    count_column: str | None = None
    count_until: str | None = None
    cursor: str | None = None
    source_cursor: str | None = None
    error: str | None = None
    fix: str | None = None
    skipped: str | None = None


class FastWriter(GenericSingerWriter[bytes, Message]):
    """Writes messages to stdout.

    The stream is looked up at each call: the SDK's tests put another in its place.
    """

    def serialize_message(self, message: Message) -> bytes:
        """Return one message as a line."""
        return encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write one message and flush, so that a reader can act on it."""
        self.write_line(message.to_dict())

    def write_line(self, line: Mapping[str, Any]) -> None:
        """Write any JSON object as a line and flush."""
        out = sys.stdout.buffer
        out.write(encode(line))
        out.flush()

    def write_proof(self, proof: Proof) -> None:
        """Write a PROOF message."""
        self.write_line({"type": "PROOF", **asdict(proof)})

    def write_quarantine(self, *, stream: str, key: str, reason: str, record: Mapping[str, Any]) -> None:
        """Write a QUARANTINE message: a record of ``stream`` that could not be read, as it came."""
        self.write_line(
            {"type": "QUARANTINE", "stream": stream, "key": key, "reason": reason, "record": record}
        )

    def write_records(
        self, stream: str, records: Iterable[Mapping[str, Any]], *, extracted_at: datetime
    ) -> None:
        """Write a page of RECORD messages.

        The envelope is encoded once a page and not once a record, which is what makes this path fast.

        Args:
            stream: Name of the stream.
            records: Ready for JSON: no further conversion happens.
            extracted_at: Becomes `time_extracted`, aware.
        """
        head = b'{"type":"RECORD","stream":' + encoder.encode(stream) + b',"record":'
        tail = b',"time_extracted":' + encoder.encode(extracted_at.isoformat()) + b"}\n"
        out = sys.stdout.buffer
        buffer = bytearray()
        for record in records:
            buffer += head
            encoder.encode_into(record, buffer, -1)
            buffer += tail
            if len(buffer) >= _CHUNK:
                out.write(buffer)
                buffer.clear()
        out.write(buffer)
        out.flush()
