"""One line of JSON, as every process of ours writes it."""

from __future__ import annotations

from datetime import datetime

import msgspec


def _hook(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


#: The encoder itself, for those who write into a buffer of their own.
encoder = msgspec.json.Encoder(enc_hook=_hook, decimal_format="string")


def encode(value: object) -> bytes:
    """Return ``value`` as one line of JSON, newline included; decimals as strings, so that no cent is lost."""
    return encoder.encode(value) + b"\n"
