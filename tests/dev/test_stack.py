"""Real Kafka and MongoDB come up, answer, keep their data, and end without a trace."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient

from workers.dev.errors import StackError
from workers.dev.ports import free_ports
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.dev.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow]
TOPIC = "kept"


async def produce(stack: Stack, value: bytes) -> None:
    """Write one record, into a topic that is made if it is missing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    await admin.start()
    if TOPIC not in await admin.list_topics():
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka_bootstrap, acks="all")
    async with producer:
        await producer.send_and_wait(TOPIC, value, partition=0)


async def consume(stack: Stack, count: int) -> list[bytes]:
    """The first records of the topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.kafka_bootstrap, auto_offset_reset="earliest"
    )
    async with consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        return [(await consumer.getone()).value for _ in range(count)]


async def insert(stack: Stack, number: int) -> None:
    """Insert one document, acknowledged by the majority, in a transaction."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.mongo_uri)
    async with client, client.start_session() as session, await session.start_transaction():
        await client.kept.numbers.insert_one({"_id": number}, session=session)


async def inserted(stack: Stack) -> list[int]:
    """The documents' ids."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(stack.mongo_uri)
    async with client:
        return [document["_id"] async for document in client.kept.numbers.find().sort("_id")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One throw-away stack on given ports, for several tests."""
    folder = tmp_path_factory.mktemp("stack")
    kafka_port, mongo_port = free_ports(2)
    options = StackOptions(folder, ephemeral=True, kafka_port=kafka_port, mongo_port=mongo_port)
    with start_stack(options) as stack:
        assert stack.kafka_bootstrap == f"127.0.0.1:{kafka_port}"
        assert stack.mongo_uri == f"mongodb://127.0.0.1:{mongo_port}/?replicaSet=rs0"
        yield stack
    assert [part.name for part in stack.processes if part.alive()] == []
    assert list(folder.iterdir()) == []


async def test_data_is_kept_from_run_to_run_also_on_other_ports(tmp_path: Path) -> None:
    """What a run wrote to Kafka and MongoDB the next run reads, on ports that are not the same."""
    with start_stack(StackOptions(data=tmp_path)) as first:
        await produce(first, b"1")
        await insert(first, 1)
    with start_stack(StackOptions(data=tmp_path)) as second:
        assert second.kafka_bootstrap != first.kafka_bootstrap
        assert second.mongo_uri != first.mongo_uri
        await produce(second, b"2")
        await insert(second, 2)
        assert await consume(second, 2) == [b"1", b"2"]
        assert await inserted(second) == [1, 2]


async def test_a_missing_topic_is_not_made_by_asking_for_it(running: Stack) -> None:
    """A client that asks for a topic that is missing, as producers do, does not make it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=running.kafka_bootstrap)
    await admin.start()
    await admin.describe_topics(["misspelled"])
    assert "misspelled" not in await admin.list_topics()
    await admin.close()


async def test_a_killed_part_is_named_and_can_be_started_again(running: Stack) -> None:
    """A killed part is named with its end; once restarted it answers and has its data."""
    await insert(running, 1)
    running.part("mongodb").kill()
    with pytest.raises(StackError, match="mongodb was ended by SIGKILL"):
        running.check()
    running.part("mongodb").restart()
    running.check()
    assert await inserted(running) == [1]


def test_a_part_that_cannot_start_ends_the_other(tmp_path: Path) -> None:
    """When MongoDB's data is damaged the message shows its log, and Kafka is ended too."""
    damaged = tmp_path / "mongodb" / "1"
    damaged.mkdir(parents=True)
    (damaged / "WiredTiger").write_text("not a database")
    (damaged / "storage.bson").write_bytes(b"damaged")
    with (
        pytest.raises(StackError, match=r"(?s)mongodb .*The end of .*mongodb.log"),
        start_stack(StackOptions(data=tmp_path)) as stack,
    ):
        pytest.fail(f"it started: {stack.processes}")


@pytest.mark.parametrize("option", ["kafka", "mongo"])
def test_a_port_that_is_taken_is_refused_by_its_option(tmp_path: Path, option: str) -> None:
    """A given port that another program listens on is refused; the message names the option."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        options = StackOptions(tmp_path, **{f"{option}_port": taken})
        with (
            pytest.raises(StackError, match=rf"Port {taken} is taken.*--{option}-port N"),
            start_stack(options),
        ):
            pytest.fail("it started")


def test_data_of_another_size_is_refused(tmp_path: Path) -> None:
    """The data of one broker is not opened by three."""
    (tmp_path / "stack.json").write_text('{"cluster": "x", "brokers": 1, "members": 1}')
    with (
        pytest.raises(StackError, match="data of 1 Kafka brokers"),
        start_stack(StackOptions(data=tmp_path, brokers=3)),
    ):
        pytest.fail("it started")


def test_a_cluster_id_may_begin_with_a_hyphen(tmp_path: Path) -> None:
    """One random id in 64 does, and Kafka's tool must not take it for an option."""
    known = '{"cluster": "-qn2aKFrRtO7lF2dNNzjkQ", "brokers": 1, "members": 1}'
    (tmp_path / "stack.json").write_text(known)
    with start_stack(StackOptions(data=tmp_path)) as stack:
        stack.check()
