"""Reads the collections from beginning to end, a bounded part at a time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import bson

from workers.database import away_when_unreachable
from workers.dev.verifying.documents import PROJECTION
from workers.inventory.store import RESERVATIONS, STOCK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorClientSession, AsyncIOMotorDatabase

    Database = AsyncIOMotorDatabase[dict[str, Any]]

ORDERS: Final = "orders"
_DOCUMENTS_AT_ONCE: Final = 2_000
_FIELDS: Final[Mapping[str, Mapping[str, int] | None]] = {
    ORDERS: PROJECTION,
    STOCK: None,
    RESERVATIONS: {"state": 1, "products": 1},
}
COLLECTIONS: Final = tuple(_FIELDS)
"""The collections that are looked at."""


class Collections:
    """The collections, all as they are now, or all as they were at one moment."""

    def __init__(self, database: Database, moment: AsyncIOMotorClientSession | None) -> None:
        """Read in the session `moment`, if there is one."""
        self._database = database
        self._moment = moment

    async def read(self, name: str) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """All documents of a collection.

        Raises:
            OutsideAwayError: MongoDB does not answer.
            OutsideRefusesError: MongoDB does not let read.
        """
        with away_when_unreachable():
            batches = self._database[name].find_raw_batches(
                projection=_FIELDS[name], batch_size=_DOCUMENTS_AT_ONCE, session=self._moment
            )
            async for batch in batches:
                yield bson.decode_all(batch)

    async def count(self) -> int:
        """About how many documents there are in all."""
        with away_when_unreachable():
            counts = [await self._database[n].estimated_document_count() for n in COLLECTIONS]
        return sum(counts)


@asynccontextmanager
async def as_they_are(database: Database) -> AsyncIterator[Collections]:
    """The collections of a system in which nothing moves."""
    yield Collections(database, None)


@asynccontextmanager
async def at_one_moment(database: Database) -> AsyncIterator[Collections]:
    """The collections as they all were at one moment, whatever is written meanwhile.

    MongoDB keeps such a moment for 5 minutes by default; reading must not take longer.
    """
    with away_when_unreachable():
        session = await database.client.start_session(snapshot=True)
    try:
        yield Collections(database, session)
    finally:
        await session.end_session()


async def someone_waits(database: Database) -> bool:
    """Whether an order waits for an answer, or has no outcome yet."""
    query = {"$or": [{"waiting": {"$exists": True}}, {"status": {"$in": ["pending", "canceling"]}}]}
    with away_when_unreachable():
        return await database[ORDERS].find_one(query, {"_id": 1}) is not None
