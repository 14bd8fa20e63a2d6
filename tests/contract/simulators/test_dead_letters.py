"""What cannot be answered goes to the dead letters, as it was, and holds nobody up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.topics import INVENTORY_REQUESTS
from tests.contract.simulators.records import (
    KeptRecords,
    Record,
    headers,
    reply_type,
    request_record,
)
from tests.contract.simulators.services import PARTITIONS, inventory_service, twelve_partitions
from tests.inventory.asking import reserve
from tests.inventory.memory import MemoryInventoryStore
from workers.inventory.worker import MODELS, answer
from workers.stream.answering import RequestAnswerer
from workers.stream.ports import OutboundRecord, OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.requests import InventoryRequest
    from workers.stream.requests import Request

GOOD = request_record(reserve("good", ("apple", 1)))

POISON = {
    "no CloudEvent": (GOOD._replace(headers=[]), "ce_specversion is missing"),
    "no id": (GOOD.with_header("ce_id", None), "ce_id is missing"),
    "unknown type": (
        GOOD.with_header("ce_type", b"inventory.count.v1"),
        "unknown request type inventory.count.v1; known here: inventory.fulfill.v1, ",
    ),
    "a customer's request": (GOOD.with_header("ce_type", b"customer.validate.v1"), "unknown"),
    "no data": (GOOD._replace(value=None), "data: Invalid JSON"),
    "not JSON": (GOOD._replace(value=b"{"), "data: Invalid JSON"),
    "not UTF-8": (GOOD._replace(value=b'{"orderId":"\xff"}'), "data: Invalid JSON"),
    "nested deep": (GOOD._replace(value=b"[" * 100_000), "data: Invalid JSON"),
    "too large": (GOOD._replace(value=b" " * 1_000_001), "value has 1000001 bytes"),
    "a field missing": (GOOD._replace(value=b'{"storefrontId":"x","products":[]}'), "orderId: "),
    "a wrong type": (
        GOOD._replace(
            value=b'{"orderId":"o","storefrontId":"x","products":[{"productId":"p","quantity":"2"}]}'
        ),
        "products.0.quantity: ",
    ),
    "nothing asked for": (
        GOOD._replace(
            value=b'{"orderId":"o","storefrontId":"x","products":[{"productId":"p","quantity":0}]}'
        ),
        "products.0.quantity: ",
    ),
    "no correlation": (GOOD.with_header("kafka_correlationId", None), "kafka_correlationId is"),
    "no reply topic": (
        GOOD.with_header("kafka_replyTopic", None),
        "orders.replies, and is missing",
    ),
    "another reply topic": (
        GOOD.with_header("kafka_replyTopic", b"orders.events"),
        "must be orders.replies, and is b'orders.events'",
    ),
    "no reply partition": (GOOD.with_header("kafka_replyPartition", None), "and is missing"),
    "no number": (GOOD.with_header("kafka_replyPartition", b"three"), "and is b'three'"),
    "a negative number": (
        GOOD.with_header("kafka_replyPartition", b"\xff\xff\xff\xff"),
        "and is b",
    ),
    "no such partition": (
        GOOD.with_header("kafka_replyPartition", b"12"),
        "asked for on partition 12; orders.replies has 0 to 11",
    ),
}


@pytest.fixture
def replies() -> KeptRecords:
    """Keep the replies."""
    return KeptRecords()


@pytest.fixture
def dead_letters() -> KeptRecords:
    """Keep the dead letters."""
    return KeptRecords()


def neighbours() -> tuple[Record, Record]:
    """The good requests around a bad one."""
    return request_record(reserve("left", ("apple", 1))), request_record(reserve("right"))


@pytest.mark.parametrize(("bad", "why"), POISON.values(), ids=POISON)
async def test_poison_is_set_aside_and_its_neighbours_answered(
    bad: Record, why: str, replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """The bad record alone is a dead letter that says why; those around it get their replies."""
    left, right = neighbours()
    await inventory_service(replies, dead_letters).handle([left, bad, right])
    assert [reply.key for reply in replies.records] == [b"left", b"right"]
    [dead] = dead_letters.records
    assert (dead.topic, dead.partition) == (f"dlq.{INVENTORY_REQUESTS}", bad.partition)
    assert (dead.key, dead.value, dead.timestamp) == (bad.key, bad.value, bad.timestamp)
    assert list(dead.headers)[: len(bad.headers)] == list(bad.headers)
    assert why in headers(dead)["__dlq.errors.message"]


def service_that_fails_for(
    order_id: str, replies: KeptRecords, dead_letters: KeptRecords, store: MemoryInventoryStore
) -> RequestAnswerer[InventoryRequest]:
    """An inventory service with a fault in it."""

    async def faulty(requests: Sequence[Request[InventoryRequest]]) -> list[OutboundRecord]:
        answered = await answer(store, requests)
        if any(request.data.order_id == order_id for request in requests):
            message = f"did not expect {order_id}"
            raise ZeroDivisionError(message)
        return answered

    return RequestAnswerer(MODELS, faulty, replies, dead_letters, twelve_partitions)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("place", [0, 0.5, 1])
async def test_an_unexpected_failure_is_one_records_own(
    size: int, place: float, replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """Wherever in a batch it is, one request fails alone, and all others are answered in order."""
    bad = round(place * (size - 1))
    records = [request_record(reserve(f"o{number}", ("apple", 1))) for number in range(size)]
    store = MemoryInventoryStore({"apple": 100})
    await service_that_fails_for(f"o{bad}", replies, dead_letters, store).handle(records)
    expected = [f"o{number}".encode() for number in range(size) if number != bad]
    assert [reply.key for reply in replies.records] == expected
    [dead] = dead_letters.records
    assert dead.key == f"o{bad}".encode()
    assert headers(dead)["__dlq.errors.exception"] == "ZeroDivisionError"
    assert headers(dead)["__dlq.errors.message"] == f"did not expect o{bad}"


async def test_only_dead_letters_and_nothing_to_answer(
    replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """A batch of nothing but poison is done with, too."""
    bad = GOOD._replace(headers=[])
    await inventory_service(replies, dead_letters).handle([bad, bad])
    assert (len(replies.records), len(dead_letters.records)) == (0, 2)


@pytest.mark.parametrize("away", ["replies", "dead letters"])
async def test_a_broker_that_is_away_loses_nothing(
    away: str, replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """While a topic takes nothing the batch is not done; done again, it says the same once more."""
    records = [GOOD, GOOD._replace(headers=[]), request_record(reserve("next", ("apple", 9)))]
    store = MemoryInventoryStore({"apple": 10})
    service = inventory_service(replies, dead_letters, store)
    gone = replies if away == "replies" else dead_letters
    gone.away = True
    with pytest.raises(OutsideAwayError):
        await service.handle(records)
    gone.away = False
    await service.handle(records)
    assert {reply_type(reply) for reply in replies.records} == {"inventory.reserved.v1"}
    assert {reply.key for reply in replies.records} == {b"good", b"next"}
    assert len(set(map(repr, dead_letters.records))) == 1
    assert store.stock["apple"] == (0, 10, 0)


async def test_a_store_that_is_away_is_no_records_fault(
    replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """While the store is away nothing is answered and nothing is set aside."""

    async def away(_requests: Sequence[Request[InventoryRequest]]) -> list[OutboundRecord]:
        raise OutsideAwayError("the store is away")

    service = RequestAnswerer(MODELS, away, replies, dead_letters, twelve_partitions)
    with pytest.raises(OutsideAwayError):
        await service.handle([GOOD, GOOD._replace(headers=[])])
    assert (replies.records, dead_letters.records) == ([], [])


async def test_partitions_that_were_added_are_found(
    replies: KeptRecords, dead_letters: KeptRecords
) -> None:
    """A partition that is not known yet is asked for at the broker before it is refused."""
    partitions = [PARTITIONS]

    async def count() -> int:
        return partitions[-1]

    store = MemoryInventoryStore({"apple": 10})

    async def answer_all(requests: Sequence[Request[InventoryRequest]]) -> list[OutboundRecord]:
        return await answer(store, requests)

    service = RequestAnswerer(MODELS, answer_all, replies, dead_letters, count)
    await service.handle([GOOD])
    partitions.append(24)
    await service.handle([GOOD.with_header("kafka_replyPartition", b"23")])
    assert [reply.partition for reply in replies.records] == [3, 23]
    assert dead_letters.records == []
