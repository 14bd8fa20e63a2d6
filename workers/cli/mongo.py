"""MongoDB for verbs: somebody who waits at a terminal is told soon when it is away."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pymongo

from workers.database import away_when_unreachable, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.settings import Settings

_PATIENCE_SECONDS: Final = 5.0


@asynccontextmanager
async def database_that_answers(
    settings: Settings,
) -> AsyncIterator[AsyncIOMotorDatabase[dict[str, Any]]]:
    """The service's database, once it has answered.

    Raises:
        OutsideAwayError: it does not answer within five seconds.
        ConfigurationError: the connection string cannot be read.
    """
    database = connect(settings)
    try:
        with away_when_unreachable(), pymongo.timeout(_PATIENCE_SECONDS):
            await database.command("ping")
        yield database
    finally:
        database.client.close()
