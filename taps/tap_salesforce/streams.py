"""What all objects of Salesforce have in common as streams, and those that come whole with every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from closedloop.kit.stream import ClosedloopStream, Page
from tap_salesforce import soql
from tap_salesforce.batch import converted
from tap_salesforce.bulk import Bulk
from tap_salesforce.faults import FieldError
from tap_salesforce.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.singerlib import MetadataMapping

    from closedloop.errors import ClosedloopError
    from tap_salesforce.catalog import Entity
    from tap_salesforce.client import Listed, Salesforce
    from tap_salesforce.columns import Columns
    from tap_salesforce.tap import TapSalesforce

_T = TypeVar("_T")
DEFAULT_THRESHOLD = 20_000


class SalesforceStream(ClosedloopStream):
    """One object, read whole.

    Args:
        tap: Its tap.
        name: The object.
        entity: Its row in the catalog.
        columns: Its columns.
        fault: Why it cannot be read, where discovery found that out.
    """

    primary_keys = ("Id",)
    replication_key: str | None = None

    def __init__(
        self,
        tap: TapSalesforce,
        name: str,
        entity: Entity,
        *,
        columns: Columns,
        fault: ClosedloopError | None = None,
    ) -> None:
        self.replication_key = columns.cursor
        super().__init__(tap, schema=columns.schema, name=name)
        self.entity = entity
        self.columns = columns
        self.fault = fault
        self._total: int | None = None
        self._chosen: Columns | None = None

    @property
    def metadata(self) -> MetadataMapping:
        """Selection; the admin's own fields are offered, and read where they are selected."""
        metadata = super().metadata
        for column in self.columns.offered:
            entry = metadata.get(("properties", column))
            if entry is not None and entry.selected is None:
                entry.selected_by_default = False
        return metadata

    @property
    def org(self) -> TapSalesforce:
        """The tap, which knows the org."""
        return self._tap  # type: ignore[return-value] # our tap, not the SDK's

    @property
    def salesforce(self) -> Salesforce:
        """The org."""
        return self.org.salesforce

    @property
    def threshold(self) -> int:
        """Rows beyond which Bulk is used; 0: never."""
        return int(self.config.get("bulk_threshold", DEFAULT_THRESHOLD))

    @property
    def everything(self) -> bool:
        """Whether deleted and archived rows are asked for too."""
        return self.replication_key is not None and self.columns.can_be_deleted

    def select(self, where: Sequence[str] = ()) -> str:
        """Return the query for every selected column.

        Raises:
            ClosedloopError: The object, or a field that the stream needs, is not there.
        """
        if self.fault is not None:
            raise self.fault
        if self._chosen is not self.columns:
            self.columns.choose(frozenset(self._columns))
            self._chosen = self.columns
        order = [f"{self.replication_key} ASC", "Id ASC"] if self.replication_key else ["Id ASC"]
        return soql.select(self.columns.fields, self.name, where=where, order=order)

    def again(self, ask: Callable[[], _T]) -> _T:
        """Ask; where a field is not there any more, look what there is now, and ask once more.

        Raises:
            FieldError: The description is fresh, and the query was refused all the same.
            ConfigError: A field that figures are written to is not there any more.
        """
        try:
            return ask()
        except FieldError:
            columns = self.org.described_again(self.name)
            if columns is None:
                raise
            self.org.insist_on_written(self.name)
            self.columns = columns
            return ask()

    def ask(self, where: Sequence[str] = ()) -> Listed:
        """Return the first page of a query for every selected column."""
        return self.again(
            lambda: self.salesforce.query(self.select(where), entity=self.name, everything=self.everything)
        )

    def pages(self) -> Iterator[Page]:
        """Yield every row.

        Raises:
            StreamError: Salesforce counts more rows than came.
        """
        walk = Walk(salesforce=self.salesforce, entity=self.name)
        for listed in walk.pages(self.ask()):
            batch = converted(self.columns, listed.rows, cursor=None)
            yield Page(records=batch.records, bad=batch.bad)
        if fault := walk.fault():
            raise fault
        self._total = walk.total

    def source_count(self, until: datetime) -> int | None:
        """Return how many rows there are: they were all read just now."""
        del until
        return self.count() if self._total is None else self._total

    def source_total(self, last_id: str | None) -> int | None:
        """Return how many rows there were when their keys were read."""
        del last_id
        return self._total

    def count(self, where: Sequence[str] = ()) -> int:
        """Return how many rows there are that were not deleted."""
        if self.fault is not None:
            raise self.fault
        query = soql.count(self.name, where=[*where, *self._alive])
        return self.salesforce.count(query, entity=self.name, everything=self.everything)

    @property
    def _alive(self) -> list[str]:
        return [soql.flag("IsDeleted", value=False)] if self.everything else []

    def keys(self) -> Iterator[str]:
        """Yield the key of every row that was not deleted.

        Raises:
            StreamError: The listing is not whole.
        """
        if self.fault is not None:
            raise self.fault
        query = soql.select(["Id"], self.name, where=self._alive, order=["Id ASC"])
        first = self.salesforce.query(query, entity=self.name, everything=self.everything)
        self._total = first.total
        if 0 < self.threshold < first.total:
            yield from sorted(self._bulk_keys(query))
            return
        walk = Walk(salesforce=self.salesforce, entity=self.name)
        for listed in walk.pages(first):
            yield from (str(row.get("Id")) for row in listed.rows)
        if fault := walk.fault():
            raise fault

    def _bulk_keys(self, query: str) -> set[str]:
        job = self.bulk(["Id"])
        job.start(query.partition(" ORDER BY ")[0], everything=self.everything)
        job.wait()
        found, locator = set[str](), None
        while True:
            page = job.page(locator)
            found |= {str(row["Id"]) for row in page.rows}
            locator = page.next
            if locator is None:
                return found

    def bulk(self, fields: Sequence[str]) -> Bulk:
        """Return a bulk query for these fields, not begun."""
        return Bulk(
            salesforce=self.salesforce,
            entity=self.name,
            fields=fields,
            patience=float(self.config.get("bulk_timeout_seconds", 3600)),
        )
