"""A picture of `oms top`, taken while orders come in."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from typing import TYPE_CHECKING, Final

from docs.drawing.demo import terminal_picture
from workers.dev.bench.load import OrderSource, begin_send, plain_producer
from workers.dev.running import run_service
from workers.dev.stack import StackOptions

if TYPE_CHECKING:
    from workers.settings import Settings

_COLUMNS: Final = 120
_ORDERS_AT_ONCE: Final = 10
_PAUSE_SECONDS: Final = 0.1
_LOOKED_AT_SECONDS: Final = 4
_BEFORE_SECONDS: Final = 8


def top_picture() -> str:
    """Start everything, send some hundred orders, and draw what is shown meanwhile.

    Raises:
        RuntimeError: it could not be shown.
    """
    with run_service(StackOptions(ephemeral=True)) as service:
        return terminal_picture(asyncio.run(_while_busy(service.settings)), "oms top")


async def _while_busy(settings: Settings) -> str:
    sending = asyncio.create_task(_send_orders(settings))
    try:
        await asyncio.sleep(_BEFORE_SECONDS)
        return await _shown(settings)
    finally:
        sending.cancel()


async def _send_orders(settings: Settings) -> None:
    source = OrderSource(random.Random(1))  # noqa: S311 - the same orders each time
    async with plain_producer(settings) as producer:
        while True:
            for command in source.creates(_ORDERS_AT_ONCE):
                await begin_send(producer, command)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _shown(settings: Settings) -> str:
    """What it prints on a terminal, with its colours."""
    looks = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    addresses = {
        "OMS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "OMS_MONGO_URI": settings.mongo_uri,
    }
    options = ("--once", "--every", str(_LOOKED_AT_SECONDS))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers", "top", *options),
        env={**os.environ, **looks, **addresses},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    if process.returncode != 0:
        message = f"oms top ended with exit code {process.returncode}"
        raise RuntimeError(message)
    return printed.decode()
