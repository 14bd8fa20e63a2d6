"""Echo workers as processes of one test: started, watched by their logs, and always ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.stream.broker import create_topic, fresh_name, lag, read_all, values_on
from tests.stream.echo_worker import Echo
from tests.waiting import eventually

if TYPE_CHECKING:
    import signal

    from workers.settings import Settings

_ROOT = Path(__file__).parents[2]
_LIMITS = {"OMS_SESSION_TIMEOUT": "6", "OMS_LANE_BATCH_RECORDS": "20"}


@dataclass
class EchoProcess:
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

    async def ended(self, within: float = 60.0) -> int:
        """The exit code, waited for."""
        return await asyncio.wait_for(self.process.wait(), within)


@dataclass
class EchoBench:
    """Two input topics, one output topic, and the workers of one group between them."""

    settings: Settings
    folder: Path
    echo: Echo
    started: list[EchoProcess] = field(default_factory=list)

    @property
    def topics(self) -> list[str]:
        """The input topics."""
        return self.echo.topics

    async def start(
        self,
        name: str,
        environment: dict[str, str] | None = None,
        **changed: Any,  # noqa: ANN401 - fields of Echo
    ) -> EchoProcess:
        """Start a worker; `changed` are fields of `Echo`."""
        echo = replace(self.echo, name=name, **changed)
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.stream.echo_worker", json.dumps(asdict(echo))),
                cwd=_ROOT,
                env={**os.environ, **self._environment(), **(environment or {})},
                stderr=file,
            )
        found = EchoProcess(process, log)
        self.started.append(found)
        return found

    def _environment(self) -> dict[str, str]:
        return {"OMS_KAFKA_BOOTSTRAP": self.settings.kafka_bootstrap, **_LIMITS}

    async def lag(self) -> int:
        """Records that the group has not committed."""
        return await lag(self.settings, self.echo.group, self.topics)

    async def outputs(self, name: str) -> int:
        """How many records the worker of that name has written."""
        records = await read_all(self.settings, self.echo.out)
        return sum(dict(record.headers)["by"] == name.encode() for record in records)

    async def everything_is_out(self, values: list[str]) -> None:
        """Wait until each of the values is in the output; fail with some that are not."""
        missing = set(values)

        async def none_missing() -> bool:
            missing.difference_update(await values_on(self.settings, self.echo.out))
            return not missing

        try:
            await eventually(none_missing, "all records in the output", within=60)
        except AssertionError:
            message = f"{len(missing)} of {len(values)} lost: {sorted(missing)[:5]}"
            raise AssertionError(message) from None

    async def end_all(self) -> None:
        """End whatever still runs."""
        for worker in self.started:
            if worker.process.returncode is None:
                worker.process.kill()
                await worker.process.wait()


async def new_bench(settings: Settings, folder: Path) -> EchoBench:
    """Topics and a group of this test's own."""
    topics = [await create_topic(settings, fresh_name("in")) for _ in range(2)]
    out = await create_topic(settings, fresh_name("out"))
    return EchoBench(settings, folder, Echo("", fresh_name("group"), topics, out))
