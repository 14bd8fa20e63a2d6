"""Orders and refusals in MongoDB. The only module of the orders worker that knows the driver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from schemas.status import Status
from workers.database import away_when_unreachable
from workers.orders.deadlines import LONGEST_PAUSE
from workers.orders.documents import (
    NewerDocumentError,
    change_to_document,
    changing_fields,
    optional_fields,
    order_from_document,
    order_to_document,
)
from workers.orders.ports import Refusal, RefusalKey
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.orders.order import Order
    from workers.orders.ports import Write

_DUPLICATE_KEY: Final = 11000


class MongoOrderStore:
    """Orders in `orders`, remembered refusals in `refusals`."""

    def __init__(
        self,
        database: AsyncIOMotorDatabase[dict[str, Any]],
        refusals_keep_days: int,
        guard: Callable[[], None],
    ) -> None:
        """Use this database; `guard` runs before every write and may end the process."""
        self._orders = database["orders"]
        self._refusals = database["refusals"]
        self._keep = timedelta(days=refusals_keep_days)
        self._guard = guard

    async def prepare(self) -> None:
        """Make sure of the indexes: what waits, by lane and time; refusals end by themselves."""
        with away_when_unreachable():
            await self._orders.create_index(
                [("lane", 1), ("waiting.dueAt", 1)],
                name="waiting",
                partialFilterExpression={"waiting.dueAt": {"$exists": True}},
            )
            await self._refusals.create_index("keepUntil", name="end", expireAfterSeconds=0)

    async def load(self, order_ids: Collection[str]) -> dict[str, Order]:
        """Those of the orders that exist."""
        if not order_ids:
            return {}
        with away_when_unreachable():
            found = await self._orders.find({"_id": {"$in": list(order_ids)}}).to_list(None)
        return {order.id: order for order in _orders(found)}

    async def load_pending(self, lane: int) -> list[Order]:
        """The orders of a lane that wait for their checks."""
        query = {
            "lane": lane,
            "waiting.dueAt": {"$exists": True},
            "status": Status.PENDING.value,
        }
        with away_when_unreachable():
            found = await self._orders.find(query).hint("waiting").to_list(None)
        return _orders(found)

    async def save(self, writes: Sequence[Write]) -> frozenset[str]:
        """Store all; return the ids of those that somebody else has changed meanwhile."""
        if not writes:
            return frozenset()
        write_id = ObjectId()
        operations = [_operation(write, write_id) for write in writes]
        self._guard()
        with away_when_unreachable():
            try:
                result = await self._orders.bulk_write(operations, ordered=False)
            except BulkWriteError as error:
                _raise_unless_duplicate_keys(error)
            else:
                if result.inserted_count + result.matched_count == len(writes):
                    return frozenset()
        return await self._lost(writes, write_id)

    async def _lost(self, writes: Sequence[Write], write_id: ObjectId) -> frozenset[str]:
        """A bulk tells totals only: read back which orders are as this one has left them.

        Two that write the same may have different things to tell, so what is there does not tell
        who wrote it.
        """
        order_ids = [write.after.id for write in writes]
        query = {"_id": {"$in": order_ids}, "writeId": write_id}
        with away_when_unreachable():
            found = await self._orders.find(query, {"_id": 1}).to_list(None)
        return frozenset(order_ids) - {document["_id"] for document in found}

    async def load_refusals(self, keys: Collection[RefusalKey]) -> dict[RefusalKey, Refusal]:
        """Those of the refusals that are remembered."""
        if not keys:
            return {}
        with away_when_unreachable():
            found = await self._refusals.find(
                {"_id": {"$in": [_refusal_id(key) for key in keys]}}
            ).to_list(None)
        refusals = (_refusal_from_document(document) for document in found)
        return {refusal.key: refusal for refusal in refusals}

    async def remember(self, refusals: Sequence[Refusal]) -> dict[RefusalKey, Refusal]:
        """Remember all; return those that were remembered before, as they were."""
        if not refusals:
            return {}
        keep_until = datetime.now(UTC) + self._keep
        operations = [
            UpdateOne(
                {"_id": _refusal_id(refusal.key)},
                {"$setOnInsert": {**_refusal_fields(refusal), "keepUntil": keep_until}},
                upsert=True,
            )
            for refusal in refusals
        ]
        self._guard()
        with away_when_unreachable():
            try:
                result = await self._refusals.bulk_write(operations, ordered=False)
            except BulkWriteError as error:
                _raise_unless_duplicate_keys(error)
            else:
                if result.upserted_count == len(refusals):
                    return {}
        return await self.load_refusals([refusal.key for refusal in refusals])

    async def due(self, lanes: Collection[int], now: int, limit: int) -> list[Order]:
        """Orders of these lanes whose wait is over, or further off than any wait can be.

        The latter is so when a clock has jumped.
        """
        query = {
            "lane": {"$in": list(lanes)},
            "$or": [
                {"waiting.dueAt": {"$lte": now}},
                {"waiting.dueAt": {"$gt": now + 2 * LONGEST_PAUSE}},
            ],
        }
        with away_when_unreachable():
            found = await self._orders.find(query).limit(limit).to_list(None)
        return _orders(found)


def _orders(documents: Sequence[dict[str, Any]]) -> list[Order]:
    """The orders, none of which may be newer than this release: they wait for its successor."""
    try:
        return [order_from_document(document) for document in documents]
    except NewerDocumentError as error:
        message = f"{error}; finish the upgrade of all workers"
        raise OutsideAwayError(message) from error


def _operation(write: Write, write_id: ObjectId) -> InsertOne[Any] | UpdateOne | ReplaceOne[Any]:
    before, after = write.before, write.after
    if before is None:
        return InsertOne({**order_to_document(after), "writeId": write_id})
    guarded = {"_id": after.id, "revision": before.revision}
    if after.status is Status.DELETED:
        # It erases all that is not needed any more, also what a newer release has added.
        return ReplaceOne(guarded, {**order_to_document(after), "writeId": write_id})
    fields = {**changing_fields(after), "writeId": write_id}
    fields.update(_history_fields(before, after))
    update: dict[str, Any] = {"$set": fields}
    gone = {name: "" for name in optional_fields(before) if name not in fields}
    if gone:
        update["$unset"] = gone
    return UpdateOne(guarded, update)


def _history_fields(before: Order, after: Order) -> dict[str, Any]:
    """Entries that are new, by their place, and new addresses of those that were there.

    An entry that is there is never written anew: a newer release may have added to it. As the
    revision is guarded, the places are known.
    """
    fields: dict[str, Any] = {}
    for place, change in enumerate(after.history):
        if place >= len(before.history):
            fields[f"history.{place}"] = change_to_document(change)
        elif change is not before.history[place]:
            fields[f"history.{place}.copies"] = change_to_document(change)["copies"]
    return fields


def _raise_unless_duplicate_keys(error: BulkWriteError) -> None:
    found = (error.details or {}).get("writeErrors", [])
    if not found or any(entry["code"] != _DUPLICATE_KEY for entry in found):
        raise error


def _refusal_id(key: RefusalKey) -> dict[str, str | None]:
    return {"orderId": key.order_id, "source": key.source, "id": key.id}


def _refusal_fields(refusal: Refusal) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "value": refusal.value,
        "headers": [list(header) for header in refusal.headers],
    }
    if refusal.shown_version is not None:
        fields["shownVersion"] = refusal.shown_version
    return fields


def _refusal_from_document(document: dict[str, Any]) -> Refusal:
    identity = document["_id"]
    key = RefusalKey(identity["orderId"], identity["source"], identity["id"])
    headers = tuple((name, bytes(value)) for name, value in document["headers"])
    return Refusal(key, bytes(document["value"]), headers, document.get("shownVersion"))
