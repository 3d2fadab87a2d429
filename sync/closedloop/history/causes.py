"""Why a figure changed, record by record, in the order of definition 16: definitions, documents, links, touches, deals.

A document that is new or changed is told by what it brought under the shares of before; what a changed link, touch or
deal brought is told of the documents that stayed. Where several of these changed for one document at once, the first in
that order that its records show is named. The amounts of a figure's causes sum to its change.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from closedloop.history.facts import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.history.facts import Facts

#: Place of each thing in the lists of `closedloop.history.facts`.
_VALUE, _COLLECTED, _DATE, _KIND, _NUMBER, _CUSTOMER, _DEAL = range(7)
_STATUS = 1
#: Figures over the accounts reached: place in `reached`, place in a document's facts, only from the first day on.
_LIFETIME = {
    "attendee_ltv": (0, _VALUE, False),
    "attendee_ltv_collected": (1, _COLLECTED, False),
    "ltv_after_event": (2, _VALUE, True),
    "ltv_after_event_collected": (3, _COLLECTED, True),
}
_BOUGHT = {"invoiced": _VALUE, "collected": _COLLECTED}
_CREDITED = {"attributed": (1, _VALUE), "attributed_collected": (2, _COLLECTED)}
#: The figures whose changes are explained.
EXPLAINED = {
    "campaign": (*_LIFETIME, *_CREDITED, "cost", "attended", "accounts_reached", "new_customers"),
    "account": (*_BOUGHT, "attributed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What changed.

    Args:
        cause: definition, day, document, link, decision, touch, deal, cost or other.
        record: The record's key.
        label: What happened to it.
    """

    cause: str
    record: str
    label: str


@dataclass(slots=True, kw_only=True)
class Change:
    """One campaign or account, before and now.

    Args:
        before: Its facts when it was published last.
        now: Its facts.
    """

    before: Facts
    now: Facts


#: (measure, what changed) → amount.
Sums = dict[tuple[str, Why], int]


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Everything that changed between two reconciles.

    Args:
        accounts: The accounts whose facts changed.
        campaigns: The campaigns whose facts changed.
        redefined: What changed in the definitions, in words; empty when nothing did.
        as_of: The as-of day of the snapshot before: what is dated earlier and new now was back-dated.
        touches: Touches that the CRM and the lists still have, of those that are gone from an event.
        step: The step of definition 16 that is told; empty: none is known.
    """

    accounts: dict[str, Change]
    campaigns: dict[str, Change]
    redefined: str
    as_of: str
    touches: frozenset[str] = frozenset()
    step: str = ""
    _known: tuple[frozenset[str], frozenset[str]] | None = None
    _credits: dict[str, Sums] = field(default_factory=lambda: defaultdict(dict))

    def of_account(self, key: str) -> Sums:
        """Return the causes of an account's figures; ask for every campaign first."""
        credited = self._credits.get(key, {})
        sums: Sums = {place: amount for place, amount in credited.items() if place[0] == "attributed"}
        if key in self.accounts:
            for measure, place in _BOUGHT.items():
                for why, amount, _ in self._documents(key, place):
                    _add(sums, measure, why, amount)
        return sums

    def has_credits(self, key: str) -> bool:
        """Return whether an event's credits of an account changed; ask for every campaign first."""
        return key in self._credits

    def of_campaign(self, key: str) -> Sums:
        """Return the causes of an event's figures."""
        sums: Sums = {}
        change = self.campaigns[key]
        self._attended(sums, change)
        for account in sorted({*change.before["reached"], *change.now["reached"]}):
            self._reached(sums, change, account)
        for document in sorted({*change.before["credits"], *change.now["credits"]}):
            for measure, account, why, amount in self._credited(change, document):
                _add(sums, measure, why, amount)
                _add(self._credits[account], measure, why, amount)
        self._cost(sums, key, change)
        return sums

    def _documents(self, account: str, place: int) -> Iterator[tuple[Why, int, str]]:
        """Yield what each document did to an account: (why, amount, the document's date)."""
        change = self.accounts.get(account)
        if change is None:
            return
        before, now = change.before["documents"], change.now["documents"]
        for key in sorted({*before, *now}):
            amount = (now[key][place] or 0 if key in now else 0) - (
                before[key][place] or 0 if key in before else 0
            )
            if amount:
                yield self._of_document(change, key, place), amount, str((now.get(key) or before[key])[_DATE])

    def _of_document(self, change: Change, key: str, place: int = _VALUE) -> Why:
        before, now = change.before["documents"].get(key), change.now["documents"].get(key)
        customer = (now or before)[_CUSTOMER]
        old, new = change.before["customers"].get(customer), change.now["customers"].get(customer)
        if before is None and old is None and new is not None:
            return Why(cause=_link(new), record=customer, label=f"customer linked: {new[0]}")
        if now is None and new is None and old is not None:
            return Why(cause=_link(old), record=customer, label="customer no longer linked")
        return self._document(key, before, now, place)

    def _document(self, key: str, before: list[object] | None, now: list[object] | None, place: int) -> Why:
        row = now or before or []
        name = f"{str(row[_KIND]).replace('_', ' ')} {row[_NUMBER]} of {row[_DATE]}"
        if before is None:
            label = f"back-dated {name}" if str(row[_DATE]) < self.as_of else f"new {name}"
        elif now is None:
            label = f"{name} is gone: deleted, void or without a rate"
        elif self.redefined:
            return self._redefinition()
        elif place == _COLLECTED and before[_VALUE] == now[_VALUE]:
            label = f"settlement of {name} changed"
        else:
            label = f"{name} changed"
        return Why(cause="document", record=key, label=label)

    def _redefinition(self) -> Why:
        return Why(cause="definition", record="definitions", label=self.redefined)

    def _attended(self, sums: Sums, change: Change) -> None:
        before, now = change.before["touches"], change.now["touches"]
        for key in sorted({*before, *now}):
            came = [key in side and side[key][_STATUS] == "attended" for side in (before, now)]
            if came[0] != came[1]:
                _add(sums, "attended", self._touch(key, before.get(key), now.get(key)), came[1] - came[0])

    def _touch(self, key: str, before: list[object] | None, now: list[object] | None) -> Why:
        if before is None and key in self._listed[0]:
            return self._of_another_campaign(key)
        if now is None and key in self._listed[1]:
            return self._of_another_campaign(key)
        if before is None:
            label = "new touch"
        elif now is None and key in self.touches:
            return Why(cause="link", record=key, label="touch is another record's person now")
        elif now is None:
            label = "touch is gone"
        elif before[0] != now[0]:
            return Why(cause="link", record=key, label="touch moved to another account")
        else:
            label = f"touch changed from {before[1]} on {before[2]} to {now[1]} on {now[2]}"
        return Why(cause="touch", record=key, label=label)

    def _reached(self, sums: Sums, change: Change, account: str) -> None:
        before, now = change.before["reached"].get(account), change.now["reached"].get(account)
        if before is None or now is None:
            why = self._reach(change, account)
            _add(sums, "accounts_reached", why, (now is not None) - (before is not None))
            _add(sums, "new_customers", why, int(bool(now and now[4])) - int(bool(before and before[4])))
        else:
            why = None
            moved = int(bool(now[4])) - int(bool(before[4]))
            _add(sums, "new_customers", self._first(change, account), moved)
        for measure, (place, column, after) in _LIFETIME.items():
            rest = (now[place] if now else 0) - (before[place] if before else 0)
            if before is not None:
                rest -= self._lifetime(sums, measure, change, account, column, after=after, left=now is None)
            _add(sums, measure, why or self._remainder(change), rest)

    def _first(self, change: Change, account: str) -> Why:
        """Return which document made an account an old or a new customer: the earliest that changed."""
        found = [(date, why) for why, _, date in self._documents(account, _VALUE)]
        return min(found, key=lambda one: one[0])[1] if found else self._remainder(change)

    def _lifetime(
        self, sums: Sums, measure: str, change: Change, account: str, column: int, *, after: bool, left: bool
    ) -> int:
        """Tell what documents did to an account reached before, and return their sum; who left takes only documents."""
        told = 0
        for why, amount, date in self._documents(account, column):
            start = change.before["start"]
            if (after and (start is None or date < start)) or (
                left and why.cause not in {"document", "definition"}
            ):
                continue
            _add(sums, measure, why, amount)
            told += amount
        return told

    def _reach(self, change: Change, account: str) -> Why:
        """Return which touch brought an account to the event, or took it away."""
        sides = (change.before["touches"], change.now["touches"])
        for key in sorted({*sides[0], *sides[1]}):
            came = [key in side and side[key][0] == account and side[key][1] == "attended" for side in sides]
            if came[0] != came[1]:
                return self._touch(key, sides[0].get(key), sides[1].get(key))
        return Why(cause="link", record=account, label="accounts were merged or told apart")

    def _remainder(self, change: Change) -> Why:
        if change.before["start"] != change.now["start"]:
            return Why(cause="touch", record="start", label="the event's first day changed")
        if self.redefined:
            return self._redefinition()
        return Why(cause="link", record="accounts", label="accounts of one company were joined or parted")

    def _credited(self, change: Change, document: str) -> Iterator[tuple[str, str, Why, int]]:
        before, now = change.before["credits"].get(document), change.now["credits"].get(document)
        if before and now and before[0] != now[0]:
            why = self._moved(document, now[0])
            for measure, (place, _) in _CREDITED.items():
                yield measure, before[0], why, -before[place]
                yield measure, now[0], why, now[place]
            return
        account = (now or before)[0]
        for measure, (place, column) in _CREDITED.items():
            yield from (
                (measure, account, why, amount)
                for why, amount in self._share(change, document, account, place=place, column=column)
            )

    def _moved(self, document: str, account: str) -> Why:
        change = self.accounts.get(account)
        if change and document in change.now["documents"]:
            customer = change.now["documents"][document][_CUSTOMER]
            link = change.now["customers"].get(customer)
            if link:
                return Why(cause=_link(link), record=customer, label=f"customer linked: {link[0]}")
        return Why(cause="link", record=document, label="the document is another account's now")

    def _share(
        self, change: Change, document: str, account: str, *, place: int, column: int
    ) -> Iterator[tuple[Why, int]]:
        """Yield what changed one document's share in the event: first the document, then its journey."""
        before, now = change.before["credits"].get(document), change.now["credits"].get(document)
        had, has = (before[place] if before else 0), (now[place] if now else 0)
        if had == has:
            return
        whole = self.accounts.get(account)
        old, new = (
            (side["documents"].get(document) for side in (whole.before, whole.now)) if whole else (None, None)
        )
        if whole and (old is None) != (new is None):
            yield self._of_document(whole, document, column), has - had
            return
        brought = 0
        if whole and old and new and old[column] != new[column]:
            brought = _scaled(had, new[column] or 0, old[column]) - had if old[column] else has - had
            yield self._document(document, old, new, column), brought
        yield self._journey(whole, document), has - had - brought

    def _journey(self, whole: Change | None, document: str) -> Why:
        """Return what changed the events of a document's journey, or their weights."""
        if whole:
            before, now = whole.before["touches"], whole.now["touches"]
            for key in sorted({*before, *now}):
                if before.get(key) != now.get(key):
                    return self._journey_touch(key, before.get(key), now.get(key))
        if self.redefined:
            return self._redefinition()
        if whole:
            return self._deal(whole, document)
        return Why(cause="other", record=document, label="its share changed")

    def _journey_touch(self, key: str, before: list[object] | None, now: list[object] | None) -> Why:
        if before is None and key in self._listed[0]:
            return Why(cause="link", record=key, label="touch came from another account")
        if now is None and key in self.touches | self._listed[1]:
            return Why(cause="link", record=key, label="touch moved to another account")
        if before is not None and now is not None and before[0] != now[0]:
            return self._of_another_campaign(key)
        label = "new touch" if before is None else "touch is gone" if now is None else "touch changed"
        return Why(cause="touch", record=key, label=label)

    def _of_another_campaign(self, key: str) -> Why:
        """With the links: campaigns of several systems were found to be one event, or no longer; else the touch was edited."""
        label = "touch is of another campaign now"
        if self.step == "link":
            return Why(cause="link", record=key, label=f"campaign link: {label}")
        return Why(cause="touch", record=key, label=label)

    @property
    def _listed(self) -> tuple[frozenset[str], frozenset[str]]:
        """Touches of all events that changed: before, and now."""
        if self._known is None:
            changes = self.campaigns.values()
            self._known = (
                frozenset(key for one in changes for key in one.before["touches"]),
                frozenset(key for one in changes for key in one.now["touches"]),
            )
        return self._known

    def _deal(self, whole: Change, document: str) -> Why:
        old, new = (side["documents"].get(document) or [None] * 8 for side in (whole.before, whole.now))
        if old[_DEAL:] != new[_DEAL:]:
            return Why(
                cause="deal", record=str(new[_DEAL] or old[_DEAL]), label="the document is of another deal"
            )
        deals = (whole.before["deals"], whole.now["deals"])
        for key in sorted({*deals[0], *deals[1]}):
            if deals[0].get(key) != deals[1].get(key):
                label = "deal changed" if key in deals[0] and key in deals[1] else "deal is new or gone"
                return Why(cause="deal", record=key, label=label)
        return self._neighbour(whole, document)

    def _neighbour(self, whole: Change, document: str) -> Why:
        """Return which other document of the account changed what this one is: new business or not, or of which deal."""
        before, now = whole.before["documents"], whole.now["documents"]
        other = [key for key in {*before, *now} - {document} if before.get(key) != now.get(key)]
        if not other:
            return Why(cause="document", record=document, label="the document counts otherwise since")
        first = min(other, key=lambda key: ((now.get(key) or before[key])[_DATE], key))
        why = self._of_document(whole, first)
        return Why(cause=why.cause, record=why.record, label=f"{why.label}: others count otherwise since")

    def _cost(self, sums: Sums, key: str, change: Change) -> None:
        (_, before), (source, now) = change.before["cost"], change.now["cost"]
        why = Why(cause="cost", record=key, label=f"cost changed ({source or 'none'})")
        _add(sums, "cost", why, (now or 0) - (before or 0))


def changed(entity: str, before: Facts | None, now: Facts | None) -> Change:
    """Return a change; none: it was or is not there."""
    return Change(before=before or NOTHING[entity], now=now or NOTHING[entity])


def _add(sums: Sums, measure: str, why: Why, amount: int) -> None:
    total = sums.pop((measure, why), 0) + amount
    if total:
        sums[measure, why] = total


def _link(link: list[object]) -> str:
    return "decision" if link[1] else "link"


def _scaled(amount: int, to: int, of: int) -> int:
    """Return amount · to / of, rounded half away from zero."""
    product = amount * to
    sign = -1 if (product < 0) != (of < 0) else 1
    return sign * ((2 * abs(product) + abs(of)) // (2 * abs(of)))
