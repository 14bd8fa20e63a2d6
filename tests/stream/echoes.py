"""Echo workers as processes of one test: started, watched by their logs, and always ended."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.stream.broker import create_topic, fresh_name, lag, read_all, values_on
from tests.stream.echo_worker import Echo
from tests.stream.logged_process import start_logged
from tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.stream.logged_process import LoggedProcess
    from workers.settings import Settings

_LIMITS = {"OMS_SESSION_TIMEOUT": "6", "OMS_LANE_BATCH_RECORDS": "20"}


@dataclass
class EchoBench:
    """Two input topics, one output topic, and the workers of one group between them."""

    settings: Settings
    folder: Path
    echo: Echo
    started: list[LoggedProcess] = field(default_factory=list)

    @property
    def topics(self) -> list[str]:
        """The input topics."""
        return self.echo.topics

    async def start(
        self,
        name: str,
        environment: dict[str, str] | None = None,
        **changed: Any,  # noqa: ANN401 - fields of Echo
    ) -> LoggedProcess:
        """Start a worker; `changed` are fields of `Echo`."""
        echo = replace(self.echo, name=name, **changed)
        found = await start_logged(
            "tests.stream.echo_worker",
            asdict(echo),
            self.folder / f"{name}.log",
            self.settings,
            {**_LIMITS, **(environment or {})},
        )
        self.started.append(found)
        return found

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
