"""Finds everything that is a person's: their records in every system, as the linker knows them, and what tells of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.forget import columns, landed, lists, marks, records
from closedloop.forget.marks import Mark
from closedloop.forget.rows import STANDS, scope
from closedloop.link.lists import ROLE_MAILBOXES
from closedloop.models import staging
from closedloop.models.forgotten import FIRST_NAME, is_forgotten_phone
from closedloop.store.names import literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from closedloop.models.staging import StagingFile
    from closedloop.settings import Settings
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: Words of a name that alone could be anybody's.
_LEAST_WORDS = 2
_PERSON = (
    "select person.key, coalesce(survivor.survivor_key, person.key) as entity, lower(trim(person.email)) as email,"
    " person.name, person.first_name, person.last_name, person.phone, person.mobile, person.account_key from staging.person as"
    " person left join canonical.survivor as survivor on survivor.entity = 'person' and survivor.key = person.key"
)

_NAMED = (
    "select key, name from staging.person where name is not null union all"
    " select key, name from staging.touch where name is not null and key not in"
    " (select identity_key from link.link_person where person_key in (select key from staging.person))"
)


@dataclass(slots=True, kw_only=True, frozen=True)
class Found:
    """What is a person's.

    Args:
        people: How many people the linker takes them for: more than one where several share the address.
        keys: Of their records that are people.
        touches: Of their records that are attendances.
        marks: By what they are known again.
        namesakes: Keys of people of the same name, and of attendances that are nobody's, whom nothing else links to them.
    """

    people: int
    keys: frozenset[str]
    touches: frozenset[str]
    marks: tuple[Mark, ...]
    namesakes: tuple[str, ...] = ()


def find(store: Store, settings: Settings, operations: Operations, person: str) -> Found:
    """Return what is the person's.

    Args:
        store: Just reconciled.
        settings: The whole file.
        operations: Knows the lists that were imported.
        person: An e-mail address, or the key of a record.

    Raises:
        ConfigError: The address is shared by its nature, or stands nowhere; or there is no such record.
    """
    email = marks.plain_email(person) if "@" in person else None
    if email and _is_role(email):
        raise ConfigError(
            "this mailbox is a function's, and nobody's own",
            where="forget",
            fix="name the person by the key of a record, such as crm:Contact/0035f",
        )
    search = _Search(store, settings, operations)
    search.begin(email, person)
    found = search.found()
    if not (search.is_known or _stands(store, settings, operations, found)):
        raise ConfigError(
            "nothing that is kept names this person",
            where="forget",
            fix="name an address as the systems have it, or a record's key as `closedloop explain person` shows it",
        )
    return found


def _stands(store: Store, settings: Settings, operations: Operations, found: Found) -> bool:
    """Return whether somebody who is nobody's record is named all the same: by a customer's address, or a refused record."""
    known = marks.of("00000000", found.marks)
    with operations.reading() as connection:
        held = records.count(connection, known)
    return bool(held or landed.count(store, settings, known))


def _is_role(email: str) -> bool:
    return email.partition("@")[0] in ROLE_MAILBOXES


class _Search:
    """One search, in the order of its steps."""

    def __init__(self, store: Store, settings: Settings, operations: Operations) -> None:
        self.store, self.settings, self.operations = store, settings, operations
        self.emails: set[str] = set()
        self.entities: set[str] = set()
        self.keys: set[str] = set()
        self.touches: set[str] = set()
        self.names: set[str] = set()
        self.phones: set[str] = set()
        self.accounts: set[str] = set()
        self.listed: set[str] = set()
        self.made: set[tuple[str, str]] = set()

    @property
    def is_known(self) -> bool:
        """Whether there is any record, or row of a list, of the person."""
        return bool(self.keys or self.touches or self.listed)

    def begin(self, email: str | None, key: str) -> None:
        """Find where the person stands, and everything that the linker knows to be the same person."""
        where = "person.email is not null and lower(trim(person.email)) = ?" if email else "person.key = ?"
        asked = email or key
        self.entities |= {row[1] for row in self.store.query(f"{_PERSON} where {where}", [asked])}
        touches = self._column(
            f"select key from staging.touch where {'lower(trim(email))' if email else 'key'} = ?", [asked]
        )
        self.entities |= set(
            self._column(f"select person_key from link.link_person where identity_key in {_list(touches)}")
        )
        self.touches |= touches
        if email:
            self.emails.add(email)
        self._follow()
        self._lists()

    def _lists(self) -> None:
        """Find the rows of imported lists that name the person, or that their records were made of."""
        own = {
            (mark.scope, mark.value)
            for file in staging.files(self.settings)
            if file.entity in columns.PEOPLE
            for mark in self._of_people(file)
        }
        for row in lists.told(self.operations):
            if row.email in self.emails or row.records & own:
                self.listed |= row.keys
                self.made |= row.records
                self._email(row.email)
                self._name(row.name)
                self.phones |= {marks.plain_phone(phone) for phone in row.phones}

    def _follow(self) -> None:
        self._people(f"where entity in {_list(self.entities)}")
        self.touches |= self._column(
            f"select identity_key from link.link_person where person_key in {_list(self.entities)}"
            " and identity_key in (select key from staging.touch)"
        )
        for name, email in self.store.query(
            f"select name, lower(trim(email)) from staging.touch where key in {_list(self.touches)}"
        ):
            self._name(name)
            if not self.keys and email and not _is_role(email):
                self.emails.add(email)  # nobody in a CRM: the attendance is all there is
        # Whoever has one of the addresses goes with them: it stands in their records.
        if self.emails:
            self._people(f"where email in {_list(self.emails)}")
            self.touches |= self._column(
                f"select key from staging.touch where lower(trim(email)) in {_list(self.emails)}"
            )

    def _people(self, where: str) -> None:
        for key, entity, email, name, first, last, phone, mobile, account in self.store.query(
            f"select * from ({_PERSON}) {where}"
        ):
            self.keys.add(key)
            self.entities.add(entity)
            self._email(email)
            for one in (name, f"{first or ''} {last or ''}", f"{last or ''} {first or ''}"):
                self._name(one)
            self.phones |= {
                marks.plain_phone(one) for one in (phone, mobile) if one and not is_forgotten_phone(one)
            }
            self.accounts |= {account} if account else set()

    def _email(self, email: str | None) -> None:
        if email and not _is_role(email) and not email.startswith(STANDS):
            self.emails.add(email)

    def _name(self, name: str | None) -> None:
        plain = marks.plain_name(name or "")
        if len(plain.split()) >= _LEAST_WORDS and FIRST_NAME.lower() not in plain.split():
            self.names.add(plain)

    def found(self) -> Found:
        """Return what was found."""
        people = self.entities & self.keys
        return Found(
            people=max(len(people), 1),
            keys=frozenset(self.keys),
            touches=frozenset(self.touches),
            marks=tuple(dict.fromkeys(self._marks())),
            namesakes=tuple(sorted(self._namesakes())),
        )

    def _namesakes(self) -> Iterator[str]:
        for key, name in self.store.query(_NAMED):
            if key not in self.keys | self.touches and marks.plain_name(name) in self.names:
                yield key

    def _marks(self) -> Iterator[Mark]:
        yield from _plain(marks.EMAIL, self.emails)
        yield from _plain(marks.PERSON, self.names)
        yield from _plain(marks.PHONE, self._own_phones())
        yield from _plain(marks.DOMAIN, self._own_hosts())
        yield from _plain(marks.LIST, self.listed)
        for place, id_ in sorted(self.made):
            yield Mark(kind=marks.RECORD, scope=place, value=id_)
            yield Mark(kind=marks.REFERENCE, scope=place.partition("/")[0], value=id_)
        for file in staging.files(self.settings):
            if file.entity in columns.PEOPLE:
                yield from self._of_people(file)
            elif file.entity in columns.ABOUT:
                yield from self._of_rows(file, f"person_key in {_list(self.keys)}")
            elif file.entity in columns.COMPANIES:
                yield from self._of_companies(file)

    def _of_people(self, file: StagingFile) -> Iterator[Mark]:
        mine = self.keys if file.entity == "person" else self.touches
        for id_ in self._ids(file, f"key in {_list(mine)}"):
            for stream in columns.bases(file):
                yield Mark(kind=marks.RECORD, scope=scope(file.connection, stream), value=id_)
            if file.entity == "person":
                yield Mark(kind=marks.REFERENCE, scope=file.connection, value=id_)

    def _of_rows(self, file: StagingFile, where: str) -> Iterator[Mark]:
        for id_ in self._ids(file, where):
            for stream in columns.bases(file):
                yield Mark(kind=marks.ABOUT, scope=scope(file.connection, stream), value=id_)

    def _of_companies(self, file: StagingFile) -> Iterator[Mark]:
        """Find the account that is the person, and the customer that is: they are called as the person is."""
        linked = ""
        if file.entity == "account":
            linked = f" and key in {_list(self.accounts)}"
        elif self.accounts:
            linked = (
                " and key in (select customer_key from link.link_customer_account where account_key in"
                f" {_list(self.accounts)})"
            )
        if not self._is_placed(file) or (file.entity == "account" and not self.accounts):
            return
        same = [
            id_
            for id_, name in self.store.query(
                f"select source_id, name from {file.view} where name is not null{linked}"
            )
            if marks.plain_name(name) in self.names
        ]
        if same:
            yield from self._of_rows(file, f"source_id in {_list(same)}")

    def _ids(self, file: StagingFile, where: str) -> set[str]:
        return (
            self._column(f"select source_id from {file.view} where {where}")
            if self._is_placed(file)
            else set()
        )

    def _is_placed(self, file: StagingFile) -> bool:
        return bool(self.store.columns(staging.schema(file.connection), file.name))

    def _own_phones(self) -> set[str]:
        """Return the numbers that are nobody else's: a company's is its own."""
        others = {
            marks.plain_phone(str(phone))
            for (phone,) in self.store.query(
                f"select unnest([phone, mobile]) from staging.person where key not in {_list(self.keys)}"
                " union all select phone from staging.account union all select phone from staging.customer"
            )
            if phone
        }
        return {phone for phone in self.phones if phone} - others

    def _own_hosts(self) -> set[str]:
        """Return the hosts of the addresses at which nobody else is known: they tell who it was."""
        hosts = {email.rpartition("@")[2] for email in self.emails}
        known = " union all ".join(
            f"select lower(trim({column})) as text from staging.{entity} where {column} is not null"
            for entity, column in (
                ("person", "email"), ("touch", "email"), ("account", "email"), ("customer", "email"),
                ("owner", "email"), ("account", "website"), ("customer", "website"),
            )
        )  # fmt: skip
        return {
            host
            for host in hosts
            if host
            and not self.store.query(
                f"select 1 from ({known}) where contains(text, ?) and text not in {_list(self.emails)}"
                " union all select 1 from param.free_mail where domain = ? limit 1",
                [host, host],
            )
        }

    def _column(self, sql: str, params: Collection[str] = ()) -> set[str]:
        return {str(row[0]) for row in self.store.query(sql, list(params)) if row[0] is not None}


def _plain(kind: str, values: Iterable[str]) -> Iterator[Mark]:
    return (Mark(kind=kind, scope="", value=value) for value in sorted(values))


def _list(values: Iterable[str]) -> str:
    return f"({', '.join(map(literal, sorted(values))) or 'null'})"
