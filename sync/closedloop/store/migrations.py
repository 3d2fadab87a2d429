"""Numbered steps that bring an older operational database to the present one.

A fresh database is made whole from `closedloop.store.tables` at the newest version. An older one runs the steps it
lacks, each in the same transaction as its record, so that a killed migration leaves the old version whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, Table, inspect, select, text

from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.store import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

#: ``STEPS[n]`` holds the statements that lead from version ``n + 1`` to ``n + 2``.
STEPS: Sequence[Sequence[str]] = (
    (
        # `{id}` is the column of a row number that the database gives.
        """create table break_history (
            id {id}, subject_kind varchar(16) not null, subject_key varchar(160) not null, campaign_key varchar(160),
            account_key varchar(160), owner_key varchar(160), link varchar(32) not null, reason varchar(48) not null,
            since varchar(10), at_stake bigint not null, url text, first_run varchar(32), first_seen varchar(32) not null,
            last_seen varchar(32), healed_run varchar(32), healed_at varchar(32), healed_by text
        )""",
        "create index break_history_healed on break_history (healed_at)",
        "create table break_watch (id {id}, as_of varchar(10) not null, at varchar(32) not null, digest varchar(64) not null)",
    ),
    (
        (
            "create table snapshot (entity varchar(16) not null, key varchar(160) not null, n integer not null,"
            " run_id varchar(32) not null, at varchar(32) not null, as_of varchar(10) not null, name text not null,"
            " definition varchar(64) not null, figures text, primary key (entity, key, n))"
        ),
        (
            "create table snapshot_cause (entity varchar(16) not null, key varchar(160) not null, n integer not null,"
            " place integer not null, measure varchar(64) not null, cause varchar(16) not null,"
            " record varchar(160) not null, label text not null, amount bigint not null,"
            " primary key (entity, key, n, place))"
        ),
        (
            "create table snapshot_now (entity varchar(16) not null, key varchar(160) not null, n integer not null,"
            " figures_digest varchar(64) not null, facts_digest varchar(64) not null, facts text not null,"
            " primary key (entity, key))"
        ),
        (
            "create table definition (digest varchar(64) not null primary key, first_seen varchar(32) not null,"
            " last_seen varchar(32) not null, last_as_of varchar(10) not null, last_basis varchar(64) not null, text text not null)"
        ),
    ),
    (
        "alter table snapshot add column steps text",
        (
            "create table snapshot_input (name varchar(64) not null, part integer not null, digest varchar(128) not null,"
            " content {bytes} not null, primary key (name, part))"
        ),
    ),
    (
        "alter table quarantine add column kind varchar(16)",
        "alter table quarantine add column version varchar(64)",
        "alter table quarantine add column released_at varchar(32)",
        "alter table plan_row add column name text",
        "alter table plan_row add column url text",
        "alter table plan_row add column why text",
        "alter table journal add column refusal varchar(16)",
        "drop index journal_run",
        "create index journal_batch on journal (run_id, batch)",
        (
            "create index journal_written on journal (connection, object, record_id, field, id)"
            " where state = 'written'"
        ),
        "create index journal_open on journal (connection, state) where verified_at is null",
    ),
    (
        (
            "create table job (key varchar(96) not null primary key, tick varchar(32), failures integer not null,"
            " retry_at varchar(32))"
        ),
        (
            "create table incident (id {id}, kind varchar(16) not null, subject_key varchar(160) not null,"
            " run_id varchar(32), message text not null, fix text, opened_at varchar(32) not null,"
            " last_seen varchar(32) not null, closed_at varchar(32), told text not null, told_end text not null)"
        ),
        "create index incident_open on incident (closed_at)",
    ),
    (
        (
            "create table import_plan (id varchar(40) not null primary key, connection varchar(64) not null,"
            " kind varchar(16) not null, created_at varchar(32) not null, state varchar(16) not null, file text not null,"
            " campaign_key varchar(160), campaign_id varchar(64), summary text not null)"
        ),
        (
            "create table import_row (plan_id varchar(40) not null references import_plan (id), n integer not null,"
            " action varchar(16) not null, label text not null, reason text, content text not null,"
            " primary key (plan_id, n))"
        ),
        (
            "create table creation (id {id}, run_id varchar(32) not null references run (id), plan_id varchar(40),"
            " batch integer not null, connection varchar(64) not null, kind varchar(8) not null,"
            " object varchar(64) not null, found_by varchar(64) not null, key varchar(160) not null, fields text not null,"
            " before text, state varchar(16) not null, reason text, request_id varchar(128), record_id varchar(64),"
            " seen text, undoes integer, at varchar(32) not null)"
        ),
        "create index creation_key on creation (connection, object, key)",
        "create index creation_run on creation (run_id)",
    ),
    (
        (
            "create table forgotten (token varchar(16) not null primary key, run_id varchar(32) not null,"
            " day varchar(10) not null, state varchar(16) not null)"
        ),
        (
            "create table forgotten_mark (kind varchar(16) not null, scope varchar(160) not null,"
            " digest varchar(64) not null, token varchar(16) not null, salt varchar(64) not null,"
            " primary key (kind, scope, digest))"
        ),
    ),
    ("alter table journal add column shown text",),
)

_ROW_NUMBER = {"postgresql": "serial primary key"}
_BYTES = {"postgresql": "bytea"}
_version = Table("schema_version", MetaData(), Column("version", Integer, primary_key=True))


def newest() -> int:
    """Return the version that this closedloop writes."""
    return len(STEPS) + 1


def version(connection: Connection) -> int:
    """Return the version of an open database."""
    return int(connection.execute(select(_version.c.version)).scalar_one())


def is_newest(connection: Connection) -> bool:
    """Return whether there is nothing to migrate: whoever only opens the database then waits for no writer."""
    found = inspect(connection).has_table(_version.name)
    return found and version(connection) == newest()


def migrate(connection: Connection, steps: Sequence[Sequence[str]] = STEPS) -> int:
    """Bring the database of ``connection`` to the newest version and return that version.

    Args:
        connection: An open transaction; the caller commits it.
        steps: The statements of each version step.

    Raises:
        ConfigError: A newer closedloop wrote this database.
    """
    newest = len(steps) + 1
    _version.create(connection, checkfirst=True)
    found = connection.execute(select(_version.c.version)).scalar()
    if found is None:
        _create(connection, newest)
        return newest
    if found > newest:
        msg = f"the operational database has version {found}, this closedloop knows {newest}"
        raise ConfigError(
            msg,
            where="operations",
            fix="use the newer closedloop, or restore the backup taken before it was installed",
        )
    take(connection, steps[found - 1 :])
    if found < newest and connection.dialect.name == "postgresql":
        _widen(connection)
    connection.execute(_version.update().values(version=newest))
    if found < newest:
        failpoint("migration.numbered")
    return newest


def take(connection: Connection, steps: Sequence[Sequence[str]]) -> None:
    """Execute steps in the database's own words; the caller records the version."""
    number = _ROW_NUMBER.get(connection.dialect.name, "integer not null primary key")
    content = _BYTES.get(connection.dialect.name, "blob")
    for step in steps:
        for statement in step:
            connection.execute(text(statement.replace("{id}", number).replace("{bytes}", content)))
        failpoint("migration.step")


def _widen(connection: Connection) -> None:
    """Give the columns of an older PostgreSQL database the types that `closedloop.store.tables` has now."""
    for table in tables.metadata.tables.values():
        for column in inspect(connection).get_columns(table.name):
            wanted = table.columns.get(column["name"])
            if wanted is None:
                continue
            kind = wanted.type.compile(connection.dialect).lower()
            if str(column["type"].compile(connection.dialect)).lower() != kind:
                connection.execute(
                    text(f'alter table "{table.name}" alter column "{wanted.name}" type {kind}')
                )


def _create(connection: Connection, newest: int) -> None:
    if inspect(connection).has_table(tables.run.name):
        raise ConfigError(
            "the operational database has tables of closedloop but no version",
            where="operations",
            fix="point `database` at an empty database, or restore a backup",
        )
    tables.metadata.create_all(connection)
    connection.execute(_version.insert().values(version=newest))
