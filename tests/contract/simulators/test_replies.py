"""Replies of both services are what the contract says, and the same to the byte each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from cloudevents.kafka import KafkaMessage, from_binary

from schemas.replies import REPLY_MODELS, ReplyType
from schemas.requests import FulfillStock, ReleaseStock, ValidateCustomer
from schemas.topics import REPLIES
from tests.contract.simulators.records import KeptRecords, headers, request_record, value
from tests.contract.simulators.services import customer_service, inventory_service
from tests.inventory.asking import release, reserve

if TYPE_CHECKING:
    from schemas.requests import InventoryRequest
    from tests.contract.simulators.records import Record
    from workers.stream.ports import OutboundRecord


def validate(customer_id: str) -> ValidateCustomer:
    """Ask whether the customer may order."""
    return ValidateCustomer(order_id="o-1", customer_id=customer_id, storefront_id="default")


class Case(NamedTuple):
    """The last of these requests gets this reply with this data, texts for people left out."""

    asked: tuple[ValidateCustomer | InventoryRequest, ...]
    reply: ReplyType
    data: dict[str, object]


CASES = [
    Case((validate("ann"),), ReplyType.CUSTOMER_VALID, {}),
    Case((validate("bob"),), ReplyType.CUSTOMER_INVALID, {"code": "CUSTOMER_BLOCKED"}),
    Case((validate("joe"),), ReplyType.CUSTOMER_INVALID, {"code": "CUSTOMER_UNKNOWN"}),
    Case((reserve("o-1", ("apple", 1)),), ReplyType.RESERVED, {}),
    Case(
        (reserve("o-1", ("apple", 1), ("pear", 6)),),
        ReplyType.REFUSED,
        {"code": "OUT_OF_STOCK", "products": [{"productId": "pear"}]},
    ),
    Case(
        (reserve("o-1", ("pear", 6), ("plum", 1)),),
        ReplyType.REFUSED,
        {"code": "PRODUCT_UNKNOWN", "products": [{"productId": "plum"}]},
    ),
    Case(
        (release("o-1"), reserve("o-1", ("apple", 1))),
        ReplyType.REFUSED,
        {"code": "RELEASED", "products": []},
    ),
    Case((release("o-1"),), ReplyType.RELEASED, {}),
    Case((FulfillStock(order_id="o-1"),), ReplyType.FULFILL_REFUSED, {}),
    Case((reserve("o-1", ("apple", 1)), FulfillStock(order_id="o-1")), ReplyType.FULFILLED, {}),
    Case(
        (reserve("o-1"), FulfillStock(order_id="o-1"), ReleaseStock(order_id="o-1")),
        ReplyType.RELEASE_REFUSED,
        {},
    ),
]


async def replies_to(*records: Record) -> list[OutboundRecord]:
    """All replies of the service that reads the first record's topic."""
    replies, dead_letters = KeptRecords(), KeptRecords()
    serves = customer_service if records[0].topic.startswith("customers") else inventory_service
    await serves(replies, dead_letters).handle(records)
    assert dead_letters.records == []
    return replies.records


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.reply} {case.data.get('code', '')}"
)
async def test_each_reply_has_the_data_of_the_contract(case: Case) -> None:
    """Type and data are those of the table, and the orders worker's models can read them."""
    reply = (await replies_to(*(request_record(data) for data in case.asked)))[-1]
    found = value(reply)
    assert headers(reply)["ce_type"] == case.reply
    assert {name: told for name, told in found.items() if name != "message"} == case.data
    REPLY_MODELS[case.reply].model_validate_json(reply.value or b"")


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case.reply} {case.data.get('code', '')}"
)
async def test_a_redelivered_request_gets_the_same_bytes(case: Case) -> None:
    """Whatever is delivered again, at another offset, is answered with an equal record."""
    records = [request_record(data) for data in case.asked]
    again = [record._replace(offset=record.offset + 7) for record in records]
    assert await replies_to(*records) == await replies_to(*again)


async def test_a_reply_goes_where_the_request_says() -> None:
    """Topic, partition, key, correlation, subject, cause and trace are the request's."""
    request = request_record(reserve("o-1", ("apple", 1)))
    [reply] = await replies_to(request)
    assert (reply.topic, reply.partition, reply.key) == (REPLIES, 3, b"o-1")
    found = headers(reply)
    assert found.pop("ce_id") not in {"", headers_of(request)["ce_id"]}
    assert found == {
        "ce_specversion": "1.0",
        "ce_source": "/inventory",
        "ce_type": "inventory.reserved.v1",
        "ce_time": "2026-01-01T12:00:00.123Z",
        "content-type": "application/json",
        "ce_subject": "o-1",
        "ce_correlationid": "command-1",
        "ce_causationid": headers_of(request)["ce_id"],
        "traceparent": headers_of(request)["traceparent"],
        "tracestate": "vendor=1",
        "kafka_correlationId": headers_of(request)["ce_id"],
    }


def headers_of(record: Record) -> dict[str, str]:
    """The headers of a request as texts."""
    return {name: raw.decode() for name, raw in record.headers}


async def test_correlation_bytes_are_echoed_untouched() -> None:
    """A correlation that is no text comes back as it was."""
    raw = bytes(range(256))
    request = request_record(validate("ann")).with_header("kafka_correlationId", raw)
    [reply] = await replies_to(request)
    assert dict(reply.headers)["kafka_correlationId"] == raw


@pytest.mark.parametrize(
    ("raw", "partition"), [(b"0", 0), (b"11", 11), (b"\x00\x00\x00\x07", 7)], ids=repr
)
async def test_the_partition_is_read_as_digits_or_as_an_integer(raw: bytes, partition: int) -> None:
    """Both ways of writing the reply partition are understood."""
    request = request_record(validate("ann")).with_header("kafka_replyPartition", raw)
    [reply] = await replies_to(request)
    assert reply.partition == partition


async def test_a_request_sent_again_gets_the_same_meaning_under_another_id() -> None:
    """A request with a new id is another message, whose reply is one of its own."""
    first, second = await replies_to(
        request_record(reserve("o-1", ("apple", 10)), "attempt-1"),
        request_record(reserve("o-1", ("apple", 10)), "attempt-2"),
    )
    assert headers(first)["ce_type"] == headers(second)["ce_type"] == "inventory.reserved.v1"
    assert headers(first)["ce_id"] != headers(second)["ce_id"]
    assert headers(second)["kafka_correlationId"] == "attempt-2"


async def test_an_order_id_of_the_greatest_length_is_answered() -> None:
    """The request's own id, which is made of the order's, may then be longer than a name."""
    [reply] = await replies_to(request_record(reserve("o" * 128, ("apple", 1))))
    assert reply.key == b"o" * 128


async def test_replies_are_cloud_events_to_the_official_library() -> None:
    """The CloudEvents package reads a reply, with its data, as what we meant."""
    [reply] = await replies_to(request_record(validate("bob")))
    event = from_binary(KafkaMessage(dict(reply.headers), reply.key, reply.value or b""))
    assert event["type"] == "customer.invalid.v1"
    assert event["source"] == "/customers"
    assert event.data["code"] == "CUSTOMER_BLOCKED"
