"""Checks all invariants of a running or stopped service from outside, by topics and MongoDB alone.

The one thing to call is `verify`. The rules themselves need no Kafka and no MongoDB: see `inquiry`.
"""

from __future__ import annotations

import gc
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from schemas.topics import EVENTS
from workers.database import connect
from workers.dev.following import partitions_of
from workers.dev.verifying.bounds import Bounds
from workers.dev.verifying.cases import CasesOnDisk
from workers.dev.verifying.inquiry import Inquiry
from workers.dev.verifying.kafka import committed, connected_topics
from workers.dev.verifying.ledger import read_ledger
from workers.dev.verifying.mongo import ORDERS, as_they_are, at_one_moment
from workers.dev.verifying.reading import TOPICS
from workers.dev.verifying.report import Progress, Question, Silence, Verification
from workers.dev.verifying.resting import await_rest
from workers.inventory.store import RESERVATIONS, STOCK
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from workers.dev.verifying.bounds import Place
    from workers.dev.verifying.kafka import Topics
    from workers.dev.verifying.mongo import Database
    from workers.settings import Settings


async def verify(
    settings: Settings, question: Question | None = None, progress: Progress | None = None
) -> Verification:
    """Check all invariants: `.holds`, `.counts` by number, and `.violations` tell the outcome.

    Memory is bounded whatever the number of orders; the temporary directory needs room for about
    3.5 KB for each of them.

    Raises:
        OutsideAwayError: Kafka or MongoDB does not answer, or topics are missing.
        OutsideRefusesError: MongoDB does not let read.
        KafkaError: Kafka does not let read.
        LedgerError: the ledger cannot be read.
    """
    began = time.monotonic()
    asked, told = question or Question(), progress or Silence()
    async with _connected(settings) as (topics, database):
        places = await _places(settings)
        is_at_rest = asked.settled and await await_rest(
            settings, topics, database, places, asked.wait, told
        )
        starts, handled = await topics.starts(places), await committed(settings)
        before = await topics.ends(places)
        events = {place: end for place, end in before.items() if place[0] == EVENTS}
        expected = sum(before.values()) - sum(starts.values())
        with _collecting_seldom(), CasesOnDisk(expected) as cases:
            inquiry = Inquiry(asked.stocked, cases, told)
            if asked.ledger is not None:
                inquiry.take_ledger(read_ledger(asked.ledger))
            orders = await _take_documents(inquiry, database, told, is_at_rest=is_at_rest)
            done, ends = await committed(settings), await topics.ends(places)
            bounds = Bounds(starts, ends, handled, done, events, asked.settled)
            await _take_records(inquiry, topics, bounds, told)
            told.begin("Judging orders", orders)
            return inquiry.judge(bounds, began)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Leave garbage in circles to `CasesOnDisk`, which looks for it when it holds nothing else.

    Looking for it while very many facts are held takes longer than all the rest.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[tuple[Topics, Database]]:
    database = connect(settings)
    try:
        async with connected_topics(settings) as topics:
            yield topics, database
    finally:
        database.client.close()


async def _places(settings: Settings) -> list[Place]:
    """All partitions of all topics that are looked at, in the order in which they are read."""
    found = [(place.topic, place.partition) for place in await partitions_of(settings, TOPICS)]
    missing = set(TOPICS) - {topic for topic, _ in found}
    if missing:
        names = ", ".join(sorted(missing))
        message = f"Topics are missing: {names}. Create them with: oms topics create"
        raise OutsideAwayError(message)
    return sorted(found, key=lambda place: (TOPICS.index(place[0]), place[1]))


async def _take_documents(
    inquiry: Inquiry, database: Database, progress: Progress, *, is_at_rest: bool
) -> int:
    """Take all documents; return how many orders there are."""
    async with as_they_are(database) if is_at_rest else at_one_moment(database) as collections:
        progress.begin("Reading documents", await collections.count())
        async for batch in collections.read(STOCK):
            inquiry.take_stock(batch)
            progress.advance(len(batch))
        async for batch in collections.read(RESERVATIONS):
            inquiry.take_reservations(batch)
            progress.advance(len(batch))
        orders = 0
        async for batch in collections.read(ORDERS):
            inquiry.take_orders(batch)
            progress.advance(len(batch))
            orders += len(batch)
    return orders


async def _take_records(
    inquiry: Inquiry, topics: Topics, bounds: Bounds, progress: Progress
) -> None:
    places = list(bounds.ends)
    expected = sum(bounds.ends.values()) - sum(bounds.starts.get(place, 0) for place in places)
    progress.begin("Reading topics", expected)
    async for records in topics.read(places, bounds.starts, bounds.ends):
        inquiry.take_records(records, bounds)
        progress.advance(len(records))
