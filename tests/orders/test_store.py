"""What every order store must do: the same tests on MongoDB and on the one in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.orders.memory_store import MemoryOrderStore
from tests.spec.messages import DESK, SHOP, ask_for, cancel, create, delete, reserved
from tests.spec.story import HISTORIES, LANE, Story, given
from workers.orders.deadlines import LONGEST_PAUSE
from workers.orders.ports import OrderStore, Refusal, RefusalKey, Write
from workers.orders.store import MongoOrderStore
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.orders.messages import Message
    from workers.orders.order import Order


@pytest.fixture
async def mongo_store(database: AsyncIOMotorDatabase[dict[str, Any]]) -> MongoOrderStore:
    """An empty store in a database of its own."""
    found = MongoOrderStore(database, refusals_keep_days=14, guard=lambda: None)
    await found.prepare()
    return found


@pytest.fixture(params=["memory", pytest.param("mongodb", marks=pytest.mark.stack)])
def store(request: pytest.FixtureRequest) -> OrderStore:
    """An empty store of each kind."""
    if request.param == "memory":
        return MemoryOrderStore()
    found: MongoOrderStore = request.getfixturevalue("mongo_store")
    return found


def _order(*happened: str, order_id: str = "order-1") -> Order:
    order = given(*happened).order
    assert order is not None
    return order._replace(id=order_id)


async def _stored(store: OrderStore, order: Order) -> Order:
    assert await store.save([Write(None, order)]) == frozenset()
    return (await store.load([order.id]))[order.id]


@pytest.mark.parametrize("status", [name for name in HISTORIES if name != "nothing"])
async def test_an_order_is_loaded_as_it_was_saved(store: OrderStore, status: str) -> None:
    """In every status, with all of its history and what it waits for."""
    order = _order(*HISTORIES[status])
    assert await _stored(store, order) == order


async def test_everything_that_an_order_can_hold_is_kept(store: OrderStore) -> None:
    """Reply addresses, copies, correlation and trace of its causes included."""
    command = create(reply=SHOP, correlation_id="c", trace_parent="00-t", trace_state="s=1")
    pending = given().when(command).afterwards()
    order = pending.when(create(reply=DESK, offset=200)).order
    assert order.history[0].copies == (DESK,)
    assert await _stored(store, order) == order


async def test_only_orders_that_exist_are_loaded(store: OrderStore) -> None:
    """An id that nobody has taken is left out."""
    await _stored(store, _order("created"))
    assert set(await store.load(["order-1", "nobody"])) == {"order-1"}
    assert await store.load([]) == {}


async def test_an_order_is_inserted_once(store: OrderStore) -> None:
    """The second create of the same order loses; what is stored is the first."""
    first = await _stored(store, _order("created"))
    second = first._replace(customer_id="somebody else")
    assert await store.save([Write(None, second)]) == {"order-1"}
    assert await store.load(["order-1"]) == {"order-1": first}


async def test_of_two_that_write_the_same_one_loses(store: OrderStore) -> None:
    """What they have to tell may differ, as the times of their requests do."""
    order = await _stored(store, _order("created"))
    assert await store.save([Write(None, order)]) == {"order-1"}
    changed = order._replace(revision=2, reason="the same")
    assert await store.save([Write(order, changed)]) == frozenset()
    assert await store.save([Write(order, changed)]) == {"order-1"}


@pytest.mark.parametrize(
    ("happened", "message"),
    [
        (("created",), reserved(to="1:1")),
        (("created",), cancel(reason="no")),
        (("created", "processing"), ask_for("shipped")),
        (("created", "rejected"), delete()),
        (("created", "rejected"), reserved(to="1:1")),
    ],
)
async def test_a_change_is_stored(
    store: OrderStore, happened: tuple[str, ...], message: Message
) -> None:
    """Whether it adds to the history, ends a wait, begins one, or erases."""
    before = await _stored(store, _order(*happened))
    after = Story(before).when(message).order
    assert await store.save([Write(before, after)]) == frozenset()
    assert (await store.load(["order-1"]))["order-1"] == after


async def test_a_change_of_an_order_that_somebody_else_changed_is_lost(store: OrderStore) -> None:
    """The revision guards it; the others of the same save are stored."""
    before = await _stored(store, _order("created"))
    other = await _stored(store, _order("created", order_id="order-2"))
    winner = before._replace(revision=2, reason="first")
    assert await store.save([Write(before, winner)]) == frozenset()
    loser = before._replace(revision=2, reason="second")
    also = other._replace(revision=2, reason="third")
    assert await store.save([Write(before, loser), Write(other, also)]) == {"order-1"}
    assert await store.load(["order-1", "order-2"]) == {"order-1": winner, "order-2": also}


async def test_a_change_of_an_order_that_does_not_exist_is_lost(store: OrderStore) -> None:
    """An update never inserts."""
    order = _order("created")
    assert await store.save([Write(order, order._replace(revision=2))]) == {"order-1"}
    assert await store.load(["order-1"]) == {}


async def test_saving_nothing_is_fine(store: OrderStore) -> None:
    """A batch of refusals changes no order."""
    assert await store.save([]) == frozenset()
    assert await store.remember([]) == {}


async def test_a_deletion_leaves_nothing_personal_behind(store: OrderStore) -> None:
    """Fields that are no longer there are gone from the document, not kept as they were."""
    story = given("created", "rejected")
    assert story.order is not None
    before = await _stored(store, story.order)
    after = story.when(delete()).order
    await store.save([Write(before, after)])
    loaded = (await store.load(["order-1"]))["order-1"]
    assert loaded == after
    assert (loaded.customer_id, loaded.products, loaded.shipping, loaded.reason) == (None,) * 4
    assert all(change.reason is None for change in loaded.history)


def _refusal(identity: str, value: bytes = b'{"a":1}', version: int | None = None) -> Refusal:
    headers = (("ce_id", b"\x00\xff"), ("ce_type", b"order.result.v1"))
    return Refusal(RefusalKey("order-1", "/shop", identity), value, headers, version)


async def test_a_refusal_is_remembered_as_it_was_told_first(store: OrderStore) -> None:
    """A second answer to the same command never replaces the first."""
    first, second = _refusal("c", version=2), _refusal("c", b'{"b":2}')
    assert await store.remember([first]) == {}
    new = _refusal("d")
    remembered = await store.remember([second, new])
    assert remembered[first.key] == first
    assert remembered.get(new.key, new) == new
    assert await store.load_refusals([first.key, new.key]) == {first.key: first, new.key: new}


async def test_a_refusal_belongs_to_its_order_source_and_id(store: OrderStore) -> None:
    """A command of the same id for another order, or for none, has an answer of its own."""
    first = _refusal("c")
    keys = [
        RefusalKey("order-2", "/shop", "c"),
        RefusalKey(None, "/shop", "c"),
        RefusalKey("order-1", "/desk", "c"),
        RefusalKey("order-1", "/shop", "d"),
    ]
    await store.remember([first, *(first._replace(key=key) for key in keys[:2])])
    assert set(await store.load_refusals([first.key, *keys])) == {first.key, *keys[:2]}


async def test_pending_orders_of_a_lane_are_loaded(store: OrderStore) -> None:
    """No other status, and no other lane."""
    for status, happened in HISTORIES.items():
        if happened:
            await _stored(store, _order(*happened, order_id=status))
    await _stored(store, _order("created", order_id="elsewhere")._replace(lane=LANE + 1))
    assert [order.id for order in await store.load_pending(LANE)] == ["pending"]


@pytest.mark.parametrize(
    ("from_due", "is_due"),
    [
        (-1, False),
        (0, True),
        (1, True),
        (LONGEST_PAUSE, True),
        (-LONGEST_PAUSE, False),
        (-2 * LONGEST_PAUSE - 1, True),
    ],
)
async def test_an_order_is_due_when_its_wait_is_over(
    store: OrderStore, from_due: int, *, is_due: bool
) -> None:
    """Or when it is further off than any wait can be, for then a clock has jumped."""
    order = await _stored(store, _order("created"))
    assert order.waiting is not None
    found = await store.due({LANE}, order.waiting.due_at + from_due, limit=10)
    assert found == ([order] if is_due else [])


async def test_only_orders_of_the_lanes_that_are_asked_for_are_due(store: OrderStore) -> None:
    """Other lanes have their own worker, and who waits for nobody is never due."""
    order = _order("created", order_id="own")
    await _stored(store, order)
    await _stored(store, order._replace(id="other", lane=LANE + 1))
    await _stored(store, _order("created", "processing", order_id="done"))
    assert order.waiting is not None
    later = order.waiting.due_at + 1
    assert [found.id for found in await store.due({LANE}, later, limit=10)] == ["own"]
    both = await store.due({LANE, LANE + 1}, later, limit=10)
    assert {found.id for found in both} == {"own", "other"}
    assert len(await store.due({LANE, LANE + 1}, later, limit=1)) == 1


@pytest.mark.stack
async def test_an_order_of_a_newer_release_waits_for_it(
    mongo_store: MongoOrderStore, database: AsyncIOMotorDatabase[dict[str, Any]]
) -> None:
    """Who cannot read a document guesses nothing: it waits, and says that the upgrade is to end."""
    order = _order("created")
    await _stored(mongo_store, order)
    await database["orders"].update_one({"_id": order.id}, {"$set": {"schemaVersion": 2}})
    for reading in (mongo_store.load([order.id]), mongo_store.load_pending(order.lane)):
        with pytest.raises(OutsideAwayError, match=r"newer release .* finish the upgrade"):
            await reading
