"""What `oms chaos` shows while it runs: a few live lines, or plain ones where nobody watches."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from workers.dev.chaos.board import Board, Screen

_SECONDS_BETWEEN_LINES: Final = 10.0


@contextmanager
def shown(console: Console) -> Iterator[Screen]:
    """A screen on this console until the end of the block."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield _Moving(live)


class _Lines:
    """A line every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = 0.0

    def tell(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)

    def show(self, board: Board) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
        text = ", ".join(f"{name} {value}" for name, value in _rows(board).items())
        self._console.print(text, markup=False, soft_wrap=True)


class _Moving:
    """A table that is drawn anew, below the lines of what has happened."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def tell(self, line: str) -> None:
        self._live.console.print(line, style="dim", markup=False)

    def show(self, board: Board) -> None:
        table = Table(show_header=False, box=None)
        for name, value in _rows(board).items():
            table.add_row(name, value)
        self._live.update(table)


def _rows(board: Board) -> dict[str, str]:
    options = board.options
    return {
        f"seed {options.seed}": f"{board.phase}, {board.seconds:.0f} s of {options.seconds:.0f} s",
        "faults now": ", ".join(sorted(board.under_way.values())) or "none",
        "made": f"{board.made.total():,}",
        "commands": f"{board.acknowledged:,}",
        "results": f"{board.results:,}",
        "dead letters": f"{board.dead_letters:,}",
        "without outcome": f"{board.waiting:,}",
        "unread": "unknown" if board.lag is None else f"{board.lag:,}",
        "broken promises": f"{len(board.broken):,}",
    }
