"""Prints the evidence behind a figure as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedloop.cli import show

if TYPE_CHECKING:
    from rich.tree import Tree

    from closedloop.models.evidence import Node


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

    amount = f"  {show.money(node.amount, digits)} {currency}" if node.amount is not None else ""
    return Text(f"{show.clean(node.label)}{amount}{'  ' + show.clean(node.url) if node.url else ''}")
