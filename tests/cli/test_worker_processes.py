"""`oms worker NAME --processes N` keeps N processes running that share the work, and ends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.cli.command_line import environment_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.settings import Settings

pytestmark = pytest.mark.stack
END_SECONDS = 60.0


class Parent:
    """`oms worker customers --processes 2`, and what it and its processes have logged."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self._log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers", "worker", "customers", "--processes", "2"],
                stderr=stream,
                env={**os.environ, **environment_of(settings)},
            )

    def lines(self, event: str) -> list[dict[str, Any]]:
        """The log's lines of this event."""
        lines = (json.loads(line) for line in self._log.read_text().splitlines())
        return [line for line in lines if line["event"] == event]

    def children(self) -> list[psutil.Process]:
        """The processes that it keeps running."""
        return psutil.Process(self.process.pid).children()

    async def until_ready(self, times: int) -> None:
        """Return once processes have joined so many times in all."""
        await eventually(lambda: len(self.lines("ready")) >= times, f"{times} times ready")


@pytest.fixture
def parent(settings: Settings, tmp_path: Path) -> Iterator[Parent]:
    """It, with a short session; nothing of it is left afterwards."""
    parent = Parent(settings.model_copy(update={"session_timeout": 6.0}), tmp_path / "log")
    children: list[psutil.Process] = []
    try:
        yield parent
        with suppress(psutil.NoSuchProcess):
            children = parent.children()
    finally:
        parent.process.kill()
        parent.process.wait()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()


async def test_all_of_them_work_and_end_in_order(parent: Parent) -> None:
    """Two processes join; SIGTERM to the parent ends both in order, and it with exit code 0."""
    await parent.until_ready(2)
    children = parent.children()
    assert len(children) == 2
    parent.process.send_signal(signal.SIGTERM)
    assert parent.process.wait(END_SECONDS) == 0
    assert not any(child.is_running() for child in children)


async def test_one_that_ends_by_itself_is_started_again(parent: Parent) -> None:
    """The end of one process is told with its pid, and another takes its place."""
    await parent.until_ready(2)
    lost, kept = parent.children()
    lost.kill()
    await parent.until_ready(3)
    (told,) = parent.lines("process_ended")
    assert (told["pid"], told["exit_code"]) == (lost.pid, -signal.SIGKILL)
    assert kept in parent.children()
    assert len(parent.children()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_none_is_left_when_the_parent_is_killed(parent: Parent) -> None:
    """Kill -9 of the parent ends its processes as well, so that no supervisor starts too many."""
    await parent.until_ready(2)
    children = parent.children()
    parent.process.kill()
    await eventually(lambda: not any(map(psutil.pid_exists, [c.pid for c in children])), "gone")
