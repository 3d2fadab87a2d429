"""Makes records comparable: names without legal forms, registrable domains, digits of telephones, streets, tax ids.

The public suffixes are those that come with tldextract and the legal forms are ours and cleanco's: nothing is fetched.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from closedloop.link.lists import (
    ABBREVIATIONS,
    COUNTRIES,
    FREE_MAIL,
    KIN,
    LEGAL_FORMS,
    NICKNAMES,
    REMARKS,
    ROLE_MAILBOXES,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from duckdb import DuckDBPyConnection

#: Legal forms of cleanco that are words or initials of many names too.
_NOT_FORMS = frozenset(
    {"private", "company", "esv", "gie", "teo", "tov", "rt", "obrt", "fop", "vat", "dat", "aat", "sal"}
)
_LEAST_FORM = 3

#: Jobs that read another one's statements: people are compared with people as scans are compared with them.
_LIKE = {"twin": "person"}


def like(job: str) -> str:
    """Return the job whose statements and weights a job has: most often its own."""
    return _LIKE.get(job, job)


def sql(name: str, **names: str) -> str:
    """Return the statement in ``sql/<name>.sql`` with its ``{names}`` filled."""
    return text(name).format(**names)


def text(name: str) -> str:
    """Return the statement in ``sql/<name>.sql`` as it is written."""
    job, _, part = name.partition("_")
    file = f"{like(job)}_{part}" if like(job) != job else name
    return files(__package__).joinpath("sql", f"{file}.sql").read_text(encoding="utf-8")


def lists() -> str:
    """Return everything in the lists that normalising uses, as text: other lists make other records."""
    return repr(
        (
            legal_forms(),
            REMARKS,
            KIN,
            LEGAL_FORMS,
            ABBREVIATIONS,
            COUNTRIES,
            NICKNAMES,
            FREE_MAIL,
            ROLE_MAILBOXES,
        )
    )


def prepare(connection: DuckDBPyConnection) -> None:
    """Make the macros and lists that normalising needs, for this connection only; once is enough."""
    made = "select 1 from duckdb_tables() where temporary and table_name = 'cl_prepared'"
    if connection.execute(made).fetchall():
        return
    forms = "|".join(re.escape(form).replace(r"\ ", " ") for form in legal_forms())
    made_of = {"{forms}": forms, "{remarks}": "|".join(REMARKS), "{kin}": "|".join(_kin())}
    for statement in _statements(_filled(text("macros"), made_of)):
        connection.execute(statement)
    short, long = (
        ", ".join(f"'{word}'" for word in words) for words in (ABBREVIATIONS, ABBREVIATIONS.values())
    )
    connection.execute(
        # Words are slow: only names with a short one are taken apart.
        f"create or replace temp macro cl_long(core) as case when regexp_matches(core, '\\b({'|'.join(ABBREVIATIONS)})\\b')"
        " then array_to_string(list_transform(string_split(core, ' '),"
        f" lambda word: coalesce([{long}][list_position([{short}], word)], word)), ' ') else core end"
    )
    _list(connection, "cl_free_mail", "domain", FREE_MAIL)
    _list(connection, "cl_role_mailbox", "local_part", ROLE_MAILBOXES)
    _pairs(
        connection, "cl_nickname", "short", "long", [(short, row[0]) for row in NICKNAMES for short in row]
    )
    stems = [(form, row[0]) for row in LEGAL_FORMS for form in row]
    _pairs(connection, "cl_form_stem", "form", "stem", stems)
    countries = {code.lower(): code for code in COUNTRIES} | {"uk": "GB"}
    countries |= {name: code for code, row in COUNTRIES.items() for name in row}
    _pairs(connection, "cl_country", "name", "code", list(countries.items()))
    connection.execute("create temp table cl_prepared (done boolean)")


def domains(connection: DuckDBPyConnection, hosts: str) -> None:
    """Make ``cl_domain`` (host, domain): the registrable domain of every host that the query ``hosts`` returns."""
    found = [host for (host,) in connection.execute(hosts).fetchall() if host]
    split = _splitter()
    _pairs(
        connection,
        "cl_domain",
        "host",
        "domain",
        [(host, domain) for host in found if (domain := split(host))],
    )


@cache
def legal_forms() -> tuple[str, ...]:
    """Return the legal forms as they look after normalising, longest first."""
    from cleanco.termdata import terms_by_type

    ours = {form for row in LEGAL_FORMS for form in row}
    theirs = {
        re.sub(r"[^a-z0-9]+", " ", re.sub(r"[.']", "", term.lower().replace("&", " and "))).strip()
        for terms in terms_by_type.values()
        for term in terms
        if term.isascii()
    }
    kept = {form for form in theirs if len(form) >= _LEAST_FORM} - _NOT_FORMS
    return tuple(sorted(ours | kept, key=lambda form: (-len(form), form)))


def _kin() -> list[str]:
    names = {
        name for row in COUNTRIES.values() for name in row if name.isascii() and len(name) >= _LEAST_FORM
    }
    return sorted(names | set(KIN), key=lambda word: (-len(word), word))


def _filled(statements: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        statements = statements.replace(name, value)
    return statements


@cache
def _splitter() -> Callable[[str], str]:
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def domain(host: str) -> str:
        return str(extract.extract_str(host).top_domain_under_public_suffix)

    return domain


def _list(connection: DuckDBPyConnection, table: str, column: str, values: Sequence[str]) -> None:
    # Written out: DuckDB looks for pandas whenever a list is bound.
    quoted = ", ".join(f"'{value}'" for value in dict.fromkeys(values))
    connection.execute(f"create or replace temp table {table} as select unnest([{quoted}]) as {column}")


def _pairs(
    connection: DuckDBPyConnection, table: str, left: str, right: str, rows: Sequence[tuple[str, str]]
) -> None:
    import pyarrow as pa

    values = pa.table({left: [row[0] for row in rows], right: [row[1] for row in rows]}).cast(
        pa.schema([(left, pa.string()), (right, pa.string())])
    )
    connection.register("cl_pairs_in", values)
    connection.execute(f"create or replace temp table {table} as select * from cl_pairs_in")
    connection.unregister("cl_pairs_in")


def _statements(text: str) -> Iterable[str]:
    return (part for part in re.split(r";\s*\n", text) if "create" in part)
