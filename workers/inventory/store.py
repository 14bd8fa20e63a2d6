"""Stock and reservations in MongoDB: the one file of this service that knows the driver."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, ConnectionFailure, OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from workers.database import away_when_unreachable
from workers.inventory.books import Changes, Known, ReservationChange, State
from workers.inventory.documents import Document, from_document, to_document
from workers.inventory.ports import ConflictError, Result, Transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping

    from motor.motor_asyncio import (
        AsyncIOMotorClientSession,
        AsyncIOMotorCollection,
        AsyncIOMotorDatabase,
    )

    from workers.inventory.books import StockChange

STOCK: Final = "stock"
RESERVATIONS: Final = "reservations"

_DUPLICATE_KEY: Final = 11000
_TRY_AGAIN: Final = ("TransientTransactionError", "UnknownTransactionCommitResult")


class MongoInventoryStore:
    """Runs transactions on stock and reservations; two processes may do so at once."""

    def __init__(self, database: AsyncIOMotorDatabase[Document], guard: Callable[[], None]) -> None:
        """Work on `database`; `guard` runs before every write and may end the process."""
        self._database = database
        self._guard = guard
        self._running: set[asyncio.Task[Any]] = set()

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run `work` in a transaction, to its end even if the caller is cancelled.

        The driver's thread would go on with a command while the session is given back, and
        could write outside of any transaction.

        Raises:
            ConflictError: nothing is stored, or it is not known whether; load and decide again.
            OutsideAwayError: MongoDB does not answer; it is not known what is stored.
        """
        task = asyncio.create_task(self._transact(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Wait for transactions whose callers were cancelled."""
        if self._running:
            await asyncio.wait(self._running)

    async def _transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        with _conflicts():
            # Committed also when nothing changes: only then is what was read there to stay.
            async with (
                await self._database.client.start_session() as session,
                session.start_transaction(
                    read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
                ),
            ):
                return await work(_MongoTransaction(self._database, session, self._guard))


class _MongoTransaction:
    """Loads and saves within one transaction."""

    def __init__(
        self,
        database: AsyncIOMotorDatabase[Document],
        session: AsyncIOMotorClientSession,
        guard: Callable[[], None],
    ) -> None:
        self._stock = database[STOCK]
        self._reservations = database[RESERVATIONS]
        self._session = session
        self._guard = guard

    async def load(self, order_ids: Collection[str], product_ids: Collection[str]) -> Known:
        found = await self._find(self._reservations, order_ids)
        reservations = {document["_id"]: from_document(document) for document in found}
        held = {line.product_id for one in reservations.values() for line in one.lines}
        stock = await self._find(self._stock, held.union(product_ids))
        return Known(reservations, {document["_id"]: document["available"] for document in stock})

    async def _find(
        self, collection: AsyncIOMotorCollection[Document], ids: Collection[str]
    ) -> list[Document]:
        if not ids:
            return []
        # One more than there can be: the cursor is then exhausted in one round trip.
        found = collection.find(
            {"_id": {"$in": list(ids)}}, batch_size=len(ids) + 1, session=self._session
        )
        return await found.to_list(None)

    async def save(self, changes: Changes) -> None:
        self._guard()
        if changes.stock:
            await self._move(changes.stock)
        inserted = [to_document(c.order_id, c.after) for c in changes.reservations if not c.before]
        if inserted:
            await self._reservations.insert_many(inserted, ordered=False, session=self._session)
        for (before, after), order_ids in _by_states(changes.reservations).items():
            await self._set_state(order_ids, before, after)

    async def _move(self, moves: Mapping[str, StockChange]) -> None:
        # In the same order everywhere, so that of two that collide one goes on.
        updates = [_stock_update(product_id, moves[product_id]) for product_id in sorted(moves)]
        result = await self._stock.bulk_write(updates, session=self._session)
        if result.matched_count < len(updates):
            raise ConflictError("there is less in stock than when it was read")

    async def _set_state(self, order_ids: list[str], before: State, after: State) -> None:
        result = await self._reservations.update_many(
            {"_id": {"$in": order_ids}, "state": before.value},
            {"$set": {"state": after.value}},
            session=self._session,
        )
        if result.matched_count < len(order_ids):
            raise ConflictError("a reservation is not in the state any more that was read")


def _stock_update(product_id: str, change: StockChange) -> UpdateOne:
    condition: Document = {"_id": product_id}
    if change.available < 0:
        condition["available"] = {"$gte": -change.available}
    return UpdateOne(condition, {"$inc": change._asdict()})


def _by_states(changes: Iterable[ReservationChange]) -> dict[tuple[State, State], list[str]]:
    """Order ids of the reservations that exist, by their state before and after."""
    found: dict[tuple[State, State], list[str]] = {}
    for order_id, before, after in changes:
        if before is not None:
            found.setdefault((before.state, after.state), []).append(order_id)
    return found


@contextmanager
def _conflicts() -> Iterator[None]:
    """Tell apart: somebody else was faster, MongoDB is away, anything else."""
    with away_when_unreachable():
        try:
            yield
        except ConnectionFailure:
            raise
        except BulkWriteError as error:
            codes = {failed["code"] for failed in error.details["writeErrors"]}
            if codes == {_DUPLICATE_KEY}:
                raise ConflictError("a reservation was made by somebody else") from error
            raise
        except OperationFailure as error:
            if any(error.has_error_label(label) for label in _TRY_AGAIN):
                message = f"somebody else changes the same stock or reservations: {error}"
                raise ConflictError(message) from error
            raise
