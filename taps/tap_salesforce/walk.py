"""One query, page by page: what came is held against what Salesforce said there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.kit.policy import StreamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_salesforce.client import Listed, Salesforce

AGAIN = "run again; if it persists, ask Salesforce's support"


@dataclass(slots=True, kw_only=True)
class Walk:
    """A query on its way.

    Args:
        salesforce: The org.
        entity: What it reads.
        total: How many rows it has, as its first page said.
        received: How many came.
    """

    salesforce: Salesforce
    entity: str
    total: int = 0
    received: int = 0
    _before: frozenset[str] = field(default=frozenset())

    def pages(self, first: Listed) -> Iterator[Listed]:
        """Yield the first page and those after it.

        Raises:
            StreamError: A page came twice. That rows are missing is for `fault`, after the last page.
        """
        self.total, self.received, self._before = first.total, 0, frozenset()
        listed = first
        while True:
            self._accept(listed)
            yield listed
            if listed.next is None:
                return
            listed = self.salesforce.page(listed.next, entity=self.entity)

    def _accept(self, listed: Listed) -> None:
        ids = frozenset(str(row.get("Id")) for row in listed.rows)
        if (ids and ids <= self._before) or (not ids and listed.next is not None):
            raise StreamError("no progress: Salesforce repeated a page", where=self.entity, fix=AGAIN)
        self._before = ids
        self.received += len(listed.rows)

    def fault(self) -> StreamError | None:
        """Return what is wrong once the last page came."""
        if self.received == self.total:
            return None
        message = f"incomplete: Salesforce counts {self.total} rows and listed {self.received}"
        return StreamError(message, where=self.entity, fix=AGAIN)
