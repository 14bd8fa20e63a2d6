"""Waits until nothing is in flight, nor will be without a new command."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from schemas.topics import CONSUMED
from workers.dev.verifying.kafka import committed
from workers.dev.verifying.mongo import someone_waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.dev.verifying.bounds import Place
    from workers.dev.verifying.kafka import Topics
    from workers.dev.verifying.mongo import Database
    from workers.dev.verifying.report import Progress
    from workers.settings import Settings

_LOOK_SECONDS: Final = 0.5


async def await_rest(  # noqa: PLR0913, PLR0917 - what is looked at, for how long, who is told
    settings: Settings,
    topics: Topics,
    database: Database,
    places: Sequence[Place],
    longest: float,
    progress: Progress,
) -> bool:
    """Wait for at most so many seconds until everything is at rest; return whether it is.

    Raises:
        OutsideAwayError, KafkaError: Kafka or MongoDB does not answer, or says no.
    """
    deadline = time.monotonic() + longest
    progress.begin("Waiting until all is at rest", None)
    read = [place for place in places if place[0] in CONSUMED]
    while not await _is_at_rest(settings, topics, database, read):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _is_at_rest(
    settings: Settings, topics: Topics, database: Database, read: Sequence[Place]
) -> bool:
    """Nothing is unread, no order waits, and meanwhile nothing was written."""
    before = await topics.ends(read)
    positions = await committed(settings)
    starts = await topics.starts(read)
    for place, end in before.items():
        start = max(positions.get(place, 0), starts[place])
        if start < end and await topics.has_record(place, start, end):
            return False
    return not await someone_waits(database) and await topics.ends(read) == before
