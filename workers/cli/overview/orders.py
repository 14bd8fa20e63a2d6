"""How many orders there are by status, and who waits, read from MongoDB without a burden to it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import PyMongoError

from workers.cli.overview.reading import Waiting
from workers.database import away_when_unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase

_LONGEST_COUNT_SECONDS: Final = 3.0
_SHARE_OF_TIME: Final = 0.05
_ANY_LANE: Final[dict[str, Any]] = {"lane": {"$gte": 0}, "waiting.dueAt": {"$exists": True}}
"""What the index of waiting orders answers, and no other order is looked at."""


class OrderCounts:
    """Counts the orders again and again; to count all takes time, so that it is done seldom."""

    def __init__(self, database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
        """Count nothing yet."""
        self._orders = database["orders"]
        self._statuses: Mapping[str, int] | None = None
        self._again_at = 0.0

    async def statuses(self) -> Mapping[str, int] | None:
        """Orders by status, counted for a twentieth of the time at most; `None` if it takes long.

        Raises:
            OutsideAwayError: MongoDB does not answer.
        """
        began = time.monotonic()
        if began >= self._again_at:
            self._statuses = await self._count()
            took = time.monotonic() - began
            self._again_at = began + took / _SHARE_OF_TIME
        return self._statuses

    async def _count(self) -> Mapping[str, int] | None:
        pipeline = [{"$group": {"_id": "$status", "orders": {"$sum": 1}}}]
        with away_when_unreachable():
            try:
                with pymongo.timeout(_LONGEST_COUNT_SECONDS):
                    found = await self._orders.aggregate(pipeline).to_list(None)
            except PyMongoError as error:
                if error.timeout:
                    return None
                raise
        return {entry["_id"]: entry["orders"] for entry in found}

    async def waiting(self, now: int) -> Waiting:
        """Who waits at `now`, milliseconds since 1970.

        Raises:
            OutsideAwayError: MongoDB does not answer.
        """
        overdue = {"$cond": [{"$lt": ["$waiting.dueAt", now]}, 1, 0]}
        group = {
            "_id": "$waiting.purpose",
            "orders": {"$sum": 1},
            "overdue": {"$sum": overdue},
            "oldest": {"$min": {"at": "$createdAt", "order": "$_id"}},
        }
        pipeline: list[dict[str, Any]] = [{"$match": _ANY_LANE}, {"$group": group}]
        with away_when_unreachable():
            found = await self._orders.aggregate(pipeline).to_list(None)
        oldest = min((entry["oldest"] for entry in found), key=lambda e: e["at"], default=None)
        return Waiting(
            {entry["_id"]: entry["orders"] for entry in found},
            sum(entry["overdue"] for entry in found),
            None if oldest is None else (oldest["order"], oldest["at"]),
        )
