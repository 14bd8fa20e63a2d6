"""No record, whatever is in it, breaks what reads it or leads to a fault of our own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import bson
import orjson
from hypothesis import given
from hypothesis import strategies as st

from schemas import headers as names
from schemas.commands import CommandType
from schemas.limits import MAX_HEADER_BYTES, MAX_NAME_LENGTH
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    INVENTORY_REQUESTS,
    OWN_TOPICS,
    REPLIES,
    RESULTS,
)
from tests.fuzzing import hostile
from tests.orders.memory_publisher import MemoryPublisher
from tests.orders.memory_store import MemoryOrderStore
from tests.orders.records import LANE, create_record
from tests.orders.world import RULES, Clock
from workers.customers.worker import MODELS as CUSTOMER_MODELS
from workers.inventory.worker import MODELS as INVENTORY_MODELS
from workers.orders.documents import order_from_document, order_to_document
from workers.orders.flow import OrdersFlow
from workers.stream.codec import decode
from workers.stream.json_text import UnreadableError
from workers.stream.requests import UnanswerableError, read_request
from workers.stream.writing.dead_letters import EXCEPTION, OFFSET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.orders.records import Record
    from workers.stream.ports import CopyRecord

_EXPECTED: Final = UnreadableError.__name__.encode()


@given(hostile.records(COMMANDS, hostile.TYPES))
def test_a_record_is_an_event_or_cannot_be_read(record: Record) -> None:
    """What is decoded is within the limits, or its faults say that it is not."""
    try:
        event = decode(record)
    except UnreadableError:
        return
    assert all(1 <= len(text.encode()) <= MAX_HEADER_BYTES for text in (event.id, event.source))
    faulty = {path for path, _ in event.faults}
    for path, text in (("id", event.id), ("source", event.source), ("subject", event.subject)):
        assert path in faulty or len(text or "") <= MAX_NAME_LENGTH
    if event.reply is not None:
        assert event.reply.topic not in OWN_TOPICS
        assert len(event.reply.correlation or b"") <= MAX_HEADER_BYTES


@given(st.lists(hostile.records(COMMANDS, [*CommandType]), min_size=1, max_size=4))
def test_a_command_gets_its_answer_or_is_set_aside(records: list[Record]) -> None:
    """With orders and without: one result or dead letter each, and outputs that can be read."""
    numbered = [_at(record, offset) for offset, record in enumerate(records, start=1)]
    lane = _Lane()
    lane.handle([create_record("order-1", offset=0)])
    lane.check(lane.handle(numbered))
    answered = lane.answered()
    for record in numbered:
        if record.offset not in lane.set_aside():
            event = decode(record)
            assert (event.source, event.id) in answered


@given(hostile.records(REPLIES, [*ReplyType]), st.booleans())
def test_a_reply_changes_an_order_that_waits_for_it_or_nothing(
    record: Record,
    names_our_request: bool,  # noqa: FBT001 - made up by hypothesis
) -> None:
    """Also one that names our own request: it is understood, ignored or set aside."""
    lane = _Lane()
    lane.handle([create_record("order-1", offset=0)])
    [request] = [r for r in lane.published.records if r.topic == CUSTOMER_REQUESTS]
    correlation = (names.REPLY_CORRELATION, dict(request.headers)[names.ID])
    told = [*record.headers, correlation] if names_our_request else record.headers
    lane.handle([_at(record, 0, told)])
    lane.check(())
    assert lane.store.orders.keys() == {"order-1"}


@given(hostile.records(CUSTOMER_REQUESTS, [*RequestType]))
def test_a_request_can_be_answered_or_is_set_aside(record: Record) -> None:
    """By customers and by inventory: nothing but the two errors that say why not."""
    asked = [
        *record.headers,
        (names.REPLY_TOPIC, REPLIES.encode()),
        (names.REPLY_PARTITION, b"1"),
        (names.REPLY_CORRELATION, b"1"),
    ]
    for topic, models in (
        (CUSTOMER_REQUESTS, CUSTOMER_MODELS),
        (INVENTORY_REQUESTS, INVENTORY_MODELS),
    ):
        for headers in (record.headers, asked):
            with suppress(UnreadableError, UnanswerableError):
                request = read_request(_at(record, 0, headers, topic), models)
                assert request.partition >= 0


@given(
    st.lists(hostile.records(COMMANDS, [*CommandType]), min_size=1, max_size=3),
    st.dictionaries(st.text(st.characters(exclude_characters="\x00"), min_size=1), hostile.texts),
)
def test_an_order_comes_back_from_its_document(
    records: list[Record], added: dict[str, str]
) -> None:
    """Through MongoDB's own encoding, and with fields that another release has added."""
    lane = _Lane()
    lane.handle([_at(record, offset) for offset, record in enumerate(records)])
    for order in lane.store.orders.values():
        document = bson.decode(bson.encode({**added, **order_to_document(order)}))
        document["history"] = [{**added, **entry} for entry in document["history"]]
        assert order_from_document(document) == order


class _Lane:
    """The orders worker's flow on one lane, with nothing but memory around it."""

    def __init__(self) -> None:
        self.store = MemoryOrderStore()
        self.published = MemoryPublisher()
        self.dead_letters = MemoryPublisher()
        self._flow = OrdersFlow(self.store, self.published, self.dead_letters, Clock(), RULES)
        asyncio.run(self._flow.open(LANE, {COMMANDS: 0, REPLIES: 0}))

    def handle(self, records: Sequence[Record]) -> Sequence[CopyRecord]:
        """Handle the records as one batch."""
        return asyncio.run(self._flow.handle(records))

    def set_aside(self) -> set[int]:
        """The offsets of the records that became dead letters."""
        return {int(dict(letter.headers)[OFFSET]) for letter in self.dead_letters.records}

    def answered(self) -> set[tuple[str, str]]:
        """Source and id of the commands that have a result, or changed an order."""
        results = (orjson.loads(result.value or b"") for result in self.published.on(RESULTS))
        changes = (change for order in self.store.orders.values() for change in order.history)
        return {
            *((result["command"]["source"], result["command"]["id"]) for result in results),
            *((change.cause.source, change.cause.id) for change in changes),
        }

    def check(self, copies: Sequence[CopyRecord]) -> None:
        """Nothing failed that should not, and everything that goes out can be read."""
        for letter in self.dead_letters.records:
            assert dict(letter.headers)[EXCEPTION] == _EXPECTED, letter
        values = [record.value for record in self.published.records]
        for value in (*values, *(copy.value for copy in copies)):
            if value is not None:
                orjson.loads(value)
        for order in self.store.orders.values():
            bson.encode(order_to_document(order))


def _at(
    record: Record,
    offset: int,
    headers: Sequence[tuple[str, bytes]] | None = None,
    topic: str | None = None,
) -> Record:
    """The record at another place, or with other headers."""
    told = record.headers if headers is None else headers
    return type(record)(
        topic or record.topic,
        record.partition,
        offset,
        key=record.key,
        value=record.value,
        headers=told,
    )
