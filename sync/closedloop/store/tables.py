"""The operational database: what cannot be rebuilt from the source systems.

SQLAlchemy Core, SQLite (WAL) by default, Postgres by URL. Times are ISO text in UTC with a fixed width,
so that they sort as text on every database. Values read from or written to a vendor are JSON text.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

#: Grain: one command that did work (`sync`, `reconcile`, `plan`, `apply`, `revert`, `run`).
run = Table(
    "run",
    metadata,
    Column("id", String(32), primary_key=True),  # sorts by time: 20261121T204500Z-3f9a
    Column("kind", String(16), nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("state", String(16), nullable=False),  # running, done, partly_failed, failed, stopped, died
    Column("exit_code", Integer),
    Column("detail", Text, nullable=False, default="{}"),  # JSON: what the verb wants to remember
)

#: Grain: one stream in one sync run: the proof that we hold what the source has.
stream_run = Table(
    "stream_run",
    metadata,
    Column("run_id", String(32), ForeignKey("run.id"), primary_key=True),
    Column("connection", String(64), primary_key=True),
    Column("stream", String(64), primary_key=True),
    Column("rows", Integer, nullable=False),  # records received in this run
    Column("keys", Integer, nullable=False),  # distinct keys among them
    Column("requests", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("source_count", Integer),  # what the source says it has; null where it cannot count
    Column("held_count", Integer),  # what the store holds after the run, counted the same way
    Column("cursor", String(64)),  # newest cursor value held
    Column("source_cursor", String(64)),  # newest cursor value the source has, where it can say
    Column("deleted", Integer, nullable=False, default=0),
    Column("quarantined", Integer, nullable=False, default=0),
    Column("verdict", String(16), nullable=False),  # proven, unproven, stale, incomplete, failed
    Column("reason", Text),
    Column("at", String(32), nullable=False),
)

#: Grain: one record that was refused, on the way in or on the way out.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("stream", String(64), nullable=False),
    Column("record_key", String(128), nullable=False),
    Column("direction", String(8), nullable=False),  # read, write
    Column("reason", Text, nullable=False),
    Column("record", Text, nullable=False),  # JSON as it came
    Column("first_seen", String(32), nullable=False),
    Column("last_seen", String(32), nullable=False),
    Column("attempts", Integer, nullable=False, default=1),
    Column("resolved_at", String(32)),
    Column("kind", String(16)),  # of a write: lock, validation, permission; says when to try again
    Column("version", String(64)),  # of a write: the record's time of change when it was refused
    Column("released_at", String(32)),  # somebody wants it tried again, whatever its kind says
    Index("quarantine_key", "connection", "stream", "record_key", "direction", unique=True),
)

#: Grain: one decision by a person about two records. It outranks every automatic link.
decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(24), nullable=False),  # customer_account, person_person, campaign_campaign
    Column("left_key", String(160), nullable=False),
    Column("right_key", String(160), nullable=False),
    Column("verdict", String(8), nullable=False),  # accept, reject
    Column("who", String(128), nullable=False),
    Column("why", Text, nullable=False, default=""),
    Column("at", String(32), nullable=False),
)

#: Grain: one plan: the difference between what the CRM should hold and what it holds.
plan = Table(
    "plan",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("as_of", String(10), nullable=False),
    Column(
        "basis", String(64), nullable=False
    ),  # digest of the figures it rests on: a plan on old figures is stale
    Column("state", String(16), nullable=False),  # open, applying, applied, partly_applied, stale, superseded
    Column("summary", Text, nullable=False, default="{}"),  # JSON: counts and guard results
)

#: Grain: one field of one record in one plan.
plan_row = Table(
    "plan_row",
    metadata,
    Column("plan_id", String(32), ForeignKey("plan.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("entity", String(24), nullable=False),  # campaign, account
    Column("key", String(160), nullable=False),
    Column("object", String(64), nullable=False),  # the vendor's object: event.event
    Column("record_id", String(64), nullable=False),
    Column("field", String(128), nullable=False),
    Column("measure", String(64), nullable=False),
    Column("desired", Text),  # JSON values; null: the field should be empty
    Column("actual", Text),
    Column("last_written", Text),
    Column("action", String(16), nullable=False),  # write, keep_theirs, keep_old, held_back
    Column("name", Text),  # the record as people know it, and its address
    Column("url", Text),
    Column("why", Text),
)

#: Grain: one field of one record that we tried to write. Kept for ever: it is what `revert` and "who edited this" rest on.
journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(32), ForeignKey("run.id"), nullable=False),
    Column("plan_id", String(32)),  # null: a revert
    Column("batch", Integer, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("object", String(64), nullable=False),
    Column("record_id", String(64), nullable=False),
    Column("field", String(128), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("state", String(16), nullable=False),  # intent, written, refused, unknown, superseded
    Column("reason", Text),
    Column("request_id", String(128)),
    Column("reverts", Integer),  # id of the journal row that this one undoes
    Column("verified_at", String(32)),
    Column("at", String(32), nullable=False),
    Column("refusal", String(16)),  # of a refused one: lock, validation, permission
    Column("shown", Text),  # what the field made of `after`, where it rounds or cuts; null: it holds `after`
    Index("journal_record", "connection", "object", "record_id", "field"),
    Index("journal_batch", "run_id", "batch"),
)
# What was written last, and what is open, must be found among years of entries without reading them.
Index(
    "journal_written",
    *(journal.c[name] for name in ("connection", "object", "record_id", "field", "id")),
    sqlite_where=journal.c.state == "written",
    postgresql_where=journal.c.state == "written",
)
Index(
    "journal_open",
    journal.c.connection,
    journal.c.state,
    sqlite_where=journal.c.verified_at.is_(None),
    postgresql_where=journal.c.verified_at.is_(None),
)

#: Grain: one import: what a file would create in a CRM.
import_plan = Table(
    "import_plan",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("connection", String(64), nullable=False),
    Column("kind", String(16), nullable=False),  # leads, events
    Column("created_at", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # open, applying, applied, partly_applied
    Column("file", Text, nullable=False),
    Column("campaign_key", String(160)),
    Column("campaign_id", String(64)),
    Column("summary", Text, nullable=False, default="{}"),  # JSON
)

#: Grain: one row of the file of one import.
import_row = Table(
    "import_row",
    metadata,
    Column("plan_id", String(40), ForeignKey("import_plan.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # the line in the file
    Column("action", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("reason", Text),
    Column("content", Text, nullable=False),  # JSON: what would be written, and who it is
)

#: Grain: one record that an import tried to make, change or remove. Kept for ever: its undoing rests on it.
creation = Table(
    "creation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", String(32), ForeignKey("run.id"), nullable=False),
    Column("plan_id", String(40)),  # null: a revert
    Column("batch", Integer, nullable=False),
    Column("connection", String(64), nullable=False),
    Column("kind", String(8), nullable=False),  # create, change, remove
    Column("object", String(64), nullable=False),
    Column("found_by", String(64), nullable=False),  # the key's field, or id
    Column("key", String(160), nullable=False),
    Column("fields", Text, nullable=False),  # JSON
    Column("before", Text),  # JSON: what a changed record held
    Column("state", String(16), nullable=False),  # intent, written, refused, unknown
    Column("reason", Text),
    Column("request_id", String(128)),
    Column("record_id", String(64)),
    Column(
        "seen", Text
    ),  # JSON: what was read back; other values later tell that somebody touched the record
    Column("undoes", Integer),  # id of the row that this one undoes
    Column("at", String(32), nullable=False),
    Index("creation_key", "connection", "object", "key"),
    Index("creation_run", "run_id"),
)

#: Grain: one right to be the only writer.
lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(128), nullable=False),
    Column("expires_at", String(32), nullable=False),
)

#: Grain: one first broken link of one attendee or account, from the reconcile that saw it first to the one that saw it mended.
break_history = Table(
    "break_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subject_kind", String(16), nullable=False),  # attendee, account
    Column("subject_key", String(160), nullable=False),
    Column("campaign_key", String(160)),
    Column("account_key", String(160)),
    Column("owner_key", String(160)),
    Column("link", String(32), nullable=False),
    Column("reason", String(48), nullable=False),
    Column("since", String(10)),
    Column("at_stake", BigInteger, nullable=False),  # when it was first seen, in minor home units
    Column("url", Text),
    Column("first_run", String(32)),
    Column("first_seen", String(32), nullable=False),
    Column("last_seen", String(32)),  # null while it is open: the latest reconcile saw it
    Column("healed_run", String(32)),
    Column("healed_at", String(32)),
    Column("healed_by", Text),  # which fact changed, in words
    Index("break_history_healed", "healed_at"),
)

#: Grain: one row: the last reconcile that looked after the breaks.
break_watch = Table(
    "break_watch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", String(10), nullable=False),
    Column("at", String(32), nullable=False),
    Column("digest", String(64), nullable=False),  # of all broken links: equal, nothing changed
)

#: Grain: what was published of one campaign or account by one reconcile in which it changed. Kept for ever.
snapshot = Table(
    "snapshot",
    metadata,
    Column("entity", String(16), primary_key=True),  # campaign, account
    Column("key", String(160), primary_key=True),
    Column("n", Integer, primary_key=True),  # counts from 1 for each campaign or account
    Column("run_id", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", String(64), nullable=False),
    Column("figures", Text),  # JSON: measure → value; null: the record is gone
    Column("steps", Text),  # JSON: by the steps of definition 16: records, and measure → [before, after]
)

#: Grain: one reason why a figure of one snapshot differs from the one before. Those of a figure sum to its change.
snapshot_cause = Table(
    "snapshot_cause",
    metadata,
    Column("entity", String(16), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("measure", String(64), nullable=False),
    Column(
        "cause", String(16), nullable=False
    ),  # definition, document, link, decision, touch, deal, cost, other
    Column("record", String(160), nullable=False),
    Column("label", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
)

#: Grain: one campaign or account as it was published last: what the next reconcile compares with.
snapshot_now = Table(
    "snapshot_now",
    metadata,
    Column("entity", String(16), primary_key=True),
    Column("key", String(160), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("figures_digest", String(64), nullable=False),
    Column("facts_digest", String(64), nullable=False),
    Column("facts", Text, nullable=False),  # JSON, packed: the records that its figures are made of
)

#: Grain: one part of one packed table that the figures published last rest on: what the next change is taken apart with.
snapshot_input = Table(
    "snapshot_input",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("digest", String(128), nullable=False),
    Column("content", LargeBinary, nullable=False),  # Parquet
)

#: Grain: one state of the definitions: settings that figures rest on, and the models.
definition = Table(
    "definition",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("first_seen", String(32), nullable=False),
    Column("last_seen", String(32), nullable=False),
    Column("last_as_of", String(10), nullable=False),
    Column("last_basis", String(64), nullable=False),  # digest of the figures published under it last
    Column("text", Text, nullable=False),  # JSON
)

#: Grain: one job of the daemon: what it worked on last, and when it is tried again after a failure.
job = Table(
    "job",
    metadata,
    Column("key", String(96), primary_key=True),  # crm:sync, publish
    Column("tick", String(32)),  # the newest moment of its schedule that was worked on
    Column("failures", Integer, nullable=False),  # in a row
    Column("retry_at", String(32)),  # null: at its next tick
)

#: Grain: one thing that somebody must know, from when it began to when it was over.
incident = Table(
    "incident",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),  # failure, guard, stale, token, reload
    Column("subject_key", String(160), nullable=False),  # crm:sync, crm:lead, publish
    Column("run_id", String(32)),
    Column("message", Text, nullable=False),
    Column("fix", Text),
    Column("opened_at", String(32), nullable=False),
    Column("last_seen", String(32), nullable=False),
    Column("closed_at", String(32)),  # null: it goes on
    Column("told", Text, nullable=False),  # JSON: the hooks that took the news of its beginning
    Column("told_end", Text, nullable=False),  # JSON: and of its end
    Index("incident_open", "closed_at"),
)

#: Grain: one person who was forgotten. It says that it happened, and of whom nothing: the marks below are digests.
forgotten = Table(
    "forgotten",
    metadata,
    Column("token", String(16), primary_key=True),  # random: what the person is called from now on
    Column("run_id", String(32), nullable=False),
    Column("day", String(10), nullable=False),
    Column("state", String(16), nullable=False),  # begun, done
)

#: Grain: one thing by which a forgotten person is known again when a source sends them again, as a keyed digest.
forgotten_mark = Table(
    "forgotten_mark",
    metadata,
    Column("kind", String(16), primary_key=True),  # email, record, about, reference, name, phone, domain
    Column("scope", String(160), primary_key=True),  # of a record its connection and stream, else empty
    Column("digest", String(64), primary_key=True),  # HMAC-SHA-256 under `salt`
    Column("token", String(16), nullable=False),
    Column("salt", String(64), nullable=False),  # random, one for all marks of a database
)

# PostgreSQL refuses what is longer than its column and numbers above two billion; SQLite takes both. What vendors call
# their records and how many bytes they send is not ours to limit.
for _table in metadata.tables.values():
    for _column in _table.columns:
        if isinstance(_column.type, String) and not isinstance(_column.type, Text):
            _column.type = _column.type.with_variant(Text(), "postgresql")
        elif isinstance(_column.type, Integer) and not _column.primary_key:
            _column.type = _column.type.with_variant(BigInteger(), "postgresql")
