"""Copies for clients' reply topics on a real broker: they arrive if they can, and never raise."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka.admin import NewPartitions
from structlog.testing import capture_logs

from tests.stream.broker import create_topic, fresh_name, read_all
from tests.waiting import eventually
from workers.stream.ports import CopyRecord
from workers.stream.topic_admin import admin_client
from workers.stream.writing.copies import ReplyCopies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from workers.settings import Settings

pytestmark = pytest.mark.stack


@pytest.fixture
async def copies(settings: Settings) -> AsyncIterator[ReplyCopies]:
    """A connected sender with a deadline of two seconds."""
    found = await _connected(settings, 2.0)
    yield found
    await found.stop()


async def _connected(settings: Settings, deadline: float) -> ReplyCopies:
    found = ReplyCopies(settings.model_copy(update={"copy_timeout": deadline}))
    await found.start()
    return found


def _copy(topic: str, partition: int | None = None, value: bytes = b"v") -> CopyRecord:
    return CopyRecord(topic, partition, b"order", value, [("kafka_correlationId", b"\x00\x01")])


async def _given_up(copies: ReplyCopies, copy: CopyRecord) -> list[dict[str, Any]]:
    with capture_logs() as lines:
        await copies.send([copy])
    return [dict(line) for line in lines if line["event"] == "copy_not_sent"]


async def test_a_copy_arrives_with_key_and_correlation(
    settings: Settings, copies: ReplyCopies
) -> None:
    """The copy lands in the partition that was asked for, with the correlation bytes untouched."""
    topic = await create_topic(settings, fresh_name("reply"))
    await copies.send([_copy(topic, 3)])
    [found] = await read_all(settings, topic)
    assert (found.partition, found.key, found.value) == (3, b"order", b"v")
    assert list(found.headers) == [("kafka_correlationId", b"\x00\x01")]


async def test_an_unknown_topic_is_given_up_after_the_deadline(copies: ReplyCopies) -> None:
    """A reply topic that does not exist is logged, not raised, and not sooner than it may come."""
    topic = fresh_name("nowhere")
    began = time.monotonic()
    [line] = await _given_up(copies, _copy(topic))
    assert line["reply_topic"] == topic
    assert time.monotonic() - began >= 2.0


@pytest.mark.parametrize("name", ["", "no such\nname", "ä", "x" * 300, ".", "a/b"])
async def test_an_impossible_name_is_given_up_as_well(copies: ReplyCopies, name: str) -> None:
    """What can be no topic's name costs the deadline and nothing else."""
    assert len(await _given_up(copies, _copy(name))) == 1


async def test_a_topic_created_a_moment_later_gets_its_copy(settings: Settings) -> None:
    """A client that makes its reply topic after its first command is not forgotten."""
    copies = await _connected(settings, 30.0)
    topic = fresh_name("late")
    try:
        sending = asyncio.create_task(copies.send([_copy(topic, 1)]))
        await eventually(lambda: copies._waiting == 1, "the copy to wait")  # noqa: SLF001 - no other sign
        await create_topic(settings, topic)
        await sending
    finally:
        await copies.stop()
    assert [found.partition for found in await read_all(settings, topic)] == [1]


async def test_a_partition_that_does_not_exist_is_as_if_absent(
    settings: Settings, copies: ReplyCopies
) -> None:
    """The copy goes to the partition that its key leads to."""
    topic = await create_topic(settings, fresh_name("reply"))
    await copies.send([_copy(topic)])
    await copies.send([_copy(topic, 99)])
    [first, second] = await read_all(settings, topic)
    assert first.partition == second.partition


async def test_a_partition_that_was_added_is_found(settings: Settings, copies: ReplyCopies) -> None:
    """What is known of a topic is looked at again when a copy asks for more."""
    topic = await create_topic(settings, fresh_name("grows"), 1)
    await copies.send([_copy(topic, 0)])
    async with admin_client(settings) as client:
        await client.create_partitions({topic: NewPartitions(4)})

    async def lands_there() -> bool:
        await copies.send([_copy(topic, 3)])
        return any(found.partition == 3 for found in await read_all(settings, topic))

    await eventually(lands_there, "a copy in the new partition")


async def test_a_known_topic_is_not_held_up_by_unknown_ones(settings: Settings) -> None:
    """While more copies than may wait ask for a topic that is missing, others go out at once."""
    copies = await _connected(settings, 60.0)
    topic = await create_topic(settings, fresh_name("reply"))
    try:
        await copies.send([_copy(topic)])
        many = [_copy("not.there") for _ in range(12_000)]
        waiting = asyncio.create_task(copies.send(many))
        await eventually(lambda: copies._waiting == 10_000, "the copies to wait")  # noqa: SLF001 - no other sign
        await copies.send([_copy(topic, value=b"second")])
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    finally:
        await copies.stop()
    assert len(await read_all(settings, topic)) == 2
