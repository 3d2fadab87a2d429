"""What can be wrong with a configuration file, in the words of the person who has to mend it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from closedloop.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def dotted(path: Sequence[str | int]) -> str:
    """Return ``path`` as the admin reads it: ``connections.crm.schedule``."""
    return ".".join(str(part) for part in path)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the sentence that helps a typing error: the nearest known name, else the known names."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]}?"
    return f"known here: {', '.join(names)}" if names else "remove it"


@dataclass(slots=True, kw_only=True, frozen=True)
class Problem:
    """One thing to mend.

    Args:
        line: Line of the file, from 1.
        path: The key, from the top of the file; empty for the whole file.
        message: What is wrong, without the value when it may be secret.
        fix: What to write instead.
    """

    line: int
    path: tuple[str | int, ...]
    message: str
    fix: str

    def text(self, file: str) -> str:
        """Return the problem in two lines, beginning with ``file`` and the line."""
        key = f"{dotted(self.path)}: " if self.path else ""
        return f"{file} line {self.line}: {key}{self.message}\n  fix: {self.fix}"


class ConfigFileError(ConfigError):
    """The configuration file cannot be used as it is.

    Args:
        file: The file as the admin named it.
        problems: Everything found, in the order of the file.
    """

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, dotted(problem.path))))
        super().__init__("\n".join(problem.text(file) for problem in self.problems))
