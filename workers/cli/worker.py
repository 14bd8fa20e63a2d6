"""`oms worker`: one worker of the service, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.failures import failures_as_sentences, read_settings
from workers.logs import configure_logs

if TYPE_CHECKING:
    from workers.settings import Settings


class WorkerName(StrEnum):
    """The workers of the service."""

    ORDERS = "orders"
    CUSTOMERS = "customers"
    INVENTORY = "inventory"


def worker(
    name: Annotated[WorkerName, typer.Argument(metavar="NAME", help="Which worker to run.")],
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="So many side by side; each uses one core.")
    ] = 1,
) -> None:
    """Run one worker until SIGTERM or Ctrl-C; it waits for Kafka and MongoDB while they are away.

    Logs JSON lines on standard error; "event": "ready" once it has joined. With more than one
    process each logs its own, and one that ends by itself is started again.
    """
    settings = read_settings()
    configure_logs(settings.log_level, name.value)
    with failures_as_sentences(settings):
        code = _run(settings, name) if processes == 1 else _run_many(name, processes)
    raise typer.Exit(code)


def _run(settings: Settings, name: WorkerName) -> int:
    # Only the worker that was asked for is loaded: it starts sooner.
    from workers.stream.running import run_worker  # noqa: PLC0415 - see above

    plan = import_module(f"workers.{name.value}.worker").plan
    return asyncio.run(run_worker(settings, plan()))


def _run_many(name: WorkerName, processes: int) -> int:
    from workers.cli.worker_processes import run_processes  # noqa: PLC0415 - only if it is needed

    return asyncio.run(run_processes(name.value, processes))
