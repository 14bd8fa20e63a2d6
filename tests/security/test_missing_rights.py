"""A worker that lacks a right says which, and the table of rights has none too many."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from schemas.topics import REPLIES
from tests.cli.command_line import CommandLine
from tests.contract.simulators.records import as_requests
from tests.inventory.asking import release, reserve
from tests.journey.worker_processes import WorkerProcess
from tests.security.granting import grant, only, privileges, revoke
from tests.security.parties import PLANS, WAYS
from tests.spec.messages import cancel
from tests.spec.story import Story, given
from tests.waiting import eventually
from workers.customers.store import MongoCustomerStore
from workers.database import connect
from workers.inventory.store import MongoInventoryStore
from workers.inventory.worker import MODELS, answer
from workers.orders.ports import Refusal, RefusalKey, Write
from workers.orders.store import MongoOrderStore
from workers.security.rights import WORKERS, Operation, Rights
from workers.stream.ports import OutsideRefusesError
from workers.stream.rights import missing_rights

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.security.place import Place
    from workers.settings import Settings

    Database = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = [pytest.mark.stack, pytest.mark.slow]


def test_the_table_is_what_the_workers_need() -> None:
    """Each worker reads and writes the topics that its rights name, but for clients' own."""
    for rights in WORKERS:
        plan = PLANS[rights.user]
        own = {name for name in rights.topics[Operation.WRITE] if name not in _of_clients(rights)}
        assert set(rights.topics[Operation.READ]) == set(plan.topics)
        assert own == set(plan.writes)
        assert rights.groups == {Operation.READ: (plan.group,)}


def _of_clients(rights: Rights) -> set[str]:
    return {
        name
        for name in rights.topics[Operation.WRITE]
        if name.endswith("*") or name == "oms.cli.replies"
    }


async def lacking(place: Place, user: str) -> list[str]:
    """What the worker says it lacks at Kafka."""
    plan = PLANS[user]
    settings = place.settings_of(user, *WAYS[user])
    return await missing_rights(settings, plan.group, plan.topics, plan.writes)


def each_right(rights: Rights) -> Iterator[tuple[str, Operation, str]]:
    """The rights that a worker looks at: of what kind, to do what, and on what."""
    for kind, wanted in (("topic", rights.topics), ("group", rights.groups)):
        for operation, names in wanted.items():
            for name in names:
                if name not in _of_clients(rights):
                    yield kind, operation, name


@pytest.mark.parametrize("rights", WORKERS, ids=lambda rights: rights.user)
async def test_a_worker_names_the_right_that_it_lacks_at_kafka(
    place: Place, rights: Rights
) -> None:
    """Each of its rights is taken away once, by itself; with all of them it lacks nothing."""
    admin = place.admin()
    for kind, operation, name in each_right(rights):
        one = only(rights, kind, operation, name)
        revoke(admin, one)
        wanted = [f"{operation} on {kind} {name}"]

        async def is_named(wanted: list[str] = wanted) -> bool:
            return await lacking(place, rights.user) == wanted

        await eventually(is_named, f"{rights.user} lacks {wanted}")
        grant(admin, one)

    async def lacks_nothing() -> bool:
        return not await lacking(place, rights.user)

    await eventually(lacks_nothing, f"{rights.user} lacks nothing")


async def test_a_worker_waits_for_the_right_that_it_lacks(place: Place, tmp_path: Path) -> None:
    """Its log says which, `oms health` says so too, and it begins once it has it."""
    [rights] = [found for found in WORKERS if found.user == "oms-customers"]
    missing = only(rights, "topic", Operation.WRITE, REPLIES)
    revoke(place.admin(), missing)
    settings = place.settings_of(rights.user).model_copy(update={"state_directory": str(tmp_path)})
    worker = WorkerProcess("customers", settings, tmp_path)
    told = f"this user lacks rights at Kafka: Write on topic {REPLIES}"
    await eventually(lambda: told in worker.log.read_text(), "the right is named in the log")
    health = CommandLine.with_settings(settings)
    await eventually(lambda: told in health("health", "customers").stdout, "and by oms health")
    grant(place.admin(), missing)
    worker.wait_until_ready()
    assert worker.end() == 0


async def use_orders(database: Database) -> None:
    """Everything that the orders worker does in MongoDB."""
    store = MongoOrderStore(database, refusals_keep_days=14, guard=lambda: None)
    await store.prepare()
    created = given("created").order
    assert created is not None
    order = created._replace(id=str(uuid4()))
    await store.save([Write(None, order)])
    canceled = Story(order).when(cancel()).order
    await store.save([Write(order, canceled)])
    assert await store.load([order.id]) == {order.id: canceled}
    assert await store.due([order.lane], 0, 1)
    key = RefusalKey(order.id, "/shop", "1")
    await store.remember([Refusal(key, b"{}", (), None)])
    assert await store.load_refusals([key])


async def use_customers(database: Database) -> None:
    """Everything that the customers worker does in MongoDB."""
    await MongoCustomerStore(database).load(["nobody"])


async def use_inventory(database: Database) -> None:
    """Everything that the inventory worker does in MongoDB."""
    store = MongoInventoryStore(database, guard=lambda: None)
    order_id = str(uuid4())
    await answer(store, as_requests(MODELS, reserve(order_id, ("apple", 1))))
    await answer(store, as_requests(MODELS, release(order_id)))


USES: Final[Mapping[str, Callable[[Database], Awaitable[None]]]] = {
    "oms-orders": use_orders,
    "oms-customers": use_customers,
    "oms-inventory": use_inventory,
}


def fewer(rights: Rights, collection: str, action: str) -> dict[str, tuple[str, ...]]:
    """A user's rights in MongoDB without the one."""
    left = tuple(one for one in rights.collections[collection] if one != action)
    return {**rights.collections, collection: left}


@contextmanager
def having(place: Place, rights: Rights, left: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    """Within the block the user has only these rights in MongoDB, where some apples are."""
    name = place.settings_of(rights.user).mongo_database
    stocked = {"$setOnInsert": {"available": 1_000, "reserved": 0, "fulfilled": 0}}
    with place.mongo() as admin:
        admin[name]["stock"].update_one({"_id": "apple"}, stocked, upsert=True)
        try:
            admin[name].command("updateRole", rights.user, privileges=privileges(name, left))
            yield
        finally:
            every = privileges(name, rights.collections)
            admin[name].command("updateRole", rights.user, privileges=every)


@pytest.fixture
def nothing_left(place: Place) -> Iterator[None]:
    """What these tests store is no work of the service, and is gone after them."""
    yield
    with place.mongo() as admin:
        for collection in ("orders", "refusals", "reservations", "stock"):
            admin[place.settings_of("oms-orders").mongo_database][collection].delete_many({})


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[Database]:
    """The database as its user sees it."""
    database = connect(settings)
    try:
        yield database
    finally:
        database.client.close()


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("rights", WORKERS, ids=lambda rights: rights.user)
async def test_a_worker_names_the_right_that_it_lacks_in_mongodb(
    place: Place, rights: Rights
) -> None:
    """Each of its rights is taken away once, by itself; with all of them it can do its work."""
    settings = place.settings_of(rights.user)
    for collection, actions in rights.collections.items():
        for action in actions:
            with (
                having(place, rights, fewer(rights, collection, action)),
                pytest.raises(OutsideRefusesError, match="lacks a right that") as refused,
            ):
                async with database_of(settings) as database:
                    await USES[rights.user](database)
            assert f"on {settings.mongo_database}.{collection} needs" in str(refused.value), action
    async with database_of(settings) as database:
        await USES[rights.user](database)
