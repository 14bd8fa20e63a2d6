"""The simulated inventory store does what MongoDB does: the same tests on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from tests.contract.simulators.records import as_requests, reply_type
from tests.inventory.asking import fulfill, release, reserve
from tests.simulation.calm import CalmNetwork, calm_process
from tests.simulation.database import Database
from tests.simulation.transactions import SimulatedInventoryStore
from workers.inventory.books import StockChange
from workers.inventory.decide import decide
from workers.inventory.ports import ConflictError
from workers.inventory.store import RESERVATIONS, STOCK, MongoInventoryStore
from workers.inventory.worker import MODELS, answer

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from schemas.requests import InventoryRequest
    from workers.inventory.ports import InventoryStore, Transaction

    Pieces = dict[str, tuple[int, int, int]]

_STOCKED = {"apple": 10, "pear": 5}


class Backend(Protocol):
    """A place that several stores work on."""

    def store(self) -> InventoryStore:
        """A store as one worker has it."""

    async def stock(self) -> Pieces:
        """Available, reserved and fulfilled pieces by product."""


class SimulatedBackend:
    """The collections of a history."""

    def __init__(self) -> None:
        """Have some fruit."""
        stock = {name: StockChange(pieces) for name, pieces in _STOCKED.items()}
        self._database = Database(stock=stock)

    def store(self) -> InventoryStore:
        """A store as one simulated worker has it."""
        return SimulatedInventoryStore(calm_process(), CalmNetwork(), self._database)

    async def stock(self) -> Pieces:
        """Available, reserved and fulfilled pieces by product."""
        return {name: (*pieces,) for name, pieces in self._database.stock.items()}


class MongoBackend:
    """A real database."""

    def __init__(self, database: AsyncIOMotorDatabase[dict[str, Any]]) -> None:
        """Use an empty database, which is to be filled."""
        self._database = database

    async def fill(self) -> None:
        """Have some fruit."""
        documents = (
            {"_id": name, "available": pieces, "reserved": 0, "fulfilled": 0}
            for name, pieces in _STOCKED.items()
        )
        await self._database[STOCK].insert_many(documents)
        # A transaction cannot see a collection that was made after it began.
        await self._database.create_collection(RESERVATIONS)

    def store(self) -> InventoryStore:
        """A store as one worker has it."""
        return MongoInventoryStore(self._database, guard=lambda: None)

    async def stock(self) -> Pieces:
        """Available, reserved and fulfilled pieces by product."""
        return {
            found["_id"]: (found["available"], found["reserved"], found["fulfilled"])
            async for found in self._database[STOCK].find()
        }


@pytest.fixture
async def mongo_backend(database: AsyncIOMotorDatabase[dict[str, Any]]) -> MongoBackend:
    """A real database with some fruit."""
    backend = MongoBackend(database)
    await backend.fill()
    return backend


@pytest.fixture(params=["simulated", pytest.param("mongodb", marks=pytest.mark.stack)])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Some fruit in each kind of store."""
    if request.param == "simulated":
        return SimulatedBackend()
    found: MongoBackend = request.getfixturevalue("mongo_backend")
    return found


async def ask(store: InventoryStore, *asked: InventoryRequest) -> list[str]:
    """The types of the replies to one batch, without what is the same in all."""
    replies = await answer(store, as_requests(MODELS, *asked))
    return [reply_type(reply).split(".")[1] for reply in replies]


async def test_each_batch_goes_on_from_the_one_before(backend: Backend) -> None:
    """What is reserved, released and gone is in the books, and nothing is lost."""
    store = backend.store()
    asked = reserve("a", ("apple", 2)), reserve("b", ("apple", 3), ("pear", 5))
    assert await ask(store, *asked) == ["reserved", "reserved"]
    assert await backend.stock() == {"apple": (5, 5, 0), "pear": (0, 5, 0)}
    assert await ask(store, fulfill("a"), release("b")) == ["fulfilled", "released"]
    assert await backend.stock() == {"apple": (8, 0, 2), "pear": (5, 0, 0)}


async def test_a_repeated_request_gets_its_answer_and_writes_nothing(backend: Backend) -> None:
    """Also one that was refused, or whose reservation is gone."""
    store = backend.store()
    asked = reserve("a", ("apple", 2)), reserve("b", ("pear", 6)), release("c"), fulfill("a")
    first = await ask(store, *asked)
    before = await backend.stock()
    assert await ask(store, *asked) == first
    assert await backend.stock() == before


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        pytest.param(reserve("a", ("apple", 8)), reserve("b", ("apple", 8)), id="product"),
        pytest.param(reserve("a", ("apple", 1)), reserve("b", ("apple", 1)), id="enough for two"),
        pytest.param(reserve("a", ("apple", 1)), reserve("a", ("apple", 1)), id="new order"),
        pytest.param(reserve("a", ("apple", 1)), release("a"), id="release of a new order"),
        pytest.param(release("o"), fulfill("o"), id="reservation"),
    ],
)
async def test_somebody_else_in_between_is_a_conflict(
    backend: Backend, mine: InventoryRequest, theirs: InventoryRequest
) -> None:
    """What was decided on what has changed since is not stored, not even in part."""
    await ask(backend.store(), reserve("o", ("pear", 1)))

    async def work(transaction: Transaction) -> None:
        decisions = decide([mine], await transaction.load({mine.order_id}, {"apple"}))
        await ask(backend.store(), theirs)
        await transaction.save(decisions.changes)

    with pytest.raises(ConflictError):
        await backend.store().transact(work)
    after = await backend.stock()
    await ask(backend.store(), theirs)
    assert await backend.stock() == after
    assert {name: sum(pieces) for name, pieces in after.items()} == _STOCKED


async def test_other_products_and_orders_are_no_conflict(backend: Backend) -> None:
    """Two workers that write different documents are not in each other's way."""

    async def work(transaction: Transaction) -> None:
        decisions = decide([reserve("a", ("apple", 1))], await transaction.load({"a"}, {"apple"}))
        await ask(backend.store(), reserve("b", ("pear", 1)))
        await transaction.save(decisions.changes)

    await backend.store().transact(work)
    assert await backend.stock() == {"apple": (9, 1, 0), "pear": (4, 1, 0)}


async def test_what_is_read_is_of_one_moment(backend: Backend) -> None:
    """What others store after the first look is not seen."""

    async def work(transaction: Transaction) -> int:
        await transaction.load({"a"}, {"apple"})
        await ask(backend.store(), reserve("b", ("apple", 4)))
        return (await transaction.load({"a"}, {"apple"})).available["apple"]

    assert await backend.store().transact(work) == _STOCKED["apple"]
