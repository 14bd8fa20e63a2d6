"""Thousands of orders among services that misbehave: in the end everything adds up."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.journey.moments import moment, what_changed
from tests.journey.storefront import SOURCE, Storefront, data_of, headers_of, read_all
from tests.journey.worker_processes import Workers
from workers.database import connect
from workers.dev.running import prepare
from workers.dev.samples import PIECES
from workers.dev.stack import StackOptions, start_stack
from workers.dev.verifying.report import Question
from workers.dev.verifying.verify import verify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from confluent_kafka import Message
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader
    from workers.settings import Settings

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

ORDERS = 5_000
SCARCE, SCARCE_PIECES = "scarce", 300
LONGEST_SECONDS = 240.0
POISON = [b"{nope %d" % number for number in range(20)]
IMPATIENT = {"OMS_REPLY_TIMEOUT": "1", "OMS_REPLY_ATTEMPTS": "3"}
MISBEHAVING = {
    "OMS_SIMULATOR_DROP_RATE": "0.1",
    "OMS_SIMULATOR_DELAY_RATE": "0.1",
    "OMS_SIMULATOR_DELAY_SECONDS": "3",
    "OMS_SIMULATOR_REPEAT_RATE": "0.1",
    "OMS_SIMULATOR_REORDER_RATE": "0.1",
    "OMS_SIMULATOR_SEED": "1",
}


@pytest.fixture
def quiet_place() -> Iterator[Settings]:
    """A Kafka and a MongoDB of this test's own, on which nothing has happened yet."""
    with start_stack(StackOptions(ephemeral=True)) as stack:
        prepare(stack.settings)
        yield stack.settings


@pytest.fixture
async def own_documents(quiet_place: Settings) -> AsyncIterator[Documents]:
    """The service's database there, with a product of which there is too little."""
    database = connect(quiet_place)
    scarce = {"_id": SCARCE, "available": SCARCE_PIECES, "reserved": 0, "fulfilled": 0}
    await database["stock"].insert_one(scarce)
    yield database
    database.client.close()


@pytest.fixture
def own_workers(quiet_place: Settings, tmp_path: Path) -> Iterator[Workers]:
    """No worker runs there yet; all that the test starts are ended after it."""
    found = Workers(quiet_place, tmp_path)
    yield found
    found.end_all()


class Answered:
    """Whether enough commands have their result; each message is looked at once."""

    def __init__(self, commands: set[str], share: float = 1.0) -> None:
        """Wait for this share of these command ids."""
        self.left = set(commands)
        self._may_be_left = (1 - share) * len(commands)
        self._seen = 0
        self.statuses: dict[str, str] = {}

    def __call__(self, messages: list[Message]) -> bool:
        """Look at the messages that have come since the last call."""
        for message in messages[self._seen :]:
            result = data_of(message)
            self.left.discard(result["command"]["id"])
            if "status" in result:
                self.statuses[result["orderId"]] = result["status"]
        self._seen = len(messages)
        return len(self.left) <= self._may_be_left


def create_of(number: int) -> dict[str, Any]:
    """The data of a create: some customers may not order, some products are gone."""
    customer = {1: "blocked", 2: "nobody"}.get(number % 50, f"c{number % 1000}")
    product = SCARCE if number % 10 == 3 else f"p{number % 100}"
    products = [{"productId": product, "quantity": 1}]
    if number % 4 == 0:
        products.append({"productId": "98765", "quantity": 1 + number % 3})
    shipping = {"company": "DHL", "trackingNumber": str(number)}
    return {"customerId": customer, "products": products, "shipping": shipping}


def begin(shop: Storefront, number: int, order_id: str) -> Iterator[str]:
    """Create one order; some are changed or canceled at once, and some commands are sent twice."""
    send = partial(shop.send, order_id=order_id)
    create = send("order.create.v1", create_of(number))
    yield create
    if number % 13 == 0:
        yield send("order.update-shipping.v1", {"company": "UPS", "trackingNumber": "1"})
    if number % 7 == 0:
        send("order.create.v1", create_of(number), command_id=create)
    if number % 5 == 0:
        cancel = send("order.cancel.v1", {"reason": "raced"})
        yield cancel
        if number % 2 == 0:
            send("order.cancel.v1", {"reason": "raced"}, command_id=cancel)


def go_on(shop: Storefront, number: int, order_id: str, status: str) -> Iterator[str]:
    """Ship, deliver, cancel or delete an order that has been decided."""
    send = partial(shop.send, order_id=order_id)
    if status == "processing":
        if number % 3 == 0:
            yield send("order.update-status.v1", {"status": "shipped"})
        if number % 6 <= 1:
            yield send("order.update-status.v1", {"status": "delivered"})
        if number % 3 == 1:
            yield send("order.cancel.v1", {})
        if number % 3 == 2:
            yield send("order.update-shipping.v1", {"company": "GLS", "trackingNumber": "2"})
    elif number % 2 == 0:
        delete = send("order.delete.v1", None)
        yield delete
        if number % 4 == 0:
            send("order.delete.v1", None, command_id=delete)


def forge(shop: Storefront, number: int, order_id: str) -> None:
    """A reply to a request that was never sent, in any lane."""
    correlation, reply = (
        (f"{order_id}:inventory.reserve.v1:1:99", "inventory.reserved.v1"),
        (f"{uuid4()}:inventory.reserve.v1:1:1", "inventory.reserved.v1"),
        (f"{order_id}:customer.validate.v1:1:1", "inventory.released.v1"),
        (f"{order_id}:inventory.release.v1:7:1", "inventory.release-refused.v1"),
        ("nonsense", "inventory.refused.v1"),
    )[number % 5]
    headers: dict[str, str | bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": str(uuid4()).encode(),
        "ce_source": b"/somebody",
        "ce_type": reply.encode(),
        "kafka_correlationId": correlation.encode(),
    }
    value = b'{"code": "NO"}'
    shop.producer.produce("orders.replies", key=order_id, value=value, headers=headers)


def feed_poison(shop: Storefront) -> None:
    """Commands that cannot be read."""
    for number, value in enumerate(POISON):
        headers = {
            "ce_specversion": b"1.0",
            "ce_id": f"poison-{number}".encode(),
            "ce_source": SOURCE.encode(),
            "ce_type": b"order.create.v1",
        }
        shop.send_raw(str(uuid4()).encode(), value, headers)


def run_the_storm(shop: Storefront, results: Reader) -> set[str]:
    """Send everything, in two waves; return the commands that are still to be answered.

    The last few may take long: what is asked again and again is asked ever more seldom.
    """
    order_ids = {str(uuid4()): number for number in range(ORDERS)}
    first: set[str] = set()
    for order_id, number in order_ids.items():
        first.update(begin(shop, number, order_id))
        if number % 25 == 0:
            forge(shop, number // 25, order_id)
    feed_poison(shop)
    begun = Answered(first, share=0.9)
    results.until(begun, LONGEST_SECONDS)
    second: set[str] = set()
    for order_id, status in begun.statuses.items():
        second.update(go_on(shop, order_ids[order_id], order_id, status))
    gone_on = Answered(second | begun.left, share=0.9)
    results.until(gone_on, LONGEST_SECONDS)
    return gone_on.left


def deliver_everything_again(shop: Storefront) -> None:
    """Every command once more, as it was, where it was."""
    for message in read_all(shop.bootstrap, "orders.commands"):
        shop.send_raw(message.key(), message.value(), headers_of(message), message.partition() or 0)
    shop.flush()


def ledger_of_poison(shop: Storefront, path: Path) -> Path:
    """Write down where all poison lies."""
    lines = [
        {"poison": True, "partition": message.partition(), "offset": message.offset()}
        for message in read_all(shop.bootstrap, "orders.commands")
        if message.value() in POISON
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


async def assert_it_holds(settings: Settings, ledger: Path) -> None:
    """Everything comes to rest in time, and nothing speaks against any invariant."""
    stocked = {**PIECES, SCARCE: SCARCE_PIECES}
    verification = await verify(settings, Question(ledger, stocked, wait=LONGEST_SECONDS))
    assert verification.violations == []
    assert all(count.checked for count in verification.counts.values())
    assert not any(count.unchecked for count in verification.counts.values())


def assert_it_was_a_storm(shop: Storefront) -> None:
    """Replies came twice, requests were answered only when asked again, and orders expired."""
    replies = [headers_of(message) for message in read_all(shop.bootstrap, "orders.replies")]
    ids = Counter(headers["ce_id"] for headers in replies)
    assert sum(count > 1 for count in ids.values()) > ORDERS / 20
    asked = [headers["kafka_correlationId"].rpartition(b":")[2] for headers in replies]
    assert asked.count(b"2") > ORDERS / 20
    assert asked.count(b"3") > 0
    events = read_all(shop.bootstrap, "orders.events")
    assert b"order.expired.v1" in {headers_of(message)["ce_type"] for message in events}


@pytest.mark.stack
@pytest.mark.slow
async def test_after_a_storm_everything_adds_up(
    quiet_place: Settings, own_workers: Workers, own_documents: Documents, tmp_path: Path
) -> None:
    """Replies lost, late, doubled and overtaken, cancels racing checks, commands sent twice."""
    shop = Storefront(quiet_place.kafka_bootstrap)
    ledger = tmp_path / "ledger.jsonl"
    own_workers.start("orders", **IMPATIENT)
    simulators = own_workers.start("customers", "inventory", **MISBEHAVING)
    results = shop.reader("orders.results")
    unanswered = run_the_storm(shop, results)
    assert [simulator.end() for simulator in simulators] == [0, 0]
    own_workers.start("customers", "inventory")
    results.until(Answered(unanswered), LONGEST_SECONDS)
    await assert_it_holds(quiet_place, ledger_of_poison(shop, ledger))
    healed = await moment(shop.bootstrap, own_documents)
    assert len(healed.documents["orders"]) == ORDERS
    assert_it_was_a_storm(shop)
    deliver_everything_again(shop)
    await assert_it_holds(quiet_place, ledger_of_poison(shop, ledger))
    replayed = await moment(shop.bootstrap, own_documents)
    assert list(what_changed(healed, replayed)) == []
