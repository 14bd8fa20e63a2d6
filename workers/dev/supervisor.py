"""Keeps the workers running: starts them, starts again what ends, and says so."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.dev.errors import StackError
from workers.dev.processes import Part, end_all, ended_message, exit_text
from workers.dev.worker_log import LogReader, is_ready, record, shown
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workers.dev.stack import Report, Stack

ALL_WORKERS = ("orders", "customers", "inventory")
_POLL = 0.05
_READY_PATIENCE = 120.0
_END_PATIENCE = 30.0
_QUICK = 10.0  # a worker that ends sooner after its start, or before it was ready, failed quickly
_SAME_LINE_AFTER = 10.0


def worker_command(name: str) -> list[str]:
    """The command line of a worker of this project."""
    return [sys.executable, "-m", "workers", "worker", name]


def _part_name(worker: str) -> str:
    return f"{worker} worker"


def pause_before_restart(quick_failures: int) -> float:
    """Seconds to wait before a worker is started again: none, 0.25, 0.5, 1, 2 … at most 10."""
    return 0.0 if quick_failures == 0 else min(10.0, 0.25 * 2.0 ** (quick_failures - 1))


@dataclass(slots=True)
class _Watched:
    """One worker, and what is known about its newest start."""

    part: Part
    reader: LogReader
    begun: float = 0.0
    ready: bool = False
    quick_failures: int = 0
    start_at: float | None = None
    last_shown: dict[str, float] = field(default_factory=dict)


class Supervisor:
    """Watches workers from a thread of its own until `close`."""

    def __init__(self, parts: Sequence[Part], report: Report, most_quick_failures: int) -> None:
        self._watched = [_Watched(part, LogReader(part.log)) for part in parts]
        self._report = report
        self._most_quick_failures = most_quick_failures
        self._failure: StackError | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    @property
    def parts(self) -> list[Part]:
        """The workers' processes; a restarted worker keeps its part and gets a new pid."""
        return [watched.part for watched in self._watched]

    @contextmanager
    def silence(self, name: str) -> Iterator[None]:
        """Pause the worker of that name until the end of the block: it answers nothing."""
        part = next(part for part in self.parts if part.name == _part_name(name))
        part.stop()
        try:
            yield
        finally:
            part.cont()

    def start(self) -> None:
        """Start every worker and begin to watch them."""
        for watched in self._watched:
            _begin(watched)
        self._thread.start()

    def wait_ready(self) -> None:
        """Return once every worker is ready; StackError if one gives up or takes too long."""
        deadline = time.monotonic() + _READY_PATIENCE
        while waiting := [watched for watched in self._watched if not watched.ready]:
            self.check()
            if time.monotonic() > deadline:
                slow = waiting[0].part
                raise StackError(
                    f"{slow.name} was not ready after {_READY_PATIENCE:.0f} s. "
                    f"The end of {slow.log}:\n{slow.log_tail()}"
                )
            time.sleep(_POLL)

    def check(self) -> None:
        """Raise StackError if a worker failed so often that it was given up."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """End the workers, in order if they can."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        end_all(self.parts, _END_PATIENCE)

    def _run(self) -> None:
        while not self._closing.wait(_POLL):
            try:
                for watched in self._watched:
                    self._look(watched, time.monotonic())
            except (StackError, OSError) as failure:
                self._failure = StackError(str(failure))
                return

    def _look(self, watched: _Watched, now: float) -> None:
        for line in watched.reader.new_lines():
            self._read(watched, line, now)
        if watched.part.alive():
            return
        if watched.start_at is None:
            self._plan_restart(watched, now)
        elif now >= watched.start_at:
            _begin(watched)

    def _read(self, watched: _Watched, line: str, now: float) -> None:
        entry = record(line)
        watched.ready = watched.ready or is_ready(entry)
        if not watched.ready:  # a worker that joins a new cluster warns of what soon passes
            return
        text = shown(entry)
        if text is None or now - watched.last_shown.get(text, -_SAME_LINE_AFTER) < _SAME_LINE_AFTER:
            return
        watched.last_shown[text] = now
        self._report(f"{watched.part.name}: {text}")

    def _plan_restart(self, watched: _Watched, now: float) -> None:
        quick = not watched.ready or now - watched.begun < _QUICK
        watched.quick_failures = watched.quick_failures + 1 if quick else 0
        if watched.quick_failures >= self._most_quick_failures:
            count = self._most_quick_failures
            raise StackError(f"Gave up after {count} failures: {ended_message(watched.part)}")
        watched.start_at = now + pause_before_restart(watched.quick_failures)
        how = exit_text(watched.part.exit_code)
        self._report(f"{watched.part.name} {how}; starting it again. Its log: {watched.part.log}")


def _begin(watched: _Watched) -> None:
    watched.part.start()
    watched.begun = time.monotonic()
    watched.start_at = None
    watched.ready = False


def own_port_for_metrics(place: int) -> dict[str, str]:
    """The setting of the worker that is started as number `place`, from 0, on this machine.

    Workers cannot share a port: each gets the one after that of the worker before it.
    """
    first = Settings().metrics_port
    return {"OMS_METRICS_PORT": str(first + place)} if first else {}


@contextmanager
def supervise_workers(  # noqa: PLR0913, PLR0917 - what a caller may choose
    stack: Stack,
    names: Sequence[str] = ALL_WORKERS,
    report: Report | None = None,
    command: Callable[[str], Sequence[str]] = worker_command,
    most_quick_failures: int = 5,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Supervisor]:
    """Run workers against the stack until the end of the block; all are ready when it begins.

    A worker that ends is started again, with a growing pause; when it failed quickly so many
    times in a row, `check` raises StackError. `command` gives a worker's command line,
    `environment` what its environment has beside the stack's addresses.
    """
    own = {**stack.environment, **environment}
    parts = [
        stack.new_part(_part_name(name), command(name), {**own, **own_port_for_metrics(place)})
        for place, name in enumerate(names)
    ]
    supervisor = Supervisor(parts, report or (lambda _line: None), most_quick_failures)
    try:
        supervisor.start()
        supervisor.wait_ready()
        yield supervisor
    finally:
        supervisor.close()
