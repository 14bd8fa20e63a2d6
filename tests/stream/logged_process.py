"""A worker as a process of a test, known by what it logs."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.waiting import eventually

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping

    from workers.settings import Settings

_ROOT = Path(__file__).parents[2]


@dataclass
class LoggedProcess:
    """One worker process and its log."""

    process: asyncio.subprocess.Process
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; a line that is still being written is left out."""
        found = []
        for line in self.log.read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    def has_logged(self, event: str) -> bool:
        """Whether the log has a line of that event."""
        return any(line["event"] == event for line in self.lines())

    async def logged(self, event: str) -> dict[str, Any]:
        """The first line of that event, waited for."""
        await eventually(lambda: self.has_logged(event), f"{event} in {self.log}")
        return next(line for line in self.lines() if line["event"] == event)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def ended(self, within: float = 120.0) -> int:
        """The exit code, waited for."""
        return await asyncio.wait_for(self.process.wait(), within)


async def start_logged(
    module: str,
    told: Mapping[str, Any],
    log: Path,
    settings: Settings,
    environment: Mapping[str, str],
) -> LoggedProcess:
    """Run a module of the tests, which is told what to do as JSON; what it logs goes to `log`."""
    own = {f"OMS_{name.upper()}": str(value) for name, value in settings.model_dump().items()}
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module, json.dumps(told)),
            cwd=_ROOT,
            env={**os.environ, **own, **environment},
            stderr=file,
        )
    return LoggedProcess(process, log)
