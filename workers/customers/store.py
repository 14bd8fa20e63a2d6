"""The customers in MongoDB: the one file of this service that knows the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workers.database import away_when_unreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase

COLLECTION: Final = "customers"


class MongoCustomerStore:
    """Reads customers, all of a batch in one query."""

    def __init__(self, database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
        """Read from `database`."""
        self._customers = database[COLLECTION]

    async def load(self, customer_ids: Collection[str]) -> Mapping[str, str]:
        """The status of each of these customers that exists.

        Raises:
            OutsideAwayError: MongoDB does not answer.
        """
        wanted = list(customer_ids)
        with away_when_unreachable():
            # One more than there can be: the cursor is then exhausted in one round trip.
            found = self._customers.find({"_id": {"$in": wanted}}, batch_size=len(wanted) + 1)
            documents = await found.to_list(None)
        return {document["_id"]: str(document.get("status")) for document in documents}
