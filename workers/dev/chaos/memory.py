"""How much memory each worker process holds as it lives: flat, or growing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

_WARM_SECONDS: Final = 60.0


@dataclass(slots=True)
class Held:
    """The memory of one process, in bytes: once warm, at the most since, and last."""

    name: str
    began: float
    last_seen: float
    warm: int = 0
    most: int = 0
    last: int = 0

    @property
    def seconds(self) -> float:
        """How long it has lived."""
        return self.last_seen - self.began

    def look(self, held: int, now: float) -> None:
        """Note what it holds now; `now` is in seconds."""
        self.last_seen = now
        self.last = held
        if self.seconds >= _WARM_SECONDS:
            self.warm = self.warm or held
            self.most = max(self.most, held)


class Memory:
    """The memory of all processes of a run."""

    def __init__(self) -> None:
        """Have seen none."""
        self._held: dict[int, Held] = {}

    def look(self, processes: Iterable[tuple[str, int]], now: float) -> None:
        """See what these processes hold, given by name and pid; `now` is in seconds."""
        for name, pid in processes:
            with suppress(psutil.NoSuchProcess):
                size = int(psutil.Process(pid).memory_info().rss)
                if size:  # one that has ended, and whose parent has not seen it yet, has none
                    self._held.setdefault(pid, Held(name, now, now)).look(size, now)

    def longest_lived(self) -> list[Held]:
        """Of each name the process that lived longest, if it was warm; by name."""
        found: dict[str, Held] = {}
        for held in sorted(self._held.values(), key=lambda held: held.seconds):
            if held.warm:
                found[held.name] = held
        return [found[name] for name in sorted(found)]
