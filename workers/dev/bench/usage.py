"""What processes use: processor time with all threads and children, and memory."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import psutil

from workers.dev.errors import StackError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from workers.dev.processes import Part

_SAMPLE_SECONDS: Final = 0.1


def processor_seconds(parts: Iterable[Part]) -> dict[str, float]:
    """Seconds of processor time that each part has used since its start, by name.

    Raises:
        StackError: a part has ended.
    """
    return {part.name: sum(_seconds(process) for process in _family(part)) for part in parts}


def resident_bytes(parts: Iterable[Part]) -> dict[str, int]:
    """Bytes of memory that each part holds now, by name.

    Raises:
        StackError: a part has ended.
    """
    return {part.name: sum(_resident(process) for process in _family(part)) for part in parts}


def busy_seconds() -> float:
    """Seconds of processor time that everything on this machine has used, of all cores."""
    times = psutil.cpu_times()
    used = sum(
        getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal")
    )
    return float(used)


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """How much more each one has used."""
    return {name: after[name] - before[name] for name in after}


@dataclass(slots=True)
class PeakMemory:
    """The most bytes that each part has held while it was watched."""

    highest: dict[str, int] = field(default_factory=dict)

    def look(self, parts: Iterable[Part]) -> None:
        """Take one sample."""
        for name, held in resident_bytes(parts).items():
            self.highest[name] = max(held, self.highest.get(name, 0))


@asynccontextmanager
async def watched_memory(parts: Iterable[Part]) -> AsyncIterator[PeakMemory]:
    """Sample the memory of the parts until the end of the block."""
    watched = list(parts)
    peak = PeakMemory()

    async def _watch() -> None:
        while True:
            peak.look(watched)
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(_watch())
    try:
        yield peak
    finally:
        watching.cancel()
        peak.look(watched)


def _family(part: Part) -> list[psutil.Process]:
    """The part's process and its children, to the last."""
    try:
        process = psutil.Process(part.pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise StackError(f"{part.name} has ended while it was measured.") from error


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
