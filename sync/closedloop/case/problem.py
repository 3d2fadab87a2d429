"""What is wrong with a case, in the words of the person who wrote it. No cell is quoted: it may be a person's."""

from __future__ import annotations

from dataclasses import dataclass

from closedloop.errors import ConfigError

#: Problems that are told one by one.
_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend.

    Args:
        file: The file's name.
        line: Line of the file, from 1, where the row begins.
        column: The column's name; none: the whole line.
        message: What is wrong.
        fix: What to write instead.
    """

    file: str
    line: int
    message: str
    fix: str
    column: str | None = None

    def text(self) -> str:
        """Return the problem in two lines."""
        place = f"{self.file} line {self.line}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.message}\n  fix: {self.fix}"


class CaseError(ConfigError):
    """The case cannot be read as it is.

    Args:
        problems: Everything found, file by file.
    """

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        told = [problem.text() for problem in problems[:_TOLD]]
        if len(problems) > _TOLD:
            told.append(f"… and {len(problems) - _TOLD} more")
        super().__init__("\n".join(told))
