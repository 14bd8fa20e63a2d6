"""Whatever hangs in a worker ends it, with a reason; what is away does not; its end is bounded."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer

from tests.stream.broker import create_topic, fresh_name, write
from tests.stream.logged_process import start_logged
from tests.waiting import eventually
from workers.state_file import running_workers, state_directory
from workers.stream.watching.watchdog import REASONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.stream.logged_process import LoggedProcess
    from workers.settings import Settings
    from workers.state_file import WorkerState

pytestmark = [pytest.mark.stack, pytest.mark.slow]

# Every limit but the one that is tested: no slow machine reaches it.
_NEVER = 600.0


@dataclass
class Bench:
    """A topic with records, and the worker that is to read them."""

    settings: Settings
    folder: Path
    topic: str
    group: str
    workers: list[LoggedProcess]

    async def start(self, hangs: str, limit: str = "", **environment: str) -> LoggedProcess:
        """Start a worker in which this hangs; `limit` is three seconds, all others are long."""
        limits = {**dict.fromkeys(REASONS, _NEVER), **({limit: 3.0} if limit else {})}
        told = {"group": self.group, "topic": self.topic, "hangs": hangs, "limits": limits}
        log = self.folder / f"{len(self.workers)}.log"
        worker = await start_logged(
            "tests.stream.hanging_worker", told, log, self.settings, environment
        )
        self.workers.append(worker)
        return worker

    def state(self) -> WorkerState | None:
        """What the worker has written last."""
        found = running_workers(state_directory(self.settings))
        return next((state for state in found if state.worker == "hanging"), None)


@pytest.fixture
async def bench(settings: Settings, tmp_path: Path) -> AsyncIterator[Bench]:
    """One topic with a hundred records; whatever worker still runs is killed in the end."""
    own = settings.model_copy(update={"state_directory": str(tmp_path / "states")})
    topic = await create_topic(own, fresh_name("hanging"))
    await write(own, [topic], [f"v{number}" for number in range(100)])
    found = Bench(own, tmp_path, topic, fresh_name("hanging"), [])
    yield found
    for worker in found.workers:
        with suppress(ProcessLookupError):
            worker.process.kill()
        await worker.process.wait()


@pytest.mark.parametrize(
    ("hangs", "limit"),
    [
        ("starting", "starting"),
        ("joining", "rebalancing"),
        ("open", "work_stuck"),
        ("handle", "round_stuck"),
        ("loop", "loop_stuck"),
        ("copies", "work_stuck"),
        ("commits", "work_stuck"),
        ("fetching", "fetching_stuck"),
        ("records", "not_fetched"),
    ],
)
async def test_whatever_hangs_ends_the_worker(bench: Bench, hangs: str, limit: str) -> None:
    """Where one thing never returns, the worker says which kind of silence it was, and exits 1."""
    worker = await bench.start(hangs, limit)
    code, line = await _ending(worker)
    assert (code, line["event"], line["reason"]) == (1, "worker_ends_itself", REASONS[limit])


async def test_a_worker_that_cannot_join_ends(bench: Bench) -> None:
    """A group in which somebody speaks another protocol is not waited for without end."""
    foreign = Consumer(
        {"bootstrap.servers": bench.settings.kafka_bootstrap, "group.id": bench.group}
    )
    foreign.subscribe([bench.topic])
    await eventually(
        lambda: foreign.poll(0.1) is None and foreign.assignment(), "it to have joined"
    )
    try:
        code, line = await _ending(await bench.start("nothing", "rebalancing"))
    finally:
        foreign.close()
    assert (code, line["reason"]) == (1, REASONS["rebalancing"])


@pytest.mark.parametrize("hangs", ["closing", "ending"])
async def test_an_end_that_hangs_is_cut_short(bench: Bench, hangs: str) -> None:
    """Asked to end, a worker whose finishing hangs leaves with 0, also when its loop is stuck."""
    worker = await bench.start(hangs, OMS_SHUTDOWN_TIMEOUT="0.1")
    await eventually(lambda: worker.has_logged("ready"), "the worker to be ready")
    worker.send(signal.SIGTERM)
    code, line = await _ending(worker)
    assert (code, line["event"]) == (0, "left_without_finishing")


async def test_a_worker_tells_its_phases(bench: Bench) -> None:
    """Its state says what it does from the start to the end, and is gone with it."""
    worker = await bench.start("nothing")
    await eventually(lambda: _phase(bench) == "working", "it to work")
    await eventually(lambda: (s := bench.state()) and s.progress_at, "it to acknowledge")
    state = bench.state()
    assert state is not None
    assert (state.pid, state.lanes, state.waiting) == (worker.process.pid, (0, 1, 2, 3), ())
    worker.send(signal.SIGTERM)
    assert await worker.ended() == 0
    assert not state_directory(bench.settings).exists()


async def test_what_is_away_is_told_and_does_not_end_the_worker(bench: Bench) -> None:
    """Kafka not there: the state names the wait, beyond all limits, and the worker waits on."""
    worker = await bench.start("nothing", "starting", OMS_KAFKA_BOOTSTRAP="localhost:1")
    await eventually(lambda: _waited(bench) > 5, "a wait beyond the limit")
    state = bench.state()
    assert state is not None
    assert (state.phase, worker.process.returncode) == ("starting", None)
    assert "Kafka does not answer at localhost:1" in state.waiting[0].reason


async def test_a_state_that_cannot_be_written_does_not_end_the_worker(bench: Bench) -> None:
    """Without a folder to write to a worker says so once, and works."""
    worker = await bench.start("nothing", OMS_STATE_DIRECTORY="/dev/null/states")
    await eventually(lambda: worker.has_logged("ready"), "the worker to be ready")
    assert [line["event"] for line in worker.lines()].count("state_not_written") == 1
    worker.send(signal.SIGTERM)
    assert await worker.ended() == 0


def _phase(bench: Bench) -> str | None:
    state = bench.state()
    return None if state is None else state.phase


def _waited(bench: Bench) -> float:
    state = bench.state()
    return max((wait.seconds for wait in state.waiting), default=0.0) if state else 0.0


async def _ending(worker: LoggedProcess) -> tuple[int, dict[str, Any]]:
    """The exit code, and the last line that was logged."""
    code = await worker.ended()
    return code, worker.lines()[-1]
