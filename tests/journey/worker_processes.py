"""Workers as processes of their own, started and ended as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.command_line import environment_of

if TYPE_CHECKING:
    from workers.settings import Settings

DEADLINE_SECONDS = 60.0


class WorkerProcess:
    """One `oms worker NAME`; its log is in `log`."""

    def __init__(self, name: str, settings: Settings, folder: Path, **environment: str) -> None:
        """Start it."""
        self.name = name
        self.log = folder / f"{name}-{time.monotonic_ns()}.log"
        own = environment_of(settings)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers", "worker", name],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **own, **environment},
                cwd=Path(__file__).parents[2],
            )

    def events(self) -> list[str]:
        """The `event` of every line that it has logged."""
        found = []
        for line in self.log.read_text().splitlines():
            try:
                found.append(str(json.loads(line)["event"]))
            except ValueError:
                found.append(line)
        return found

    def wait_until_ready(self) -> None:
        """Wait until it has joined."""
        end = time.monotonic() + DEADLINE_SECONDS
        while "ready" not in self.events():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log.read_text()}"
            assert time.monotonic() < end, f"{self.name} is not ready:\n{self.log.read_text()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash of the machine would."""
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """End it with SIGTERM and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE_SECONDS)


class Workers:
    """The workers that a test has running; all are ended with it."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        """Start none yet."""
        self.settings = settings
        self._folder = folder
        self._running: list[WorkerProcess] = []

    def start(self, *names: str, **environment: str) -> list[WorkerProcess]:
        """Start these side by side and wait until all are ready."""
        started = [
            WorkerProcess(name, self.settings, self._folder, **environment) for name in names
        ]
        self._running.extend(started)
        for worker in started:
            worker.wait_until_ready()
        return started

    def end_all(self) -> None:
        """End all that still run; each must end with exit code 0."""
        running = [worker for worker in self._running if worker.process.poll() is None]
        for worker in running:
            worker.process.terminate()
        codes = {worker.log.name: worker.process.wait(DEADLINE_SECONDS) for worker in running}
        self._running.clear()
        assert not any(codes.values()), f"exit codes: {codes}"
