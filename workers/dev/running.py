"""The whole service on this machine: Kafka, MongoDB, topics, samples and the workers."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from workers.dev.errors import StackError
from workers.dev.samples import seed_samples
from workers.dev.stack import start_stack
from workers.dev.supervisor import ALL_WORKERS, supervise_workers, worker_command
from workers.stream.ports import OutsideAwayError
from workers.stream.topic_admin import create_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workers.dev.stack import Report, Stack, StackOptions
    from workers.dev.supervisor import Supervisor
    from workers.settings import Settings

_POLL = 0.2


@dataclass(frozen=True, slots=True)
class RunningService:
    """Everything that runs; `settings` has its addresses."""

    stack: Stack
    settings: Settings
    supervisor: Supervisor

    def check(self) -> None:
        """Raise StackError if Kafka or MongoDB has ended, or a worker was given up."""
        self.stack.check()
        self.supervisor.check()

    def wait(self) -> None:
        """Return never: StackError as `check` raises it, or KeyboardInterrupt."""
        while True:
            self.check()
            time.sleep(_POLL)


@contextmanager
def run_service(
    options: StackOptions,
    workers: Sequence[str] = ALL_WORKERS,
    report: Report | None = None,
    command: Callable[[str], Sequence[str]] = worker_command,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RunningService]:
    """Run the service until the end of the block; all of it is ready when the block begins.

    `environment` is what the workers' environment has beside the stack's addresses.

    Raises StackError when something cannot be started; the text is for people.
    """
    tell = report or (lambda _line: None)
    with start_stack(options, tell) as stack:
        tell("Creating topics, sample customers and stock")
        prepare(stack.settings)
        if workers:
            tell(f"Starting the workers: {', '.join(workers)}")
        with supervise_workers(
            stack, workers, tell, command, environment=environment
        ) as supervisor:
            yield RunningService(stack, stack.settings, supervisor)


def prepare(settings: Settings) -> None:
    """Create topics and samples where they are missing; also callable inside an event loop."""
    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(asyncio.run, _prepare(settings)).result()
        except (OutsideAwayError, KafkaError, PyMongoError) as error:
            raise StackError(f"Cannot create the topics and samples: {error}") from error


async def _prepare(settings: Settings) -> None:
    await asyncio.gather(create_topics(settings), seed_samples(settings))
