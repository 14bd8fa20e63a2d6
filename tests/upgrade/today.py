"""Today's code on what a release left behind, for the tests that let it live on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from schemas import headers as names
from schemas.topics import COMMANDS, REPLIES, RESULTS
from tests.orders.memory_publisher import MemoryPublisher
from tests.upgrade.release import KeptRecord
from workers.orders.deadlines import Patience
from workers.orders.flow import OrdersFlow, Rules
from workers.orders.store import MongoOrderStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.upgrade.release import Release
    from workers.stream.ports import InboundRecord, OutboundRecord

    Database = AsyncIOMotorDatabase[dict[str, Any]]

COLLECTIONS = ("orders", "refusals", "customers", "stock", "reservations")


class Now:
    """The time at which today's code takes over: a second after the release's last record."""

    def __init__(self, release: Release) -> None:
        last = max(record.timestamp for record in release.records(RESULTS))
        self._now = last + 1_000

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._now


class Today:
    """Today's orders worker on a release's database; `published` is what it writes."""

    def __init__(self, database: Database, release: Release) -> None:
        self.store = MongoOrderStore(database, 14, lambda: None)
        self.published = MemoryPublisher()
        self.letters = MemoryPublisher()
        rules = Rules(Patience(first_pause=5_000, attempts=5), most_open_orders=5_000)
        clock = Now(release)
        self._flow = OrdersFlow(self.store, self.published, self.letters, clock, rules)

    async def handle(
        self, records: Sequence[InboundRecord], acknowledged: Mapping[int, Mapping[str, int]]
    ) -> None:
        """Open all lanes at what is acknowledged, and handle the records."""
        for lane in sorted({record.partition for record in records}):
            await self._flow.open(lane, acknowledged.get(lane, {}))
        await self._flow.handle(records)

    def told(self, topic: str) -> list[tuple[bytes | None, bytes | None, Headers]]:
        """What was published to a topic, as it can be compared."""
        return [bytes_of(record) for record in self.published.on(topic)]


Headers = tuple[tuple[str, bytes], ...]


def bytes_of(
    record: OutboundRecord | KeptRecord,
) -> tuple[bytes | None, bytes | None, Headers]:
    """A record as it can be compared."""
    return record.key, record.value, tuple(record.headers)


async def fill(database: Database, release: Release) -> None:
    """Put all documents of the release into the database."""
    for collection in COLLECTIONS:
        documents = release.documents(collection)
        if collection == "refusals":
            # They were to be kept for days, and the days may be over.
            keep_until = datetime.now(UTC) + timedelta(days=1)
            documents = [{**document, "keepUntil": keep_until} for document in documents]
        await database[collection].insert_many(documents)


def acknowledged(release: Release) -> dict[int, dict[str, int]]:
    """Everything that the release had acknowledged, by lane."""
    found: dict[int, dict[str, int]] = {}
    for topic in (COMMANDS, REPLIES):
        for lane, offset in release.committed(topic).items():
            found.setdefault(lane, {})[topic] = offset
    return found


def new_command(
    release: Release, order_id: str, command: str, data: object, topic: str = COMMANDS
) -> KeptRecord:
    """A new command for an order of the release, in the order's lane."""
    [lane] = {d["lane"] for d in release.documents("orders") if d["_id"] == order_id}
    headers = [
        (names.SPEC_VERSION, b"1.0"),
        (names.ID, f"today {order_id} {command}".encode()),
        (names.SOURCE, b"/today"),
        (names.TYPE, f"order.{command}.v1".encode()),
    ]
    offset = release.committed(topic)[lane]
    return KeptRecord(
        topic,
        lane,
        offset,
        0,
        order_id.encode(),
        None if data is None else json.dumps(data).encode(),
        headers,
    )
