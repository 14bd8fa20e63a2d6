"""The workers under test: each a process that is started again when it ends, whatever ended it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.dev.chaos.waiting import NotMadeError, holds_within
from workers.dev.processes import exit_text
from workers.dev.supervisor import pause_before_restart
from workers.dev.worker_log import LogReader, is_ready, record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from random import Random

    from workers.dev.processes import Part
    from workers.dev.stack import Stack

    Command = Callable[[str], Sequence[str]]

_POLL_SECONDS = 0.05
_BORROW_SECONDS = 60.0
_QUICK_SECONDS = 5.0
_LONGEST_REASON = 200


@dataclass(slots=True)
class Worker:
    """One worker and its newest start. Whoever holds `lock` may do anything to it.

    `next_environment` is what the next start alone has in its environment, beside the usual;
    `next_release` is whose command it has, as a place among the fleet's.
    """

    kind: str
    part: Part
    reader: LogReader
    clock_file: Path
    usual: Mapping[str, str]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_wanted: bool = True
    is_ready: bool = False
    is_running: bool = False
    exits: list[int] = field(default_factory=list)
    reason: str | None = None
    begun: float = 0.0
    start_at: float = 0.0
    quick_failures: int = 0
    next_environment: Mapping[str, str] = field(default_factory=dict)
    next_release: int = 0


class Fleet:
    """All workers, and what became of them."""

    def __init__(
        self,
        stack: Stack,
        environment: Mapping[str, str],
        releases: Sequence[Command],
    ) -> None:
        """Run none yet; `environment` is what the workers' environment has.

        Each of `releases` gives the command line of a worker of one kind; starts take turns.
        """
        self._stack = stack
        self._releases = releases
        self._environment = environment
        self.starts = [0] * len(releases)
        self.workers: list[Worker] = []
        self.endings: Counter[str] = Counter()
        self.unexplained: list[str] = []

    def add(self, name: str, kind: str) -> Worker:
        """Have one more worker, which `watch` starts."""
        clock_file = self._stack.directory.path / f"{name}-clock"
        usual = {**self._environment, "OMS_CLOCK_OFFSET_FILE": str(clock_file)}
        part = self._stack.new_part(name, self._releases[0](kind), usual)
        worker = Worker(kind, part, LogReader(part.log), clock_file, usual)
        worker.next_release = len(self.workers) % len(self._releases)
        self.workers.append(worker)
        return worker

    def remove(self, worker: Worker) -> None:
        """Forget a worker, which has ended."""
        self.workers.remove(worker)

    def of(self, kinds: Collection[str]) -> list[Worker]:
        """The workers of these kinds."""
        return [worker for worker in self.workers if worker.kind in kinds]

    async def watch(self) -> None:
        """Start what is wanted and does not run, until cancelled."""
        while True:
            for worker in list(self.workers):
                self._look(worker)
            await asyncio.sleep(_POLL_SECONDS)

    def _look(self, worker: Worker) -> None:
        # Asked first, so that the last lines of a worker that has ended are read before that.
        has_ended = worker.is_running and not worker.part.alive()
        for line in worker.reader.new_lines():
            entry = record(line)
            worker.is_ready = worker.is_ready or is_ready(entry)
            if entry.get("event") == "worker_ends_itself":
                worker.reason = _shortened(f"{entry.get('reason')} {entry.get('error', '')}")
        if has_ended:
            self._note_end(worker)
        if not worker.is_running and worker.is_wanted and time.monotonic() >= worker.start_at:
            self._start(worker)

    def _start(self, worker: Worker) -> None:
        release = worker.next_release
        worker.next_release = (release + 1) % len(self._releases)
        self.starts[release] += 1
        worker.part.command = self._releases[release](worker.kind)
        worker.part.environment = {**worker.usual, **worker.next_environment}
        worker.next_environment = {}
        worker.reason = None
        worker.is_ready = False
        worker.part.start()
        worker.begun = time.monotonic()
        worker.is_running = True

    def _note_end(self, worker: Worker) -> None:
        code = worker.part.exit_code or 0
        how = f"ended itself: {worker.reason}" if worker.reason else exit_text(code)
        if code > 0 and not worker.reason:
            last = worker.part.log_tail().splitlines()[-1]
            how = f"{how}: {_shortened(last)}"
            if record(last):  # neither its reason nor a sentence
                self.unexplained.append(f"{worker.part.name} {how}, and does not say why it ended")
        self.endings[f"{worker.kind} worker {how}"] += 1
        quick = code > 0 and time.monotonic() - worker.begun < _QUICK_SECONDS
        worker.quick_failures = worker.quick_failures + 1 if quick else 0
        worker.start_at = time.monotonic() + pause_before_restart(worker.quick_failures)
        worker.is_running = worker.is_ready = False
        worker.exits.append(code)

    @asynccontextmanager
    async def borrowed(self, kinds: Collection[str], chance: Random) -> AsyncIterator[Worker]:
        """A worker of these kinds that is ready, for one fault alone.

        Raises:
            NotMadeError: none becomes ready in time.
        """
        if not await holds_within(lambda: bool(self._free(kinds)), _BORROW_SECONDS):
            raise NotMadeError("no worker is ready")
        worker = chance.choice(self._free(kinds))
        async with worker.lock:
            yield worker

    def _free(self, kinds: Collection[str]) -> list[Worker]:
        return [w for w in self.of(kinds) if w.is_ready and not w.lock.locked()]

    async def until_ready(self, workers: Sequence[Worker], seconds: float) -> bool:
        """Whether all of these are ready within so many seconds."""
        return await holds_within(lambda: all(worker.is_ready for worker in workers), seconds)


def _shortened(text: str) -> str:
    return text.strip()[:_LONGEST_REASON]


async def ends_within(worker: Worker, seconds: float, starts: int) -> bool:
    """Whether the worker, which had ended `starts` times, ends within so many seconds."""
    return await holds_within(lambda: len(worker.exits) > starts, seconds)
