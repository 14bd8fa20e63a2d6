"""Kafka for verbs: somebody who waits at a terminal is told soon when it is away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from workers.stream.connection import kafka_away
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from workers.settings import Settings

_PATIENCE_SECONDS: Final = 5.0


async def await_kafka(settings: Settings) -> None:
    """Return once a broker has answered.

    Raises:
        OutsideAwayError: none does within five seconds.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), admin_client(settings):
            pass
    except TimeoutError as error:
        raise kafka_away(settings) from error
