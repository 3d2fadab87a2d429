"""Runs Singer taps, lands what they read, and proves it complete.

The promise: killed at any point, a connection's rows and its bookmark are those of the last landed segment, never of
half of one. Rows may arrive twice and land once. Any Singer tap works (`connector: singer`); one without our
additions is *unproven*, and its tables are kept by these rules:

* a stream with a key: rows replace each other by key; ACTIVATE_VERSION marks the rows that did not come again;
* a stream without a key and without a bookmark: the table is replaced whole when the tap ends well;
* a stream without a key but with a bookmark: rows are appended, and equal rows are one row.
"""

from closedloop.extract.backfill import backfill
from closedloop.extract.result import StreamResult
from closedloop.extract.sync import sync

__all__ = ["StreamResult", "backfill", "sync"]
