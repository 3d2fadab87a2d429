"""Gives the analytical store a new file: what was deleted or changed is in no block of it any more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from closedloop.kit.failpoint import failpoint
from closedloop.store.names import literal, quote

if TYPE_CHECKING:
    from closedloop.store.analytical import Store


def rewrite(store: Store) -> None:
    """Copy what the file holds into a new one in its place. Killed anywhere, there is the old one or the new one, each whole."""
    fresh = store.path.with_name(f"{store.path.name}.fresh")
    for leftover in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        leftover.unlink(missing_ok=True)
    [(name,)] = store.query("select current_database()")
    store.query(f"attach {literal(str(fresh))} as fresh")
    store.query(f"copy from database {quote(name)} to fresh")
    store.query("detach fresh")
    store.close()
    with fresh.open("rb+") as file:
        os.fsync(file.fileno())
    failpoint("store.rewritten")
    store.path.with_name(f"{store.path.name}.wal").unlink(missing_ok=True)
    fresh.replace(store.path)
    failpoint("store.replaced")
    store.reopen()
