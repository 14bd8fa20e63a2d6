"""The load: a shop that sends commands at a steady rate, and reads what becomes of them.

It goes straight to the brokers. What Kafka acknowledges goes into the ledger, nothing else: what
it could not send in time may have been written or not, and is not counted on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.topics import COMMANDS, REPLIES, RESULTS, dead_letter_topic
from workers.dev.chaos.ledger import Entry, Ledger
from workers.dev.chaos.orders import POISON, SOURCE, Book, Shopping
from workers.stream.connection import client_arguments
from workers.stream.writing.dead_letters import OFFSET, PARTITION

if TYPE_CHECKING:
    from random import Random

    from workers.settings import Settings
    from workers.stream.ports import InboundRecord

_TICK_SECONDS: Final = 0.1
_MOST_ON_THE_WAY: Final = 2_000
_MOST_REMEMBERED: Final = 2_000
_LARGEST_RECORD_BYTES: Final = 20_000_000
_LETTERS: Final = dead_letter_topic(COMMANDS)
_METADATA_MILLISECONDS: Final = 2_000


class Shop:
    """Sends `rate` commands a second while it is `open`, each so often as `copies` says."""

    def __init__(self, settings: Settings, ledger: Ledger, rate: float, chance: Random) -> None:
        """Connect on `run`."""
        self._settings = settings
        self.ledger = ledger
        self._rate = rate
        self._chance = chance
        self.book = Book()
        self.is_open = True
        self.copies = 1
        self.not_acknowledged = 0
        self.recent: deque[Shopping] = deque(maxlen=_MOST_REMEMBERED)
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()
        self._is_spoiled = False
        self._on_the_way: set[asyncio.Future[Any]] = set()

    async def sell(self) -> None:
        """Send until cancelled."""
        owed = 0.0
        last = time.monotonic()
        try:
            while True:
                await asyncio.sleep(_TICK_SECONDS)
                now = time.monotonic()
                owed = min(owed + self._rate * (now - last), self._rate)
                last = now
                while self.is_open and owed >= 1:
                    commands = self.book.next_commands(self._chance)
                    for command in commands:
                        await self.send(command, self.copies)
                    owed -= len(commands) * self.copies
        finally:
            await self._disconnect()

    async def send(self, command: Shopping, times: int = 1) -> None:
        """Send a command so often, and return before it is acknowledged."""
        for _ in range(times):
            await self._write(COMMANDS, command)

    async def forge(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Send a reply that nobody asked for; it is no command, and not in the ledger."""
        await self._write(REPLIES, Shopping(None, None, "", value, headers, key))

    async def _write(self, topic: str, record: Shopping) -> None:
        try:
            producer = await self._connected()
            # A partition that was just added may not be known yet: then the key's own will do.
            known = record.partition in await producer.partitions_for(topic)
            partition = record.partition if known else None
            written = await producer.send(
                topic, record.value, record.key, partition, headers=record.headers
            )
        except KafkaError:
            self.not_acknowledged += 1
            self._is_spoiled = True
            return
        self._on_the_way.add(written)
        written.add_done_callback(lambda done: self._acknowledge(topic, record, done))

    def _acknowledge(self, topic: str, record: Shopping, written: asyncio.Future[Any]) -> None:
        self._on_the_way.discard(written)
        if written.cancelled() or written.exception() is not None:
            self.not_acknowledged += 1
            self._is_spoiled = True
        elif topic == COMMANDS:
            at = written.result()
            # With its partition: in another one, before its order is there, it finds none.
            self.recent.append(record.into(at.partition))
            self.ledger.add(
                Entry(
                    SOURCE,
                    record.id,
                    record.order_id,
                    record.type,
                    at.partition,
                    at.offset,
                    record.poison,
                )
            )

    async def _connected(self) -> AIOKafkaProducer:
        """The producer; a new one after a failure, for an idempotent one may not go on."""
        if len(self._on_the_way) >= _MOST_ON_THE_WAY:
            await asyncio.wait(self._on_the_way, return_when=asyncio.FIRST_COMPLETED)
        async with self._connecting:
            if self._is_spoiled:
                await self._disconnect()
                self._is_spoiled = False
            while self._producer is None:
                self._producer = await self._connect()
            return self._producer

    async def _connect(self) -> AIOKafkaProducer | None:
        producer = AIOKafkaProducer(
            **client_arguments(self._settings),
            enable_idempotence=True,
            acks="all",
            compression_type="gzip",
            max_request_size=_LARGEST_RECORD_BYTES,
            metadata_max_age_ms=_METADATA_MILLISECONDS,
        )
        try:
            await producer.start()
        except KafkaError:
            await producer.stop()
            await asyncio.sleep(_TICK_SECONDS)
            return None
        return producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with suppress(KafkaError):
                await producer.stop()

    async def close_for_today(self) -> None:
        """Send nothing more by itself, and wait until nothing is on its way."""
        self.is_open = False
        while self._on_the_way:
            await asyncio.wait(self._on_the_way)

    async def read(self) -> None:
        """Read results and dead letters until cancelled, also from partitions that are added."""
        consumer = AIOKafkaConsumer(
            RESULTS,
            _LETTERS,
            **client_arguments(self._settings),
            auto_offset_reset="earliest",
            metadata_max_age_ms=_METADATA_MILLISECONDS,
        )
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        self._learn(record)
        finally:
            await consumer.stop()

    def _learn(self, record: InboundRecord) -> None:
        if record.topic == _LETTERS:
            headers = dict(record.headers)
            is_poison = headers.get(POISON) is not None
            place = int(headers[PARTITION]), int(headers[OFFSET])
            self.ledger.set_aside(*place, is_poison=is_poison)
            return
        result = orjson.loads(record.value or b"{}")
        self.ledger.answered(result["command"]["id"])
        if result.get("orderId") is not None:
            self.book.learn(result["orderId"], result.get("status"))
