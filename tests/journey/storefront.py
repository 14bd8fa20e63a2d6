"""A storefront as anybody would write it: confluent-kafka and the contract, no code of ours."""

from __future__ import annotations

import json
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANY_PARTITION = -1
DEADLINE_SECONDS = 60.0
SOURCE = "https://shop.example/checkout"
_POLL_SECONDS = 0.05
NO_LEADER = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
NO_LOGIN: Mapping[str, str] = MappingProxyType({})


class Storefront:
    """Sends commands with librdkafka's default partitioner, and reads topics to their ends."""

    def __init__(self, bootstrap: str, login: Mapping[str, str] = NO_LOGIN) -> None:
        """Connect to the brokers at `bootstrap`; `login` is in librdkafka's names."""
        self.bootstrap = bootstrap
        self.login = login
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, **login})
        self.admin = AdminClient({"bootstrap.servers": bootstrap, **login})

    def send(  # noqa: PLR0913 - what a client may say about a command
        self,
        command_type: str,
        data: object,
        *,
        order_id: str | None = None,
        command_id: str | None = None,
        headers: Mapping[str, bytes | None] | None = None,
        partition: int = ANY_PARTITION,
    ) -> str:
        """Send one command and return its id; `headers` are added, `None` takes one away."""
        order_id = order_id or str(uuid4())
        command_id = command_id or str(uuid4())
        own: dict[str, Any] = {
            "ce_specversion": b"1.0",
            "ce_id": command_id.encode(),
            "ce_source": SOURCE.encode(),
            "ce_type": command_type.encode(),
            "content-type": b"application/json",
            **(headers or {}),
        }
        self.send_raw(
            order_id.encode(),
            data if isinstance(data, bytes) or data is None else json.dumps(data).encode(),
            {name: value for name, value in own.items() if value is not None},
            partition,
        )
        return command_id

    def send_raw(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Mapping[str, bytes],
        partition: int = ANY_PARTITION,
    ) -> None:
        """Send any bytes to `orders.commands`, to the key's own partition or to another."""
        self.producer.produce(
            "orders.commands", key=key, value=value, headers=dict(headers), partition=partition
        )
        self.producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has everything."""
        assert self.producer.flush(DEADLINE_SECONDS) == 0

    def new_topic(self, partitions: int = 1) -> str:
        """A topic of this storefront's own."""
        name = f"shop.replies.{uuid4()}"
        for created in self.admin.create_topics([NewTopic(name, partitions, 1)]).values():
            created.result(DEADLINE_SECONDS)
        return name

    def reader(self, topic: str) -> Reader:
        """A reader of everything that comes on a topic from now on."""
        return Reader(self.bootstrap, topic, self.login)


class Reader:
    """Reads one topic from where it ended when the reader was made."""

    def __init__(self, bootstrap: str, topic: str, login: Mapping[str, str] = NO_LOGIN) -> None:
        """Look up the ends of all partitions of the topic."""
        self.topic = topic
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"shop-{uuid4()}",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
                **login,
            }
        )
        partitions = self._consumer.list_topics(topic, 30).topics[topic].partitions
        self._consumer.assign(
            [TopicPartition(topic, number, self._end_of(number)) for number in partitions]
        )

    def _end_of(self, partition: int) -> int:
        """The end of a partition, which may have no leader yet if it was made just now."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                return self._consumer.get_watermark_offsets(
                    TopicPartition(self.topic, partition), 30
                )[1]
            except KafkaException as error:
                if error.args[0].code() not in NO_LEADER or time.monotonic() > deadline:
                    raise
            time.sleep(_POLL_SECONDS)

    def until(
        self, enough: Callable[[list[Message]], bool], seconds: float = DEADLINE_SECONDS
    ) -> list[Message]:
        """Read until the messages so far are enough; fail when so many seconds have passed."""
        found: list[Message] = []
        end = time.monotonic() + seconds
        while not enough(found):
            assert time.monotonic() < end, f"{self.topic}: only {len(found)} messages came"
            found.extend(m for m in self._consumer.consume(5000, 0.02) if m.error() is None)
        return found

    def first(self, matches: Callable[[Message], bool]) -> Message:
        """Read until a message matches, and return it."""
        found = self.until(lambda messages: any(matches(message) for message in messages))
        return next(message for message in found if matches(message))

    def result_of(self, command_id: str) -> Any:  # noqa: ANN401 - JSON
        """The data of the result of one command."""
        return data_of(self.first(lambda m: data_of(m)["command"]["id"] == command_id))

    def results_of(self, command_ids: set[str]) -> dict[str, Any]:
        """The data of the results of all these commands, by command id."""
        found = self.until(
            lambda messages: command_ids <= {data_of(m)["command"]["id"] for m in messages}
        )
        results = (data_of(message) for message in found)
        return {r["command"]["id"]: r for r in results if r["command"]["id"] in command_ids}

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()


def data_of(message: Message) -> Any:  # noqa: ANN401 - JSON
    """The JSON of a message; `None` for a null value."""
    value = message.value()
    return None if value is None else json.loads(value)


def headers_of(message: Message) -> dict[str, bytes]:
    """The headers of a message."""
    found = message.headers() or []
    pairs = found.items() if isinstance(found, dict) else found
    return {name: _bytes(value) for name, value in pairs}


def _bytes(value: str | bytes | None) -> bytes:
    return value.encode() if isinstance(value, str) else value or b""


def key_of(message: Message) -> bytes:
    """The key of a message, empty if it has none."""
    return _bytes(message.key())


def read_all(bootstrap: str, topic: str) -> list[Message]:
    """Everything that is on a topic now."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    ends: dict[int, int] = {}
    assigned = []
    for number in consumer.list_topics(topic, 30).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), 30)
        if high > low:
            ends[number] = high
        assigned.append(TopicPartition(topic, number, low))
    consumer.assign(assigned)
    found: list[Message] = []
    end = time.monotonic() + DEADLINE_SECONDS
    while ends:
        assert time.monotonic() < end, f"{topic} could not be read to its end"
        for message in consumer.consume(10_000, 0.5):
            found.append(message)
            partition, offset = message.partition(), message.offset()
            assert partition is not None
            assert offset is not None
            if offset + 1 >= ends.get(partition, 0):
                ends.pop(partition, None)
    consumer.close()
    return found
