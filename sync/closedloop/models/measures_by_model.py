"""The figures that every attribution model gives, in the words of each model that ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.models.measure import campaign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from closedloop.models.measure import Measure

#: Model → how a label calls it, and to whom it gives what.
MODELS: dict[str, tuple[str, str]] = {
    "first": ("first touch", "all to the first event on the way to the deal"),
    "last": ("last touch", "all to the last event on the way to the deal"),
    "linear": ("equal split", "in equal parts over the events on the way to the deal"),
    "u_adobe": (
        "U, Adobe",
        "50 to the first event, 50 to the last before the account's first lead or contact",
    ),
    "u_hubspot": (
        "U, HubSpot",
        "40 to the first event, 40 to the last before the account's first lead or contact, 20 over the others",
    ),
    "u_salesforce": ("U, Salesforce", "40 to the first event, 40 to the last, 20 over the others"),
    "w": (
        "W",
        (
            "30 each to the first event, the last before the first lead or contact and the last before the"
            " opportunity, 10 over the others"
        ),
    ),
    "full": (
        "full path",
        (
            "22.5 each to the first event, the last before the first lead or contact, the last before the opportunity"
            " and the last before the close, 10 over the others"
        ),
    ),
    "decay": ("time decay", "by age, half as much for every 90 days before the end of the way to the deal"),
}


def _of(model: str, label: str, split: str) -> Iterator[Measure]:
    yield campaign(
        f"attributed_{model}", "money", "additive", f"Attributed revenue, {label}", "12, 13",
        f"Each invoice, net of tax, split {split}; a credit note takes back where its invoice gave.",
    )  # fmt: skip
    yield campaign(
        f"attributed_{model}_collected", "money", "additive", f"Attributed revenue, {label}, collected", "12, 13",
        "The paid part of it.",
    )  # fmt: skip
    yield campaign(
        f"attributed_{model}_no_deal", "money", "additive", f"Revenue without a deal, {label}", "13",
        "The same split of documents that belong to no deal and are not new business. Enters no ROI.",
    )  # fmt: skip
    yield campaign(
        f"credited_won_{model}", "money", "additive", f"Won amount credited, {label}", "12",
        f"Amounts of won opportunities, split {split}.",
    )  # fmt: skip
    yield campaign(
        f"credited_open_{model}", "money", "additive", f"Open amount credited, {label}", "12",
        f"Amounts of open opportunities, split {split}.",
    )  # fmt: skip


BY_MODEL: tuple[Measure, ...] = tuple(
    measure for model, (label, split) in MODELS.items() for measure in _of(model, label, split)
)
