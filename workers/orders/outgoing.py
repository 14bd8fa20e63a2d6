"""All that leaves with one order's batch, as bytes, made before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, assert_never

from schemas.status import Status
from schemas.topics import RESULTS
from workers.orders.encode import (
    copy_record,
    envelope,
    event_record,
    order_json,
    request_record,
    result_record,
    result_value,
    snapshot_record,
    value_with_order,
)
from workers.orders.evolve import at_version
from workers.orders.ports import Refusal
from workers.orders.react import EventOutput, RequestOutput, ResultOutput
from workers.stream.ports import OutboundRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import orjson

    from schemas.headers import ReplyAddress
    from workers.orders.answers import Answer
    from workers.orders.order import Order
    from workers.orders.order_batch import OrderBatch
    from workers.orders.ports import RefusalKey
    from workers.stream.codec import Headers
    from workers.stream.ports import CopyRecord, InboundRecord


class NewRefusal(NamedTuple):
    """A refusal to be remembered, the order it is about, its lane, and who wants a copy."""

    refusal: Refusal
    order: Order | None
    lane: int
    addresses: Sequence[ReplyAddress]


@dataclass(slots=True)
class Outgoing:
    """Records to publish, copies to send, and refusals to remember before they are published."""

    records: list[OutboundRecord] = field(default_factory=list)
    copies: list[CopyRecord] = field(default_factory=list)
    refusals: list[NewRefusal] = field(default_factory=list)

    def add_result(self, record: OutboundRecord, addresses: Sequence[ReplyAddress]) -> None:
        """A result for everybody, and its copies."""
        self.records.append(record)
        self.copies.extend(copy_record(record, address) for address in addresses)


class _Encoded(NamedTuple):
    """What the messages about one version of an order share: its JSON, and their envelope."""

    json: orjson.Fragment
    shared: Headers


class _Versions:
    """What is encoded of each version of one order, made once."""

    def __init__(self) -> None:
        self._made: dict[int, _Encoded] = {}

    def of(self, order: Order) -> _Encoded:
        made = self._made.get(order.version)
        if made is None:
            made = self._made[order.version] = _Encoded(order_json(order), envelope(order))
        return made


def encode_batch(
    batch: OrderBatch, remembered: Mapping[RefusalKey, Refusal], lane: int
) -> Outgoing:
    """The bytes of everything that one order's batch tells."""
    outgoing = Outgoing()
    versions = _Versions()
    outgoing.records.extend(forward(record, batch.order) for record in batch.forwarded)
    for output in batch.outputs:
        match output:
            case EventOutput():
                outgoing.records.append(event_record(output, *versions.of(output.order)))
            case RequestOutput():
                outgoing.records.append(request_record(output))
            case ResultOutput():
                record = _result(output.answer, versions, lane)
                outgoing.add_result(record, output.copies)
            case _:
                assert_never(output)
    if batch.order is not None and batch.has_new_state:
        deleted = batch.order.status is Status.DELETED
        encoded = versions.of(batch.order)
        outgoing.records.append(snapshot_record(batch.order, *encoded, deleted=deleted))
    for key, (told, addresses) in batch.refusals.items():
        outgoing.refusals.append(
            NewRefusal(_refusal(key, told, lane), batch.order, lane, addresses)
        )
    for key, copy in batch.repeated:
        record = refusal_record(remembered[key], batch.order, lane)
        outgoing.add_result(record, () if copy is None else (copy,))
    return outgoing


def _refusal(key: RefusalKey, told: Answer, lane: int) -> Refusal:
    value = result_value(told, None)
    headers = tuple(result_record(told, value, lane).headers)
    return Refusal(key, value, headers, None if told.order is None else told.order.version)


def _result(told: Answer, versions: _Versions, lane: int) -> OutboundRecord:
    order = None if told.order is None else versions.of(told.order).json
    return result_record(told, result_value(told, order), lane)


def refusal_record(refusal: Refusal, order: Order | None, lane: int) -> OutboundRecord:
    """The result that a remembered refusal stands for; a deleted `order` is not shown."""
    order_id = refusal.key.order_id
    key = None if order_id is None else order_id.encode()
    value = refusal.value
    version = refusal.shown_version
    if version is not None and order is not None and order.status is not Status.DELETED:
        value = value_with_order(value, order_json(at_version(order, version)))
    return OutboundRecord(RESULTS, lane, key, value, refusal.headers)


def forward(record: InboundRecord, order: Order | None) -> OutboundRecord:
    """The record, unchanged, for its order's own lane."""
    lane = record.partition if order is None else order.lane
    return OutboundRecord(
        record.topic, lane, record.key, record.value, record.headers, record.timestamp
    )
