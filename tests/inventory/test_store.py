"""Inventory on a real MongoDB: what is stored, and that nobody is in anybody's way."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.simulators.records import as_requests, reply_type
from tests.inventory.asking import fulfill, release, reserve
from workers.inventory.books import Line, Refusal, Reservation, State
from workers.inventory.decide import decide
from workers.inventory.documents import from_document, to_document
from workers.inventory.ports import ConflictError
from workers.inventory.store import RESERVATIONS, STOCK, MongoInventoryStore
from workers.inventory.worker import MODELS, answer
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from schemas.requests import InventoryRequest
    from workers.inventory.ports import Transaction

    Database = AsyncIOMotorDatabase[dict[str, Any]]

STOCKED = {"apple": 10, "pear": 5}

pytestmark = pytest.mark.stack


@pytest.fixture
async def store(database: Database) -> MongoInventoryStore:
    """Give the store under test, with 10 apples and 5 pears."""
    await database[STOCK].insert_many(
        {"_id": name, "available": pieces, "reserved": 0, "fulfilled": 0}
        for name, pieces in STOCKED.items()
    )
    return new_store(database)


def new_store(database: Database) -> MongoInventoryStore:
    """A store as one worker has it."""
    return MongoInventoryStore(database, guard=lambda: None)


async def ask(store: MongoInventoryStore, *asked: InventoryRequest) -> list[str]:
    """The types of the replies to one batch."""
    return [reply_type(reply) for reply in await answer(store, as_requests(MODELS, *asked))]


async def stock(database: Database) -> dict[str, tuple[int, int, int]]:
    """Available, reserved and fulfilled pieces by product."""
    return {
        found["_id"]: (found["available"], found["reserved"], found["fulfilled"])
        async for found in database[STOCK].find()
    }


@pytest.mark.parametrize(
    "reservation",
    [
        Reservation(State.RESERVED, (Line("apple", 2), Line("pear", 1))),
        Reservation(State.FULFILLED, (Line("apple", 2),)),
        Reservation(State.RELEASED, (), Refusal("RELEASED")),
        Reservation(State.REFUSED, (Line("apple", 20),), Refusal("OUT_OF_STOCK", ("apple",))),
    ],
    ids=lambda reservation: str(reservation.state),
)
def test_a_reservation_comes_back_from_its_document(reservation: Reservation) -> None:
    """Nothing that an answer depends on is lost on the way to MongoDB and back."""
    assert from_document(to_document("o", reservation)) == reservation


async def test_documents_are_as_the_contract_says(
    store: MongoInventoryStore, database: Database
) -> None:
    """Products, states and pieces are stored under the names that others rely on."""
    replies = await ask(store, reserve("a", ("apple", 2)), reserve("b", ("pear", 6)), release("c"))
    assert replies == [
        "inventory.reserved.v1",
        "inventory.refused.v1",
        "inventory.released.v1",
    ]
    found = {one["_id"]: one async for one in database[RESERVATIONS].find()}
    assert found["a"] == {
        "_id": "a",
        "products": [{"productId": "apple", "quantity": 2}],
        "state": "reserved",
    }
    assert (found["b"]["state"], found["c"]["state"]) == ("refused", "released")
    assert await stock(database) == {"apple": (8, 2, 0), "pear": (5, 0, 0)}


async def test_a_life_over_several_batches(store: MongoInventoryStore, database: Database) -> None:
    """Each batch goes on from what the one before it has stored."""
    await ask(store, reserve("a", ("apple", 2)), reserve("b", ("apple", 3), ("pear", 5)))
    replies = await ask(store, fulfill("a"), release("b"), reserve("b", ("apple", 3)))
    assert replies == [
        "inventory.fulfilled.v1",
        "inventory.released.v1",
        "inventory.reserved.v1",
    ]
    assert await stock(database) == {"apple": (8, 0, 2), "pear": (5, 0, 0)}
    states = {one["_id"]: one["state"] async for one in database[RESERVATIONS].find()}
    assert states == {"a": "fulfilled", "b": "released"}


async def test_a_batch_of_repeats_writes_nothing(
    store: MongoInventoryStore, database: Database
) -> None:
    """Requests that were answered before get the same answers and leave all documents alone."""
    asked = reserve("a", ("apple", 2)), reserve("b", ("pear", 6)), fulfill("a"), release("c")
    first = await answer(store, as_requests(MODELS, *asked))
    before = [one async for one in database[RESERVATIONS].find()], await stock(database)
    assert await answer(store, as_requests(MODELS, *asked)) == first
    assert ([one async for one in database[RESERVATIONS].find()], await stock(database)) == before


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(reserve("a", ("apple", 8)), reserve("b", ("apple", 8)), id="same product"),
        pytest.param(reserve("a", ("apple", 1)), reserve("a", ("apple", 1)), id="same new order"),
        pytest.param(release("o"), fulfill("o"), id="same reservation"),
    ],
)
async def test_somebody_else_in_between_is_a_conflict(
    store: MongoInventoryStore,
    database: Database,
    mine: InventoryRequest,
    theirs: InventoryRequest,
) -> None:
    """What was decided on data that has changed since is not stored, not even in part."""
    await ask(store, reserve("o", ("pear", 1)))

    async def work(transaction: Transaction) -> None:
        decisions = decide([mine], await transaction.load({mine.order_id}, {"apple"}))
        await ask(new_store(database), theirs)
        await transaction.save(decisions.changes)

    with pytest.raises(ConflictError):
        await store.transact(work)
    after = await stock(database)
    await ask(store, theirs)
    assert await stock(database) == after
    assert {name: sum(pieces) for name, pieces in after.items()} == STOCKED


async def test_many_batches_at_once_never_sell_too_much(
    store: MongoInventoryStore, database: Database
) -> None:
    """Two workers and more asked than there is: every piece is sold once, and the books agree."""
    await database[STOCK].update_many({}, {"$set": {"available": 100}})
    chance = random.Random(7)  # noqa: S311 - a repeatable choice, not a secret
    batches = [
        [
            reserve(f"{batch}-{number}", ("apple", chance.randint(1, 3)), ("pear", 1))
            for number in range(12)
        ]
        for batch in range(24)
    ]

    async def work_through(store: MongoInventoryStore, mine: list[list[InventoryRequest]]) -> None:
        # Several at a time in each worker, as after a lane has moved.
        await asyncio.gather(*(patiently_ask(store, batch) for batch in mine))

    asked: list[list[InventoryRequest]] = [list(batch) for batch in batches]
    # Some batches go to both workers: a redelivery to another worker.
    await asyncio.gather(
        work_through(store, asked[:14]), work_through(new_store(database), asked[10:])
    )
    reserved: Counter[str] = Counter()
    async for one in database[RESERVATIONS].find({"state": "reserved"}):
        reserved.update({line["productId"]: line["quantity"] for line in one["products"]})
    assert await database[RESERVATIONS].count_documents({}) == 24 * 12
    for name, (available, held, fulfilled) in (await stock(database)).items():
        assert (available + held, fulfilled) == (100, 0)
        assert available >= 0
        assert held == reserved[name]
    assert reserved["apple"] > 97


async def patiently_ask(store: MongoInventoryStore, asked: list[InventoryRequest]) -> list[str]:
    """Ask as a lane does: again for as long as the outside is away."""
    while True:
        try:
            return await ask(store, *asked)
        except OutsideAwayError:
            continue


@pytest.mark.parametrize("cancel_after", ["load", "save"])
async def test_a_cancelled_worker_leaves_no_half_done_transaction(
    store: MongoInventoryStore, database: Database, cancel_after: str
) -> None:
    """A transaction runs to its end though its caller is gone, and a repeat finds its effect."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    request = reserve("o", ("apple", 4), ("pear", 1))

    async def pause(where: str) -> None:
        if where == cancel_after:
            reached.set()
            await go_on.wait()

    async def work(transaction: Transaction) -> None:
        known = await transaction.load({"o"}, {"apple", "pear"})
        await pause("load")
        await transaction.save(decide([request], known).changes)
        await pause("save")

    caller = asyncio.create_task(store.transact(work))
    await reached.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await store.finish()
    once = {"apple": (6, 4, 0), "pear": (4, 1, 0)}
    assert await stock(database) == once
    assert await ask(store, request) == ["inventory.reserved.v1"]
    assert await stock(database) == once


async def test_a_transaction_that_nobody_ends_is_waited_for(
    store: MongoInventoryStore, database: Database
) -> None:
    """A killed worker's locks are reported as the outside being away, and gone when they end."""
    async with await database.client.start_session() as killed:
        killed.start_transaction()
        await database[STOCK].update_one(
            {"_id": "apple"}, {"$inc": {"available": -1, "reserved": 1}}, session=killed
        )
        with pytest.raises(OutsideAwayError, match="stock could not be changed"):
            await ask(store, reserve("o", ("apple", 10)))
        await killed.abort_transaction()
    assert await ask(store, reserve("o", ("apple", 10))) == ["inventory.reserved.v1"]


@pytest.mark.usefixtures("store")
async def test_the_guard_is_asked_before_a_write(database: Database) -> None:
    """A worker that was paused for too long writes nothing."""

    def paused() -> None:
        raise RuntimeError("paused")

    awakened = MongoInventoryStore(database, paused)
    with pytest.raises(RuntimeError, match="paused"):
        await ask(awakened, reserve("o", ("apple", 1)))
    assert await stock(database) == {"apple": (10, 0, 0), "pear": (5, 0, 0)}
