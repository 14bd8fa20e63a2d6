"""What every process of the floor and of idiomatic Faust says and how it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from workers.dev.bench.shapes import Moment
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Coroutine


def moment() -> Moment:
    """Now."""
    return moment_of(time.time_ns() // 1_000_000)


def moment_of(milliseconds: int) -> Moment:
    """The moment so many milliseconds after the beginning of 1970."""
    return Moment(milliseconds, rfc3339(milliseconds).encode())


def say_ready(worker: str) -> None:
    """Log the line that tells whoever started this that it has joined."""
    line = {"worker": worker, "event": "ready", "level": "info"}
    sys.stderr.write(f"{orjson.dumps(line).decode()}\n")
    sys.stderr.flush()


async def until_asked_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it ends, or SIGTERM or SIGINT cancels it."""
    task = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task
