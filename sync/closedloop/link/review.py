"""Where people settle links: what a key is, what it is linked to, and decisions taken whole or not at all.

The command line and the console use this; `closedloop.link.decisions` keeps what was decided.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.link import decisions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from closedloop.link.decisions import Decision
    from closedloop.store.analytical import Store
    from closedloop.store.operations import Operations

#: What keys begin with of people in a file that is being imported: no source has landed them yet.
IMPORTED = "import:attendee/"
#: Every key that can be decided about, with what it is; also records that were merged away.
_KNOWN = """
select 'customer' as what, key from canonical.customer
union all select 'account', key from canonical.account_record
union all select 'person', key from canonical.person_record
union all select 'touch', key from canonical.touch
union all select 'campaign', key from canonical.campaign_record
union all select entity, key from canonical.survivor where entity in ('customer', 'account', 'person', 'campaign')
"""

#: Kind → what stands on its left and on its right; of several that fit, the first is meant.
_SIDES = {
    "customer_account": ("customer", "account"),
    "touch_person": ("touch", "person"),
    "touch_account": ("touch", "account"),
    "person_account": ("person", "account"),
    "person_person": ("person", "person"),
    "account_account": ("account", "account"),
    "campaign_campaign": ("campaign", "campaign"),
}

#: What a record is linked to: (verb that undoes it, kind, the other record). A touch's account is undone only where it
#: has no person: else it goes with the person.
_LINKED = """
select 'reject', 'customer_account', account_key from link.link_customer_account where customer_key = $key
union all
select case when rule in ('converted', 'merged', 'same_person') then 'not-same' else 'reject' end,
    case when rule in ('converted', 'merged', 'same_person') then 'person_person' else 'touch_person' end, person_key
from link.link_person where identity_key = $key
union all
select 'reject', 'person_account', account_key from link.link_person_account where person_key = $key
union all
select 'reject', 'touch_account', account_key from link.link_touch_account where touch_key = $key and rule <> 'person'
    and not exists (select 1 from link.link_person where identity_key = $key)
union all
select 'not-same', 'account_account', account_key from canonical.account_record where key = $key and account_key <> key
union all
select 'not-same', 'campaign_campaign', kept_key from link.link_campaign where campaign_key = $key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to decide, as it was typed.

    Args:
        verb: ``accept``, ``reject``, ``same``, ``not-same``.
        left: The first key.
        right: The second key.
        kind: One of `decisions.KINDS`; empty: found from the keys.
        why: In their words.
        where: Where it was typed, for errors: ``queue.csv line 7``.
    """

    verb: str
    left: str
    right: str
    kind: str = ""
    why: str = ""
    where: str = ""


def settle(
    store: Store, operations: Operations, wishes: Sequence[Wish], *, who: str, now: datetime
) -> list[Decision]:
    """Keep every wish as a decision, or none: the next reconcile obeys them.

    A wish that is there twice is taken once.

    Raises:
        ConfigError: One names a record that nobody knows, is no decision, or decides otherwise what another one decides.
    """
    known = _known(store, {key for one in wishes for key in (one.left, one.right)})
    made: dict[tuple[str, frozenset[str]], tuple[Wish, Decision]] = {}
    for wish in wishes:
        decided = decisions.made(
            wish.verb,
            wish.left,
            wish.right,
            kind=_kind(store, known, wish),
            who=who,
            why=wish.why,
            now=now,
            where=wish.where,
        )
        pair = decided.kind, frozenset((wish.left, wish.right))
        first = made.setdefault(pair, (wish, decided))
        if first[1].verdict != decided.verdict:
            msg = f"{wish.left} and {wish.right} are decided twice, and not alike"
            raise ConfigError(
                msg, where=_place(wish), fix=f"mend one of them; the first is {_place(first[0])}"
            )
    taken = [decided for _, decided in made.values()]
    decisions.keep(operations, taken)
    return taken


def linked(store: Store, key: str) -> list[tuple[str, str, str]]:
    """Return what a record is linked to and how to undo it: (verb, kind, the other record)."""
    found = store.connection.execute(_LINKED, {"key": key}).fetchall()
    return [(str(verb), str(kind), str(other)) for verb, kind, other in found]


def what(store: Store, key: str) -> set[str]:
    """Return what a key is: customer, account, person, touch, campaign; nothing if nobody knows it."""
    return _known(store, [key]).get(key, set())


def conflicts(store: Store, operations: Operations) -> list[str]:
    """Return in words where people's decisions contradict each other, also through records that became one since."""
    return decisions.contradictions(decisions.listed(operations), survivors=_survivors(store))


def _survivors(store: Store) -> Mapping[tuple[str, str], str]:
    found = store.query("select entity, key, survivor_key from canonical.survivor")
    return {(entity, key): survivor for entity, key, survivor in found}


def _known(store: Store, keys: Iterable[str]) -> dict[str, set[str]]:
    """Return what each key is: a ledger and a CRM in one database have customers that are accounts."""
    found: dict[str, set[str]] = {}
    for what, key in store.query(
        f"select distinct what, key from ({_KNOWN})"
        """ where key in (select unnest(from_json(cast(? as json), '["varchar"]')))""",
        [json.dumps(sorted(keys))],
    ):
        found.setdefault(key, set()).add(what)
    for key in keys:
        if key.startswith(IMPORTED):
            found.setdefault(key, set()).add("touch")
    return found


def _kind(store: Store, known: Mapping[str, set[str]], wish: Wish) -> str:
    """Return the kind of a wish, sure that its keys fit it."""
    if wish.kind and wish.kind not in _SIDES:
        msg = f"{wish.kind} is no kind of link"
        raise ConfigError(msg, where=_place(wish), fix=f"use one of {', '.join(_SIDES)}")
    for key in (wish.left, wish.right):
        if key not in known:
            msg = f"no record has the key {key}"
            raise ConfigError(msg, where=_place(wish), fix=_nearest(store, key))
    same = wish.verb in {"same", "not-same"}
    for kind, (left, right) in _SIDES.items():
        if wish.kind in {"", kind} and left in known[wish.left] and right in known[wish.right]:
            if same and not wish.kind and kind not in decisions.SAME_KINDS:
                continue
            return kind
    msg = f"{wish.left} is {_what(known[wish.left])}, {wish.right} is {_what(known[wish.right])}: that is no link"
    raise ConfigError(
        msg, where=_place(wish), fix="first the customer, touch, person or duplicate, then what it belongs to"
    )


def _what(whats: set[str]) -> str:
    return " and ".join(f"{'an' if what == 'account' else 'a'} {what}" for what in sorted(whats))


def _nearest(store: Store, key: str) -> str:
    found = store.query(
        f"select key from ({_KNOWN}) where abs(length(key) - length($1)) <= 3 and levenshtein(key, $1) <= 3"
        " order by levenshtein(key, $1), key limit 1",
        [key],
    )
    return f"did you mean {found[0][0]}?" if found else "copy the key from `closedloop review`"


def _place(wish: Wish) -> str:
    return wish.where or f"{wish.verb} {wish.left} {wish.right}"
