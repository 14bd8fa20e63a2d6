"""What becomes of orders when nobody answers, or answers too late."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.journey.storefront import Storefront, data_of, headers_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from confluent_kafka import Message
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader
    from tests.journey.worker_processes import Workers

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CREATE, CANCEL, UPDATE_STATUS = "order.create.v1", "order.cancel.v1", "order.update-status.v1"
HASTY = {"OMS_REPLY_TIMEOUT": "0.3", "OMS_REPLY_ATTEMPTS": "3"}
STUBBORN = {"OMS_REPLY_TIMEOUT": "0.5", "OMS_REPLY_ATTEMPTS": "20"}
PATIENT = {"OMS_REPLY_TIMEOUT": "60"}


@pytest.fixture
async def product(documents: Documents) -> str:
    """A product that nobody else orders, of which there are a hundred."""
    name = f"product-{uuid4()}"
    await documents["stock"].insert_one({"_id": name, **books(available=100)})
    return name


def books(available: int, reserved: int = 0, fulfilled: int = 0) -> dict[str, int]:
    """The pieces of one product."""
    return {"available": available, "reserved": reserved, "fulfilled": fulfilled}


def create_of(product: str) -> dict[str, Any]:
    """The data of a create for two pieces of a product."""
    return {"customerId": "12345", "products": [{"productId": product, "quantity": 2}]}


async def waits_for_nobody(documents: Documents, order_id: str) -> bool:
    """Whether the order is not going to ask anybody again."""
    found = {"_id": order_id, "waiting": {"$exists": False}}
    return await documents["orders"].count_documents(found) == 1


async def is_reserved(documents: Documents, order_id: str) -> bool:
    """Whether stock is held for the order."""
    found = {"_id": order_id, "state": "reserved"}
    return await documents["reservations"].count_documents(found) == 1


async def stock_of(documents: Documents, product: str) -> dict[str, int]:
    """The books of one product."""
    found = await documents["stock"].find_one({"_id": product}, {"_id": 0})
    assert found is not None
    return found


def about(order_id: str, message: Message) -> bool:
    """Whether a message has the order's key."""
    return bool(message.key() == order_id.encode())


def requests_of(reader: Reader, order_id: str, request: str, count: int) -> list[Message]:
    """The first `count` requests of one type about an order."""

    def is_one(message: Message) -> bool:
        return about(order_id, message) and headers_of(message)["ce_type"].decode() == request

    found = reader.until(lambda all_: sum(map(is_one, all_)) >= count)
    return [message for message in found if is_one(message)]


async def test_an_order_expires_when_the_customer_service_is_silent(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """The check is asked as often as the settings say, each time anew; then `CHECKS_TIMEOUT`."""
    order_id = str(uuid4())
    asked = storefront.reader("customers.requests")
    workers.start("orders", "inventory", **HASTY)
    result = results.result_of(storefront.send(CREATE, create_of(product), order_id=order_id))
    assert (result["outcome"], result["code"]) == ("rejected", "CHECKS_TIMEOUT")
    assert (result["status"], result["order"]["status"]) == ("expired", "expired")
    requests = requests_of(asked, order_id, "customer.validate.v1", 3)
    assert len({headers_of(message)["ce_id"] for message in requests}) == 3
    await eventually(partial(waits_for_nobody, documents, order_id), "the release is answered")
    assert await stock_of(documents, product) == books(available=100)


async def test_a_customer_who_is_confirmed_too_late_changes_nothing(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """Replies that come after the order has expired are dropped; no stock is asked for."""
    order_id = str(uuid4())
    workers.start("orders", "inventory", **HASTY)
    storefront.send(CREATE, create_of(product), order_id=order_id)
    expired = results.first(partial(about, order_id))
    await eventually(partial(waits_for_nobody, documents, order_id), "the release is answered")
    workers.end_all()
    before = await documents["orders"].find_one({"_id": order_id})
    workers.start("orders", "customers", "inventory", **PATIENT)
    behind = storefront.send(CREATE, create_of(product), partition=expired.partition() or 0)
    # In the same partition of every topic: once it is decided, all late replies have been read.
    assert results.result_of(behind)["status"] == "processing"
    assert await documents["orders"].find_one({"_id": order_id}) == before
    assert await stock_of(documents, product) == books(available=98, reserved=2)


async def test_stock_that_was_granted_in_silence_is_given_back(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """Stock is reserved, but no reply says so: when the order expires, its stock is released."""
    order_id = str(uuid4())
    [orders, _] = workers.start("orders", "customers", **STUBBORN)
    [mute] = workers.start("inventory", OMS_SIMULATOR_DROP_RATE="1")
    create = storefront.send(CREATE, create_of(product), order_id=order_id)
    await eventually(partial(is_reserved, documents, order_id), "stock is reserved")
    assert await stock_of(documents, product) == books(available=98, reserved=2)
    assert orders.end() == mute.end() == 0
    workers.start("orders", OMS_REPLY_ATTEMPTS="1")
    assert results.result_of(create)["code"] == "CHECKS_TIMEOUT"
    workers.start("inventory")
    await eventually(partial(waits_for_nobody, documents, order_id), "the release is answered")
    assert await stock_of(documents, product) == books(available=100)


async def test_a_grant_that_comes_after_expiry_is_released_anew(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """A late `reserved`, of whatever inventory, is followed by a release of its own."""
    order_id = str(uuid4())
    asked = storefront.reader("inventory.requests")
    workers.start("orders", "inventory", **HASTY)
    storefront.send(CREATE, create_of(product), order_id=order_id)
    expired = results.first(partial(about, order_id))
    [first] = requests_of(asked, order_id, "inventory.release.v1", 1)[:1]
    await eventually(partial(waits_for_nobody, documents, order_id), "the release is answered")
    storefront.producer.produce(
        "orders.replies",
        key=order_id.encode(),
        value=b"{}",
        partition=expired.partition() or 0,
        headers={
            "ce_specversion": b"1.0",
            "ce_id": b"a late grant",
            "ce_source": b"/another-inventory",
            "ce_type": b"inventory.reserved.v1",
            "kafka_correlationId": f"{order_id}:inventory.reserve.v1:1:1".encode(),
        },
    )
    [again] = requests_of(asked, order_id, "inventory.release.v1", 1)[-1:]
    assert headers_of(again)["ce_id"] != headers_of(first)["ce_id"]
    await eventually(partial(waits_for_nobody, documents, order_id), "the release is answered")
    assert await stock_of(documents, product) == books(available=100)


async def test_no_order_is_stuck_after_an_outage_that_outlasts_all_deadlines(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """All workers are away until every deadline is over: each order is decided, the books fit."""
    hasty = {"OMS_REPLY_TIMEOUT": "1", "OMS_REPLY_ATTEMPTS": "2"}
    order_ids = [str(uuid4()) for _ in range(30)]
    events = storefront.reader("orders.events")
    workers.start("orders", **hasty)
    creates = {storefront.send(CREATE, create_of(product), order_id=i) for i in order_ids}
    keys = {order_id.encode() for order_id in order_ids}
    events.until(lambda found: keys <= {message.key() for message in found})
    workers.end_all()
    over = time.time() + 3.5
    await eventually(lambda: time.time() > over, "all deadlines are over")
    workers.start("orders", "customers", "inventory", **hasty)
    statuses = [result["status"] for result in results.results_of(creates).values()]
    assert set(statuses) <= {"processing", "expired"}
    for order_id in order_ids:
        await eventually(partial(waits_for_nobody, documents, order_id), "nothing is open")
    held = 2 * statuses.count("processing")
    assert await stock_of(documents, product) == books(available=100 - held, reserved=held)


async def test_releases_and_fulfillments_are_asked_for_until_they_are_answered(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """More often than a check is, each time with a new id; the inventory's return settles both."""
    kept, dropped = str(uuid4()), str(uuid4())
    orders, _, inventory = workers.start("orders", "customers", "inventory", **PATIENT)
    creates = {storefront.send(CREATE, create_of(product), order_id=i) for i in (kept, dropped)}
    assert {r["status"] for r in results.results_of(creates).values()} == {"processing"}
    assert orders.end() == inventory.end() == 0
    workers.start("orders", OMS_REPLY_TIMEOUT="0.2", OMS_REPLY_ATTEMPTS="1")
    asked = {i: storefront.reader("inventory.requests") for i in (kept, dropped)}
    cancel = storefront.send(CANCEL, {}, order_id=dropped)
    shipped = storefront.send(UPDATE_STATUS, {"status": "shipped"}, order_id=kept)
    assert results.result_of(shipped)["status"] == "shipped"
    for order_id, request in ((dropped, "release"), (kept, "fulfill")):
        found = requests_of(asked[order_id], order_id, f"inventory.{request}.v1", 3)
        assert len({headers_of(message)["ce_id"] for message in found}) == len(found)
    workers.start("inventory")
    canceled = results.result_of(cancel)
    assert (canceled["outcome"], canceled["status"]) == ("accepted", "canceled")
    await eventually(partial(waits_for_nobody, documents, kept), "the fulfillment is answered")
    assert await stock_of(documents, product) == books(available=98, fulfilled=2)


async def test_a_cancel_of_a_pending_order_answers_both_commands(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, product: str
) -> None:
    """While the customer service is silent: the create gets `CANCELED`, the cancel is accepted."""
    order_id = str(uuid4())
    events = storefront.reader("orders.events")
    workers.start("orders", "inventory", **PATIENT)
    create = storefront.send(CREATE, create_of(product), order_id=order_id)
    events.first(partial(about, order_id))
    cancel = storefront.send(CANCEL, {"reason": "too slow"}, order_id=order_id)
    found = results.results_of({create, cancel})
    assert (found[create]["outcome"], found[create]["code"]) == ("rejected", "CANCELED")
    assert (found[cancel]["outcome"], found[cancel]["status"]) == ("accepted", "canceled")
    assert found[create]["order"] == found[cancel]["order"]
    assert await waits_for_nobody(documents, order_id)
    assert await stock_of(documents, product) == books(available=100)


async def test_whoever_asks_again_while_the_order_is_pending_gets_a_copy(
    workers: Workers, storefront: Storefront, results: Reader, product: str
) -> None:
    """A client that was started anew, with a new topic and new bytes, is answered like the old."""
    order_id, command_id = str(uuid4()), str(uuid4())
    copies = {bytes([number, 255]): storefront.new_topic() for number in range(2)}
    readers = {known: storefront.reader(topic) for known, topic in copies.items()}
    workers.start("orders", "inventory", **PATIENT)
    for known, topic in copies.items():
        client = Storefront(storefront.bootstrap)
        own = {"kafka_replyTopic": topic.encode(), "kafka_correlationId": known}
        data = create_of(product)
        client.send(CREATE, data, order_id=order_id, command_id=command_id, headers=own)
        client.flush()
    refused = storefront.send(UPDATE_STATUS, {"status": "shipped"}, order_id=order_id)
    assert results.result_of(refused)["status"] == "pending"
    workers.start("customers", **PATIENT)
    result = results.first(lambda message: data_of(message)["command"]["id"] == command_id)
    assert json.loads(result.value() or b"")["status"] == "processing"
    for known, reader in readers.items():
        copy = reader.first(lambda _: True)
        assert (copy.key(), copy.value()) == (result.key(), result.value())
        assert headers_of(copy)["kafka_correlationId"] == known
