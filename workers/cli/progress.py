"""Progress of long work on standard error: one bar for each of its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from workers.cli.output import stderr

if TYPE_CHECKING:
    from rich.progress import TaskID


class ShownProgress:
    """Shows the stages of what is done inside the block."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=stderr(),
        )
        self._stage: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._finish()
        self._bars.stop()

    def begin(self, stage: str, total: int | None) -> None:
        """Show the next stage."""
        self._finish()
        self._stage = self._bars.add_task(stage, total=total)

    def advance(self, count: int) -> None:
        """Move on the newest stage."""
        if self._stage is not None:
            self._bars.advance(self._stage, count)

    def _finish(self) -> None:
        """A stage that is over is done, whatever was expected of it."""
        if self._stage is not None:
            done = self._bars.tasks[self._stage].completed
            self._bars.update(self._stage, total=done or 1, completed=done or 1)
