"""What a file is made of: its characters' encoding, or why it is no text at all.

What cannot be wrong is taken as it is: a byte order mark, and bytes that are valid UTF-8 throughout. All else is a guess,
and is said to be one.
"""

from __future__ import annotations

import codecs
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_leadlist import guess
from tap_leadlist.refusal import RefusedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_HEAD = 4096
#: UTF-32 before UTF-16: its mark begins with the other's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_LISTS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as .xlsx or .csv"),
    (b"%PDF", "a PDF", "export the list as .csv or .xlsx"),
    (b"\x89PNG", "a picture", "export the list as .csv or .xlsx"),
    (b"\xff\xd8\xff", "a picture", "export the list as .csv or .xlsx"),
    (b"\x1f\x8b", "a compressed file", "unpack it first"),
    (b"Rar!", "a compressed file", "unpack it first"),
    (b"7z\xbc\xaf", "a compressed file", "unpack it first"),
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 11, 12, 13, 27})
#: Of a thousand bytes so many may be control characters.
_MOST_CONTROLS = 2
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a file holds.

    Args:
        digest: SHA-256 of its bytes, hexadecimal.
        is_book: An Excel workbook.
        encoding: Of a text; empty for a workbook.
        is_guessed: The encoding follows from nothing in the file.
        has_open_quote: An odd number of quotation marks.
    """

    digest: str
    is_book: bool = False
    encoding: str = ""
    is_guessed: bool = False
    has_open_quote: bool = False


def content(path: Path, *, encoding: str | None = None) -> Content:
    """Return what a file holds.

    Args:
        path: The file.
        encoding: As somebody said; none: found out.

    Raises:
        RefusedFileError: It is empty, or no text and no workbook.
    """
    digest, head, quotes = hashlib.sha256(), b"", 0
    for chunk in _chunks(path):
        head = head or chunk[:_HEAD]
        quotes += chunk.count(b'"')
        digest.update(chunk)
    if not head.strip(b"\0 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise RefusedFileError("the file is empty", fix="export the list again")
    name = digest.hexdigest()
    if head.startswith(_ZIP):
        return Content(digest=name, is_book=True)
    for mark, what, fix in _NO_LISTS:
        if head.startswith(mark):
            msg = f"this is {what}, no list"
            raise RefusedFileError(msg, fix=fix)
    found, is_guessed = (encoding, False) if encoding else _encoding(path, head)
    if encoding and not _decodes(path, encoding):
        msg = f"the file is not {encoding}"
        raise RefusedFileError(msg, fix="correct or remove `encoding`")
    return Content(digest=name, encoding=found, is_guessed=is_guessed, has_open_quote=bool(quotes % 2))


def _encoding(path: Path, head: bytes) -> tuple[str, bool]:
    for mark, name in _MARKS:
        if head.startswith(mark):
            if _decodes(path, name):
                return name, False
            break
    wide = _wide(head)
    if wide and _decodes(path, wide):
        return wide, True
    if _is_binary(head):
        raise RefusedFileError("this is no text and no workbook", fix="export the list as .csv or .xlsx")
    if _decodes(path, "utf-8"):
        return "utf-8", False
    return _guessed(path), True


def _wide(head: bytes) -> str | None:
    """Return the UTF-16 that a text without a mark is in: every other byte of Latin letters is zero."""
    zeros = head.count(0)
    if zeros * 4 < len(head):
        return None
    even = head[::2].count(0)
    return "utf-16-le" if even * 8 < zeros else "utf-16-be" if even * 8 > zeros * 7 else None


def _is_binary(head: bytes) -> bool:
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls * 1000 > len(head) * _MOST_CONTROLS


def _guessed(path: Path) -> str:
    names = (guess.encoding(_telling(path)), "cp1252", "latin-1")
    return next(name for name in names if _decodes(path, name))


def _telling(path: Path) -> bytes:
    """Return the first lines that are more than ASCII: only they tell encodings apart."""
    lines, size = [], 0
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                lines.append(line)
                size += len(line)
            if size > _SAMPLE:
                break
    return b"".join(lines)


def _decodes(path: Path, encoding: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except (UnicodeError, LookupError):
        return False
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
