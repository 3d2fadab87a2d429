"""Which older encoding a text is in: the one in which it reads like people's names.

Statistics of whole languages are of little use for twenty names, half of them in ASCII. What tells encodings apart there is
where letters stand: a Western accent stands within a word of plain letters, and no capital after a small one; Japanese and
Chinese characters are the common ones of their sets. Where none of these reads well, charset-normalizer decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
#: Letters that ISO 8859-1 lacks are rarer than those it has.
_RARE = frozenset("ŠšŽžŒœŸƒı")
_RARE_WORTH = 0.5
_GOOD = 0.6


def encoding(text: bytes) -> str:
    """Return the likeliest encoding of a text that is no UTF.

    Args:
        text: Lines that are more than ASCII.
    """
    scores = {name: score(text, name) for name, score in _LIKELY.items()}
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= _GOOD:
        return best
    from charset_normalizer import from_bytes

    found = from_bytes(text).best()
    return found.encoding if found else best


def _western(text: bytes, name: str) -> float:
    try:
        words = text.decode(name)
    except UnicodeDecodeError:
        return 0.0
    foreign = len(_FOREIGN.findall(words))
    worth = sum(_worth(word) for word in _WORD.findall(words) if not word.isascii())
    return worth / foreign if foreign else 0.0


def _worth(word: str) -> float:
    if word.isupper() or len(word) == 1:
        return sum(_letter(letter) for letter in word if not letter.isascii()) * (
            len(word) > 1 and not _all_foreign(word)
        )
    if _all_foreign(word) or not word[1:].islower():
        return 0.0
    return sum(_letter(letter) for letter in word if not letter.isascii())


def _all_foreign(word: str) -> bool:
    return not any(letter.isascii() for letter in word)


def _letter(letter: str) -> float:
    return _RARE_WORTH if letter in _RARE else 1.0


def _eastern(text: bytes, name: str) -> float:
    """Return the share of a text's wide characters that are kana or stand in the first level of their set."""
    try:
        letters = [letter for letter in text.decode(name) if not letter.isascii()]
    except UnicodeDecodeError:
        return 0.0
    common = sum(_is_common(letter, letter.encode(name), name) for letter in letters)
    return common / len(letters) if letters else 0.0


def _is_common(letter: str, code: bytes, name: str) -> bool:
    if "\u3040" <= letter <= "\u30ff" or "\u3000" <= letter <= "\u3002":
        return name == "cp932"
    if name == "cp932":
        return len(code) == 2 and 0x88 <= code[0] <= 0x97  # noqa: PLR2004 (JIS level 1)
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1  # noqa: PLR2004 (GB 2312 level 1)


_LIKELY: dict[str, Callable[[bytes, str], float]] = {
    "cp1252": _western,
    "mac_roman": _western,
    "cp932": _eastern,
    "gb18030": _eastern,
}
