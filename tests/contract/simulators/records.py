"""Requests as records, replies as plain dicts, and publishers that keep what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import orjson

from schemas.base import Message
from schemas.requests import FulfillStock, InventoryRequest, ReleaseStock, RequestType, ReserveStock
from schemas.requests import ValidateCustomer as Validate
from schemas.topics import CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from workers.stream.ports import OutsideAwayError
from workers.stream.requests import Request, read_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.stream.ports import OutboundRecord

Data = TypeVar("Data", bound=Message)

_TYPES: Mapping[type[Message], RequestType] = {
    Validate: RequestType.VALIDATE,
    ReserveStock: RequestType.RESERVE,
    ReleaseStock: RequestType.RELEASE,
    FulfillStock: RequestType.FULFILL,
}


class Record(NamedTuple):
    """A record as a worker reads it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]

    def with_header(self, name: str, value: bytes | None) -> Record:
        """The same with another value of a header, or without it for None."""
        others = [header for header in self.headers if header[0] != name]
        return self._replace(headers=others if value is None else [*others, (name, value)])


def request_record(
    data: Validate | InventoryRequest, request_id: str | None = None, offset: int = 0
) -> Record:
    """The record that the orders worker sends; its lane is 3."""
    request_type = _TYPES[type(data)]
    event_id = request_id or f"{data.order_id}:{request_type}:1:1"
    return Record(
        CUSTOMER_REQUESTS if isinstance(data, Validate) else INVENTORY_REQUESTS,
        3,
        offset,
        1_767_268_800_123,
        data.order_id.encode(),
        data.model_dump_json().encode(),
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", event_id.encode()),
            ("ce_source", b"/orders"),
            ("ce_type", request_type.encode()),
            ("ce_time", b"2026-01-01T12:00:00.123Z"),
            ("content-type", b"application/json"),
            ("ce_subject", data.order_id.encode()),
            ("ce_correlationid", b"command-1"),
            ("ce_causationid", b"event-1"),
            ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("tracestate", b"vendor=1"),
            ("kafka_correlationId", event_id.encode()),
            ("kafka_replyTopic", REPLIES.encode()),
            ("kafka_replyPartition", b"3"),
        ],
    )


def as_requests(
    models: Mapping[str, type[Data]], *asked: Validate | InventoryRequest
) -> list[Request[Data]]:
    """The requests as a service has read them."""
    return [read_request(request_record(data), models) for data in asked]


def headers(record: OutboundRecord) -> dict[str, str]:
    """The headers of a record as texts."""
    return {name: raw.decode(errors="replace") for name, raw in record.headers}


def reply_type(record: OutboundRecord) -> str:
    """What a reply says."""
    return headers(record)["ce_type"]


def value(record: OutboundRecord) -> dict[str, Any]:
    """The data of a reply."""
    found: dict[str, Any] = orjson.loads(record.value or b"null")
    return found


class KeptRecords:
    """A publisher that keeps the records; while `away`, it keeps none and raises."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.records: list[OutboundRecord] = []
        self.away = False

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Keep the records."""
        if self.away:
            raise OutsideAwayError("the broker is away")
        self.records.extend(records)
