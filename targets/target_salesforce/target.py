"""The target: settings, and the way to its writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from closedloop.errors import ConfigError
from closedloop.kit.sink import UpdateSink
from closedloop.kit.target import Target
from tap_salesforce.connect import connected
from target_salesforce.client import SalesforceWriter
from target_salesforce.org import Org
from target_salesforce.settings import BULK_FROM, BULK_MINUTES, BULK_ROWS, settings_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.sinks import Sink

    from closedloop.kit.outcome import Row


class KeyedSink(UpdateSink):
    """Holds rows that are found by record id, or by the external id that the SCHEMA's key property names."""

    @property
    def key(self) -> str | None:
        """The external id; none: rows are updated by record id."""
        (name,) = self._target.id_fields(self)
        return None if name.lower() == "id" else name

    def setup(self) -> None:
        """Refuse an object or a field that is not ours, before anything is written."""
        self._find_by()
        super().setup()

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write the rows held, found by this sink's key: a later SCHEMA may have named another."""
        self._find_by()
        super().process_batch(context)

    def _find_by(self) -> None:
        writer = self._target.writer
        if isinstance(writer, SalesforceWriter):
            writer.find_by(self.stream_name, self.key)


class TargetSalesforce(Target):
    """Updates our own `__c` fields of Salesforce records by id; imports leads and campaign members by external id.

    It deletes nothing, and creates nothing but leads and campaign members whose SCHEMA names an external id as its key.
    The user needs: API Enabled; Edit on each object that is written to; Edit access to each field of ours; for imports Create
    on Lead and CampaignMember, and Marketing User. `--provision` needs besides: Customize Application, Manage Profiles and
    Permission Sets, and Assign Permission Sets.
    """

    name = "target-salesforce"
    config_jsonschema: ClassVar[dict[str, Any]] = settings_schema()
    secret_settings = ("client_secret", "private_key", "refresh_token", "access_token", "token_key")
    default_sink_class = KeyedSink
    writer: SalesforceWriter

    def make_writer(self) -> SalesforceWriter:
        """Return Salesforce's side; nothing is asked of it yet."""
        config = self.config
        salesforce = connected(config, where=self.name)
        return SalesforceWriter(
            Org(http=salesforce.http, version=salesforce.version),
            bulk_from=int(config.get("target_bulk_from", BULK_FROM)),
            bulk_rows=int(config.get("target_bulk_rows", BULK_ROWS)),
            patience=float(config.get("target_bulk_minutes", BULK_MINUTES)) * 60,
            checked=config.get("closedloop_fields"),
        )

    def identity(self) -> str:
        """Return address and user."""
        config = self.config
        return f"{config.get('url')} {config.get('client_id')} {config.get('username')}"

    def id_fields(self, sink: Sink) -> Sequence[str]:
        """Return the property that rows are found by.

        Raises:
            ConfigError: The SCHEMA names several.
        """
        keys = list(sink.key_properties) or ["id"]
        if len(keys) != 1:
            msg = f"the key has several properties: {', '.join(keys)}"
            raise ConfigError(msg, where=sink.stream_name, fix="use `id`, or one external id field")
        return keys

    def write(self, stream: str, rows: Sequence[Row]) -> None:
        """Write one committed batch of one object: in calls of 200, or past 2,000 rows as a bulk job."""
        self.writer.expect(len(rows))
        super().write(stream, rows)
