"""Many histories, in several processes at once, and what they come to."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.history import Told, run
from tests.simulation.plan import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 100
_WAITING = 4


@dataclass(slots=True)
class Total:
    """What a run has come to so far; `failures` has each failing seed's first violation."""

    histories: int = 0
    commands: int = 0
    records: int = 0
    steps: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, seed: int, told: Told) -> None:
        """Count one history."""
        self.histories += 1
        self.commands += told.commands
        self.records += told.records
        self.steps += told.steps
        self.happened.update(told.happened)
        if told.violations:
            self.failures[seed] = told.violations[0]


def in_parallel(seeds: range, processes: int) -> Iterator[list[tuple[int, Told]]]:
    """Run the history of each seed; yield them in chunks, as they get done."""
    chunks = (seeds[n : n + _CHUNK] for n in range(0, len(seeds), _CHUNK))
    if processes == 1:
        yield from map(run_chunk, chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        first = itertools.islice(chunks, _WAITING * processes)
        waiting = {pool.submit(run_chunk, chunk) for chunk in first}
        while waiting:
            done = next(as_completed(waiting))
            waiting.remove(done)
            waiting.update(pool.submit(run_chunk, chunk) for chunk in itertools.islice(chunks, 1))
            yield done.result()


def run_chunk(seeds: range) -> list[tuple[int, Told]]:
    """The histories of these seeds, one after the other."""
    return [(seed, run(draw(seed))) for seed in seeds]
