"""Lands sealed segments in a thread of its own, in order, while the next one is being read."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from closedloop.log import carried

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from closedloop.extract.landing import Landing
    from closedloop.extract.spool import Manifest


class LandingWorker:
    """One thread that lands. Inside the context nobody else may use the store; after it everything has landed.

    Args:
        landing: What it does with a segment.
    """

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing")
        self._last: Future[None] | None = None

    def submit(self, folder: Path, manifest: Manifest) -> None:
        """Hand over a sealed segment; waits for the one before, so that at most two are on disk.

        Raises:
            Exception: What went wrong with an earlier segment: nothing may land after it.
        """
        self.wait()
        self._last = self._pool.submit(carried(self._landing.apply), folder, manifest)

    def wait(self) -> None:
        """Wait until everything handed over has landed, and raise what went wrong."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()
        if kind is None:
            self.wait()
