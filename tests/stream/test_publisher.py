"""The publisher on a real broker: order, acknowledgement, size, and what it does with a no."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewPartitions
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
    TopicAuthorizationFailedError,
)
from structlog.testing import capture_logs

from tests.stream.broker import create_topic, fresh_name, read_all
from tests.stream.records import Record
from tests.waiting import eventually
from workers.stream.connection import client_arguments, has_partition
from workers.stream.ports import OutboundRecord, OutsideAwayError, OutsideRefusesError
from workers.stream.topic_admin import admin_client
from workers.stream.writing.dead_letters import dead_letter
from workers.stream.writing.publisher import BatchPublisher, away_or_refuses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workers.settings import Settings

pytestmark = pytest.mark.stack


def _let_pass() -> None:
    """A guard that never ends the process."""


@pytest.fixture
async def publisher(settings: Settings) -> AsyncIterator[BatchPublisher]:
    """A connected publisher."""
    found = BatchPublisher(settings, _let_pass)
    await found.start()
    yield found
    await found.stop()


def _record(
    topic: str,
    partition: int = 0,
    value: bytes | None = b"v",
    headers: Sequence[tuple[str, bytes]] = (),
) -> OutboundRecord:
    return OutboundRecord(topic, partition, b"key", value, headers)


async def test_order_is_kept_in_each_partition(
    settings: Settings, publisher: BatchPublisher
) -> None:
    """Records of several partitions and topics, mixed, come out in order, each with its parts."""
    topics = [await create_topic(settings, fresh_name("order")) for _ in range(2)]
    records = [
        OutboundRecord(topics[n % 2], n % 3, b"k%d" % n, b"v%d" % n, [("n", b"%d" % n)], 1_000 + n)
        for n in range(3000)
    ]
    await publisher.publish(records[:1500])
    await publisher.publish(records[1500:])
    for topic in topics:
        found = [
            (r.topic, r.partition, r.key, r.value, list(r.headers), r.timestamp)
            for r in await read_all(settings, topic)
        ]
        expected = [
            (r.topic, r.partition, r.key, r.value, list(r.headers), r.timestamp)
            for partition in range(3)
            for r in records
            if (r.topic, r.partition) == (topic, partition)
        ]
        assert found == expected


async def test_more_than_fits_into_one_batch_is_split(
    settings: Settings, publisher: BatchPublisher
) -> None:
    """Five megabytes for one partition of a topic that takes one are all there, in order."""
    topic = await create_topic(settings, fresh_name("large"), 1)
    records = [_record(topic, value=b"%04d" % n + b"x" * 9_996) for n in range(500)]
    await publisher.publish(records)
    assert [r.value for r in await read_all(settings, topic)] == [r.value for r in records]


async def test_a_null_value_is_a_tombstone(settings: Settings, publisher: BatchPublisher) -> None:
    """No value at all arrives as none, not as an empty one."""
    topic = await create_topic(settings, fresh_name("null"), 1)
    await publisher.publish([_record(topic, value=None), _record(topic, value=b"")])
    assert [r.value for r in await read_all(settings, topic)] == [None, b""]


async def test_a_refused_record_is_a_refusal(settings: Settings, publisher: BatchPublisher) -> None:
    """A record over the topic's limit raises, and does so even if another topic is away."""
    small = await create_topic(settings, fresh_name("small"), 1, {"max.message.bytes": "1000"})
    with pytest.raises(OutsideRefusesError, match=small):
        await publisher.publish(
            [_record(small, 7), _record(small, value=b"x" * 5_000)],
        )


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KafkaConnectionError(), OutsideAwayError),
        (KafkaTimeoutError(), OutsideAwayError),
        (LeaderNotAvailableError(), OutsideAwayError),
        (NotLeaderForPartitionError(), OutsideAwayError),
        (OutOfOrderSequenceNumber(), OutsideRefusesError),
        (TopicAuthorizationFailedError(), OutsideRefusesError),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_may_come_back_is_waited_for(
    error: KafkaError, kind: type[OutsideAwayError | OutsideRefusesError]
) -> None:
    """A partition without a leader is away, like a broker; what stops a producer is a refusal."""
    assert type(away_or_refuses(error, "orders.events", 0)) is kind


async def test_a_missing_partition_is_waited_for(
    settings: Settings, publisher: BatchPublisher
) -> None:
    """A partition that is not there is no refusal; once it is added, the same publish succeeds."""
    topic = await create_topic(settings, fresh_name("grows"), 1)
    await publisher.publish([_record(topic)])
    with pytest.raises(OutsideAwayError, match="has no partition 1"):
        await publisher.publish([_record(topic, 1)])
    async with admin_client(settings) as client:
        await client.create_partitions({topic: NewPartitions(2)})

    async def succeeds() -> bool:
        try:
            await publisher.publish([_record(topic, 1)])
        except OutsideAwayError:
            return False
        return True

    await eventually(succeeds, "the broker to tell of the new partition")
    assert [r.partition for r in await read_all(settings, topic)] == [0, 1]


async def test_a_topic_that_no_broker_tells_of_is_waited_for(settings: Settings) -> None:
    """As when Kafka goes silent before a topic was first written to: it is away, and no refusal."""
    impatient = {**client_arguments(settings), "request_timeout_ms": 500}
    producer = AIOKafkaProducer(**impatient)
    await producer.start()
    try:
        with pytest.raises(OutsideAwayError, match="does not tell of the topic missing"):
            await has_partition(producer, fresh_name("missing"), 0)
    finally:
        await producer.stop()


async def test_the_guard_runs_before_every_write(settings: Settings) -> None:
    """What the guard raises keeps every record of the publish from being written."""
    topic = await create_topic(settings, fresh_name("guarded"), 1)

    class PausedError(Exception):
        """Stands for the end of the process."""

    def guard() -> None:
        raise PausedError

    publisher = BatchPublisher(settings, guard)
    await publisher.start()
    try:
        with pytest.raises(PausedError):
            await publisher.publish([_record(topic)])
    finally:
        await publisher.stop()
    assert await read_all(settings, topic) == []


async def test_without_a_broker_it_says_where_it_looked(settings: Settings) -> None:
    """Nobody listening is `OutsideAwayError`, with the address and nothing of the driver."""
    nowhere = settings.model_copy(update={"kafka_bootstrap": "localhost:1"})
    with capture_logs(), pytest.raises(OutsideAwayError) as failure:
        await BatchPublisher(nowhere, _let_pass).start()
    assert str(failure.value) == "Kafka does not answer at localhost:1"


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(Record(None, [("a", b"1")], None), id="neither key nor value"),
        pytest.param(Record(b"x" * 10_000_000, (), b"k"), id="ten megabytes"),
        pytest.param(Record(b"{}", [("none", None)], b"k"), id="a null header"),  # type: ignore[list-item]  # Kafka's null
        pytest.param(Record(b"{}", (), b"k", timestamp=0), id="the year 1970"),
    ],
)
async def test_any_dead_letter_can_be_written(settings: Settings, record: Record) -> None:
    """What a broker handed over can be set aside, as it was, time and all."""
    await create_topic(settings, f"dlq.{(topic := fresh_name('poison'))}", 1, _LARGE)
    publisher = BatchPublisher(settings, _let_pass, compression="gzip")
    await publisher.start()
    try:
        letter = dead_letter(record._replace(topic=topic), ValueError("poison"))
        await publisher.publish([letter])
    finally:
        await publisher.stop()
    [found] = await read_all(settings, letter.topic)
    assert (found.key, found.value) == (record.key, record.value)
    assert found.timestamp == record.timestamp
    assert list(found.headers)[: len(record.headers)] == list(record.headers)
    assert dict(found.headers)["__dlq.errors.message"] == b"poison"


async def test_a_record_that_is_larger_than_a_dead_letter_can_be_set_aside(
    settings: Settings,
) -> None:
    """What does not fit, and does not become smaller by compression, is left out and counted."""
    await create_topic(settings, f"dlq.{(topic := fresh_name('poison'))}", 1, _LARGE)
    publisher = BatchPublisher(settings, _let_pass, compression="gzip")
    await publisher.start()
    try:
        just_fits = Record(os.urandom(_JUST_FITS), (), b"k", topic)
        too_large = Record(os.urandom(_JUST_FITS + 1), (), b"k", topic)
        letters = [dead_letter(record, ValueError("why")) for record in (just_fits, too_large)]
        await publisher.publish(letters)
    finally:
        await publisher.stop()
    first, second = await read_all(settings, letters[0].topic)
    assert (first.value, second.value) == (just_fits.value, None)
    assert dict(second.headers)["__dlq.errors.omitted"] == str(_JUST_FITS + 1).encode()


_JUST_FITS = (16 * 1024 - 64) * 1024 - len(b"k")
_LARGE = {"max.message.bytes": "16777216"}
