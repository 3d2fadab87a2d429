"""Prints the evidence behind a figure as a tree."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from closedloop.cli import show

if TYPE_CHECKING:
    from rich.tree import Tree

    from closedloop.models.evidence_node import Node


def print_tree(node: Node, *, currency: str, digits: int) -> None:
    """Print ``node`` and everything below it; amounts are in ``currency``."""
    from rich.tree import Tree

    root = Tree(_line(node, currency, digits), guide_style="dim")
    _grow(root, node, currency, digits)
    show.console().print(root, soft_wrap=True)


def _grow(branch: Tree, node: Node, currency: str, digits: int) -> None:
    for child in node.children:
        _grow(branch.add(_line(child, currency, digits)), child, currency, digits)


def _line(node: Node, currency: str, digits: int) -> Any:
    from rich.text import Text

    parts = [show.clean(node.label), _figure(node, currency, digits)]
    if node.how:
        parts.append(f"= {show.clean(node.how)}")
    parts.append(show.clean(node.url) if node.url else "")
    return Text("  ".join(part for part in parts if part))


def _figure(node: Node, currency: str, digits: int) -> str:
    if node.amount is not None:
        return f"{show.money(node.amount, digits)} {currency}"
    if isinstance(node.value, Decimal):
        return f"{node.value * 100:,.1f} %"
    return show.clean(node.value)
