"""A create command from end to end: what is answered, told, stored and held."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest

from tests.journey.storefront import SOURCE, data_of, headers_of

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader, Storefront

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = pytest.mark.usefixtures("service")

CREATE = "order.create.v1"
SAMPLE = {
    "customerId": "12345",
    "products": [{"productId": "98765", "quantity": 2}],
    "shipping": {"company": "DHL", "trackingNumber": "ABC123"},
}


class Said(NamedTuple):
    """A create that a check says no to, the code it gets, and the products that are named."""

    data: dict[str, Any]
    code: str
    products: tuple[str, ...]


def create_of(customer: str = "12345", product: str = "98765", quantity: int = 2) -> dict[str, Any]:
    """The data of a create command."""
    return {"customerId": customer, "products": [{"productId": product, "quantity": quantity}]}


async def test_the_sample_order_is_accepted(
    storefront: Storefront, results: Reader, documents: Documents
) -> None:
    """The sample customer's order becomes `processing`, is stored, and holds its stock."""
    order_id = str(uuid4())
    before = await documents["stock"].find_one({"_id": "98765"})
    command_id = storefront.send(CREATE, SAMPLE, order_id=order_id)
    result = results.result_of(command_id)
    assert result["outcome"] == "accepted"
    assert result["status"] == "processing"
    assert result["command"] == {"id": command_id, "source": SOURCE, "type": CREATE}
    assert result["order"]["shipping"] == SAMPLE["shipping"]
    stored = await documents["orders"].find_one({"_id": order_id})
    after = await documents["stock"].find_one({"_id": "98765"})
    assert stored is not None
    assert before is not None
    assert after is not None
    assert (stored["status"], stored["version"]) == ("processing", 2)
    assert after["reserved"] - before["reserved"] == 2
    assert before["available"] - after["available"] == 2


async def test_events_snapshot_and_result_lie_in_the_orders_lane(
    storefront: Storefront, results: Reader
) -> None:
    """Both events, the snapshot and the result lie in one partition number, by the order's key."""
    order_id = str(uuid4())
    readers = {name: storefront.reader(name) for name in ("orders.events", "orders.snapshots")}
    storefront.send(CREATE, SAMPLE, order_id=order_id)
    key = order_id.encode()
    result = results.first(lambda message: message.key() == key)
    events = readers["orders.events"].until(
        lambda found: sum(message.key() == key for message in found) >= 2
    )
    snapshot = readers["orders.snapshots"].first(
        lambda m: m.key() == key and data_of(m)["status"] == "processing"
    )
    own = [message for message in events if message.key() == key]
    assert [headers_of(m)["ce_type"] for m in own] == [b"order.created.v1", b"order.processing.v1"]
    assert [headers_of(m)["ce_orderversion"] for m in own] == [b"1", b"2"]
    assert data_of(own[1])["order"] == data_of(snapshot) == data_of(result)["order"]
    assert len({message.partition() for message in (*own, snapshot, result)}) == 1


@pytest.mark.parametrize(
    "said",
    [
        Said(create_of(customer="nobody-knows-them"), "CUSTOMER_UNKNOWN", ()),
        Said(create_of(customer="blocked"), "CUSTOMER_BLOCKED", ()),
        Said(create_of(product="never-made"), "PRODUCT_UNKNOWN", ("never-made",)),
        Said(create_of(product="sold-out", quantity=1), "OUT_OF_STOCK", ("sold-out",)),
    ],
)
async def test_what_the_checks_say_no_to_is_rejected_and_holds_no_stock(
    storefront: Storefront,
    results: Reader,
    documents: Documents,
    said: Said,
) -> None:
    """An unknown or blocked customer, an unknown or sold-out product: `rejected`, nothing held."""
    order_id = str(uuid4())
    result = results.result_of(storefront.send(CREATE, said.data, order_id=order_id))
    assert (result["outcome"], result["code"]) == ("rejected", said.code)
    assert (result["status"], result["order"]["status"]) == ("rejected", "rejected")
    assert tuple(error["productId"] for error in result.get("errors", [])) == said.products
    reservation = await documents["reservations"].find_one({"_id": order_id, "state": "reserved"})
    assert reservation is None


async def test_the_copy_comes_back_with_correlation_bytes_that_are_not_text(
    storefront: Storefront, results: Reader
) -> None:
    """The copy goes to the partition asked for, with the bytes untouched; the result has none."""
    correlation = bytes(range(256))
    topic = storefront.new_topic(partitions=3)
    replies = storefront.reader(topic)
    command_id = storefront.send(
        CREATE,
        SAMPLE,
        headers={
            "kafka_replyTopic": topic.encode(),
            "kafka_replyPartition": (2).to_bytes(4, "big"),
            "kafka_correlationId": correlation,
        },
    )
    copy = replies.first(lambda _: True)
    result = results.first(lambda m: data_of(m)["command"]["id"] == command_id)
    assert (copy.partition(), copy.key(), copy.value()) == (2, result.key(), result.value())
    assert headers_of(copy)["kafka_correlationId"] == correlation
    assert "kafka_correlationId" not in headers_of(result)


async def test_a_command_from_kcat_is_answered(storefront: Storefront, results: Reader) -> None:
    """A command line client's partitioner and text headers are enough to order and get a copy."""
    kcat = shutil.which("kcat")
    if kcat is None:
        pytest.skip("kcat is not installed on this machine")
    topic, command_id = storefront.new_topic(), str(uuid4())
    replies = storefront.reader(topic)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": command_id,
        "ce_source": "/kcat",
        "ce_type": CREATE,
        "kafka_replyTopic": topic,
        "kafka_correlationId": "from-kcat",
    }
    arguments = [part for name, value in headers.items() for part in ("-H", f"{name}={value}")]
    subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        [
            kcat,
            "-P",
            "-b",
            storefront.bootstrap,
            "-t",
            "orders.commands",
            "-k",
            str(uuid4()),
            *arguments,
        ],
        input=json.dumps(SAMPLE).encode(),
        check=True,
        timeout=60,
    )
    copy = replies.first(lambda _: True)
    assert headers_of(copy)["kafka_correlationId"] == b"from-kcat"
    assert results.result_of(command_id)["status"] == "processing"


async def test_a_command_sent_twice_is_carried_out_once_and_answered_the_same(
    storefront: Storefront, results: Reader, documents: Documents
) -> None:
    """The second delivery of a create changes nothing and gets the same result, to the byte."""
    order_id, command_id = str(uuid4()), str(uuid4())
    storefront.send(CREATE, SAMPLE, order_id=order_id, command_id=command_id)
    first = results.first(lambda message: message.key() == order_id.encode())
    storefront.send(CREATE, SAMPLE, order_id=order_id, command_id=command_id)
    second = results.first(lambda message: message.key() == order_id.encode())
    assert (first.value(), first.headers()) == (second.value(), second.headers())
    stored = await documents["orders"].find_one({"_id": order_id})
    assert stored is not None
    assert stored["version"] == 2


async def test_another_create_for_the_same_order_is_refused(
    storefront: Storefront, results: Reader
) -> None:
    """A different command for an order id that is taken gets `ORDER_EXISTS`, each time the same."""
    order_id, command_id = str(uuid4()), str(uuid4())
    results.result_of(storefront.send(CREATE, SAMPLE, order_id=order_id))
    answers = []
    for _ in range(2):
        storefront.send(CREATE, create_of(), order_id=order_id, command_id=command_id)
        answers.append(results.first(lambda m: data_of(m)["command"]["id"] == command_id))
    assert data_of(answers[0])["code"] == "ORDER_EXISTS"
    assert answers[0].value() == answers[1].value()
