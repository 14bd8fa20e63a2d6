"""Where a variant is measured: on a stack of its own, or on a given Kafka and MongoDB."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from workers.dev.bench.plan import command_of
from workers.dev.directory import temporary_directory
from workers.dev.errors import StackError
from workers.dev.processes import Launcher, Part
from workers.dev.running import prepare, run_service
from workers.dev.stack import StackOptions
from workers.dev.supervisor import ALL_WORKERS, Supervisor
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from workers.dev.bench.plan import Plan, Screen, Variant
    from workers.settings import Settings

    Place = Callable[[Plan, Variant, Screen], AbstractContextManager["Ground"]]

_MOST_QUICK_FAILURES: Final = 2
_CACHE_GIGABYTES: Final = 2
"""Enough for a million orders: a server that holds them would be given as much."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Addresses, and the processes that are measured; `check` raises if one of them has ended."""

    settings: Settings
    parts: tuple[Part, ...]
    check: Callable[[], None]


@contextmanager
def own_stack(plan: Plan, variant: Variant, screen: Screen) -> Iterator[Ground]:
    """A new Kafka and MongoDB with the variant's workers, all ready, thrown away at the end.

    Raises:
        StackError: something does not start; the text is for people.
    """
    options = StackOptions(ephemeral=True, mongo_cache_gigabytes=_CACHE_GIGABYTES)
    command = command_of(variant)
    with run_service(options, plan.workers, screen.tell, command=command) as service:
        workers = service.supervisor.parts
        yield Ground(
            service.settings,
            (*service.stack.processes, *workers),
            partial(_check, service.check, workers, [part.pid for part in workers]),
        )


@contextmanager
def given_stack(
    settings: Settings, plan: Plan, variant: Variant, screen: Screen
) -> Iterator[Ground]:
    """The Kafka and MongoDB of the settings with the variant's workers; theirs alone are measured.

    Raises:
        StackError: workers run there already, or something does not start.
    """
    asyncio.run(_see_that_nobody_works(settings))
    prepare(settings)
    launcher, environment = Launcher(), _environment(settings)
    with temporary_directory(None) as directory:
        parts = [
            Part(
                f"{name} worker",
                command_of(variant)(name),
                directory.log(name),
                launcher,
                environment,
            )
            for name in plan.workers
        ]
        supervisor = Supervisor(parts, screen.tell, _MOST_QUICK_FAILURES)
        try:
            screen.tell(f"Starting the workers: {', '.join(plan.workers)}")
            supervisor.start()
            supervisor.wait_ready()
            begun = [part.pid for part in parts]
            yield Ground(settings, tuple(parts), partial(_check, supervisor.check, parts, begun))
        finally:
            supervisor.close()
            launcher.close()


def _environment(settings: Settings) -> dict[str, str]:
    return {f"OMS_{name.upper()}": str(value) for name, value in settings.model_dump().items()}


async def _see_that_nobody_works(settings: Settings) -> None:
    async with admin_client(settings) as client:
        for name in ALL_WORKERS:
            [response] = await client.describe_consumer_groups([f"oms-{name}"])
            members = len(response.groups[0][-1])
            if members:
                raise StackError(
                    f"{members} {name} worker(s) run on {settings.kafka_bootstrap} already, and "
                    "would do the work that is measured. End them first."
                )


def _check(check: Callable[[], None], workers: list[Part], begun: list[int]) -> None:
    """Raise StackError if a part has ended, or a worker was started again."""
    check()
    for part, pid in zip(workers, begun, strict=True):
        if part.pid != pid:
            raise StackError(
                f"{part.name} ended while it was measured. The end of {part.log}:\n"
                f"{part.log_tail()}"
            )
