"""What becomes of orders and commands when workers are stopped or killed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.journey.storefront import headers_of, read_all

if TYPE_CHECKING:
    from confluent_kafka import Message
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader, Storefront
    from tests.journey.worker_processes import Workers

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

CREATE = "order.create.v1"
SAMPLE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 2}]}
COMMANDS = 20_000


async def test_an_open_order_goes_on_after_all_workers_were_stopped(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents
) -> None:
    """An order that waits for its checks is in MongoDB and on the topics, not in a process."""
    order_id = str(uuid4())
    workers.start("orders")
    events = storefront.reader("orders.events")
    command_id = storefront.send(CREATE, SAMPLE, order_id=order_id)
    events.first(lambda message: message.key() == order_id.encode())
    workers.end_all()
    stored = await documents["orders"].find_one({"_id": order_id})
    assert stored is not None
    assert stored["status"] == "pending"
    workers.start("orders", "customers", "inventory")
    assert results.result_of(command_id)["status"] == "processing"


@pytest.mark.slow
async def test_a_worker_killed_midway_loses_nothing_and_doubles_nothing(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents
) -> None:
    """20,000 commands, two orders workers, one killed with -9 midway and started again."""
    before = await _stock(documents)
    order_ids = {_send_numbered(storefront, number) for number in range(COMMANDS)}
    storefront.flush()
    doomed, _ = workers.start("orders", "orders")
    workers.start("customers", "inventory")
    answered = results.until(lambda found: len(_orders(found)) >= COMMANDS // 5)
    doomed.kill()
    workers.start("orders")
    answered += results.until(
        lambda found: order_ids <= _orders(found) | _orders(answered), seconds=240
    )
    _assert_one_result_for_each(answered, order_ids)
    _assert_versions_have_no_gap(storefront.bootstrap, order_ids)
    assert await _stock(documents) == before - Counter(
        {f"p{number}": COMMANDS // 100 for number in range(100)}
    )


def _send_numbered(storefront: Storefront, number: int) -> str:
    order_id = str(uuid4())
    products = [{"productId": f"p{number % 100}", "quantity": 1}]
    data = {"customerId": f"c{number % 1000}", "products": products}
    storefront.send(CREATE, data, order_id=order_id)
    return order_id


def _orders(messages: list[Message]) -> set[str]:
    return {(message.key() or b"").decode() for message in messages}


def _assert_one_result_for_each(answered: list[Message], order_ids: set[str]) -> None:
    seen: dict[str, set[bytes]] = defaultdict(set)
    for message in answered:
        seen[(message.key() or b"").decode()].add(message.value() or b"")
    own = {order_id: seen[order_id] for order_id in order_ids}
    assert {len(values) for values in own.values()} == {1}, "a command has two different results"
    outcomes = Counter(json.loads(value)["status"] for values in own.values() for value in values)
    assert outcomes == {"processing": len(order_ids)}


def _assert_versions_have_no_gap(bootstrap: str, order_ids: set[str]) -> None:
    highest: dict[str, int] = defaultdict(int)
    for message in read_all(bootstrap, "orders.events"):
        order_id = (message.key() or b"").decode()
        if order_id in order_ids:
            version = int(headers_of(message)["ce_orderversion"])
            assert version <= highest[order_id] + 1, f"{order_id}: {version} came too early"
            highest[order_id] = max(version, highest[order_id])
    assert Counter(highest.values()) == {2: len(order_ids)}


async def _stock(documents: Documents) -> Counter[str]:
    """What is available of each numbered product."""
    found = documents["stock"].find({"_id": {"$regex": "^p[0-9]+$"}})
    return Counter({product["_id"]: product["available"] async for product in found})
